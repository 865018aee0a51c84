package dist

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/gonode-otp/gonode/etf"
)

// writer is the sending side of a connection.
//
// A message is encoded under the mutex, so the order of the lock is the order on the wire and that of the atom cache.
// Whoever finds nobody writing writes itself, as far as the socket takes it without waiting, and with it what others
// have queued meanwhile; if the socket is full, or it has written for long enough, a goroutine of the connection
// takes over. So neither Send nor Post ever waits in a write, and Send waits only where it says so.
type writer struct {
	c   *Conn
	mu  sync.Mutex
	enc encoder

	cause  error // why the connection has ended; set once
	broken error // why nothing can be written any more

	queue    outQueue
	queued   int   // bytes queued or being written, without those of streams
	streamed int   // bytes of streams, and of what waits behind them
	room     gate  // opens when queued falls below the low mark
	streamer gate  // the same for streamed
	writing  bool  // somebody owns batch and the right to write
	corked   bool  // that is whoever called Turn.Cork, and Uncork will write
	batch    batch // owned by whoever set writing

	raw      rawWriter
	wake     chan struct{} // to the flusher; there is room for one
	flushing bool          // the flusher has been started
	over     bool          // it must not be started any more
	flushers sync.WaitGroup
}

func (w *writer) init(c *Conn) {
	w.c = c
	w.enc.init(c.peer)
	w.raw.init(c.conn)
	w.wake = make(chan struct{}, 1)
}

// Send sends a message. payload belongs to it if m.HasPayload says so, else it must be nil. m may be used again;
// payload must not change any more, as no term may: its large binaries are written from where they are, perhaps
// later.
//
// If more than Options.HighWater bytes are pending, Send waits until the peer has read most of them, as the emulator
// suspends a process on a busy distribution port; only while it waits does it look at ctx, and return its cause. Else
// it returns as soon as the message is encoded. The error is an *etf.EncodeError or a *SendError if the message
// cannot be sent, and then nothing else has happened; or it is the cause for which the connection has ended.
//
// Messages go out in the order of the calls, except that those in fragments let others pass; never those of the same
// sender.
func (c *Conn) Send(ctx context.Context, m Message, payload etf.Term) error {
	return c.out.send(ctx, m, payload, whenFull)
}

// TrySend is Send if that need not wait. Else it does nothing and returns false, and the caller may do what it has to
// before it waits with Send (erlang:send/3 with nosuspend).
func (c *Conn) TrySend(m Message, payload etf.Term) (sent bool, err error) {
	if err := c.out.send(context.Background(), m, payload, never); err != errWouldWait {
		return err == nil, err
	}
	return false, nil
}

// Post is Send without ever waiting, for what no process sends, or what is sent by the goroutine that reads: DOWN
// signals with noproc, acknowledgements of unlinks, replies to spawn requests. The emulator queues those regardless of
// its limit too. At Options.MaxPending it ends the connection with ErrNotReading.
func (c *Conn) Post(m Message, payload etf.Term) error {
	return c.out.send(context.Background(), m, payload, regardless)
}

// patience is what a message does when more than Options.HighWater bytes are pending.
type patience uint8

const (
	whenFull   patience = iota // wait
	never                      // fail with errWouldWait
	regardless                 // go on
)

var errWouldWait = errors.New("dist: the connection is busy")

func (w *writer) send(ctx context.Context, m Message, payload etf.Term, wait patience) error {
	if payload != nil && !m.HasPayload() {
		return &SendError{Peer: w.c.peer.Name, Reason: "a payload that does not belong to the message"}
	}
	w.mu.Lock()
	if err := w.admit(ctx, m, payload, wait); err != nil {
		w.mu.Unlock()
		if err == ErrNotReading {
			w.c.fail(err)
		}
		return err
	}
	if w.writing && !w.corkFull() {
		w.mu.Unlock()
		return nil
	}
	w.writing, w.corked = true, false
	w.write()
	return nil
}

// admit waits for room, encodes the message and queues it.
func (w *writer) admit(ctx context.Context, m Message, payload etf.Term, wait patience) error {
	high := w.c.opts.HighWater
	for {
		if err := w.ended(); err != nil {
			return err
		}
		if wait == regardless && w.queued+w.streamed >= w.c.opts.MaxPending {
			return ErrNotReading
		}
		stream := w.queue.behind(m)
		if wait != regardless && stream == nil && w.queued >= high {
			if err := w.waitFor(ctx, wait, &w.room); err != nil {
				return err
			}
			continue
		}
		if wait != regardless && stream != nil && w.streamed >= high {
			if err := w.waitFor(ctx, wait, &w.streamer); err != nil {
				return err
			}
			continue
		}
		f, err := w.enc.encode(m, payload, stream == nil)
		if err != nil {
			w.enc.discard(&f)
			return err
		}
		if wait != regardless && f.fragments > 1 && w.streamed >= high {
			w.enc.discard(&f)
			if err := w.waitFor(ctx, wait, &w.streamer); err != nil {
				return err
			}
			continue
		}
		w.enqueue(m, payload, f, stream)
		return nil
	}
}

