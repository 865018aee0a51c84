package node

import (
	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/genserv/driver"
)

// systemFunc is a function in the mailbox that the process runs itself. Callbacks and receive do not see it.
type systemFunc struct {
	etf.Term // makes it a term, as a mailbox requires
	run      func(*genserv.Loop)
}

func isSystemFunc(msg etf.Term) bool {
	_, ok := msg.(*systemFunc)
	return ok
}

// runBetweenMessages runs f in the process between two messages, after those that wait already; see genserv.Loop.Do.
// If the process is idle, f runs at once in the goroutine of the caller and has returned when runBetweenMessages
// returns. This takes no message and no goroutine. If the process ends before, f never runs.
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

// continueOrIdle is called when runBetweenMessages has made an idle process busy and has run its function. It makes
// the process idle again, or starts a goroutine if the loop has more to do.
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

// runSystemFunc runs a function that runBetweenMessages has put into the mailbox. If a reader runs the process, it is
// yielded first. If the function ends its goroutine, another goroutine goes on: see continueAfterGoexit.
func (p *process) runSystemFunc(f func(*genserv.Loop)) driver.Next {
	p.turn.HandOver()
	return p.loop.Do(func(l *genserv.Loop) {
		p.inSystemFunc = true
		f(l)
		p.inSystemFunc = false
	})
}
