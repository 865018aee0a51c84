package erlang

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/gonodetest/beam"
	"github.com/gonode-otp/gonode/node"
)

func TestARequestIsWaitedForWhenItsAnswerIsWanted(t *testing.T) {
	n := start(t, config(t))
	e := beam.StartErl(t)
	to := startSrv(t, e)
	ctx := within(t, 30*time.Second)

	r, err := n.SendRequest(ctx, to, term(t, "{hold, answer}"))
	require.NoError(t, err)
	short, cancel := context.WithTimeout(ctx, time.Millisecond)
	defer cancel()
	_, err = r.Wait(short)
	require.ErrorIs(t, err, genserv.ErrTimeout)
	require.NoError(t, n.Cast(ctx, to, etf.Atom("let_go")))
	reply, err := r.Wait(ctx)
	require.NoError(t, err, "a request that was not answered in time is still under way")
	require.Equal(t, etf.Atom("answer"), reply)
	<-r.Done()
	r.Abandon()
	reply, err = r.Wait(ctx)
	require.NoError(t, err, "it has completed before")
	require.Equal(t, etf.Atom("answer"), reply)

	r, err = n.SendRequest(ctx, to, etf.Atom("silence"))
	require.NoError(t, err)
	r.Abandon()
	_, err = r.Wait(ctx)
	require.ErrorIs(t, err, genserv.ErrTimeout)

	r, err = n.SendRequest(ctx, to, etf.Atom("silence"))
	require.NoError(t, err)
	short, cancel = context.WithTimeout(ctx, time.Millisecond)
	defer cancel()
	_, err = r.Receive(short)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	<-r.Done()
	_, err = r.Receive(ctx)
	require.ErrorIs(t, err, genserv.ErrTimeout, "it was abandoned")
	_, err = n.SendRequest(ctx, etf.Int(1), etf.Atom("x"))
	require.Error(t, err, "no destination")
	_, err = n.SendRequest(ctx, to, etf.Float(inf()))
	require.Error(t, err, "no term")
	_, err = n.SendRequest(ctx, term(t, "{via,mod,name}"), etf.Atom("x"))
	require.ErrorContains(t, err, "Erlang code")
	r, err = n.SendRequest(ctx, etf.Tuple{etf.Atom("x"), etf.Atom("nosuch@localhost")}, etf.Atom("x"))
	require.NoError(t, err)
	_, err = r.Wait(ctx)
	require.ErrorIs(t, err, genserv.ErrNoConnection)
	r, err = n.SendRequest(ctx, etf.Tuple{etf.Atom("nosuch"), to[1]}, etf.Atom("x"))
	require.NoError(t, err)
	_, err = r.Wait(ctx)
	require.ErrorIs(t, err, genserv.ErrNoProc)
	requireNothingWatched(t, e, n)
}

func inf() float64 { x := 1e308; return x * 10 }

// requireNothingWatched waits until n watches no process of e any more: the monitors of srv are gone.
func requireNothingWatched(t *testing.T, e *beam.Node, n *node.Node) {
	t.Helper()
	require.Eventually(t, func() bool { return e.Eval(t, "process_info(whereis(srv), monitored_by).") == "{monitored_by,[]}" },
		30*time.Second, 10*time.Millisecond, "no monitor is left")
}

func TestThousandsOfRequestsAreTakenAsTheyAreAnsweredAndLeaveNothing(t *testing.T) {
	n := start(t, config(t))
	e := beam.StartErl(t)
	to := startSrv(t, e)
	ctx := within(t, 60*time.Second)
	const count = 10_000
	var all node.Requests[int]
	for i := range count {
		r, err := n.SendRequest(ctx, to, etf.Tuple{etf.Atom("echo"), etf.Int(i)})
		require.NoError(t, err)
		all.Add(r, i)
	}
	silent, err := n.SendRequest(ctx, to, etf.Atom("silence"))
	require.NoError(t, err)
	all.Add(silent, -1)
	require.Equal(t, count+1, all.Len())
	seen := make([]bool, count)
	for range count {
		r, err := all.Wait(ctx)
		require.NoError(t, err)
		require.NoError(t, r.Err)
		require.Equal(t, etf.Int(r.Label), r.Reply)
		require.False(t, seen[r.Label], "an answer twice")
		seen[r.Label] = true
	}
	short, cancel := context.WithTimeout(ctx, time.Millisecond)
	defer cancel()
	_, err = all.Wait(short)
	require.ErrorIs(t, err, genserv.ErrTimeout)
	for r, label := range all.All() {
		require.Equal(t, silent, r)
		require.Equal(t, -1, label)
	}
	short, cancel = context.WithTimeout(ctx, time.Millisecond)
	defer cancel()
	_, err = all.Receive(short)
	require.ErrorIs(t, err, genserv.ErrTimeout)
	_, err = all.Receive(ctx)
	require.ErrorIs(t, err, genserv.ErrNoRequest)
	requireNothingWatched(t, e, n)
}

