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
// A message is encoded under the mutex, so the order of the lock is the order on the wire and that of the atom cache. A
// sender that finds nobody writing writes itself, including what others have queued meanwhile, as far as the socket
// takes it without waiting. When the socket is full, or the sender has written for long enough, a goroutine of the
// connection takes over, the flusher. So neither Send nor Post ever waits in a write, and Send waits only where it says
// so.
type writer struct {
	c   *Conn
	mu  sync.Mutex
	enc encoder

	endCause   error // why the connection has ended; set once
	writeError error // why nothing can be written any more

	queue      outQueue
	queued     int   // bytes queued or being written, without those of streams
	streamed   int   // bytes of streams, and of what waits behind them
	queueGate  gate  // opens when queued falls below the low mark
	streamGate gate  // the same for streamed
	writing    bool  // somebody owns batch and the right to write
	corked     bool  // by ReadToken.Cork: Uncork will write
	batch      batch // owned by whoever set writing

	raw            rawWriter
	wake           chan struct{} // to the flusher; it holds one
	flusherStarted bool
	flusherClosed  bool // it must not be started any more
	flushers       sync.WaitGroup
}

func (w *writer) init(c *Conn) {
	w.c = c
	w.enc.init(c.peer)
	w.raw.init(c.conn)
	w.wake = make(chan struct{}, 1)
}

// Send sends a message. payload belongs to it if m.HasPayload says so, otherwise it must be nil. m may be used again
// afterwards. payload must not change any more, as no term may: its large binaries are written from where they are,
// perhaps later.
//
// If more than Options.HighWater bytes are pending, Send waits until the peer has read most of them, as the emulator
// suspends a process on a busy distribution port. Only while it waits does it look at ctx, and return its cause.
// Otherwise it returns as soon as the message is encoded. The error is an *etf.EncodeError or a *SendError if the
// message cannot be sent, and then nothing else has happened; or it is the cause for which the connection has ended.
//
// Messages go out in the order of the calls, except that a message in fragments lets messages of other senders pass.
func (c *Conn) Send(ctx context.Context, m Message, payload etf.Term) error {
	return c.out.send(ctx, m, payload, waitIfFull)
}

// TrySend is Send that never waits: sent is false, and nothing has happened, if Send would wait. The caller may then
// free what others need before it waits in Send. Compare erlang:send/3 with nosuspend.
func (c *Conn) TrySend(m Message, payload etf.Term) (sent bool, err error) {
	if err := c.out.send(context.Background(), m, payload, failIfFull); err != errWouldBlock {
		return err == nil, err
	}
	return false, nil
}

// Post is Send that never waits and ignores Options.HighWater. It is for signals that no process sends, or that the
// reading goroutine sends: DOWN signals with noproc, acknowledgements of unlinks, replies to spawn requests. The
// emulator queues those regardless of its limit too. At Options.MaxPending, Post ends the connection with
// ErrNotReading.
func (c *Conn) Post(m Message, payload etf.Term) error {
	return c.out.send(context.Background(), m, payload, ignoreLimit)
}

// sendMode says what a send does when more than Options.HighWater bytes are pending.
type sendMode uint8

const (
	waitIfFull  sendMode = iota // wait
	failIfFull                  // fail with errWouldBlock
	ignoreLimit                 // go on
)

var errWouldBlock = errors.New("dist: the connection is busy")

