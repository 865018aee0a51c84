package node

import (
	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/genserv/driver"
)

// systemFunc is a function in the mailbox that is to run in the process. No callback and no receive sees it.
type systemFunc struct {
	etf.Term // makes it a term, so that it fits into a mailbox
	run      func(*genserv.Loop)
}

func isSystemFunc(msg etf.Term) bool {
	_, ok := msg.(*systemFunc)
	return ok
}

// runBetweenMessages runs f in the process between two messages, behind those that wait already; see genserv.Loop.Do.
// If the process is idle, f runs at once in the goroutine of the caller and has returned when runBetweenMessages
// returns, which takes no message and no goroutine. If the process ends before its turn, f never runs.
func (p *process) runBetweenMessages(f func(*genserv.Loop)) {
	p.mu.Lock()
	switch {
	case p.dead.Load():
		p.mu.Unlock()
		return
	case p.busy:
		p.box.push(&systemFunc{run: f})
		p.mu.Unlock()
		return
	}
	p.busy = true
	p.cancelTimeoutLocked()
	p.mu.Unlock()
	returned := false
	defer func() {
		if !returned { // runtime.Goexit in f
			p.continueOrIdle(p.loop.Next())
		}
	}()
	next := p.loop.Do(f)
	returned = true
	p.continueOrIdle(next)
}

// continueOrIdle leaves a process that runBetweenMessages has made busy idle again, or starts a goroutine for what it
// has to do.
func (p *process) continueOrIdle(next driver.Next) {
	if next.Stopped {
		p.exit(next.Reason)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.dead.Load():
	case next.Again, next.Wait == 0, len(p.batch) > 0, p.box.len() > 0:
		p.wake(next)
	default:
		p.idleLocked(next)
	}
}

// idleLocked leaves the process without a goroutine, with a receive time-out if the loop asks for one.
func (p *process) idleLocked(next driver.Next) {
	p.busy, p.turn = false, dist.ReadToken{}
	if next.Wait > 0 {
		p.startTimeoutLocked(next.Wait)
	}
}

// runSystemFunc runs a function that runBetweenMessages has put into the mailbox. A reader that runs the process yields
// before. If the function ends its goroutine, another one goes on: see continueAfterGoexit.
func (p *process) runSystemFunc(f func(*genserv.Loop)) driver.Next {
	p.turn.HandOver()
	return p.loop.Do(func(l *genserv.Loop) {
		p.inSystemFunc = true
		f(l)
		p.inSystemFunc = false
	})
}
