package erlang

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/gonodetest/beam"
	"github.com/gonode-otp/gonode/node"
)

// Each story is told of a peer with these options and another Erlang node first, and then of the peer and a Go node.
// N is the node in question, with a server echo.
func TestPeersThatConnectInTheirOwnWayDoAsWithAnErlangNode(t *testing.T) {
	t.Parallel()
	n := startSamples(t)
	erl := beam.StartErl(t, beam.WithHidden())
	erl.Eval(t, "register(echo, spawn(fun F() -> receive {'$gen_call', From, X} -> gen_server:reply(From, X), F() end "+
		"end))")
	const call = `Call = fun() -> try gen_server:call({echo,N}, hi, 10000) catch exit:{R, _} -> R end end,
		Cut = fun() -> monitor_node(N, true), erlang:disconnect_node(N), receive {nodedown, N} -> ok end end,`
	for _, c := range []struct {
		args  []string
		story string
	}{
		{[]string{"-hidden"}, `{Call(), nodes() =:= [], lists:member(N, nodes(hidden))}`},
		{[]string{"-connect_all", "false"}, `{Call(), nodes() =:= [], Cut(), Call()}`},
		{[]string{"-kernel", "dist_auto_connect", "never"},
			`{Call(), net_kernel:connect_node(N), Call(), Cut(), Call(), net_adm:ping(N), net_kernel:connect_node(N), Call()}`},
		{[]string{"-kernel", "dist_auto_connect", "once"}, `{Call(), Cut(), Call(), net_kernel:connect_node(N), Call()}`},
		{nil, `{net_kernel:allow(['nobody@nowhere']), Call(), net_adm:ping(N), net_kernel:allow([N]), Call()}`},
		{[]string{"-dist_listen", "false"}, `{Call(), Cut(), Call()}`},
	} {
		peer := beam.StartErl(t, beam.WithArgs(c.args...), beam.WithConnectAll(true))
		told := func(name string) string {
			return strings.ReplaceAll(peer.Eval(t, fmt.Sprintf("(fun(N) -> %s %s end)(%s)", call, c.story, name)),
				strings.Trim(name, "'"), "N")
		}
		want := told(erl.Atom())
		t.Log(c.args, want)
		require.Equal(t, want, told(n.Name().String()), "%v", c.args)
		peer.Stop(t)
	}
}

// A node that connects of its own accord is taken by a peer that does not.
func TestAPeerThatConnectsToNobodyIsConnectedTo(t *testing.T) {
	n := startSamples(t)
	e := beam.StartErl(t, beam.WithArgs("-kernel", "dist_auto_connect", "never"))
	to := startSrv(t, e)
	for range 3 {
		reply, err := n.Call(within(t, 30*time.Second), to, term(t, "{echo, hi}"))
		require.NoError(t, err)
		require.Equal(t, etf.Atom("hi"), reply)
		stillServes(t, n, e)
		require.True(t, n.Disconnect(etf.Atom(e.Name())))
	}
}

// global of OTP 25 and later takes nodes apart that have lost a third one. It leaves hidden nodes out of that.
func TestAClusterIsNotTornApartByAGoNodeThatComesAndGoes(t *testing.T) {
	n := startSamples(t)
	a := beam.StartErl(t, beam.WithConnectAll(true),
		beam.WithArgs("-kernel", "prevent_overlapping_partitions", "true"))
	b := beam.StartErl(t, beam.WithConnectAll(true),
		beam.WithArgs("-kernel", "prevent_overlapping_partitions", "true"))
	require.Equal(t, "pong", a.Eval(t, "net_adm:ping("+b.Atom()+")"))
	a.Eval(t, "net_kernel:monitor_nodes(true)")
	b.Eval(t, "net_kernel:monitor_nodes(true)")
	for i := range 10 {
		stillServes(t, n, a)
		stillServes(t, n, b)
		require.True(t, n.Disconnect(etf.Atom([]*beam.Node{a, b}[i%2].Name())))
	}
	for _, e := range []*beam.Node{a, b} {
		require.Equal(t, "ok", e.Eval(t, "global:sync()"))
		require.Equal(t, "none", e.Eval(t, "receive {nodedown, _} = D -> D after 0 -> none end"))
		require.Equal(t, "1", e.Eval(t, "length(nodes())"))
	}
}

