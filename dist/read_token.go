package dist

import (
	"sync"
	"sync/atomic"
	"time"
)

// tokenState is the right to read a connection, which one goroutine has at a time. While that does some Work, the right
// is lent: the goroutine goes on reading when the work is done, unless HandOver has given the right to a new goroutine
// meanwhile. Then the old one ends, and touches nothing of the reader any more.
//
// count grows with every change and is odd while the right is lent, so whoever remembers a value knows whether anything
// has happened since.
type tokenState struct {
	count atomic.Uint64
	watch tokenWatch
}

// HandOver has another goroutine read on if the one that reads is doing some Work, and else does nothing. It is for
// Work that is about to wait: the messages of the peer do not wait with it. What ReadToken.Cork has held back is
// written. HandOver may be called from any goroutine, and never waits.
func (c *Conn) HandOver() {
	if t := c.token.count.Load(); t&1 == 1 {
		ReadToken{c, t}.HandOver()
	}
}

// ReadToken is the right to read that some Work has until it returns or the right is handed over. Its zero value is
// none.
type ReadToken struct {
	conn  *Conn
	count uint64
}

// Held reports whether the right to read still waits for the work to return.
func (t ReadToken) Held() bool { return t.conn != nil && t.conn.token.count.Load() == t.count }

// HandOver has another goroutine read on, unless the turn has ended. See Conn.HandOver.
func (t ReadToken) HandOver() {
	if t.conn != nil && t.conn.token.count.CompareAndSwap(t.count, t.count+1) {
		t.conn.out.uncork()
		go t.conn.in.run()
	}
}

// tokenWatch bounds how long Work that does not return keeps the peer's other messages waiting. It looks every
// Options.HandOverAfter, and not at all where there has been no work for a while, so a message costs it one load.
type tokenWatch struct {
	armed atomic.Bool

	mu          sync.Mutex
	timer       *time.Timer
	stopped     bool
	lastCount   uint64 // turn.count at the last look
	quietChecks int    // looks since it has changed
}

// maxQuietChecks is how many looks see nothing before the watch sleeps.
const maxQuietChecks = 100

// armTokenWatch is called after the right to read has been lent. An armed watch sees the new count, or else armed is
// false here.
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
