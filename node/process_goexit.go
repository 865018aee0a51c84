package node

import (
	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/etf"
)

// continueAfterGoexit goes on, in another goroutine, with a process whose callback has called runtime.Goexit, as
// testing.T.FailNow does. Only the deferred functions of the old goroutine still run.
func (p *process) continueAfterGoexit() {
	var msg etf.Term
	if p.handled > 0 && p.handled <= len(p.batch) {
		msg = withoutToken(p.batch[p.handled-1])
	}
	p.mu.Lock()
	p.turn = dist.ReadToken{} // it has ended with the goroutine
	p.mu.Unlock()
	if p.inSystemFunc { // a function of the node called Goexit, and no callback
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