func TestAServerIsStoppedAndItsEndIsWaitedFor(t *testing.T) {
	n := start(t, config(t))
	e := beam.StartErl(t)
	to := startSrv(t, e)
	ctx := within(t, 30*time.Second)
	require.NoError(t, n.Terminate(ctx, to, nil))
	require.Equal(t, "undefined", e.Eval(t, "whereis(srv)."), "it has ended when Terminate returns")
	require.ErrorIs(t, n.Terminate(ctx, to, nil), genserv.ErrNoProc)

	startSrv(t, e)
	require.NoError(t, n.Terminate(ctx, to, term(t, "{shutdown, because}")))
	e.Compile(t, "stubborn", `-module(stubborn). -behaviour(gen_server). -export([start/0,init/1,handle_call/3,handle_cast/2,terminate/2]).
start() -> {ok, _} = gen_server:start({local, stubborn}, ?MODULE, [], []), ok.
init([]) -> {ok, []}. handle_call(_, _, S) -> {noreply, S}. handle_cast(_, S) -> {noreply, S}.
terminate(normal, _) -> exit({in, terminate}); terminate(_, _) -> timer:sleep(infinity).`)
	e.Eval(t, "stubborn:start().")
	stubborn := etf.Tuple{etf.Atom("stubborn"), to[1]}
	var exit *genserv.Exit
	require.ErrorAs(t, n.Terminate(ctx, stubborn, nil), &exit)
	require.Equal(t, "{in,terminate}", etf.Format(exit.Reason))
	e.Eval(t, "stubborn:start().")
	short, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, n.Terminate(short, stubborn, etf.Atom("shutdown")), genserv.ErrTimeout)
	require.Error(t, n.Terminate(ctx, etf.Int(1), nil))
}

func TestAGlobalNameIsFoundByAskingTheCluster(t *testing.T) {
	n := start(t, config(t))
	e, other := beam.StartErl(t), beam.StartErl(t)
	startSrv(t, e)
	ctx := within(t, 30*time.Second)
	world := term(t, "{global, {world, 1}}")
	_, err := n.Call(ctx, world, etf.Atom("x"))
	require.ErrorIs(t, err, genserv.ErrNoProc, "nobody to ask")
	require.Equal(t, "pong", e.Eval(t, fmt.Sprintf("net_adm:ping('%s').", other.Name())))
	require.NoError(t, n.Connect(ctx, etf.Atom(other.Name())))
	_, err = n.Call(ctx, world, etf.Atom("x"))
	require.ErrorIs(t, err, genserv.ErrNoProc, "nobody has it")
	require.Equal(t, "yes", e.Eval(t, "global:register_name({world, 1}, whereis(srv))."))
	require.Eventually(t, func() bool { return other.Eval(t, "global:whereis_name({world, 1}).") != "undefined" },
		20*time.Second, 20*time.Millisecond)
	reply, err := n.Call(ctx, world, term(t, "{echo, found}"))
	require.NoError(t, err)
	require.Equal(t, etf.Atom("found"), reply)
	require.NoError(t, n.Cast(ctx, world, etf.Atom("hello")))
	seen, err := n.Call(ctx, world, etf.Atom("seen"))
	require.NoError(t, err)
	require.Equal(t, "[{cast,hello}]", etf.Format(seen))
	require.NoError(t, n.Terminate(ctx, world, nil))
}

