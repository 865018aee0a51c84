package erlang

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/gonodetest/beam"
	"github.com/gonode-otp/gonode/node"
)

// caller is what a goroutine has as a *node.Node, and a callback as its *genserv.Process.
type caller interface {
	Call(ctx context.Context, to, request etf.Term) (etf.Term, error)
	MultiCall(ctx context.Context, nodes []etf.Atom, name etf.Atom, request etf.Term) ([]genserv.NodeReply, []etf.Atom)
	Abcast(ctx context.Context, nodes []etf.Atom, name etf.Atom, request etf.Term) []etf.Atom
	Terminate(ctx context.Context, to, reason etf.Term) error
}

// agent is a server that does what the test says, and answers with what came to HandleInfo, which nothing should.
type agent struct {
	do func(p *genserv.Process)
}

func (agent) Init(*genserv.Process, etf.Term) genserv.InitResult[etf.List] {
	return genserv.Ok(etf.List(nil))
}

func (a agent) HandleCall(p *genserv.Process, request etf.Term, _ genserv.From,
	seen etf.List) genserv.Result[etf.List] {
	if etf.IsAtom(request, "do") {
		a.do(p)
	}
	return genserv.Reply(seen, seen)
}

func (agent) HandleInfo(_ *genserv.Process, msg etf.Term, seen etf.List) genserv.Result[etf.List] {
	return genserv.NoReply(append(seen, msg))
}

// inside runs do in a callback, and sees to it that nothing has come to the server that it did not wait for.
func inside(t *testing.T, n *node.Node, do func(p *genserv.Process)) {
	t.Helper()
	spawn(t, n, "agent", genserv.Of(agent{do: do}))
	_, err := n.Call(within(t, 2*time.Minute), etf.Atom("agent"), etf.Atom("do"))
	require.NoError(t, err)
	seen, err := n.Call(within(t, time.Minute), etf.Atom("agent"), etf.Atom("seen"))
	require.NoError(t, err)
	require.Empty(t, seen)
	require.NoError(t, n.Terminate(within(t, time.Minute), etf.Atom("agent"), nil))
}

// onBothSides runs a test from a goroutine and from inside a server.
func onBothSides(t *testing.T, n *node.Node, test func(t *testing.T, c caller)) {
	t.Run("from a goroutine", func(t *testing.T) { test(t, n) })
	t.Run("from a server", func(t *testing.T) { inside(t, n, func(p *genserv.Process) { test(t, p) }) })
}

func TestEveryEndOfACallIsToldApartOnBothSides(t *testing.T) {
	n := start(t, config(t))
	e := beam.StartErl(t)
	to := startSrv(t, e)
	onBothSides(t, n, func(t *testing.T, c caller) {
		ctx := within(t, time.Minute)
		reply, err := c.Call(ctx, to, term(t, "{echo, hi}"))
		require.NoError(t, err)
		require.Equal(t, etf.Atom("hi"), reply)
		_, err = c.Call(ctx, etf.Tuple{etf.Atom("nosuch"), to[1]}, nil)
		require.ErrorIs(t, err, genserv.ErrNoProc)
		_, err = c.Call(ctx, etf.Tuple{etf.Atom("srv"), etf.Atom("nosuch@" + hostOf(n))}, nil)
		require.ErrorIs(t, err, genserv.ErrNoConnection)
		short, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
		defer cancel()
		_, err = c.Call(short, to, etf.Atom("silence"))
		require.ErrorIs(t, err, genserv.ErrTimeout)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		_, err = c.Call(ctx, to, etf.List{etf.Float(inf())})
		var encode *etf.EncodeError
		require.ErrorAs(t, err, &encode)

		for _, reason := range []string{"normal", "shutdown", "{any,[reason]}"} {
			_, err = c.Call(ctx, to, term(t, "{stop,%s}", reason))
			require.ErrorIs(t, err, &genserv.Exit{Reason: term(t, "%s", reason)})
			e.Eval(t, "srv:start(srv)")
		}
		e.Eval(t, `spawn(fun F() -> case process_info(whereis(srv), monitored_by) of
			{_, []} -> receive after 5 -> F() end; _ -> exit(whereis(srv), kill) end end), ok.`)
		_, err = c.Call(ctx, to, etf.Atom("silence"))
		require.ErrorIs(t, err, &genserv.Exit{Reason: etf.Atom("killed")})
		e.Eval(t, "srv:start(srv)")

		_, err = c.Call(ctx, term(t, "{via,mod,name}"), nil)
		require.ErrorContains(t, err, "Erlang code")
		_, err = c.Call(ctx, etf.Int(1), nil)
		var bad *node.DestinationError
		require.ErrorAs(t, err, &bad)
	})
	requireNothingWatched(t, e, n)
}

