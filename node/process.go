package node

import (
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"ergo.services/ergo/gen"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// process is one gen_server of this node: a mailbox, a loop that at most one goroutine runs at a time, and the links and
// monitors it takes part in. An idle process has no goroutine.
type process struct {
	n    *Node
	pid  etf.Pid
	loop *genserv.Loop
	log  *slog.Logger

	parent etf.Pid // who started it by a link, else itself

	engine   gen.Process // its side in ergo
	inEngine bool        // guarded by mu: ergo has finished the spawn

	name etf.Atom // guarded by registry.mu

	batch   []etf.Term // owned by the goroutine that runs the loop: what it took out of the mailbox
	handled int        // how much of it has been handled

	dead   atomic.Bool // set once, under mu, after reason
	reason etf.Term

	mu       sync.Mutex
	box      mailbox
	busy     bool // a goroutine runs the loop, or init has not ended
	trap     bool // process_flag(trap_exit, true)
	wait     *time.Timer
	waitSeq  uint64 // number of the receive time-out that counts
	watches  watchList
	links    map[etf.Pid]*link
	monitors map[etf.Ref]*monitor
	aliases  []etf.Ref
	gone     chan struct{} // closed at the end; made when somebody wants to wait for it
}

// deliver puts a message into the mailbox and sees to it that somebody handles it. It never blocks.
func (p *process) deliver(msg etf.Term) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dead.Load() {
		return
	}
	p.box.push(msg)
	p.cancelWaitLocked()
	if !p.busy {
		p.busy = true
		p.wake(p.loop.Next())
	}
}

// wake runs the loop in a goroutine of its own. The caller has made the process busy; the node cannot have stopped, for it
// ends all processes first.
func (p *process) wake(next genserv.Next) {
	p.n.work.Go(func() { p.run(next) })
}

// run handles messages until the mailbox is empty or the process has ended. next is what the loop wants to do first.
func (p *process) run(next genserv.Next) {
	for !next.Stopped {
		if next.Again {
			next = p.loop.Timeout()
			continue
		}
		batch, idle := p.nextBatch(next)
		if idle {
			return
		}
		if batch == nil {
			next = p.loop.Timeout()
			continue
		}
		next = p.handle(next, batch)
	}
	p.exit(next.Reason)
}

// handle feeds a batch to the loop.
func (p *process) handle(next genserv.Next, batch []etf.Term) genserv.Next {
	p.batch = batch
	for p.handled = 0; p.handled < len(batch) && !p.dead.Load(); {
		msg := batch[p.handled]
		p.handled++
		if msg == nil {
			continue // flushed
		}
		if next = p.loop.Handle(msg); next.Stopped {
			break
		}
	}
	p.batch = nil
	p.mu.Lock()
	p.box.recycle(batch)
	p.mu.Unlock()
	return next
}

// nextBatch takes what is in the mailbox. With an empty mailbox it either puts the process to rest (idle) or, if the loop
// asked for a time-out of 0, returns neither.
func (p *process) nextBatch(next genserv.Next) (batch []etf.Term, idle bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.dead.Load():
		return nil, true
	case p.box.len() > 0:
		return p.box.take(), false
	case next.Wait == 0:
		return nil, false
	}
	p.busy = false
	if next.Wait > 0 {
		p.armWaitLocked(next.Wait)
	}
	return nil, true
}

// armWaitLocked starts the receive time-out of an idle process. Whatever comes into the mailbox before its end cancels it.
func (p *process) armWaitLocked(d time.Duration) {
	p.waitSeq++
	seq := p.waitSeq
	p.wait = time.AfterFunc(d, func() { p.waitOver(seq) })
}

func (p *process) waitOver(seq uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dead.Load() || p.busy || p.waitSeq != seq {
		return
	}
	p.busy = true
	p.n.work.Go(func() { p.run(p.loop.Timeout()) })
}

func (p *process) cancelWaitLocked() {
	p.waitSeq++
	if p.wait != nil {
		p.wait.Stop()
		p.wait = nil
	}
}

// exit ends the process: nobody finds it any more, its name is free, and then everybody who is linked to it or watches it
// learns the reason, links first as in OTP. It may be called from any goroutine; the first call counts. A callback that
// still runs is not interrupted, but nothing it does afterwards counts.
func (p *process) exit(reason etf.Term) {
	p.mu.Lock()
	if p.dead.Load() {
		p.mu.Unlock()
		return
	}
	p.reason = reason
	p.dead.Store(true)
	p.cancelWaitLocked()
	p.box = mailbox{}
	links, watches, monitors, aliases := p.links, p.watches.take(), p.monitors, p.aliases
	p.links, p.monitors, p.aliases = nil, nil, nil
	gone := p.gone
	p.mu.Unlock()

	p.n.registry.remove(p)
	for _, ref := range aliases {
		p.n.aliases.remove(ref, p)
	}
	p.n.exitLinks(p, links, reason)
	p.n.exitWatches(p, watches, reason)
	for _, m := range monitors {
		p.n.unwatch(m)
	}
	if gone != nil {
		close(gone)
	}
	p.leaveEngine()
}

// shutdown asks the process to end as a supervisor does: one that traps exits gets the exit signal of its parent as a
// message and terminates by it, any other ends at once.
func (p *process) shutdown() {
	p.mu.Lock()
	trap := p.trap
	p.mu.Unlock()
	if trap {
		p.deliver(etf.Tuple{etf.Atom("EXIT"), p.parent, shutdown})
		return
	}
	p.exit(shutdown)
}

// done returns a channel that is closed when the process has ended.
func (p *process) done() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dead.Load() {
		return closedChan
	}
	if p.gone == nil {
		p.gone = make(chan struct{})
	}
	return p.gone
}

// flush removes the messages that match from the mailbox. Only the process itself may call it, from a callback, so the
// batch that is being handled cannot be looked at by anybody else.
func (p *process) flush(match func(etf.Term) bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.box.items = slices.DeleteFunc(p.box.items, match)
	for i := p.handled; i < len(p.batch); i++ {
		if p.batch[i] != nil && match(p.batch[i]) {
			p.batch[i] = nil
		}
	}
}