func TestNamesAndCookiesOfEveryLengthAndKind(t *testing.T) {
	t.Parallel()
	cfg := config(t)
	_, host, _ := strings.Cut(beam.StartErl(t).Name(), "@")
	long := strings.Repeat("x", 255-1-len(host)-1)
	for _, c := range []struct{ ours, theirs, cookie string }{
		{"g" + long, "e" + long, strings.Repeat("c", 255)},
		{"g-_9Z", "e-_9Z", "a b"},
		{"_", "e", `!"#$%&()*+,-./:;<=>?@[]^_{|}~`},
	} {
		cfg.Name, cfg.Cookie = c.ours, c.cookie
		n := start(t, cfg)
		spawnSamples(t, n)
		e := beam.StartErl(t, beam.WithSname(c.theirs), beam.WithCookie(c.cookie))
		stillServes(t, n, e)
		require.True(t, n.Disconnect(etf.Atom(e.Name())))
		require.NoError(t, n.Ping(within(t, 30*time.Second), etf.Atom(e.Name())))
		require.Equal(t, "["+n.Name().String()+"]", e.Eval(t, "nodes(hidden)"))
		stop(t, n)
		e.Stop(t)
	}
}

func TestProcessesWithNamesOfAnyLetters(t *testing.T) {
	n := startSamples(t)
	e := beam.StartErl(t)
	for _, name := range []string{"żółw", "日本語", "with space", "Elixir.Some.Name", strings.Repeat("я", 255),
		"\U0001f422"} {
		spawn(t, n, etf.Atom(name), genserv.Of(victim{}))
		require.Equal(t, "{true,true,noproc}", e.Eval(t, fmt.Sprintf(`(fun(S) ->
			R = monitor(process, S), Is = is_pid(gen_server:call(S, pid)), catch gen_server:call(S, {exit, shutdown}),
			{Is, receive {'DOWN', R, process, S, shutdown} -> true after 20000 -> none end, try gen_server:call(S, pid) catch exit:{Why, _} -> Why end}
		end)({'%s',%s})`, name, n.Name())), name)
	}
}

// formerlyKnown is what an Erlang node makes of the pid P and the alias A of an earlier life of a node. P2 has the
// numbers of P.
const formerlyKnown = `(fun(P, P2, S) ->
	process_flag(trap_exit, true),
	Call = try gen_server:call(P, pid, 5000) catch exit:{R, _} -> R end,
	link(P), Link = receive {'EXIT', P, R1} -> R1 after 20000 -> none end,
	M = monitor(process, P), Down = receive {'DOWN', M, process, P, R2} -> R2 after 20000 -> none end,
	P ! hello, exit(P, kill), exit(P, boom), unlink(P), demonitor(M),
	process_flag(trap_exit, false),
	{Call, Link, Down, P =:= P2, gen_server:call(S, pid) =:= P2, gen_server:call(S, seen)}
end)(P, P2, S)`

func TestPidsOfAnEarlierLifeReachNobody(t *testing.T) {
	e := beam.StartErl(t)
	n := start(t, config(t))
	spawn(t, n, "victim", genserv.Of(victim{}))
	e.Eval(t, at(n, "S = {victim,'gonode@host'}"))
	e.Eval(t, "P = gen_server:call(S, pid)")
	stop(t, n)
	n = start(t, config(t))
	spawn(t, n, "victim", genserv.Of(victim{}))
	e.Eval(t, "P2 = gen_server:call(S, pid)")
	require.Equal(t, "{noproc,noproc,noproc,false,true,[]}", e.Eval(t, formerlyKnown))
	require.Len(t, n.Nodes(), 1)
}

