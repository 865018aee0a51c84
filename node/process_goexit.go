package node

import (
	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/etf"
)

// goexit goes on, in another goroutine, with a process whose callback has ended the one that ran it: runtime.Goexit,
// which testing.T.FailNow calls. The deferred functions of that goroutine run to its end, and nothing else of it
// does.
func (p *process) goexit() {
	var msg etf.Term
	if p.handled > 0 && p.handled <= len(p.batch) {
		msg = untoken(p.batch[p.handled-1])
	}
	p.mu.Lock()
	p.turn = dist.ReadToken{} // it has ended with the goroutine
	p.mu.Unlock()
	if p.obeying { // it was no callback, but a function of the node
		p.obeying = false
		p.wake(p.loop.Next())
		return
	}
	p.n.work.Go(func() {
		returned := false
		defer func() {
			if !returned { // Terminate has done the same
				p.goexit()
			}
		}()
		next := p.loop.Goexit(msg)
		returned = true
		p.exit(next.Reason)
	})
}
