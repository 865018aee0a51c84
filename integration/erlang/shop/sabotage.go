package shop

import (
	"runtime"
	"sync/atomic"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// Act is what sabotage does.
type Act string

// What sabotage does.
const (
	Error  Act = "error"
	Panic  Act = "panic"
	Exit   Act = "exit"
	Goexit Act = "goexit"
	Hang   Act = "hang"
	Kill   Act = "kill"
)

// Sabotage is done once, by the first code change of a module, or by the function checkpoint.
type Sabotage struct {
	Module etf.Atom
	Act    Act
	// Pass is how many code changes of the module, or calls of checkpoint, go well before.
	Pass int64
	done atomic.Int64
	end  chan struct{}
}

// Fired tells whether it was done.
func (s *Sabotage) Fired() bool { return s.done.Load() > s.Pass }

// End lets a code change go on that hangs.
func (s *Sabotage) End() { close(s.end) }

// Arm prepares the next sabotage; nil is none.
func (shop *Shop) Arm(s *Sabotage) {
	if s != nil {
		s.end = make(chan struct{})
	}
	shop.sabotage.Store(s)
}

// trip does what was prepared. p is nil in a function.
func (shop *Shop) trip(p *genserv.Process, module etf.Atom) error {
	s := shop.sabotage.Load()
	if s == nil || s.Module != module || s.done.Add(1) != s.Pass+1 {
		return nil
	}
	switch s.Act {
	case Error:
		return &genserv.Exit{Reason: etf.Atom("sabotage")}
	case Panic:
		panic("sabotage")
	case Exit:
		panic(genserv.Exit{Reason: etf.Atom("sabotage")})
	case Goexit:
		runtime.Goexit()
	case Hang:
		<-s.end
	case Kill:
		p.Exit(p.Self(), etf.Atom("kill"))
		return nil
	}
	return nil
}
