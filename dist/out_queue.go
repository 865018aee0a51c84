package dist

import (
	"net"
	"slices"
)

// outQueue holds what is to be written, in order, and the streams beside it.
type outQueue struct {
	ready   net.Buffers
	open    []byte // small frames; behind ready
	bytes   int    // in ready and open
	large   []byte // the buffer of a frame in ready, to be used again
	streams []*stream
	turn    int // index in streams, modulo their number, of the one whose turn it is
}

// behind returns the stream that the message must not pass.
func (q *outQueue) behind(m Message) *stream {
	if len(q.streams) == 0 {
		return nil
	}
	sender := m.sender()
	if sender.Node == "" {
		return nil
	}
	for _, s := range q.streams {
		if s.sender == sender {
			return s
		}
	}
	return nil
}

// add queues a frame, behind s if that is not nil. It returns the bytes it adds to the queue and to the streams.
func (q *outQueue) add(m Message, f outFrame, s *stream, e *encoder) (queued, streamed int) {
	large := f.bytes >= largeFrame || f.fragments > 1
	d := delayed{frame: f.first, rest: f.rest, size: f.bytes, large: large}
	if f.fragments > 1 {
		d.next = newStream(m.sender(), &f)
		streamed = d.next.left
	}
	if s != nil {
		if !large {
			d.frame = slices.Clone(d.frame)
			e.keep(f.buf)
		}
		s.after = append(s.after, d)
		return 0, streamed + d.size
	}
	q.push(d.frame, d.rest, large)
	if !large {
		e.keep(f.buf)
	}
	if d.next != nil {
		q.streams = append(q.streams, d.next)
	} else if large {
		q.large = f.buf
	}
	return f.bytes, streamed
}

// push queues a frame. If large, the frame itself with the rest of it, else a copy.
func (q *outQueue) push(frame []byte, rest net.Buffers, large bool) {
	q.bytes += len(frame)
	if !large {
		q.open = append(q.open, frame...)
		return
	}
	for _, part := range rest {
		q.bytes += len(part)
	}
	if len(q.open) > 0 {
		q.ready = append(q.ready, q.open)
		q.open = nil
	}
	q.ready = append(append(q.ready, frame), rest...)
}

// take moves what is queued and the next fragments of the streams to b. It reports whether there was anything, and how
// many bytes have moved from the streams to the queue because what they waited for is over.
func (q *outQueue) take(b *batch) (released int, any bool) {
	b.bufs = append(b.backing[:0], q.ready...)
	clear(q.ready)
	q.ready = q.ready[:0]
	if len(q.open) > 0 {
		b.bufs = append(b.bufs, q.open)
		q.open, b.open = b.spare(), q.open
	}
	b.queued, q.bytes = q.bytes, 0
	b.large, q.large = q.large, nil
	// What is released goes with the next batch, so a stream that was released must not go with this one.
	for i := 0; i < len(b.heads) && len(q.streams) > 0 && released == 0; i++ {
		q.turn %= len(q.streams)
		s := q.streams[q.turn]
		var n int
		b.bufs, n = s.fragment(b.bufs, &b.heads[i])
		b.streamed += n
		if s.done() {
			b.large = s.body.buf
			released += q.release(s)
		} else {
			q.turn++
		}
	}
	b.backing = b.bufs
	return released, len(b.bufs) > 0
}

// release ends the stream whose turn it is and queues what waits behind it.
func (q *outQueue) release(s *stream) (released int) {
	for i, d := range s.after {
		released += d.size
		q.push(d.frame, d.rest, d.large)
		if d.next != nil {
			d.next.after = s.after[i+1:]
			q.streams[q.turn] = d.next
			q.turn++
			return released
		}
	}
	q.streams = slices.Delete(q.streams, q.turn, q.turn+1)
	return released
}