func TestAbcastReachesWhoIsThereAndTellsWhoIsNot(t *testing.T) {
	n := start(t, config(t))
	a, b := beam.StartErl(t), beam.StartErl(t)
	ctx := within(t, 30*time.Second)
	nodes := []etf.Atom{etf.Atom(a.Name()), "nosuch@localhost", etf.Atom(b.Name())}
	startSrv(t, a)
	startSrv(t, b)
	require.Equal(t, []etf.Atom{"nosuch@localhost"}, n.Abcast(ctx, nodes, "srv", etf.Atom("all")))
	for _, e := range []*beam.Node{a, b} {
		seen, err := n.Call(ctx, etf.Tuple{etf.Atom("srv"), etf.Atom(e.Name())}, etf.Atom("seen"))
		require.NoError(t, err)
		require.Equal(t, "[{cast,all}]", etf.Format(seen))
	}
}

// asker is a server that asks others and goes on meanwhile.
type asker struct{}

type asked struct {
	id   genserv.RequestID
	from genserv.From
}

func (asker) Init(*genserv.Process, etf.Term) genserv.InitResult[*asked] { return genserv.Ok(&asked{}) }

func (asker) HandleCall(p *genserv.Process, request etf.Term, from genserv.From, s *asked) genserv.Result[*asked] {
	t, ok := request.(etf.Tuple)
	if !ok {
		return genserv.Reply(etf.Atom("still_there"), s)
	}
	id, err := p.SendRequest(t[1], t[2])
	switch {
	case err != nil:
		return genserv.Reply(etf.Binary(err.Error()), s)
	case etf.IsAtom(t[0], "wait"), etf.IsAtom(t[0], "glance"):
		limit := 20 * time.Second
		if etf.IsAtom(t[0], "glance") {
			limit = 20 * time.Millisecond
		}
		reply, err := id.Wait(p, limit)
		if errors.Is(err, genserv.ErrTimeout) {
			id.Abandon(p)
		}
		return genserv.Reply(outcome(reply, err), s)
	case etf.IsAtom(t[0], "abandon"):
		id.Abandon(p)
		return genserv.Reply(etf.Atom("abandoned"), s)
	}
	s.id, s.from = id, from
	return genserv.NoReply(s)
}

func (asker) HandleInfo(p *genserv.Process, msg etf.Term, s *asked) genserv.Result[*asked] {
	reply, ok, err := s.id.Check(p, msg)
	if !ok {
		panic(etf.Tuple{etf.Atom("unexpected"), msg})
	}
	p.Reply(s.from, outcome(reply, err))
	return genserv.NoReply(s)
}

func outcome(reply etf.Term, err error) etf.Term {
	if err != nil {
		return etf.Tuple{etf.Atom("error"), etf.Binary(err.Error())}
	}
	return etf.Tuple{etf.Atom("reply"), reply}
}

func TestAServerInGoAsksOthersAndGoesOnMeanwhile(t *testing.T) {
	n := start(t, config(t))
	e := beam.StartErl(t)
	to := startSrv(t, e)
	spawn(t, n, "asker", genserv.Of(asker{}))
	ctx := within(t, 30*time.Second)
	ask := func(how string, whom etf.Term, request string) string {
		t.Helper()
		reply, err := n.Call(ctx, etf.Atom("asker"), etf.Tuple{etf.Atom(how), whom, term(t, "%s", request)})
		require.NoError(t, err)
		return etf.Format(reply)
	}
	later, err := n.SendRequest(ctx, etf.Atom("asker"), etf.Tuple{etf.Atom("later"), to, term(t, "{later,100,x}")})
	require.NoError(t, err)
	reply, err := n.Call(ctx, etf.Atom("asker"), etf.Atom("hello"))
	require.NoError(t, err)
	require.Equal(t, etf.Atom("still_there"), reply)
	reply, err = later.Wait(ctx)
	require.NoError(t, err)
	require.Equal(t, "{reply,x}", etf.Format(reply))

	require.Equal(t, "{reply,y}", ask("wait", to, "{echo,y}"))
	require.Contains(t, ask("glance", to, "silence"), "error")
	require.Equal(t, "abandoned", ask("abandon", to, "{later,10,z}"))
	require.Contains(t, ask("later", etf.Atom("nosuch"), "x"), "no such process")
	require.Contains(t, ask("later", etf.Tuple{etf.Atom("nosuch"), n.Name()}, "x"), "no such process")
	require.Contains(t, ask("later", to, "{exit,bye}"), "bye")
	reply, err = n.Call(ctx, etf.Atom("asker"), etf.Atom("hello"))
	require.NoError(t, err, "no late answer has reached it")
	require.Equal(t, etf.Atom("still_there"), reply)
}
