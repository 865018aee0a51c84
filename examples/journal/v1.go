package journal

import (
	"time"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// V1 is version 1. It counts the beats.
type V1 struct{}

// ModuleName is the same for all versions.
func (V1) ModuleName() etf.Atom { return "journal" }

// Init implements genserv.Server.
func (V1) Init(p *genserv.Process, _ etf.Term) genserv.InitResult[Beats] {
	p.TrapExit(true) // so that Terminate is called
	return genserv.Ok(Beats{Pulse: StartPulse(p, time.Minute)})
}

// HandleCall answers every request with the number of beats.
func (V1) HandleCall(_ *genserv.Process, _ etf.Term, _ genserv.From, s Beats) genserv.Result[Beats] {
	return genserv.Reply(etf.Int(s.N), s)
}

// HandleInfo handles a beat.
func (V1) HandleInfo(_ *genserv.Process, msg etf.Term, s Beats) genserv.Result[Beats] {
	if etf.IsAtom(msg, "beat") {
		s.N++
	}
	return genserv.NoReply(s)
}

// Terminate implements genserv.Terminator.
func (V1) Terminate(_ *genserv.Process, _ etf.Term, s Beats) { s.Release() }

// CopyState implements genserv.StateCopier. No code change alters what the state points to, so the state is its own
// copy.
func (V1) CopyState(s Beats) Beats { return s }
