package genserv_test

import (
	"errors"
	"time"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// scripted is the server of testdata/scripted.erl: it does what its messages say and notes every callback. Its state is a
// term.
type scripted struct{ w *world }

func (scripted) ModuleName() etf.Atom { return "scripted" }

func (s scripted) Init(p *genserv.Process, args etf.Term) genserv.InitResult[etf.Term] {
	s.w.note("init", args)
	return initResult(s.w.act(p, args))
}

func (s scripted) HandleCall(p *genserv.Process, request etf.Term, from genserv.From, state etf.Term) genserv.Result[etf.Term] {
	s.w.from = from
	s.w.note("handle_call", request, state)
	return result(s.w.act(p, request))
}

func (s scripted) HandleCast(p *genserv.Process, request, state etf.Term) genserv.Result[etf.Term] {
	s.w.note("handle_cast", request, state)
	return result(s.w.act(p, request))
}

func (s scripted) HandleInfo(p *genserv.Process, msg, state etf.Term) genserv.Result[etf.Term] {
	s.w.note("handle_info", msg, state)
	if value := s.w.act(p, msg); value != nil {
		return result(value)
	}
	return genserv.NoReply(state)
}

func (s scripted) HandleContinue(p *genserv.Process, term, state etf.Term) genserv.Result[etf.Term] {
	s.w.note("handle_continue", term, state)
	return result(s.w.act(p, term))
}

func (s scripted) Terminate(p *genserv.Process, reason, state etf.Term) {
	s.w.note("terminate", reason, state)
	if end, ok := state.(etf.Tuple); ok && end[0] == etf.Term(etf.Atom("ending")) {
		s.w.act(p, end[1])
	}
}

func (s scripted) CodeChange(oldVsn etf.Term, oldState any, extra etf.Term) (etf.Term, error) {
	s.w.note("code_change", oldVsn, oldState.(etf.Term), extra)
	t := s.w.act(nil, extra).(etf.Tuple)
	if t[0] == etf.Term(etf.Atom("ok")) {
		return t[1], nil
	}
	return nil, &genserv.Exit{Reason: t[1]}
}

// bare is the server of testdata/bare.erl, without the optional callbacks.
type bare struct{ s scripted }

func (bare) ModuleName() etf.Atom { return "bare" }

func (b bare) Init(p *genserv.Process, args etf.Term) genserv.InitResult[etf.Term] {
	return b.s.Init(p, args)
}

func (b bare) HandleCall(p *genserv.Process, request etf.Term, from genserv.From, state etf.Term) genserv.Result[etf.Term] {
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
	case etf.Term(etf.Atom("crash")):
		panic("crash")
	case etf.Term(etf.Atom("strange")):
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

// act does what a message says, and returns the value that the callback returns; nil if the message says nothing.
func (w *world) act(p *genserv.Process, what etf.Term) etf.Term {
	t, ok := what.(etf.Tuple)
	if !ok || len(t) == 0 {
		return nil
	}
	switch t[0] {
	case etf.Term(etf.Atom("return")):
		return t[1]
	case etf.Term(etf.Atom("throw")):
		if name, ok := t[1].(etf.Tuple); ok && name[0] == etf.Term(etf.Atom("ok")) {
			panic(initResult(t[1]))
		}
		panic(result(t[1]))
	case etf.Term(etf.Atom("error")):
		panic(t[1])
	case etf.Term(etf.Atom("exit")):
		panic(genserv.Exit{Reason: t[1]})
	case etf.Term(etf.Atom("trap")):
		p.TrapExit(true)
		return w.act(p, t[1])
	case etf.Term(etf.Atom("to_self")):
		_ = p.Send(p.Self(), t[1])
		return w.act(p, t[2])
	case etf.Term(etf.Atom("answer")):
		_ = p.Reply(w.from, t[1])
		return w.act(p, t[2])
	case etf.Term(etf.Atom("put")):
		p.Put(t[1], t[2])
		return w.act(p, t[3])
	}
	return nil
}

func initResult(t etf.Term) genserv.InitResult[etf.Term] {
	if t == etf.Term(etf.Atom("ignore")) {
		return genserv.Ignore[etf.Term]()
	}
	tuple, ok := t.(etf.Tuple)
	if !ok {
		return genserv.InitResult[etf.Term]{}
	}
	switch name := tuple[0].(etf.Atom); {
	case name == "stop":
		return genserv.StopInit[etf.Term](tuple[1])
	case name == "error":
		return genserv.Fail[etf.Term](tuple[1])
	case name == "ok" && len(tuple) == 3:
		return act[genserv.InitResult[etf.Term]](genserv.Ok(tuple[1]), tuple[2])
	case name == "ok":
		return genserv.Ok(tuple[1])
	}
	return genserv.InitResult[etf.Term]{}
}

// result turns what an Erlang callback returns into a Result.
func result(t etf.Term) genserv.Result[etf.Term] {
	tuple, ok := t.(etf.Tuple)
	if !ok {
		return genserv.Result[etf.Term]{}
	}
	switch name := tuple[0].(etf.Atom); {
	case name == "reply" && len(tuple) == 3:
		return genserv.Reply(tuple[1], tuple[2])
	case name == "reply":
		return act[genserv.Result[etf.Term]](genserv.Reply(tuple[1], tuple[2]), tuple[3])
	case name == "noreply" && len(tuple) == 2:
		return genserv.NoReply(tuple[1])
	case name == "noreply":
		return act[genserv.Result[etf.Term]](genserv.NoReply(tuple[1]), tuple[2])
	case name == "stop" && len(tuple) == 3:
		return genserv.Stop(tuple[1], tuple[2])
	case name == "stop":
		return genserv.StopReply(tuple[1], tuple[2], tuple[3])
	}
	return genserv.Result[etf.Term]{}
}

type acting[R any] interface {
	WithTimeout(time.Duration) R
	WithTimeoutMessage(time.Duration, etf.Term) R
	Hibernate() R
	Continue(etf.Term) R
}

func act[R interface{ acting[R] }](r R, t etf.Term) R {
	switch t := t.(type) {
	case etf.Int:
		return r.WithTimeout(time.Duration(t) * time.Millisecond)
	case etf.Atom:
		if t == "infinity" {
			return r.WithTimeout(genserv.Infinity)
		}
		return r.Hibernate()
	case etf.Tuple:
		if t[0] == etf.Term(etf.Atom("continue")) {
			return r.Continue(t[1])
		}
		wait := genserv.Infinity
		if ms, ok := t[1].(etf.Int); ok {
			wait = time.Duration(ms) * time.Millisecond
		}
		if r = r.WithTimeoutMessage(wait, t[2]); t[0] == etf.Term(etf.Atom("hibernate")) {
			r = r.Hibernate()
		}
		return r
	}
	panic(errors.New("no action: " + etf.Format(t)))
}