// enqueue queues an encoded message.
func (w *writer) enqueue(m Message, payload etf.Term, f outFrame, stream *stream) {
	if w.c.opts.Trace != nil {
		w.c.opts.Trace(TraceEvent{Out: true, Peer: w.c.peer.Name, Op: f.op, Message: m, Payload: payload, Size: f.size()})
	}
	w.enc.finish(&f)
	queued, streamed := w.queue.add(m, f, stream, &w.enc)
	w.queued += queued
	w.streamed += streamed
}

// waitFor waits until g opens.
func (w *writer) waitFor(ctx context.Context, wait patience, g *gate) error {
	if wait == never {
		return errWouldWait
	}
	ch := g.channel()
	w.mu.Unlock()
	defer w.mu.Lock()
	select {
	case <-ch:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// ended returns why nothing can be sent any more.
func (w *writer) ended() error {
	if w.cause != nil {
		return w.cause
	}
	return w.broken
}

// end records the cause and lets everybody know. What is pending stays for the flusher.
func (w *writer) end(cause error) {
	w.cause = cause
	w.c.closing.Store(true)
	w.c.mute.Store(true)
	w.room.open()
	w.streamer.open()
}

// maxRounds is the number of writes after which a sender lets the flusher go on, so that nobody writes for the others
// without end.
const maxRounds = 16

// write writes what is queued. The mutex is held, and writing was set by the caller; the mutex is released.
func (w *writer) write() {
	for range maxRounds {
		if !w.raw.possible() {
			break
		}
		if !w.take() {
			return
		}
		w.mu.Unlock()
		full, err := w.writeNow()
		if err != nil {
			w.failed(err)
			return
		}
		w.mu.Lock()
		if full {
			break
		}
		w.written()
	}
	w.handOver()
	w.mu.Unlock()
}

// take makes the next batch. If there is none, the writing is over: the mutex is released.
func (w *writer) take() bool {
	released, any := w.queue.take(&w.batch)
	w.streamed -= released
	w.queued += released
	if any {
		return true
	}
	w.writing = false
	closing := w.cause != nil
	w.mu.Unlock()
	if closing {
		w.c.flushed()
	}
	return false
}

// writeNow writes as much of the batch as the socket takes without waiting. full says that something is left.
func (w *writer) writeNow() (full bool, err error) {
	for len(w.batch.bufs) > 0 {
		n, all, err := w.raw.write(w.batch.bufs)
		w.c.bytesOut.Add(uint64(n))
		if err != nil {
			return false, err
		}
		w.batch.advance(n)
		if !all {
			return true, nil
		}
	}
	return false, nil
}

// written ends a batch.
func (w *writer) written() {
	b := &w.batch
	w.queued -= b.queued
	w.streamed -= b.streamed
	b.queued, b.streamed = 0, 0
	b.free()
	w.enc.keep(b.large)
	b.large = nil
	low := w.c.opts.HighWater / 2
	if w.queued <= low {
		w.room.open()
	}
	if w.streamed <= low {
		w.streamer.open()
	}
}

// failed is called when nothing can be written any more. A peer that has closed the connection may have sent something
// before that is still to be read, so it is the reader that ends the connection, and soon (OTP: delayed close in
// inet_drv).
func (w *writer) failed(err error) {
	w.mu.Lock()
	w.c.mute.Store(true)
	w.broken = &IOError{Peer: w.c.peer.Name, Op: "write", Err: err}
	w.queue, w.batch, w.queued, w.streamed = outQueue{}, batch{}, 0, 0
	w.room.open()
	w.streamer.open()
	closing := w.cause != nil
	w.mu.Unlock()
	if closing || !w.c.served.Load() || w.c.conn.SetReadDeadline(time.Now().Add(w.c.opts.FlushTime)) != nil {
		w.c.fail(w.broken)
	}
}

// handOver lets the flusher write, and starts it if this is the first time. The mutex is held and writing is set.
func (w *writer) handOver() {
	if w.over {
		return
	}
	if !w.flushing {
		w.flushing = true
		w.flushers.Go(w.flusher)
	}
	w.wake <- struct{}{}
}

// flusher writes whatever is handed over, until the connection has ended. It lives as long as the connection, since a
// peer that was slow once is likely to be so again.
func (w *writer) flusher() {
	for {
		select {
		case <-w.wake:
			w.flush()
		case <-w.c.done:
			return
		}
	}
}

// trim gives back memory that a burst has left, in time.
func (w *writer) trim() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.enc.trim()
}

// join waits for the flusher of a connection that has ended, and keeps it from being started.
func (w *writer) join() {
	w.mu.Lock()
	w.over = true
	w.mu.Unlock()
	w.flushers.Wait()
}

// flush is write for a goroutine that may wait.
func (w *writer) flush() {
	for {
		if len(w.batch.bufs) > 0 {
			w.raw.calls.Add(1)
			n, err := w.batch.bufs.WriteTo(w.c.conn)
			w.c.bytesOut.Add(uint64(n))
			if err != nil {
				w.failed(err)
				return
			}
		}
		w.mu.Lock()
		w.written()
		if !w.take() {
			return
		}
		w.mu.Unlock()
	}
}

// gate lets goroutines wait for something. It costs nothing while nobody does.
type gate struct{ ch chan struct{} }

func (g *gate) channel() <-chan struct{} {
	if g.ch == nil {
		g.ch = make(chan struct{})
	}
	return g.ch
}

func (g *gate) open() {
	if g.ch != nil {
		close(g.ch)
		g.ch = nil
	}
}
