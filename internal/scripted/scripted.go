// Package scripted has the parts of a gen_server that does what its messages say. A test can write a server's behaviour
// as Erlang terms and compare it with that of the same server in Erlang, genserv/testdata/scripted.erl.
package scripted

import (
	"errors"
	"time"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// Act carries out a message, and returns the value that the callback returns, or nil if the message names none. from is
// the call that {answer, Reply, Then} answers.
//
//	{return, Value}        {throw, Value}         {error, Reason}        {exit, Reason}
//	{trap, Then}           {to_self, Msg, Then}   {answer, Reply, Then}  {put, Key, Value, Then}
func Act(p *genserv.Process, from genserv.From, what etf.Term) etf.Term {
	t, ok := what.(etf.Tuple)
	if !ok || len(t) == 0 {
		return nil
	}
	switch t[0] {
	case etf.Atom("return"):
		return t[1]
	case etf.Atom("throw"):
		if name, ok := t[1].(etf.Tuple); ok && etf.IsAtom(name[0], "ok") {
			panic(InitResult(t[1]))
		}
		panic(Result(t[1]))
	case etf.Atom("error"):
		panic(t[1])
	case etf.Atom("exit"):
		panic(genserv.Exit{Reason: t[1]})
	case etf.Atom("trap"):
		p.TrapExit(true)
		return Act(p, from, t[1])
	case etf.Term(etf.Atom("to_self")):
		p.Send(p.Self(), t[1])
		return Act(p, from, t[2])
	case etf.Term(etf.Atom("answer")):
		p.Reply(from, t[1])
		return Act(p, from, t[2])
	case etf.Atom("put"):
		p.Put(t[1], t[2])
		return Act(p, from, t[3])
	}
	return nil
}

// InitResult converts the result of an Erlang init. Any other term becomes the zero InitResult, a bad return value.
func InitResult(t etf.Term) genserv.InitResult[etf.Term] {
	if etf.IsAtom(t, "ignore") {
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

// Result converts the result of an Erlang callback. Any other term becomes the zero Result, a bad return value.
func Result(t etf.Term) genserv.Result[etf.Term] {
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
		if etf.IsAtom(t[0], "continue") {
			return r.Continue(t[1])
		}
		wait := genserv.Infinity
		if ms, ok := t[1].(etf.Int); ok {
			wait = time.Duration(ms) * time.Millisecond
		}
		if r = r.WithTimeoutMessage(wait, t[2]); etf.IsAtom(t[0], "hibernate") {
			r = r.Hibernate()
		}
		return r
	}
	panic(errors.New("no action: " + etf.Format(t)))
}
