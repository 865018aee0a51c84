package erlang

import (
	"context"
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

// srv is a gen_server in Erlang that does what it is asked to.
const srv = `
-module(srv).
-behaviour(gen_server).
-export([start/1, init/1, handle_call/3, handle_cast/2, handle_info/2]).

start(Name) -> {ok, Pid} = gen_server:start({local, Name}, ?MODULE, [], []), Pid.
init([]) -> {ok, []}.
handle_call({echo, T}, _, S) -> {reply, T, S};
handle_call(seen, _, S) -> {reply, lists:reverse(S), []};
handle_call({later, Ms, T}, From, S) -> erlang:send_after(Ms, self(), {reply, From, T}), {noreply, S};
handle_call({hold, T}, From, S) -> put(held, [{From, T} | held()]), {noreply, S};
handle_call({exit, R}, _, _) -> exit(R);
handle_call({stop, R}, _, S) -> {stop, R, S};
handle_call(silence, _, S) -> {noreply, S};
handle_call(mailbox, {Pid, _}, S) -> {reply, {Pid, process_info(self(), message_queue_len)}, S}.
handle_cast(let_go, S) -> [gen_server:reply(From, T) || {From, T} <- lists:reverse(held())], erase(held), {noreply, S};
handle_cast(T, S) -> {noreply, [{cast, T} | S]}.
handle_info({reply, From, T}, S) -> gen_server:reply(From, T), {noreply, S};
handle_info(T, S) -> {noreply, [{info, T} | S]}.
held() -> case get(held) of undefined -> []; Held -> Held end.
`

// startSrv starts srv on e and returns how Go calls it.
func startSrv(t *testing.T, e *beam.Node) etf.Tuple {
	t.Helper()
	e.Compile(t, "srv", srv)
	e.Eval(t, "srv:start(srv)")
	return etf.Tuple{etf.Atom("srv"), etf.Atom(e.Name())}
}

func term(t *testing.T, format string, args ...any) etf.Term {
	t.Helper()
	parsed, err := etf.Parse(fmt.Sprintf(format, args...))
	require.NoError(t, err)
	return parsed
}

func TestGoCallsAServerInErlang(t *testing.T) {
	n := start(t, config(t))
	to := startSrv(t, beam.StartErl(t))
	ctx := within(t, 30*time.Second)
	for _, request := range []string{"#{k => [1,2.5,<<\"x\">>]}", "'hello world'", "[a|b]",
		"-1267650600228229401496703205376"} {
		reply, err := n.Call(ctx, to, etf.Tuple{etf.Atom("echo"), term(t, "%s", request)})
		require.NoError(t, err)
		require.True(t, etf.Equal(term(t, "%s", request), reply), "%v", reply)
	}
	require.NoError(t, n.Cast(ctx, to, etf.Atom("one")))
	require.NoError(t, n.Send(ctx, to, etf.Atom("two")))
	require.NoError(t, n.Cast(ctx, to, etf.Atom("three")))
	seen, err := n.Call(ctx, to, etf.Atom("seen"))
	require.NoError(t, err)
	require.Equal(t, "[{cast,one},{info,two},{cast,three}]", etf.Format(seen))
	reply, err := n.Call(ctx, to, term(t, "{later, 50, patience}"))
	require.NoError(t, err)
	require.Equal(t, etf.Atom("patience"), reply)
}

func TestEveryEndOfACallIsToldApart(t *testing.T) {
	n := start(t, config(t))
	e := beam.StartErl(t)
	to := startSrv(t, e)
	ctx := within(t, 30*time.Second)

	_, err := n.Call(ctx, etf.Tuple{etf.Atom("nosuch"), to[1]}, etf.Atom("x"))
	require.ErrorIs(t, err, genserv.ErrNoProc)
	_, err = n.Call(ctx, etf.Tuple{etf.Atom("srv"), etf.Atom("nosuch@" + string(hostOf(n)))}, etf.Atom("x"))
	require.ErrorIs(t, err, genserv.ErrNoConnection)

	for _, reason := range []string{"normal", "shutdown", "{shutdown,x}", "{error,[<<\"any\">>,#{term => 1.5}]}"} {
		_, err = n.Call(ctx, to, term(t, "{stop, %s}", reason))
		var exit *genserv.Exit
		require.ErrorAs(t, err, &exit)
		require.True(t, etf.Equal(term(t, "%s", reason), exit.Reason), "%v", exit.Reason)
		e.Eval(t, "srv:start(srv)")
	}

	short, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	_, err = n.Call(short, to, etf.Atom("silence"))
	require.ErrorIs(t, err, genserv.ErrTimeout)
	require.ErrorIs(t, err, context.DeadlineExceeded)

	bad := etf.Tuple{etf.Atom("echo"), etf.List{etf.Atom("fine"), nil}}
	_, err = n.Call(ctx, to, bad)
	var encode *etf.EncodeError
	require.ErrorAs(t, err, &encode)
	reply, err := n.Call(ctx, to, term(t, "{echo, after_that}"))
	require.NoError(t, err, "a bad term hurts nobody else")
	require.Equal(t, etf.Atom("after_that"), reply)

	waiting := make(chan error, 1)
	go func() { _, err := n.Call(ctx, to, etf.Atom("silence")); waiting <- err }()
	require.Eventually(t, func() bool { return e.Eval(t, "element(2, process_info(whereis(srv), monitored_by)) =/= []") == "true" }, 30*time.Second, 10*time.Millisecond)
	e.Kill(t)
	require.ErrorIs(t, <-waiting, genserv.ErrNoConnection)
}

func hostOf(n *node.Node) string {
	name := string(n.Name())
	for i := range name {
		if name[i] == '@' {
			return name[i+1:]
		}
	}
	return ""
}

func TestALateReplyLeavesNothingBehindAndReachesNobody(t *testing.T) {
	n := start(t, config(t))
	e := beam.StartErl(t)
	to := startSrv(t, e)
	for i := range 20 {
		short, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
		_, err := n.Call(short, to, term(t, "{hold, {late, %d}}", i))
		cancel()
		require.ErrorIs(t, err, genserv.ErrTimeout)
	}
	require.NoError(t, n.Cast(t.Context(), to, etf.Atom("let_go")))
	reply, err := n.Call(within(t, 20*time.Second), to, term(t, "{echo, mine}"))
	require.NoError(t, err)
	require.Equal(t, etf.Atom("mine"), reply)
	require.Eventually(t, func() bool { return e.Eval(t, "element(2, process_info(whereis(srv), monitored_by))") == "[]" },
		30*time.Second, 10*time.Millisecond, "every monitor is taken back")
}

func TestMultiCallAsksAllNodesAtOnce(t *testing.T) {
	n := startSamples(t)
	a, b := beam.StartErl(t), beam.StartErl(t)
	startSrv(t, a)
	startSrv(t, b)
	nodes := []etf.Atom{etf.Atom(a.Name()), etf.Atom("nosuch@" + hostOf(n)), n.Name(), etf.Atom(b.Name())}
	replies, bad := n.MultiCall(within(t, 30*time.Second), nodes, "srv", term(t, "{echo, hi}"))
	require.Equal(t, []node.NodeReply{{Node: nodes[0], Reply: etf.Atom("hi")}, {Node: nodes[3], Reply: etf.Atom("hi")}},
		replies)
	require.Equal(t, []etf.Atom{nodes[1], n.Name()}, bad)
}

func TestAThousandGoroutinesCallAtOnce(t *testing.T) {
	n := start(t, config(t))
	to := startSrv(t, beam.StartErl(t))
	var wg sync.WaitGroup
	failed := make(chan error, 1000)
	for i := range 1000 {
		wg.Go(func() {
			reply, err := n.Call(within(t, 30*time.Second), to, etf.Tuple{etf.Atom("echo"), etf.Int(i)})
			if err != nil || reply != etf.Term(etf.Int(i)) {
				failed <- fmt.Errorf("%d: %v, %w", i, reply, err)
			}
		})
	}
	wg.Wait()
	close(failed)
	for err := range failed {
		require.NoError(t, err)
	}
}
