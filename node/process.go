package node

import (
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/genserv/driver"
)

// process is one gen_server of this node. It has a mailbox, links, monitors and a loop, which at most one goroutine
// runs at a time. An idle process has no goroutine.
type process struct {
	n    *Node
	pid  etf.Pid
	loop *genserv.Loop
	log  atomic.Pointer[slog.Logger] // made on first use

	parent  etf.Pid // the process that started it with a link, else itself
	spawner etf.Pid // the process that started it, zero if no process did

	leader etf.Pid // group leader; guarded by mu

	app etf.Atom // the application that it belongs to, "" for none

	name  etf.Atom // guarded by registry.mu
	entry uint64   // number of processes that were registered before it; set once

	// batch is what the goroutine that runs the loop took out of the mailbox, nil where receive has taken a message. That
	// goroutine owns it and the next two fields. It changes batch under mu, so that others can look.
	batch        []etf.Term
	handled      int          // how much of it has been handled
	inSystemFunc bool         // it runs a function of runBetweenMessages
	position     atomic.Int32 // handled, for other goroutines to read, unless the batch is one message; reset under mu
	urgent       atomic.Int32 // how many priority messages the mailbox begins with; changed under mu, see priority.go

	dead    atomic.Bool // set once, under mu, after reason
	reason  etf.Term
	sending atomic.Int64 // the number of signals that it is sending now, and the marks of its end; see process_exit.go
	service bool         // what it sends never connects or waits; see noSuspend

	mu         sync.Mutex
	box        mailbox
	busy       bool // a goroutine runs the loop, or init has not ended
	trap       bool // process_flag(trap_exit, true)
	timeout    *time.Timer
	timeoutSeq uint64 // number of the receive time-out that counts
	timers     *timers
	inbound    inboundMonitors
	links      map[etf.Pid]*link
	monitors   map[etf.Ref]*outboundMonitor
	aliases    map[etf.Ref]struct{}
	detached   bool            // its links, monitors and aliases are gone, and no more may be added
	exitDone   bool            // the end has been told to all
	exited     chan struct{}   // closed when exitDone is set; made on first use
	ctx        *processContext // made on first use: by a send that waits, or by Context
	arrival    chan struct{}   // closed by the next message and at the end; made by a callback that waits in receive
	starting   *starting       // until its init has ended
	seq        seqTrace
	turn       dist.ReadToken // of the reader that runs the loop; set by the goroutine that runs it

	inlineFrom time.Duration // when the reader began to run the loop; owned by it
	slowScore  atomic.Int32  // see reader.go
}

// deliver puts a message into the mailbox, and starts the process if it is idle. It never blocks.
func (p *process) deliver(msg etf.Term) { p.deliverFrom(msg, nil) }

// deliverFrom is deliver. reader is the connection if its reader calls, else nil.
func (p *process) deliverFrom(msg etf.Term, reader *peer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.deliverLocked(msg, reader)
}

func (p *process) deliverLocked(msg etf.Term, reader *peer) {
	if p.dead.Load() {
		return
	}
	p.box.push(msg)
	p.cancelTimeoutLocked()
	p.arrivedLocked()
	if !p.busy {
		p.busy = true
		if reader != nil && p.canRunInline() {
			reader.ready = append(reader.ready, p)
			return
		}
		p.wake(p.loop.Next())
	}
}

// wake runs the loop in a new goroutine. The caller has made the process busy. The node cannot have stopped, because
// it ends all processes first.
func (p *process) wake(next driver.Next) {
	p.n.work.Go(func() { p.run(next) })
}

// run handles messages until the mailbox is empty or the process has ended. next is what the loop does first.
func (p *process) run(next driver.Next) {
	returned := false
	defer func() {
		if !returned {
			p.continueAfterGoexit()
		}
	}()
	p.handleBatches(next)
	returned = true
}

func (p *process) handleBatches(next driver.Next) {
	for !next.Stopped {
		if next.Again {
			next = p.loop.Timeout()
			continue
		}
		// There is a batch already if a callback that no message had started waited in receive.
		if len(p.batch) == 0 {
			if idle := p.nextBatch(next); idle {
				return
			}
		}
		if len(p.batch) == 0 {
			next = p.loop.Timeout()
			continue
		}
		next = p.handle(next)
	}
	p.exit(next.Reason)
}

// handle passes the batch to the loop. Callbacks that use receive may take messages out of the batch and make it
// longer.
func (p *process) handle(next driver.Next) driver.Next {
	m := p.beginBatch()
	for p.handled < len(p.batch) && !p.dead.Load() {
		if p.urgent.Load() > 0 {
			p.takePriority()
		}
		msg := p.batch[p.handled]
		p.handled++
		if msg == nil {
			continue
		}
		if len(p.batch) > 1 {
			p.position.Store(int32(p.handled))
		}
		if a, ok := msg.(*systemFunc); ok {
			if next = p.runSystemFunc(a.run); next.Stopped {
				break
			}
			continue
		}
		if next = p.loop.Handle(p.takeToken(msg)); next.Stopped {
			break
		}
		m.message()
	}
	m.end()
	p.mu.Lock()
	p.box.recycle(p.batch)
	p.batch = nil
	p.position.Store(0)
	p.mu.Unlock()
	p.handled = 0
	return next
}

// nextBatch makes what is in the mailbox the batch. With an empty mailbox it either puts the process to rest (idle) or,
// if the loop asked for a time-out of 0, leaves the batch empty.
func (p *process) nextBatch(next driver.Next) (idle bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.dead.Load():
		return true
	case p.box.len() > 0:
		p.urgent.Store(0)
		p.batch = p.box.take()
		return false
	case next.Wait == 0:
		return false
	}
	p.idleLocked(next)
	return true
}

// startTimeoutLocked starts the receive time-out of an idle process. Any message that arrives before its end cancels
// it.
func (p *process) startTimeoutLocked(d time.Duration) {
	p.timeoutSeq++
	seq := p.timeoutSeq
	p.timeout = time.AfterFunc(d, func() { p.receiveTimedOut(seq) })
}

func (p *process) receiveTimedOut(seq uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dead.Load() || p.busy || p.timeoutSeq != seq {
		return
	}
	p.busy = true
	p.n.work.Go(func() { p.run(driver.Next{Again: true}) })
}

func (p *process) cancelTimeoutLocked() {
	p.timeoutSeq++
	if p.timeout != nil {
		p.timeout.Stop()
		p.timeout = nil
	}
}

// shutdown asks the process to end, as a supervisor does. A process that traps exits gets the exit signal of its
// parent as a message and terminates. Any other process ends at once.
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

// flush removes the messages that match from the mailbox. Only a callback of the process may call it, so no other
// goroutine uses the batch meanwhile.
func (p *process) flush(match func(etf.Term) bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.deleteLocked(match)
	for i := p.handled; i < len(p.batch); i++ {
		if p.batch[i] != nil && match(withoutToken(p.batch[i])) {
			p.batch[i] = nil
		}
	}
}
