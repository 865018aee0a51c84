package dist

import (
	"sync"
	"sync/atomic"
	"time"
)

// tokenState is the state of the right to read a connection, which one goroutine has at a time. While that goroutine
// does some Work it lends the right: it reads on when the work is done, unless HandOver has given the right to a new
// goroutine meanwhile. In that case the old goroutine ends and no longer touches the reader.
//
// count grows with every change and is odd while the right is lent. So an unchanged count means that nothing has
// happened.
type tokenState struct {
	count atomic.Uint64
	watch tokenWatch
}

// HandOver starts another goroutine that reads on, if the one that reads is doing some Work; otherwise it does nothing.
// Call it from Work that is about to wait, so that the messages of the peer do not wait with it. It writes what
// ReadToken.Cork has held back. Any goroutine may call HandOver, and it never waits.
func (c *Conn) HandOver() {
	if t := c.token.count.Load(); t&1 == 1 {
		ReadToken{c, t}.HandOver()
	}
}

// ReadToken is the right to read that some Work holds until it returns or the right is handed over. The zero value
// holds no right.
type ReadToken struct {
	conn  *Conn
	count uint64
}

// Held reports whether the work still holds the right to read.
func (t ReadToken) Held() bool { return t.conn != nil && t.conn.token.count.Load() == t.count }

// HandOver starts another goroutine that reads on, unless the token has ended. See Conn.HandOver.
func (t ReadToken) HandOver() {
	if t.conn != nil && t.conn.token.count.CompareAndSwap(t.count, t.count+1) {
		t.conn.out.uncork()
		go t.conn.in.run()
	}
}

// tokenWatch bounds how long Work that does not return keeps the peer's other messages waiting. Its timer runs every
// Options.HandOverAfter, and stops where there has been no work for a while. So a message costs one atomic load and no
// timer.
type tokenWatch struct {
	armed atomic.Bool

	mu          sync.Mutex
	timer       *time.Timer
	stopped     bool
	lastCount   uint64 // turn.count at the last look
	quietChecks int    // checks since it has changed
}

// maxQuietChecks is the number of checks without any work after which the timer stops.
const maxQuietChecks = 100

// armTokenWatch starts the timer if it is not running. It is called after the right to read has been lent: either the
// running timer sees the new count, or armed is false here.
func (c *Conn) armTokenWatch() {
	w := &c.token.watch
	if w.armed.Load() || !w.armed.CompareAndSwap(false, true) {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.quietChecks = 0
	switch {
	case w.stopped:
	case w.timer == nil:
		w.timer = time.AfterFunc(c.opts.HandOverAfter, c.checkToken)
	default:
		w.timer.Reset(c.opts.HandOverAfter)
	}
	wakeMonitor()
}

func (c *Conn) checkToken() {
	w := &c.token.watch
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stopped {
		return
	}
	c.in.batcher.adapt(time.Now())
	now := c.token.count.Load()
	switch {
	case now != w.lastCount:
		w.quietChecks = 0
	case now&1 == 1:
		c.HandOver()
	default:
		w.quietChecks++
	}
	w.lastCount = now
	if w.quietChecks >= maxQuietChecks {
		w.armed.Store(false)
		if c.token.count.Load() == now || !w.armed.CompareAndSwap(false, true) {
			return
		}
		w.quietChecks = 0
	}
	w.timer.Reset(c.opts.HandOverAfter)
	wakeMonitor()
}

func (c *Conn) stopTokenWatch() {
	w := &c.token.watch
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stopped = true
	if w.timer != nil {
		w.timer.Stop()
	}
}
