package node

import (
	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/etf"
)

// continueAfterGoexit runs the process in another goroutine after a callback has called runtime.Goexit, as
// testing.T.FailNow does. The old goroutine only runs its deferred functions.
func (p *process) continueAfterGoexit() {
	var msg etf.Term
	if p.handled > 0 && p.handled <= len(p.batch) {
		msg = withoutToken(p.batch[p.handled-1])
	}
	p.mu.Lock()
	p.turn = dist.ReadToken{} // the turn has ended with the goroutine
	p.mu.Unlock()
	if p.inSystemFunc { // a function of the node called Goexit, not a callback
		p.inSystemFunc = false
		p.wake(p.loop.Next())
		return
	}
	p.n.work.Go(func() {
		returned := false
		defer func() {
			if !returned { // Terminate has done the same
				p.continueAfterGoexit()
			}
		}()
		next := p.loop.Goexit(msg)
		returned = true
		p.exit(next.Reason)
	})
}