func TestServersOnManyNodesAreAskedAndStoppedOnBothSides(t *testing.T) {
	n := start(t, config(t))
	a, b := beam.StartErl(t), beam.StartErl(t)
	toA, toB := startSrv(t, a), startSrv(t, b)
	nosuch := etf.Atom("nosuch@" + hostOf(n))
	nodes := []etf.Atom{etf.Atom(a.Name()), nosuch, n.Name(), etf.Atom(b.Name())}
	onBothSides(t, n, func(t *testing.T, c caller) {
		ctx := within(t, time.Minute)
		replies, bad := c.MultiCall(ctx, nodes, "srv", term(t, "{echo, hi}"))
		require.Equal(t, []genserv.NodeReply{{Node: nodes[0], Reply: etf.Atom("hi")},
			{Node: nodes[3], Reply: etf.Atom("hi")}}, replies)
		require.Equal(t, []etf.Atom{nosuch, n.Name()}, bad)
		short, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
		defer cancel()
		_, bad = c.MultiCall(short, nodes, "srv", term(t, "{hold, too_late}"))
		require.Equal(t, nodes, bad)
		require.Equal(t, []etf.Atom{nosuch}, c.Abcast(ctx, nodes, "srv", etf.Atom("let_go")))

		require.Equal(t, []etf.Atom{nosuch}, c.Abcast(ctx, nodes, "srv", etf.Atom("all")))
		for _, to := range []etf.Tuple{toA, toB} {
			seen, err := c.Call(ctx, to, etf.Atom("seen"))
			require.NoError(t, err)
			require.Equal(t, "[{cast,all}]", etf.Format(seen))
		}

		require.NoError(t, c.Terminate(ctx, toA, nil))
		require.Equal(t, "undefined", a.Eval(t, "whereis(srv)."), "it has ended when Terminate returns")
		require.ErrorIs(t, c.Terminate(ctx, toA, nil), genserv.ErrNoProc)
		require.ErrorIs(t, c.Terminate(ctx, toA, etf.Atom("noproc")), genserv.ErrNoProc, "that is no success")
		require.ErrorIs(t, c.Terminate(ctx, etf.Tuple{etf.Atom("srv"), nosuch}, nil), genserv.ErrNoConnection)
		require.NoError(t, c.Terminate(ctx, toB, term(t, "{shutdown, because}")))
		startSrv(t, a)
		startSrv(t, b)
	})
}

func TestAGlobalNameIsUsedFromInsideAServer(t *testing.T) {
	n := start(t, config(t))
	e := beam.StartErl(t)
	startSrv(t, e)
	require.NoError(t, n.Connect(within(t, time.Minute), etf.Atom(e.Name())))
	require.Equal(t, "yes", e.Eval(t, "global:register_name(world, whereis(srv))."))
	world, other := term(t, "{global, world}"), term(t, "{global, other}")
	inside(t, n, func(p *genserv.Process) {
		ctx := within(t, time.Minute)
		p.Cast(world, etf.Atom("hello"))
		seen, err := p.Call(ctx, world, etf.Atom("seen"))
		require.NoError(t, err)
		require.Equal(t, "[{cast,hello}]", etf.Format(seen))
		id, err := p.SendRequest(world, term(t, "{echo,x}"))
		require.NoError(t, err)
		reply, err := id.Wait(p, time.Minute)
		require.NoError(t, err)
		require.Equal(t, etf.Atom("x"), reply)

		require.NoError(t, p.TrySend(world, etf.Atom("info")), "global:send/2")
		seen, err = p.Call(ctx, world, etf.Atom("seen"))
		require.NoError(t, err)
		require.Contains(t, etf.Format(seen), "info")
		ref, err := p.Monitor(world)
		require.NoError(t, err)
		require.NoError(t, n.Send(ctx, world, etf.Atom("from_node")))
		require.ErrorIs(t, n.Send(ctx, other, nil), genserv.ErrNoProc)
		require.ErrorIs(t, p.TrySend(other, nil), genserv.ErrNoProc)
		_, err = p.Monitor(other)
		require.ErrorIs(t, err, genserv.ErrNoProc)

		p.Cast(other, nil) // as gen_server:cast, it does not fail
		_, err = p.Call(ctx, other, nil)
		require.ErrorIs(t, err, genserv.ErrNoProc)
		id, err = p.SendRequest(other, nil)
		require.NoError(t, err)
		_, err = id.Wait(p, time.Minute)
		require.ErrorIs(t, err, genserv.ErrNoProc)

		require.NoError(t, p.Terminate(ctx, world, nil))
		down, ok := p.Receive(time.Minute, func(msg etf.Term) bool { _, ok := genserv.AsDown(msg); return ok })
		require.True(t, ok)
		d, _ := genserv.AsDown(down)
		require.Equal(t, ref, d.Ref)
		require.ErrorIs(t, p.Terminate(ctx, world, nil), genserv.ErrNoProc)
	})
}

