package erlang

import (
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/gonodetest/beam"
)

// What a process of the Erlang node hears of a Go node that was killed: of a process it was linked with, of monitors
// by pid and by name, of the node in both ways, and how a call ends.
func TestAGoNodeThatIsKilledIsGoneForItsPeersAtOnce(t *testing.T) {
	bin := build(t)
	e := beam.StartErl(t)
	c := newCommand(t, bin)
	c.port = e.EPMDPort()
	c.env = []string{"GONODE_COOKIE=" + e.Cookie()}
	c.run(t, "--epmd", "external")
	name := c.name(t)
	e.Eval(t, "process_flag(trap_exit, true), net_kernel:monitor_nodes(true, [nodedown_reason, {node_type, all}])")
	e.Eval(t, "N = '"+name+"'")
	e.Eval(t, "Pid = rpc:call(N, erlang, whereis, [echo])")
	e.Eval(t, "link(Pid), M1 = monitor(process, Pid), M2 = monitor(process, {counter, N}), monitor_node(N, true)")
	e.Eval(t, "{_, M3} = spawn_monitor(fun F() -> gen_server:call({echo, N}, hi, 20000), F() end)")
	require.Equal(t, "true", e.Eval(t, "is_pid(Pid)"))
	require.Equal(t, "hi", e.Eval(t, "gen_server:call({echo, N}, hi)"))

	require.Equal(t, -1, c.end(t, syscall.SIGKILL))
	require.Equal(t, "[noconnection,noconnection,noconnection,nodedown,connection_closed,nodedown]", e.Eval(t, `(fun() -> [
		receive {'EXIT', Pid, R} -> R after 20000 -> none end,
		receive {'DOWN', M1, process, Pid, R} -> R after 20000 -> none end,
		receive {'DOWN', M2, process, {counter, N}, R} -> R after 20000 -> none end,
		receive {nodedown, N} -> nodedown after 20000 -> none end,
		receive {nodedown, N, I} -> proplists:get_value(nodedown_reason, I) after 20000 -> none end,
		receive {'DOWN', M3, process, _, {{nodedown, N}, {gen_server, call, _}}} -> nodedown; {'DOWN', M3, _, _, Other} -> Other after 20000 -> none end]
	end)()`))

	c.run(t, "--epmd", "external")
	require.Equal(t, "again", e.Eval(t, "gen_server:call({echo, N}, again)"))
}

// The other way round.
func TestAnErlangNodeThatIsKilledIsGoneForItsPeersAtOnce(t *testing.T) {
	n := startSamples(t)
	victimPid := spawn(t, n, "victim", genserv.Of(victim{}))
	events := watchNodes(t, n)
	e := beam.StartErl(t)
	srv := startSrv(t, e)
	target := e.Eval(t, "term_to_binary(whereis(srv))")
	encoded, err := etf.Parse(target)
	require.NoError(t, err)
	pid, err := etf.Decode(encoded.(etf.Binary))
	require.NoError(t, err)
	ask := func(request string, more etf.Term) etf.Term {
		answer, err := n.Call(within(t, 30*time.Second), victimPid, etf.Tuple{etf.Atom(request), more})
		require.NoError(t, err)
		return answer
	}
	ask("trap", etf.Atom("true"))
	ask("link", pid)
	byPid, byName := ask("monitor", pid), ask("monitor", srv)
	require.True(t, next(t, events).Up)
	waiting := make(chan error, 1)
	go func() {
		_, err := n.Call(within(t, 30*time.Second), srv, etf.Atom("silence"))
		waiting <- err
	}()
	stillServes(t, n, e)

	e.Kill(t)
	down := next(t, events)
	require.False(t, down.Up)
	require.Equal(t, etf.Atom("connection_closed"), down.Reason)
	require.ErrorIs(t, <-waiting, genserv.ErrNoConnection)
	gone := etf.Atom("noconnection")
	want := []etf.Term{etf.Tuple{etf.Atom("EXIT"), pid, gone}, etf.Tuple{etf.Atom("DOWN"), byPid, etf.Atom("process"),
		pid, gone},
		etf.Tuple{etf.Atom("DOWN"), byName, etf.Atom("process"), srv, gone}}
	var seen []etf.Term
	require.Eventually(t, func() bool {
		answer, err := n.Call(within(t, 30*time.Second), victimPid, etf.Atom("seen"))
		require.NoError(t, err)
		seen = append(seen, answer.(etf.List)...)
		return len(seen) >= len(want)
	}, 20*time.Second, 10*time.Millisecond)
	require.ElementsMatch(t, want, seen)
}