// The other way round: an Erlang node is killed and comes back under its name while a server in Go still has a pid of
// it.
func TestPidsOfAnEarlierLifeOfAnErlangNodeReachNobody(t *testing.T) {
	n := start(t, config(t))
	spawn(t, n, "nursery", genserv.Of(nursery{n}))
	spawn(t, n, "mortal", genserv.Of(mortalProcess{}))
	events := watchNodes(t, n)
	e := beam.StartErl(t, beam.WithSname("again"))
	judge := beam.StartErl(t)
	judge.Eval(t, at(n, "M = {mortal,'gonode@host'}, ok = gen_server:call(M, {trap, true})"))
	e.Eval(t, at(n, "register(old, spawn(fun() -> receive after infinity -> ok end end)), "+
		"gen_server:call({mortal,'gonode@host'}, {trap, true})"))
	judge.Eval(t, "P = rpc:call("+e.Atom()+", erlang, whereis, [old])")
	require.Equal(t, "ok", judge.Eval(t, "gen_server:call(M, {link, P})"))
	e.Kill(t)
	for e := next(t, events); e.Up || e.Node != "again@"+etf.Atom(host(n)); e = next(t, events) {
	}
	again := beam.StartErl(t, beam.WithSname("again"))
	again.Eval(t, at(n, "fine, net_adm:ping('gonode@host')"))
	require.Equal(t, "ok", judge.Eval(t, "gen_server:call(M, {link, P})"))
	require.Equal(t, "true", judge.Eval(t, "is_reference(gen_server:call(M, {monitor, P}))"))
	require.Equal(t, "ok", judge.Eval(t, "gen_server:call(M, {send, P, hello})"))
	require.Equal(t, "ok", judge.Eval(t, "gen_server:call(M, {signal, P, kill})"))
	require.Eventually(t, func() bool {
		return judge.Eval(t, "length(gen_server:call(M, heard))") == "3"
	}, 20*time.Second, 20*time.Millisecond)
	require.Equal(t, "[{'EXIT',noconnection},{'EXIT',noproc},{'DOWN',noproc}]",
		judge.Eval(t, "[{element(1, T), element(tuple_size(T), T)} || T <- gen_server:call(M, heard)]"))
	require.Equal(t, "1", again.Eval(t, "length(nodes(hidden))"), "the connection is still there")
	require.Len(t, n.Nodes(), 2)
}

func host(n *node.Node) string {
	_, h, _ := strings.Cut(string(n.Name()), "@")
	return h
}

// Both sides call each other all the time, and now and then one of them cuts the connection. A call is answered, or
// it fails at once because of that.
func TestAConnectionThatIsCutUnderLoadCostsTheCallsUnderWay(t *testing.T) {
	n := startSamples(t)
	e := beam.StartErl(t, beam.WithTimeout(time.Minute))
	to := startSrv(t, e)
	stillServes(t, n, e)
	e.Eval(t, at(n, `Callers = [spawn_monitor(fun() -> (fun F(I, Ok, Cut) ->
		receive stop -> exit({calls, Ok, Cut}) after 0 -> ok end,
		try gen_server:call({echo,'gonode@host'}, {C, I}, 20000) of
			{C, I} -> F(I + 1, Ok + 1, Cut)
		catch exit:{{nodedown, 'gonode@host'}, _} -> F(I + 1, Ok, Cut + 1) end end)(0, 0, 0) end) || C <- lists:seq(1, 20)]`))
	var work sync.WaitGroup
	var ok, cut atomic.Int64
	ctx, stopped := within(t, time.Minute), make(chan struct{})
	for c := range 20 {
		work.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stopped:
					return
				default:
				}
				sent := etf.Tuple{etf.Int(c), etf.Int(i)}
				switch got, err := n.Call(ctx, to, etf.Tuple{etf.Atom("echo"), sent}); {
				case err == nil && etf.Equal(sent, got):
					ok.Add(1)
				case errors.Is(err, genserv.ErrNoConnection):
					cut.Add(1)
				default:
					t.Errorf("%v, %v", got, err)
					return
				}
			}
		})
	}
	for i := range 40 {
		before := ok.Load()
		require.Eventually(t, func() bool { return ok.Load() > before+100 }, 20*time.Second, time.Millisecond)
		if i%2 == 0 {
			e.Eval(t, at(n, "erlang:disconnect_node('gonode@host')"))
		} else {
			n.Disconnect(etf.Atom(e.Name()))
		}
	}
	close(stopped)
	work.Wait()
	theirs := e.Eval(t, `begin [P ! stop || {P, _} <- Callers], Ends = [receive {'DOWN', M, _, _, R} -> R after 20000 -> hangs end || {_, M} <- Callers],
		[] = [R || R <- Ends, element(1, R) =/= calls], {lists:sum([N || {calls, N, _} <- Ends]), lists:sum([N || {calls, _, N} <- Ends])} end`)
	t.Logf("%d calls from Go, %d of them cut off; from Erlang %s", ok.Load()+cut.Load(), cut.Load(), theirs)
	require.Less(t, cut.Load(), int64(2*40*20), "whoever calls next waits for the new connection")
	stillServes(t, n, e)
	require.Len(t, n.Nodes(), 1)
}
