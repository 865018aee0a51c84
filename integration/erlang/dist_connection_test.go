package erlang

import (
	"context"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/gonodetest"
	"github.com/gonode-otp/gonode/gonodetest/beam"
	"github.com/gonode-otp/gonode/node"
)

// watchNodes returns the events of n as they come.
func watchNodes(t *testing.T, n *node.Node) <-chan node.NodeEvent {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	events, done := make(chan node.NodeEvent, 100), make(chan struct{})
	nodes := n.SubscribeNodes(ctx)
	go func() {
		defer close(done)
		for e := range nodes.All() {
			events <- e
		}
	}()
	t.Cleanup(func() { cancel(); <-done })
	return events
}

func next(t *testing.T, events <-chan node.NodeEvent) node.NodeEvent {
	t.Helper()
	select {
	case e := <-events:
		return e
	case <-time.After(30 * time.Second):
		require.Fail(t, "no event")
		return node.NodeEvent{}
	}
}

func TestBothSidesLearnWhyAConnectionWentDown(t *testing.T) {
	n := startSamples(t)
	events := watchNodes(t, n)
	e := beam.StartErl(t)
	e.Eval(t, "net_kernel:monitor_nodes(true, [nodedown_reason, {node_type, all}])")
	name := etf.Atom(e.Name())
	up := func() {
		stillServes(t, n, e)
		require.Equal(t, node.NodeEvent{Node: name, Up: true, Hidden: true}, next(t, events))
		require.Equal(t, "ok", e.Eval(t, at(n, "receive {nodeup, 'gonode@host', _} -> ok after 20000 -> none end")))
	}
	down := func(ours, theirs string) {
		got := next(t, events)
		require.Equal(t, etf.Atom(ours), got.Reason, "%v", got.Cause)
		require.Equal(t, "["+theirs+"]", e.Eval(t,
			at(n, "(fun() -> receive {nodedown, 'gonode@host', I} -> [R || {nodedown_reason,R} <- I] after 20000 -> none "+
				"end end)()")))
	}
	up()
	e.Eval(t, at(n, "erlang:disconnect_node('gonode@host')"))
	down("connection_closed", "disconnect")
	up()
	require.True(t, n.Disconnect(name))
	down("disconnect", "connection_closed")
	up()
	e.Kill(t)
	require.Equal(t, etf.Atom("connection_closed"), next(t, events).Reason)
}

func TestAPeerThatFallsSilentIsNoticedWithinTheTickTime(t *testing.T) {
	t.Parallel()
	cfg := config(t)
	cfg.TickTime = 4 * time.Second
	n := start(t, cfg)
	spawnSamples(t, n)
	events := watchNodes(t, n)
	e := beam.StartErl(t, beam.WithArgs("-kernel", "net_ticktime", "4"))
	stillServes(t, n, e)
	require.True(t, next(t, events).Up)

	// An idle connection lives on by its ticks alone.
	select {
	case got := <-events:
		require.Fail(t, "an idle connection ended", "%+v", got)
	case <-time.After(10 * time.Second):
	}

	began := time.Now()
	e.Pause(t)
	got := next(t, events)
	require.Equal(t, etf.Atom("net_tick_timeout"), got.Reason)
	require.Less(t, time.Since(began), 2*cfg.TickTime)
	e.Resume(t)
	require.Eventually(t, func() bool { return n.Ping(t.Context(), etf.Atom(e.Name())) == nil }, 30*time.Second,
		100*time.Millisecond)
	stillServes(t, n, e)
}

func TestNodesOnAFixedPortNeedNoEPMD(t *testing.T) {
	port := gonodetest.FreePort(t)
	n := start(t, node.Config{Name: "gonode@localhost", Cookie: gonodetest.Cookie(t), NodePort: uint16(port),
		Listen: "127.0.0.1"})
	spawnSamples(t, n)
	e := beam.StartErl(t, beam.WithSname("nolisten@localhost"),
		beam.WithEPMDPort(gonodetest.FreePort(t)),
		beam.WithArgs("-start_epmd", "false", "-erl_epmd_port", strconv.Itoa(port), "-dist_listen", "false"))
	stillServes(t, n, e)
}

func TestANodeWithoutANameIsGivenOne(t *testing.T) {
	n := startSamples(t)
	_, host, _ := strings.Cut(string(n.Name()), "@")
	e := beam.StartErl(t, beam.WithSname("undefined"))
	require.Equal(t, "true", e.Eval(t, at(n, "net_kernel:connect_node('gonode@host')")),
		"it has to be asked for; a call does not connect")
	stillServes(t, n, e)
	require.Len(t, n.Nodes(), 1)
	require.Equal(t, n.Nodes()[0].String(), e.Eval(t, "node()"))
	require.True(t, strings.HasSuffix(string(n.Nodes()[0]), "@"+host))
}

func TestANodeMayAskAnotherForItsName(t *testing.T) {
	e := beam.StartErl(t)
	cfg := config(t)
	cfg.Name, cfg.NamedBy = "undefined", e.Name()
	n := start(t, cfg)
	require.NotContains(t, string(n.Name()), "undefined")
	require.NoError(t, n.Ping(within(t, 30*time.Second), etf.Atom(e.Name())))
	require.Equal(t, "["+n.Name().String()+"]", e.Eval(t, "nodes(hidden)"))
	to := startSrv(t, e)
	reply, err := n.Call(within(t, 30*time.Second), to, term(t, "{echo, hi}"))
	require.NoError(t, err)
	require.Equal(t, etf.Atom("hi"), reply)
	spawnSamples(t, n)
	require.Equal(t, "hello", e.Eval(t, "gen_server:call({echo,"+n.Name().String()+"}, hello)"))

	cfg.NamedBy = "nosuch" + e.Name()
	_, err = node.Start(t.Context(), cfg)
	var failed *node.ConnectError
	require.ErrorAs(t, err, &failed)
}