// hold keeps its callers waiting until release; then it answers the last one first.
const holdModule = `
-module(hold).
-behaviour(gen_server).
-export([start/0, init/1, handle_call/3, handle_cast/2]).
start() -> {ok, _} = gen_server:start({local, hold}, ?MODULE, [], []), ok.
init([]) -> {ok, []}.
handle_call(count, _, S) -> {reply, length(S), S};
handle_call(release, _, S) -> [gen_server:reply(From, R) || {From, R} <- S], {reply, ok, []};
handle_call(R, From, S) -> {noreply, [{From, R} | S]}.
handle_cast(_, S) -> {noreply, S}.
`

func TestTenThousandCallsOfAnErlangServerWaitAtOnce(t *testing.T) {
	n := start(t, config(t))
	e := beam.StartErl(t)
	e.Compile(t, "hold", holdModule)
	e.Eval(t, "hold:start().")
	to := etf.Tuple{etf.Atom("hold"), etf.Atom(e.Name())}
	ctx := within(t, 2*time.Minute)
	const count = 10_000
	release := func(held int) {
		require.Eventually(t, func() bool {
			reply, err := n.Call(ctx, to, etf.Atom("count"))
			return err == nil && reply == etf.Term(etf.Int(held))
		}, time.Minute, 20*time.Millisecond)
		reply, err := n.Call(ctx, to, etf.Atom("release"))
		require.NoError(t, err)
		require.Equal(t, etf.Atom("ok"), reply)
	}
	requireUnwatched := func() {
		t.Helper()
		require.Eventually(t, func() bool { return e.Eval(t, "process_info(whereis(hold), monitored_by).") == "{monitored_by,[]}" },
			time.Minute, 20*time.Millisecond)
	}

	impatient, giveUp := context.WithCancel(ctx)
	defer giveUp()
	var patient, others sync.WaitGroup
	failed := make(chan error, 2*count)
	for i := range count {
		patient.Go(func() {
			if reply, err := n.Call(ctx, to, etf.Int(i)); err != nil || reply != etf.Term(etf.Int(i)) {
				failed <- fmt.Errorf("%d: %v, %w", i, reply, err)
			}
		})
		if i%4 == 0 {
			others.Go(func() {
				if _, err := n.Call(impatient, to, etf.Atom("x")); !errors.Is(err, genserv.ErrTimeout) {
					failed <- fmt.Errorf("not given up: %w", err)
				}
			})
		}
	}
	require.Eventually(t, func() bool {
		reply, _ := n.Call(ctx, to, etf.Atom("count"))
		return reply == etf.Term(etf.Int(count+count/4))
	},
		time.Minute, 20*time.Millisecond)
	giveUp()
	others.Wait()
	release(count + count/4)
	patient.Wait()
	close(failed)
	for err := range failed {
		require.NoError(t, err)
	}
	requireUnwatched()

	inside(t, n, func(p *genserv.Process) {
		var all genserv.RequestIDs[int]
		for i := range count {
			id, err := p.SendRequest(to, etf.Int(i))
			require.NoError(t, err)
			all.Add(id, i)
		}
		release(count)
		for last := count - 1; last >= 0; last-- {
			r, err := all.Receive(p, time.Minute)
			require.NoError(t, err)
			require.NoError(t, r.Err)
			require.Equal(t, last, r.Label, "in the order of the answers")
			require.Equal(t, etf.Int(last), r.Reply)
		}
		require.Zero(t, all.Len())

		for i := range 100 {
			id, err := p.SendRequest(to, etf.Int(i))
			require.NoError(t, err)
			all.Add(id, i)
		}
		_, err := all.Receive(p, 10*time.Millisecond)
		require.ErrorIs(t, err, genserv.ErrTimeout)
		release(100)
		_, err = p.Call(ctx, to, etf.Atom("count"))
		require.NoError(t, err)
		msg, ok := p.Receive(0, func(etf.Term) bool { return true })
		require.False(t, ok, "late answers are dropped: %v", msg)
	})
	requireUnwatched()
}