func (w *writer) send(ctx context.Context, m Message, payload etf.Term, wait sendMode) error {
	if payload != nil && !m.HasPayload() {
		return &SendError{Peer: w.c.peer.Name, Reason: "a payload that does not belong to the message"}
	}
	w.mu.Lock()
	if err := w.queueMessage(ctx, m, payload, wait); err != nil {
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
	w.writeQueued()
	return nil
}

// queueMessage waits until the queue has room, encodes the message and queues it.
func (w *writer) queueMessage(ctx context.Context, m Message, payload etf.Term, wait sendMode) error {
	high := w.c.opts.HighWater
	for {
		if err := w.sendError(); err != nil {
			return err
		}
		if wait == ignoreLimit && w.queued+w.streamed >= w.c.opts.MaxPending {
			return ErrNotReading
		}
		stream := w.queue.streamToFollow(m)
		if wait != ignoreLimit && stream == nil && w.queued >= high {
			if err := w.waitAtGate(ctx, wait, &w.queueGate); err != nil {
				return err
			}
			continue
		}
		if wait != ignoreLimit && stream != nil && w.streamed >= high {
			if err := w.waitAtGate(ctx, wait, &w.streamGate); err != nil {
				return err
			}
			continue
		}
		f, err := w.enc.encodeMessage(m, payload, stream == nil)
		if err != nil {
			w.enc.discardFrame(&f)
			return err
		}
		if wait != ignoreLimit && f.fragments > 1 && w.streamed >= high {
			w.enc.discardFrame(&f)
			if err := w.waitAtGate(ctx, wait, &w.streamGate); err != nil {
				return err
			}
			continue
		}
		w.queueFrame(m, payload, f, stream)
		return nil
	}
}

// queueFrame queues an encoded message, behind the given stream if that is not nil.
func (w *writer) queueFrame(m Message, payload etf.Term, f outFrame, stream *stream) {
	if w.c.opts.Trace != nil {
		w.c.opts.Trace(TraceEvent{Out: true, Peer: w.c.peer.Name, Op: f.op, Message: m, Payload: payload, Size: f.size()})
	}
	w.enc.finishFrame(&f)
	queued, streamed := w.queue.addFrame(m, f, stream, &w.enc)
	w.queued += queued
	w.streamed += streamed
}

// waitAtGate waits until g opens.
func (w *writer) waitAtGate(ctx context.Context, wait sendMode, g *gate) error {
	if wait == failIfFull {
		return errWouldBlock
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

// sendError returns why nothing can be sent any more, or nil.
func (w *writer) sendError() error {
	if w.endCause != nil {
		return w.endCause
	}
	return w.writeError
}

// setEndCause records the cause and wakes all senders that wait. What is pending stays for the flusher.
func (w *writer) setEndCause(cause error) {
	w.endCause = cause
	w.c.closing.Store(true)
	w.c.writeClosed.Store(true)
	w.queueGate.open()
	w.streamGate.open()
}

// maxRounds is the number of writes after which a sender lets the flusher go on, so that nobody writes for the others
// without end.
const maxRounds = 16

// writeQueued writes what is queued. The mutex is held, and writing was set by the caller; the mutex is released.
func (w *writer) writeQueued() {
	for range maxRounds {
		if !w.raw.isPossible() {
			break
		}
		if !w.takeBatch() {
			return
		}
		w.mu.Unlock()
		full, err := w.writeBatch()
		if err != nil {
			w.failWrite(err)
			return
		}
		w.mu.Lock()
		if full {
			break
		}
		w.finishBatch()
	}
	w.wakeFlusher()
	w.mu.Unlock()
}

// takeBatch makes the next batch. If there is none, the writing is over: the mutex is released.
func (w *writer) takeBatch() bool {
	released, any := w.queue.fillBatch(&w.batch)
	w.streamed -= released
	w.queued += released
	if any {
		return true
	}
	w.writing = false
	closing := w.endCause != nil
	w.mu.Unlock()
	if closing {
		w.c.finishClose()
	}
	return false
}

// writeBatch writes as much of the batch as the socket takes without waiting. full says that something is left.
func (w *writer) writeBatch() (full bool, err error) {
	for len(w.batch.bufs) > 0 {
		n, all, err := w.raw.write(w.batch.bufs)
		w.c.bytesOut.Add(uint64(n))
		if err != nil {
			return false, err
		}
		w.batch.removeWritten(n)
		if !all {
			return true, nil
		}
	}
	return false, nil
}

// finishBatch ends a batch.
func (w *writer) finishBatch() {
	b := &w.batch
	w.queued -= b.queued
	w.streamed -= b.streamed
	b.queued, b.streamed = 0, 0
	b.freeChunks()
	w.enc.keepBuffer(b.largeBuf)
	b.largeBuf = nil
	low := w.c.opts.HighWater / 2
	if w.queued <= low {
		w.queueGate.open()
	}
	if w.streamed <= low {
		w.streamGate.open()
	}
}

// failWrite is called when nothing can be written any more. A peer that has closed the connection may have sent
// something before that is still to be read, so it is the reader that ends the connection, and soon (OTP: delayed close
// in inet_drv).
func (w *writer) failWrite(err error) {
	w.mu.Lock()
	w.c.writeClosed.Store(true)
	w.writeError = &IOError{Peer: w.c.peer.Name, Op: "write", Err: err}
	w.queue, w.batch, w.queued, w.streamed = outQueue{}, batch{}, 0, 0
	w.queueGate.open()
	w.streamGate.open()
	closing := w.endCause != nil
	w.mu.Unlock()
	if closing || !w.c.served.Load() || w.c.conn.SetReadDeadline(time.Now().Add(w.c.opts.FlushTime)) != nil {
		w.c.fail(w.writeError)
	}
}

// wakeFlusher lets the flusher write, and starts it if this is the first time. The mutex is held and writing is set.
func (w *writer) wakeFlusher() {
	if w.flusherClosed {
		return
	}
	if !w.flusherStarted {
		w.flusherStarted = true
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

// trimBuffers gives back memory that a burst has left, in time.
func (w *writer) trimBuffers() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.enc.trimBuffer()
}

// joinFlusher waits for the flusher of a connection that has ended, and keeps it from being started.
func (w *writer) joinFlusher() {
	w.mu.Lock()
	w.flusherClosed = true
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
				w.failWrite(err)
				return
			}
		}
		w.mu.Lock()
		w.finishBatch()
		if !w.takeBatch() {
			return
		}
		w.mu.Unlock()
	}
}

// gate lets goroutines wait for something. It allocates nothing while nobody waits.
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
