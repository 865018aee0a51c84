package shop

import (
	"runtime"
	"sync/atomic"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// Act is the kind of a sabotage.
type Act string

// The kinds of sabotage.
const (
	Error  Act = "error"
	Panic  Act = "panic"
	Exit   Act = "exit"
	Goexit Act = "goexit"
	Hang   Act = "hang"
	Kill   Act = "kill"
)

// Sabotage is a fault that happens once, in a code change of a module or in the function checkpoint.
type Sabotage struct {
	Module etf.Atom
	Act    Act
	// Pass is how many code changes of the module, or calls of checkpoint, succeed before.
	Pass int64
	done atomic.Int64
	end  chan struct{}
}

// Fired reports whether the sabotage has happened.
func (s *Sabotage) Fired() bool { return s.done.Load() > s.Pass }

// End lets a hanging code change go on.
func (s *Sabotage) End() { close(s.end) }

// Arm prepares the next sabotage; nil means none.
func (shop *Shop) Arm(s *Sabotage) {
	if s != nil {
		s.end = make(chan struct{})
	}
	shop.sabotage.Store(s)
}

// trip carries out the prepared sabotage. p is nil in a function.
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
