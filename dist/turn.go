package dist

import (
	"sync"
	"sync/atomic"
	"time"
)

// turn is the right to read a connection, which one goroutine has at a time. While that does some Work, the right is
// lent: the goroutine goes on reading when the work is done, unless HandOver has given the right to a new goroutine
// meanwhile. Then the old one ends, and touches nothing of the reader any more.
//
// count grows with every change and is odd while the right is lent, so whoever remembers a value knows whether anything
// has happened since.
type turn struct {
	count atomic.Uint64
	watch watch
}

// HandOver has another goroutine read on if the one that reads is doing some Work, and else does nothing. It is for
// Work that is about to wait: the messages of the peer do not wait with it. What Turn.Cork has held back is written.
// HandOver may be called from any goroutine, and never waits.
func (c *Conn) HandOver() {
	if t := c.turn.count.Load(); t&1 == 1 {
		Turn{c, t}.HandOver()
	}
}

// Turn is the right to read that some Work has until it returns or the right is handed over. Its zero value is none.
type Turn struct {
	conn *Conn
	lent uint64
}

// Held reports whether the right to read still waits for the work to return.
func (t Turn) Held() bool { return t.conn != nil && t.conn.turn.count.Load() == t.lent }

// HandOver has another goroutine read on, unless the turn has ended. See Conn.HandOver.
func (t Turn) HandOver() {
	if t.conn != nil && t.conn.turn.count.CompareAndSwap(t.lent, t.lent+1) {
		t.conn.out.uncork()
		go t.conn.in.run()
	}
}

// watch bounds how long Work that does not return keeps the peer's other messages waiting. It looks every
// Options.Patience, and not at all where there has been no work for a while, so a message costs it one load.
type watch struct {
	armed atomic.Bool

	mu      sync.Mutex
	timer   *time.Timer
	stopped bool
	seen    uint64 // turn.count at the last look
	quiet   int    // looks since it has changed
}

// quietLooks is how many looks see nothing before the watch sleeps.
const quietLooks = 100

// watchTurn is called after the right to read has been lent. An armed watch sees the new count, or else armed is
// false here.
func (c *Conn) watchTurn() {
	w := &c.turn.watch
	if w.armed.Load() || !w.armed.CompareAndSwap(false, true) {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.quiet = 0
	switch {
	case w.stopped:
	case w.timer == nil:
		w.timer = time.AfterFunc(c.opts.Patience, c.lookAtTurn)
	default:
		w.timer.Reset(c.opts.Patience)
	}
	wakeMonitor()
}

func (c *Conn) lookAtTurn() {
	w := &c.turn.watch
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stopped {
		return
	}
	c.in.gather.look(time.Now())
	now := c.turn.count.Load()
	switch {
	case now != w.seen:
		w.quiet = 0
	case now&1 == 1:
		c.HandOver()
	default:
		w.quiet++
	}
	w.seen = now
	if w.quiet >= quietLooks {
		w.armed.Store(false)
		if c.turn.count.Load() == now || !w.armed.CompareAndSwap(false, true) {
			return
		}
		w.quiet = 0
	}
	w.timer.Reset(c.opts.Patience)
	wakeMonitor()
}

func (c *Conn) stopWatch() {
	w := &c.turn.watch
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stopped = true
	if w.timer != nil {
		w.timer.Stop()
	}
}
