package node

import (
	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/genserv/driver"
)

// asked is a function in the mailbox that is to run in the process. No callback and no receive sees it.
type asked struct {
	etf.Term // makes it a term, so that it fits into a mailbox
	do       func(*genserv.Loop)
}

func isAsked(msg etf.Term) bool {
	_, ok := msg.(*asked)
	return ok
}

// between has f run in the process between two messages, behind those that wait already; see genserv.Loop.Do. If the
// process is idle, f runs at once, in the goroutine of the caller, and has returned when between returns: that needs no
// message and no goroutine. If the process ends before, f is never run.
func (p *process) between(f func(*genserv.Loop)) {
	p.mu.Lock()
	switch {
	case p.dead.Load():
		p.mu.Unlock()
		return
	case p.busy:
		p.box.push(&asked{do: f})
		p.mu.Unlock()
		return
	}
	p.busy = true
	p.cancelWaitLocked()
	p.mu.Unlock()
	returned := false
	defer func() {
		if !returned { // runtime.Goexit in f
			p.rest(p.loop.Next())
		}
	}()
	next := p.loop.Do(f)
	returned = true
	p.rest(next)
}

// rest puts a process to rest that between has made busy, or has a goroutine of its own go on with it.
func (p *process) rest(next driver.Next) {
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
		p.armWaitLocked(next.Wait)
	}
}

// obey runs a function that between has left to the goroutine that runs the loop. No reader waits for it. If it ends
// the goroutine, another one goes on: see goexit.
func (p *process) obey(f func(*genserv.Loop)) driver.Next {
	p.turn.HandOver()
	return p.loop.Do(func(l *genserv.Loop) {
		p.obeying = true
		f(l)
		p.obeying = false
	})
}
