package tracker_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/phoenix/tracker"
)

// logged is what a node has logged.
type logged struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(b)
}

// count counts the lines with these words.
func (l *logged) count(words string) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range strings.Lines(l.buf.String()) {
		if strings.Contains(line, words) {
			n++
		}
	}
	return n
}

// A shard of Phoenix would end with each of these but the ones of a stranger.
func TestEachBadMessageOfABEAMIsOneLineInTheLogAndNothingElse(t *testing.T) {
	b := startPhoenix(t)
	log := &logged{}
	g := startGoWithLog(t, "unhurt", b, fast, slog.New(slog.NewTextHandler(log, nil)))
	shard := tracker.ShardOfTopic(demoPresence, "lobby", pool)
	_, err := g.Track(t.Context(), g.spawn(t), "lobby", etf.Binary("go"), n(1))
	require.NoError(t, err)
	shows(t, b, "lobby", "go=1")
	b.Eval(t, `spawn(fn -> {:ok, _} = Phoenix.Tracker.track(Demo.Presence, self(), "lobby", "beam", %{n: 2})
		Process.sleep(:infinity) end)`)
	eventually(t, func() bool { return strings.Contains(g.keys(t, "lobby"), "beam=2") })
	whereis := func() string {
		return b.Eval(t, fmt.Sprintf(`:rpc.call(:%q, :erlang, :whereis, [:%q])`, string(g.Node.Name()), string(shard)))
	}
	pid := whereis()
	require.Contains(t, pid, "#PID")
	replicas := func() int {
		reply, err := g.Call(t.Context(), shard, etf.Atom("replicas"))
		require.NoError(t, err)
		m, _ := reply.(etf.Map)
		return len(m)
	}
	require.Equal(t, 1, replicas())

	const state = `%{__struct__: Phoenix.Tracker.State, replica: me, context: %{}, clouds: %{me => MapSet.new([{me, 9}])},
		values: %{{me, 9} => {self(), "lobby", "bad", META}}, pids: nil, mode: :delta, delta: :unset, replicas: %{},
		range: {%{me => 8}, %{me => 9}}}`
	bad := []string{
		`:hello`,
		`{:pub, :heartbeat, me, :empty}`,
		`{:pub, :heartbeat, me, %{a: 1}, {me, %{}}}`,
		`{:pub, :heartbeat, me, :empty, {me, %{me => -1}}}`,
		`{:pub, :heartbeat, {:"stranger@nowhere", 1}, :empty, {{:"stranger@nowhere", 1}, %{}}}`,
		`{:pub, :transfer_req, make_ref(), {:"stranger@nowhere", 1}, {{:"stranger@nowhere", 1}, %{}}}`,
		`{:pub, :transfer_ack, make_ref(), me, :no_state}`,
		`{:pub, :heartbeat, me, ` + strings.ReplaceAll(state, "META", "[:no_map]") + `, {me, %{me => 9}}}`,
		`{:pub, :heartbeat, me, Map.put(` + strings.ReplaceAll(state, "META", "%{}") + `, :clouds, [1]), {me, %{me => 9}}}`,
		`{:pub, :heartbeat, {:"other@nowhere", 1}, ` + strings.ReplaceAll(state, "META", "%{}") + `, {me, %{me => 9}}}`,
	}
	for i, msg := range bad {
		// The way of every message between shards: from the PubSub of the BEAM to that of this node.
		b.Eval(t, fmt.Sprintf(`me = {node(), 1}; _ = me
			:ok = Phoenix.PubSub.direct_broadcast(:%q, Demo.PubSub, "phx_presence:%s", %s)`,
			string(g.Node.Name()), string(shard), msg))
		eventually(t, func() bool { return log.count("tracker: message ignored") == i+1 })
	}
	for i, meta := range []string{"[:no_map]", ":no_map"} {
		require.Equal(t, "{:error, :badarg}", b.Eval(t, fmt.Sprintf(
			`GenServer.call({:%q, :%q}, {:track, self(), "lobby", "bad", %s})`, string(shard), string(g.Node.Name()), meta)))
		require.Equal(t, i+1, log.count("tracker: call refused"))
	}

	require.Equal(t, pid, whereis(), "the shard has not ended")
	require.Equal(t, 1, replicas(), "no stranger is remembered")
	_, err = g.Track(t.Context(), g.spawn(t), "lobby", etf.Binary("more"), n(3))
	require.NoError(t, err)
	eventually(t, func() bool { return strings.Contains(keys(t, b, "lobby"), "more=3") })
	list, err := g.List(t.Context(), "lobby")
	require.NoError(t, err)
	require.Len(t, list, 3)
	require.Equal(t, len(bad), log.count("tracker: message ignored"), "one line each")
}

func TestUpdatesByAFunctionLoseNone(t *testing.T) {
	b := startPhoenix(t)
	g := startGo(t, "adder", b, fast)
	pid := g.spawn(t)
	add := func(meta etf.Map) etf.Map {
		before, _ := meta.Get(etf.Atom("n"))
		i, _ := etf.AsInt(before)
		return n(i + 1)
	}
	_, err := g.UpdateFunc(t.Context(), pid, "lobby", etf.Binary("go"), add)
	require.ErrorIs(t, err, tracker.ErrNoPresence)
	_, err = g.Track(t.Context(), pid, "lobby", etf.Binary("go"), n(0))
	require.NoError(t, err)
	var adders sync.WaitGroup
	for range 8 {
		adders.Go(func() {
			for range 25 {
				if _, err := g.UpdateFunc(t.Context(), pid, "lobby", etf.Binary("go"), add); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	adders.Wait()
	shows(t, b, "lobby", "go=200")
	ref, err := g.UpdateFunc(t.Context(), pid, "lobby", etf.Binary("go"), func(etf.Map) etf.Map { return n(7) })
	require.NoError(t, err)
	shows(t, b, "lobby", "go=7")
	require.Equal(t, fmt.Sprintf("%q", ref), b.Eval(t,
		`[{_, m}] = Phoenix.Tracker.get_by_key(Demo.Presence, "lobby", "go"); m.phx_ref`))
}
