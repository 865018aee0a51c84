package dist

import (
	"sync"
	"time"
)

// ticker keeps a quiet connection alive and notices a dead one. It checks the byte counters Intensity times in TickTime
// (dist_util's send_tick, net_kernel's ticker), so that messages need no timers.
//
// It writes a tick if nothing was written since the last check and nothing is about to be. It also writes one if
// nothing was read, as OTP does towards hidden nodes: the tick makes the peer answer. The connection ends when
// Intensity checks in a row behind the one that saw the last byte have seen none: that takes TickTime to
// TickTime*(1+1/Intensity).
type ticker struct {
	mu       sync.Mutex
	timer    *time.Timer
	interval time.Duration
	stopped  bool
	// silentChecks counts checks in a row without a byte read. It is -1 before the first, which sees the bytes of the
	// handshake.
	silentChecks int
	// bytesIn and bytesOut are the counters at the last check; bytesOut includes the tick that was written then.
	bytesIn, bytesOut uint64
}

func (c *Conn) startTicking() {
	if c.opts.TickTime < 0 {
		return
	}
	t := &c.tick
	t.mu.Lock()
	defer t.mu.Unlock()
	t.interval = max(c.opts.TickTime/time.Duration(c.opts.Intensity), time.Millisecond)
	t.bytesIn, t.bytesOut, t.silentChecks = c.bytesIn.Load(), c.bytesOut.Load(), -1
	t.timer = time.AfterFunc(t.interval, c.checkTick)
}

// stopTicking stops the timer and waits for a check that is under way.
func (c *Conn) stopTicking() {
	t := &c.tick
	t.mu.Lock()
	defer t.mu.Unlock()
	t.stopped = true
	if t.timer != nil {
		t.timer.Stop()
	}
}

func (c *Conn) checkTick() {
	t := &c.tick
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.stopped {
		return
	}
	in, out := c.bytesIn.Load(), c.bytesOut.Load()
	// While a handler keeps the reader, that nothing is read says nothing about the peer.
	if in == t.bytesIn && c.awaitingBytes.Load() {
		t.silentChecks++
	} else {
		t.silentChecks = 0
	}
	if t.silentChecks >= c.opts.Intensity {
		c.fail(ErrTickTimeout)
		return
	}
	if (in == t.bytesIn || out == t.bytesOut) && c.out.sendTick() {
		out += lengthSize
	}
	t.bytesIn, t.bytesOut = in, out
	c.out.trimBuffers()
	t.timer.Reset(t.interval)
}

// answerTick is called by the reader for an empty frame, which is a tick. It answers at once unless something was
// written since the last tick. So the connection lives whatever tick time the peer has, and two nodes do not answer
// each other for ever.
func (r *reader) answerTick() {
	c := r.c
	if c.opts.Trace != nil {
		c.opts.Trace(TraceEvent{Peer: c.peer.Name})
	}
	out := c.bytesOut.Load()
	if out == r.outAtTick && c.out.sendTick() {
		out += lengthSize
	}
	r.outAtTick = out
}

var emptyFrame [lengthSize]byte

// sendTick writes a tick, which is an empty frame, unless something is about to be written anyway. It reports whether
// it did.
func (w *writer) sendTick() bool {
	w.mu.Lock()
	if w.sendError() != nil || w.writing {
		w.mu.Unlock()
		return false
	}
	if w.c.opts.Trace != nil {
		w.c.opts.Trace(TraceEvent{Out: true, Peer: w.c.peer.Name})
	}
	w.queue.pushFrame(emptyFrame[:], nil, false)
	w.queued += lengthSize
	w.writing = true
	w.writeQueued()
	return true
}
