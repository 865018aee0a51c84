package depo

import (
	"fmt"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// V2 is version 2, which also counts the requests that it has got: the call stats answers #{requests => N}.
type V2 struct{ V1 }

// State2 is the state of version 2: that of version 1 with a further column.
type State2 struct {
	State
	requests int64
}

var (
	_ genserv.Server[State2]          = V2{}
	_ genserv.Caster[State2]          = V2{}
	_ genserv.Informer[State2]        = V2{}
	_ genserv.Terminator[State2]      = V2{}
	_ genserv.StatusFormatter[State2] = V2{}
	_ genserv.StateShower[State2]     = V2{}
	_ genserv.StateCopier[State2]     = V2{}
	_ genserv.CodeChanger[State2]     = V2{}
	_ genserv.Downgrader[State2]      = V2{}
)

// Init implements genserv.Server, see V1.
func (s V2) Init(p *genserv.Process, args etf.Term) genserv.InitResult[State2] {
	db, err := openDatabase(p, s.Names, args)
	if err != nil {
		return genserv.StopInit[State2](reason(err))
	}
	return genserv.Ok(State2{State: State{db}})
}

// HandleCall implements genserv.Server.
func (V2) HandleCall(p *genserv.Process, request etf.Term, from genserv.From, s State2) genserv.Result[State2] {
	if etf.IsAtom(request, "stats") {
		return genserv.Reply(etf.Term(etf.Map{{Key: etf.Atom("requests"), Value: etf.Int(s.requests)}}), s)
	}
	s.requests++
	s.db.request(p, job{kind: jobCall, request: request, from: from, pid: from.Pid})
	return genserv.NoReply(s)
}

// HandleCast implements genserv.Caster.
func (V2) HandleCast(p *genserv.Process, request etf.Term, s State2) genserv.Result[State2] {
	s.requests++
	s.db.request(p, castJob(request))
	return genserv.NoReply(s)
}

// HandleInfo implements genserv.Informer.
func (V2) HandleInfo(p *genserv.Process, msg etf.Term, s State2) genserv.Result[State2] {
	if why := s.db.info(p, msg); why != nil {
		return genserv.Stop(why, s)
	}
	return genserv.NoReply(s)
}

// Terminate implements genserv.Terminator.
func (V2) Terminate(_ *genserv.Process, _ etf.Term, s State2) { s.db.close() }

// FormatStatus implements genserv.StatusFormatter.
func (V2) FormatStatus(status genserv.Status, s State2) genserv.Status {
	status.State = s.db.term()
	return status
}

// ShowState implements genserv.StateShower.
func (V2) ShowState(s State2) etf.Term { return s.db.term() }

// CopyState implements genserv.StateCopier.
func (V2) CopyState(s State2) State2 { return s }

// CodeChange makes the state of version 2 of that of version 1. The connection, what was taught and an open transaction
// stay as they are.
func (V2) CodeChange(_ etf.Term, old any, _ etf.Term) (State2, error) {
	s, ok := old.(State)
	if !ok {
		return State2{}, fmt.Errorf("a state of type %T", old)
	}
	return State2{State: s}, nil
}

// Downgrade makes the state of version 1.
func (V2) Downgrade(_ etf.Term, s State2, _ etf.Term) (any, error) { return s.State, nil }
