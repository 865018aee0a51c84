package genserv_test

import (
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/internal/scripted"
)

// actor is the server of testdata/scripted.erl: it does what its messages say and notes every callback. Its state is a
// term.
type actor struct{ w *testEnv }

func (actor) ModuleName() etf.Atom { return "scripted" }

func (s actor) Init(p *genserv.Process, args etf.Term) genserv.InitResult[etf.Term] {
	s.w.note("init", args)
	return scripted.InitResult(s.act(p, args))
}

func (s actor) HandleCall(p *genserv.Process, request etf.Term, from genserv.From,
	state etf.Term) genserv.Result[etf.Term] {
	s.w.from = from
	s.w.note("handle_call", request, state)
	return scripted.Result(s.act(p, request))
}

func (s actor) HandleCast(p *genserv.Process, request, state etf.Term) genserv.Result[etf.Term] {
	s.w.note("handle_cast", request, state)
	return scripted.Result(s.act(p, request))
}

func (s actor) HandleInfo(p *genserv.Process, msg, state etf.Term) genserv.Result[etf.Term] {
	s.w.note("handle_info", msg, state)
	if value := s.act(p, msg); value != nil {
		return scripted.Result(value)
	}
	return genserv.NoReply(state)
}

func (s actor) HandleContinue(p *genserv.Process, term, state etf.Term) genserv.Result[etf.Term] {
	s.w.note("handle_continue", term, state)
	return scripted.Result(s.act(p, term))
}

func (s actor) Terminate(p *genserv.Process, reason, state etf.Term) {
	s.w.note("terminate", reason, state)
	if end, ok := state.(etf.Tuple); ok && etf.IsAtom(end[0], "ending") {
		s.act(p, end[1])
	}
}

func (s actor) CodeChange(oldVsn etf.Term, oldState any, extra etf.Term) (etf.Term, error) {
	s.w.note("code_change", oldVsn, oldState.(etf.Term), extra)
	t := s.act(nil, extra).(etf.Tuple)
	if etf.IsAtom(t[0], "ok") {
		return t[1], nil
	}
	return nil, &genserv.Exit{Reason: t[1]}
}

// bare is the server of testdata/bare.erl, without the optional callbacks.
type bare struct{ s actor }

func (bare) ModuleName() etf.Atom { return "bare" }

func (b bare) Init(p *genserv.Process, args etf.Term) genserv.InitResult[etf.Term] {
	return b.s.Init(p, args)
}

func (b bare) HandleCall(p *genserv.Process, request etf.Term, from genserv.From,
	state etf.Term) genserv.Result[etf.Term] {
	return b.s.HandleCall(p, request, from, state)
}

// secretive is the server of testdata/secretive.erl, which does not show its state.
type secretive struct{ bare }

func (secretive) ModuleName() etf.Atom { return "secretive" }

func (s secretive) HandleCast(p *genserv.Process, request, state etf.Term) genserv.Result[etf.Term] {
	return s.s.HandleCast(p, request, state)
}

func (s secretive) HandleInfo(p *genserv.Process, msg, state etf.Term) genserv.Result[etf.Term] {
	return s.s.HandleInfo(p, msg, state)
}

func (s secretive) FormatStatus(status genserv.Status, state etf.Term) genserv.Status {
	switch state {
	case etf.Atom("crash"):
		panic("crash")
	case etf.Atom("strange"):
		status.Message, status.Reason = etf.Atom("a"), etf.Atom("b")
		return status
	}
	shown := genserv.Status{State: etf.Atom("secret"), Log: etf.List{etf.Int(len(status.Log))}}
	if status.Message != nil {
		shown.Message = etf.Tuple{etf.Atom("shown"), etf.Atom("message")}
		shown.Reason = etf.Tuple{etf.Atom("shown"), etf.Atom("reason")}
	}
	return shown
}

func (s actor) act(p *genserv.Process, what etf.Term) etf.Term {
	return scripted.Act(p, s.w.from, what)
}
