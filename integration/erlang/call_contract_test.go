package erlang

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/gonodetest/beam"
	"github.com/gonode-otp/gonode/internal/scripted"
)

// actor is the server of testdata/actor.erl.
type actor struct{}

var (
	dictWatcher = etf.Atom("watcher")
	dictFrom    = etf.Atom("from")
)

func (actor) ModuleName() etf.Atom { return "actor" }

// note tells the watcher about a callback.
func (actor) note(p *genserv.Process, event ...etf.Term) {
	watcher, _ := p.Get(dictWatcher)
	p.Send(watcher, etf.Tuple{etf.Atom("callback"), etf.Tuple(event)})
}

func (actor) act(p *genserv.Process, what etf.Term) etf.Term {
	t, _ := p.Get(dictFrom)
	from, _ := genserv.FromTerm(t)
	return scripted.Act(p, from, what)
}

func (a actor) Init(p *genserv.Process, args etf.Term) genserv.InitResult[etf.Term] {
	t := args.(etf.Tuple)
	p.Put(dictWatcher, t[0])
	a.note(p, etf.Atom("init"), t[1])
	return scripted.InitResult(a.act(p, t[1]))
}

func (a actor) HandleCall(p *genserv.Process, request etf.Term, from genserv.From,
	s etf.Term) genserv.Result[etf.Term] {
	p.Put(dictFrom, from.Term())
	a.note(p, etf.Atom("handle_call"), request, s)
	return scripted.Result(a.act(p, request))
}

func (a actor) HandleCast(p *genserv.Process, request, s etf.Term) genserv.Result[etf.Term] {
	a.note(p, etf.Atom("handle_cast"), request, s)
	return scripted.Result(a.act(p, request))
}

func (a actor) HandleInfo(p *genserv.Process, msg, s etf.Term) genserv.Result[etf.Term] {
	a.note(p, etf.Atom("handle_info"), msg, s)
	if value := a.act(p, msg); value != nil {
		return scripted.Result(value)
	}
	return genserv.NoReply(s)
}

func (a actor) HandleContinue(p *genserv.Process, term, s etf.Term) genserv.Result[etf.Term] {
	a.note(p, etf.Atom("handle_continue"), term, s)
	return scripted.Result(a.act(p, term))
}

func (a actor) Terminate(p *genserv.Process, reason, s etf.Term) {
	a.note(p, etf.Atom("terminate"), reason, s)
	if end, ok := s.(etf.Tuple); ok && etf.IsAtom(end[0], "ending") {
		a.act(p, end[1])
	}
}

func (actor) CodeChange(_ etf.Term, _ any, extra etf.Term) (etf.Term, error) {
	t := scripted.Act(nil, genserv.From{}, extra).(etf.Tuple)
	if etf.IsAtom(t[0], "ok") {
		return t[1], nil
	}
	return nil, &genserv.Exit{Reason: t[1]}
}

// startResult is what gen_server:start returns.
func startResult(pid etf.Pid, err error) etf.Term {
	var exit *genserv.Exit
	var started *genserv.AlreadyStarted
	switch {
	case err == nil:
		return etf.Tuple{etf.Atom("ok"), pid}
	case errors.As(err, &started):
		return etf.Tuple{etf.Atom("error"), etf.Tuple{etf.Atom("already_started"), started.Pid}}
	case errors.As(err, &exit):
		return etf.Tuple{etf.Atom("error"), exit.Reason}
	}
	return etf.Atom("ignore")
}

// TestTheContractIsKeptTermByTerm has one script in Erlang do the same to a real gen_server and to one in Go, each on
// a node of its own, and compares the answers, the reasons and what is left in the mailbox.
func TestTheContractIsKeptTermByTerm(t *testing.T) {
	t.Parallel() // it mostly waits
	n := start(t, config(t))
	n.Export("actor", "start", 3, func(ctx context.Context, args etf.List) (etf.Term, error) {
		return startResult(n.Spawn(ctx,
			genserv.Child{Name: args[0].(etf.Atom), Module: genserv.Of(actor{}), Args: etf.Tuple(args[1:])})), nil
	})
	asker, other := beam.StartErl(t, beam.WithTimeout(2*time.Minute)), beam.StartErl(t)
	source, err := os.ReadFile("testdata/contract.erl")
	require.NoError(t, err)
	asker.Compile(t, "contract", string(source))
	source, err = os.ReadFile("testdata/actor.erl")
	require.NoError(t, err)
	other.Compile(t, "actor", string(source))
	for _, e := range []*beam.Node{asker, other} {
		e.Eval(t, "logger:set_primary_config(level, none).")
	}

	require.Equal(t, "[]", asker.Eval(t, at(n,
		"Go = contract:run('gonode@host'), OTP = contract:run('"+other.Name()+
			"'), [{G, O} || {G, O} <- lists:zip(Go, OTP), G =/= O].")))
	require.Equal(t, "true", asker.Eval(t,
		"length(OTP) >= 150 andalso [] =:= [T || {T, R} <- OTP, not is_tuple(R) orelse element(1, R) =/= did]."))
	t.Log(asker.Eval(t, "length(OTP)."), "cases with OTP", asker.Release())
}
