package tsrv

import (
	"errors"
	"io/fs"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// V1 is version 1 of t__srv.
type V1 struct{ core }

// NewV1 makes it; repositories are directories in texts, and nil has none.
func NewV1(texts fs.FS) V1 { return V1{core{texts}} }

// Init implements genserv.Server.
func (v V1) Init(p *genserv.Process, args etf.Term) genserv.InitResult[State] {
	s, err := v.start(p, args)
	if err != nil {
		return notStarted[State](err)
	}
	return initResult(s.Idle, s)
}

// notStarted is ignore or {stop, Reason}.
func notStarted[S any](err error) genserv.InitResult[S] {
	if errors.Is(err, genserv.ErrIgnore) {
		return genserv.Ignore[S]()
	}
	return genserv.StopInit[S](genserv.ExitReason(err))
}

// HandleCall implements genserv.Server.
func (v V1) HandleCall(p *genserv.Process, request etf.Term, from genserv.From, s State) genserv.Result[State] {
	a := v.call(p, request, from, &s)
	return result(a, s.Idle, s)
}

// HandleCast implements genserv.Caster.
func (v V1) HandleCast(p *genserv.Process, request etf.Term, s State) genserv.Result[State] {
	a := v.cast(p, request, &s)
	return result(a, s.Idle, s)
}

// HandleInfo implements genserv.Informer.
func (v V1) HandleInfo(p *genserv.Process, msg etf.Term, s State) genserv.Result[State] {
	v.info(p, msg, &s)
	return result(action{}, s.Idle, s)
}

// Terminate implements genserv.Terminator.
func (v V1) Terminate(p *genserv.Process, reason etf.Term, s State) { v.terminate(p, reason, s) }

// CopyState says that no code change alters what the state has pointers to.
func (V1) CopyState(s State) State { return s }

// CodeChange takes over the options in extra. It implements genserv.ProcessCodeChanger.
func (v V1) CodeChange(p *genserv.Process, vsn etf.Term, old any, extra etf.Term) (State, error) {
	s, isState := old.(State)
	if !isState {
		return s, oldState(vsn, old)
	}
	return s, v.change(p, vsn, &s, extra, nobody)
}

// nobody knows no options of its own.
func nobody(etf.Term) bool { return false }
