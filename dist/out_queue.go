package dist

import (
	"net"
	"slices"
	"sync"
)

// outQueue holds the frames that are to be written, in order, and the streams beside them.
type outQueue struct {
	ready      []piece
	taken      int    // pieces in ready that are gone
	small      []byte // small frames; behind ready
	chunk      *chunk // the memory of open, nil if it grows
	streams    []*stream
	nextStream int // index in streams, modulo their number
}

// piece is some small frames, or a frame, or a part of a large one.
type piece struct {
	b        []byte
	last     bool   // a frame ends here
	chunk    *chunk // the memory of b, if it is one
	largeBuf []byte // the buffer of a large frame, to be used again
}

// chunk holds small frames that wait. So frames for a peer that does not read take little more memory than they have
// bytes, and are never moved.
type chunk [chunkSize]byte

const chunkSize = 256 << 10

var chunks = sync.Pool{New: func() any { return new(chunk) }}

// batchBytes is how much goes with one batch; a batch ends with a whole frame. The memory of a batch becomes free only
// when all of it is written.
const batchBytes = 1 << 20

// streamToFollow returns the stream that the message must not pass: one of the same sender. It returns nil if there is
// none.
func (q *outQueue) streamToFollow(m Message) *stream {
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

// addFrame queues a frame, behind s if that is not nil. It returns the bytes it adds to the queue and to the streams.
func (q *outQueue) addFrame(m Message, f outFrame, s *stream, e *encoder) (queued, streamed int) {
	large := f.bytes >= largeFrame || f.fragments > 1
	d := follower{frame: f.first, rest: f.rest, size: f.bytes, large: large}
	if f.fragments > 1 {
		d.next = newStream(m.sender(), &f)
		streamed = d.next.bytesLeft
	}
	if s != nil {
		if !large {
			d.frame = slices.Clone(d.frame)
			e.keepBuffer(f.buf)
		}
		s.followers = append(s.followers, d)
		return 0, streamed + d.size
	}
	q.pushFrame(d.frame, d.rest, large)
	if !large {
		e.keepBuffer(f.buf)
	}
	if d.next != nil {
		q.streams = append(q.streams, d.next)
	} else if large {
		q.ready[len(q.ready)-1].largeBuf = f.buf
	}
	return f.bytes, streamed
}

// pushFrame queues a frame. A large one is queued itself with the rest of it, a small one is copied.
func (q *outQueue) pushFrame(frame []byte, rest net.Buffers, large bool) {
	if !large {
		if len(q.small)+len(frame) > chunkSize {
			q.sealSmall()
			q.chunk = chunks.Get().(*chunk)
			q.small = q.chunk[:0]
		}
		q.small = append(q.small, frame...)
		return
	}
	q.sealSmall()
	q.ready = append(q.ready, piece{b: frame})
	for _, part := range rest {
		q.ready = append(q.ready, piece{b: part})
	}
	q.ready[len(q.ready)-1].last = true
}

// sealSmall makes a piece of the small frames, so that a large one can follow them.
func (q *outQueue) sealSmall() {
	if len(q.small) > 0 {
		q.ready = append(q.ready, piece{b: q.small, last: true, chunk: q.chunk})
		q.small, q.chunk = nil, nil
	}
}

// maxKeptPieces is the number of pieces up to which the memory for them is kept.
const maxKeptPieces = 256

// fillBatch moves frames from the queue to b, up to about batchBytes, and when no frames are left the next fragments of
// the streams. any reports whether there was anything. released is the number of bytes that have moved from the streams
// to the queue because the stream they waited for has ended.
func (q *outQueue) fillBatch(b *batch) (released int, any bool) {
	b.bufs = b.backing[:0]
	if q.takeFrames(b) {
		released = q.takeFragments(b)
	}
	b.backing = b.bufs
	return released, len(b.bufs) > 0
}

// takeFrames takes frames and reports whether none are left.
func (q *outQueue) takeFrames(b *batch) (all bool) {
	for q.taken < len(q.ready) {
		p := &q.ready[q.taken]
		b.bufs = append(b.bufs, p.b)
		b.queued += len(p.b)
		if p.chunk != nil {
			b.chunks = append(b.chunks, p.chunk)
		}
		if p.largeBuf != nil {
			b.largeBuf = p.largeBuf
		}
		last := p.last
		*p = piece{}
		if q.taken++; last && b.queued >= batchBytes {
			break
		}
	}
	if q.taken < len(q.ready) {
		if q.taken > len(q.ready)/2 {
			q.ready = q.ready[:copy(q.ready, q.ready[q.taken:])]
			clear(q.ready[len(q.ready) : len(q.ready)+q.taken])
			q.taken = 0
		}
		return false
	}
	q.ready, q.taken = q.ready[:0], 0
	if cap(q.ready) > maxKeptPieces {
		q.ready = nil
	}
	if len(q.small) > 0 {
		b.bufs = append(b.bufs, q.small)
		b.queued += len(q.small)
		if q.chunk != nil {
			b.chunks = append(b.chunks, q.chunk)
			q.small, q.chunk = b.takeSmallBuf(), nil
		} else {
			q.small, b.smallBuf = b.takeSmallBuf(), q.small
		}
	}
	return true
}

// takeFragments takes the next fragments of the streams.
func (q *outQueue) takeFragments(b *batch) (released int) {
	// What is released goes with the next batch, so a stream that was released must not go with this one.
	for i := 0; i < len(b.heads) && len(q.streams) > 0 && released == 0; i++ {
		q.nextStream %= len(q.streams)
		s := q.streams[q.nextStream]
		var n int
		b.bufs, n = s.appendFragment(b.bufs, &b.heads[i])
		b.streamed += n
		if s.isDone() {
			b.largeBuf = s.body.buf
			released += q.endStream(s)
		} else {
			q.nextStream++
		}
	}
	return released
}

// endStream removes the stream whose turn it is and queues what waits behind it.
func (q *outQueue) endStream(s *stream) (released int) {
	for i, d := range s.followers {
		released += d.size
		q.pushFrame(d.frame, d.rest, d.large)
		if d.next != nil {
			d.next.followers = s.followers[i+1:]
			q.streams[q.nextStream] = d.next
			q.nextStream++
			return released
		}
	}
	q.streams = slices.Delete(q.streams, q.nextStream, q.nextStream+1)
	return released
}
