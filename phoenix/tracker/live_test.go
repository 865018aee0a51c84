package tracker_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/examples/echo"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/gonodetest/beam"
	"github.com/gonode-otp/gonode/internal/soak"
	"github.com/gonode-otp/gonode/node"
	"github.com/gonode-otp/gonode/phoenix/pubsub"
	"github.com/gonode-otp/gonode/phoenix/tracker"
)

const (
	demoPubSub   etf.Atom = "Elixir.Demo.PubSub"
	demoPresence etf.Atom = "Elixir.Demo.Presence"
	pool                  = 2
	within                = 20 * time.Second
)

// fast has everything happen within a second or two, on both sides.
var fast = tracker.Options{PoolSize: pool, BroadcastPeriod: 50 * time.Millisecond, DownPeriod: time.Second}

// startPhoenix starts an Elixir node with a PubSub and a tracker: the real phoenix_pubsub, if GONODE_PHOENIX is the
// folder of its beams, else the stand-in.
func startPhoenix(t *testing.T, opts ...beam.Option) *beam.Node {
	t.Helper()
	files := []string{"pubsub.ex", "tracker.ex", "presence.ex"}
	if ebin := os.Getenv("GONODE_PHOENIX"); ebin != "" {
		opts, files = append(opts, beam.WithArgs("-pa", ebin)), files[2:]
	}
	b := beam.StartElixir(t, opts...)
	for _, file := range files {
		source, err := filepath.Abs("../testdata/standin/" + file)
		require.NoError(t, err)
		b.Eval(t, fmt.Sprintf("Code.require_file(%q)", source))
	}
	if len(files) == 1 {
		b.Eval(t, "{:ok, _} = Application.ensure_all_started(:phoenix_pubsub)")
	}
	b.Eval(t, fmt.Sprintf(`spawn(fn ->
		:ets.new(:demo_diffs, [:named_table, :public])
		children = [{Phoenix.PubSub, name: Demo.PubSub, pool_size: %d}, %%{id: Demo.Presence,
			start: {Demo.Presence, :start_link, [[name: Demo.Presence, pubsub_server: Demo.PubSub, pool_size: %d,
				broadcast_period: 50, down_period: 1000]]}}]
		{:ok, _} = Supervisor.start_link(children, strategy: :one_for_one)
		Process.sleep(:infinity)
	end)`, pool, pool))
	eventually(t, func() bool { return b.Eval(t, "Process.whereis(Demo.Presence) != nil") == "true" })
	return b
}

// goNode is a Go node with a PubSub and a tracker.
type goNode struct {
	*node.Node
	*tracker.Tracker
	mu   sync.Mutex
	diff map[string][2]int // joins and leaves by topic
}

func startGo(t *testing.T, name string, b *beam.Node, opts tracker.Options) *goNode {
	t.Helper()
	return startGoWithLog(t, name, b, opts, nil)
}

func startGoWithLog(t *testing.T, name string, b *beam.Node, opts tracker.Options, log *slog.Logger) *goNode {
	t.Helper()
	_, host, _ := strings.Cut(b.Name(), "@")
	n, err := node.Start(t.Context(), node.Config{Name: name + "@" + host, EPMDPort: uint16(b.EPMDPort()),
		Listen: "0.0.0.0", Cookie: b.Cookie(), Logger: log})
	require.NoError(t, err)
	t.Cleanup(func() { _ = n.Stop(context.Background()) })
	g := &goNode{Node: n, diff: map[string][2]int{}}
	opts.HandleDiff = g.count
	ps, err := pubsub.Start(t.Context(), n, demoPubSub, pubsub.Options{PoolSize: pool})
	require.NoError(t, err)
	g.Tracker, err = tracker.Start(t.Context(), n, demoPresence, ps, opts)
	require.NoError(t, err)
	require.NoError(t, n.Connect(t.Context(), etf.Atom(b.Name())))
	return g
}

func (g *goNode) count(_ *genserv.Process, diff tracker.Diff) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for topic, c := range diff {
		n := g.diff[topic]
		g.diff[topic] = [2]int{n[0] + len(c.Joins), n[1] + len(c.Leaves)}
	}
}

func (g *goNode) diffs(topic string) [2]int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.diff[topic]
}

func (g *goNode) spawn(t testing.TB) etf.Pid {
	t.Helper()
	pid, err := g.Spawn(t.Context(), genserv.Child{Module: genserv.Of(echo.Server{})})
	require.NoError(t, err)
	return pid
}

// keys lists the keys in a topic with what their metas have under n.
func (g *goNode) keys(t testing.TB, topic string) string {
	t.Helper()
	list, err := g.List(t.Context(), topic)
	require.NoError(t, err)
	var shown []string
	for _, p := range list {
		n, _ := p.Meta.Get(etf.Atom("n"))
		key, _ := etf.AsText(p.Key)
		shown = append(shown, fmt.Sprintf("%s=%v", key, n))
	}
	return strings.Join(shown, " ")
}

func keys(t testing.TB, b *beam.Node, topic string) string {
	t.Helper()
	return strings.Trim(b.Eval(t, fmt.Sprintf(
		`Enum.map_join(Phoenix.Tracker.list(Demo.Presence, %q), " ", fn {k, m} -> "#{k}=#{m.n}" end)`, topic)), `"`)
}

// shows waits until a node lists these.
func (g *goNode) shows(t testing.TB, topic, want string) {
	t.Helper()
	eventually(t, func() bool { return g.keys(t, topic) == want })
}

func shows(t testing.TB, b *beam.Node, topic, want string) {
	t.Helper()
	eventually(t, func() bool { return keys(t, b, topic) == want })
}

func eventually(t testing.TB, met func() bool) {
	t.Helper()
	require.Eventually(t, met, within, 20*time.Millisecond)
}

func n(i int) etf.Map { return etf.Map{{Key: etf.Atom("n"), Value: etf.Int(i)}} }

func TestGoAndElixirListEachOthersProcesses(t *testing.T) {
	b := startPhoenix(t)
	g := startGo(t, "here", b, fast)
	one := g.spawn(t)
	ref, err := g.Track(t.Context(), one, "lobby", etf.Binary("go"), n(1))
	require.NoError(t, err)
	require.Len(t, ref, 16)
	shows(t, b, "lobby", "go=1")
	_, err = g.Track(t.Context(), one, "lobby", etf.Binary("go"), n(1))
	var again *tracker.AlreadyTrackedError
	require.ErrorAs(t, err, &again)
	_, err = g.Update(t.Context(), one, "lobby", etf.Binary("other"), n(1))
	require.ErrorIs(t, err, tracker.ErrNoPresence)
	_, err = g.Update(t.Context(), one, "lobby", etf.Binary("go"), n(2))
	require.NoError(t, err)
	shows(t, b, "lobby", "go=2")
	require.Equal(t, fmt.Sprintf("%q", ref), b.Eval(t,
		`[{_, m}] = Phoenix.Tracker.get_by_key(Demo.Presence, "lobby", "go"); m.phx_ref_prev`))

	b.Eval(t, `:erlang.register(:elf, spawn(fn -> Process.sleep(:infinity) end));
		{:ok, _} = Phoenix.Tracker.track(Demo.Presence, Process.whereis(:elf), "room:2", "elf", %{n: 3})`)
	g.shows(t, "room:2", "elf=3")
	b.Eval(t, `{:ok, _} = Phoenix.Tracker.update(Demo.Presence, Process.whereis(:elf), "room:2", "elf", %{n: 4})`)
	g.shows(t, "room:2", "elf=4")
	found, err := g.GetByKey(t.Context(), "room:2", etf.Binary("elf"))
	require.NoError(t, err)
	require.Len(t, found, 1)
	require.Equal(t, etf.Atom(b.Name()), found[0].Pid.Node)
	require.Equal(t, [2]int{2, 1}, g.diffs("room:2"))

	b.Eval(t, `Process.exit(Process.whereis(:elf), :kill)`)
	g.shows(t, "room:2", "")
	require.NoError(t, g.Terminate(t.Context(), one, nil))
	shows(t, b, "lobby", "")
	require.Equal(t, "{2, 2}", b.Eval(t,
		`{:ets.lookup_element(:demo_diffs, {"lobby", :joins}, 2), :ets.lookup_element(:demo_diffs, {"lobby", :leaves}, 2)}`))
}

func TestABEAMMakesTheCallsOfPhoenixTracker(t *testing.T) {
	b := startPhoenix(t)
	g := startGo(t, "callee", b, fast)
	shard := string(tracker.ShardOfTopic(demoPresence, "lobby", pool))
	call := func(request string) string {
		return b.Eval(t, fmt.Sprintf(`GenServer.call({:%q, :%q}, %s)`, shard, g.Node.Name(), request))
	}
	b.Eval(t, `:erlang.register(:elf, spawn(fn -> Process.sleep(:infinity) end))`)
	require.Equal(t, "true", b.Eval(t, fmt.Sprintf(`elf = Process.whereis(:elf)
		{:ok, ref} = GenServer.call({:%q, :%q}, {:track, elf, "lobby", "elf", %%{n: 1}})
		{:error, {:already_tracked, ^elf, "lobby", "elf"}} =
			GenServer.call({:%[1]q, :%[2]q}, {:track, elf, "lobby", "elf", %%{n: 1}})
		{:ok, next} = GenServer.call({:%[1]q, :%[2]q}, {:update, elf, "lobby", "elf", %%{n: 2}})
		[{"elf", %%{n: 2, phx_ref: ^next, phx_ref_prev: ^ref}}] =
			GenServer.call({:%[1]q, :%[2]q}, {:list_presences, "lobby"})
		[{^elf, %%{n: 2}}] = GenServer.call({:%[1]q, :%[2]q}, {:get_by_key, "lobby", "elf"})
		%%Phoenix.Tracker.State{mode: :normal, values: values} = GenServer.call({:%[1]q, :%[2]q}, {:list, "lobby"})
		[{^elf, "lobby", "elf", %%{n: 2}}] = Map.values(values)
		[{{"lobby", ^elf, "elf"}, _, {_, 3}}] = GenServer.call({:%[1]q, :%[2]q}, :values)
		true`, shard, string(g.Node.Name()))))
	shows(t, b, "lobby", "elf=2")
	eventually(t, func() bool { return strings.Contains(call(":replicas"), "status: :up") })
	for _, bad := range []string{
		`{:update, Process.whereis(:elf), "lobby", "elf", fn m -> m end}`, `{:track, self(), "lobby", "x", 1}`,
		`{:track, :elf, "lobby", "x", %{}}`, `{:track, self(), :lobby, "x", %{}}`, `{:untrack, 1}`, `:what`,
		`{:untrack, self(), :lobby, "x"}`, `{:list_presences, 1}`, `{:get_by_key, 1, 1}`,
	} {
		require.Equal(t, "{:error, :badarg}", call(bad), bad)
	}
	require.Equal(t, ":ok", call(`{:untrack, self(), "lobby", "nobody"}`))
	require.Equal(t, ":ok", call(`{:untrack, Process.whereis(:elf)}`))
	shows(t, b, "lobby", "")
	require.Equal(t, "true", b.Eval(t, `Process.alive?(Process.whereis(:elf))`))
	require.Contains(t, call(`{:track, Process.whereis(:elf), "lobby", "elf", %{n: 5}}`), ":ok")
	shows(t, b, "lobby", "elf=5")
	b.Eval(t, `Process.exit(Process.whereis(:elf), :kill)`)
	g.shows(t, "lobby", "")
	shows(t, b, "lobby", "")
}

func TestANodeThatIsGoneIsDownAndComesBackInANewLife(t *testing.T) {
	b := startPhoenix(t)
	g := startGo(t, "stays", b, fast)
	other := startGo(t, "goes", b, fast)
	require.NoError(t, g.Connect(t.Context(), other.Node.Name()))
	_, err := other.Track(t.Context(), other.spawn(t), "lobby", etf.Binary("gone"), n(1))
	require.NoError(t, err)
	b.Eval(t, `spawn(fn -> {:ok, _} = Phoenix.Tracker.track(Demo.Presence, self(), "lobby", "beam", %{n: 2})
		Process.sleep(:infinity) end)`)
	for _, here := range []*goNode{g, other} {
		eventually(t, func() bool { l, err := here.List(t.Context(), "lobby"); return err == nil && len(l) == 2 })
	}
	eventually(t, func() bool { return strings.Contains(keys(t, b, "lobby"), "gone=1") })
	require.NoError(t, other.Stop(context.Background()))
	g.shows(t, "lobby", "beam=2")
	shows(t, b, "lobby", "beam=2")

	other = startGo(t, "goes", b, fast)
	require.NoError(t, g.Connect(t.Context(), other.Node.Name()))
	_, err = other.Track(t.Context(), other.spawn(t), "room:2", etf.Binary("back"), n(3))
	require.NoError(t, err)
	g.shows(t, "room:2", "back=3")
	shows(t, b, "room:2", "back=3")
	other.shows(t, "lobby", "beam=2")
	require.NoError(t, other.GracefulPermdown(t.Context()))
	g.shows(t, "room:2", "")
	shows(t, b, "room:2", "")

	b.Kill(t)
	g.shows(t, "lobby", "")
}

func TestAnOrderlyStopIsToldAndNotWaitedFor(t *testing.T) {
	b := startPhoenix(t)
	opts := fast
	opts.DownPeriod = 10 * time.Minute
	opts.PermdownOnShutdown = true
	g, other := startGo(t, "stays", b, opts), startGo(t, "stops", b, opts)
	require.NoError(t, g.Connect(t.Context(), other.Node.Name()))
	_, err := other.Track(t.Context(), other.spawn(t), "lobby", etf.Binary("soon"), n(1))
	require.NoError(t, err)
	g.shows(t, "lobby", "soon=1")
	require.NoError(t, other.Stop(context.Background()))
	g.shows(t, "lobby", "")
}

// rows are all that a node knows, row by row.
func (g *goNode) rows(t testing.TB) string {
	t.Helper()
	return sortedRows(func(shard etf.Atom) (etf.Term, error) { return g.Call(t.Context(), shard, etf.Atom("values")) })
}

func sortedRows(values func(shard etf.Atom) (etf.Term, error)) string {
	var lines []string
	for i := range pool {
		reply, err := values(tracker.ShardName(demoPresence, i))
		list, _ := reply.(etf.List)
		if err != nil {
			return err.Error()
		}
		for _, row := range list {
			lines = append(lines, showRow(row))
		}
	}
	return joinSorted(lines)
}

func TestAllNodesAgreeAfterJoinsLeavesAndPartitions(t *testing.T) {
	b := startPhoenix(t)
	opts := fast
	opts.MaxDeltaSizes = []int{10, 50, 500}
	nodes := []*goNode{startGo(t, "a", b, opts), startGo(t, "b", b, opts)}
	require.NoError(t, nodes[0].Connect(t.Context(), nodes[1].Node.Name()))
	b.Eval(t, `:erlang.register(:elves, spawn(fn -> Process.sleep(:infinity) end))`)
	rnd := rand.New(rand.NewPCG(1, 2))
	pids := [2][]etf.Pid{}
	until := time.Now().Add(soak.Size(2*time.Second, time.Minute))
	size := soak.Size(60, 10000)
	for i := 0; time.Now().Before(until) || i < size; i++ {
		side := rnd.IntN(2)
		g := nodes[side]
		topic := fmt.Sprint("room:", rnd.IntN(8))
		switch what := rnd.IntN(20); {
		case what < 12:
			pid := g.spawn(t)
			pids[side] = append(pids[side], pid)
			_, err := g.Track(t.Context(), pid, topic, etf.Binary(fmt.Sprint("key", i)), n(i))
			require.NoError(t, err)
		case what < 15 && len(pids[side]) > 0:
			at := rnd.IntN(len(pids[side]))
			require.NoError(t, g.Terminate(t.Context(), pids[side][at], nil))
			pids[side] = append(pids[side][:at], pids[side][at+1:]...)
		case what < 18:
			b.Eval(t, fmt.Sprintf(`Phoenix.Tracker.track(Demo.Presence, Process.whereis(:elves), %q, "elf%d", %%{n: %d})`,
				topic, i%50, i))
			b.Eval(t, fmt.Sprintf(`Phoenix.Tracker.untrack(Demo.Presence, Process.whereis(:elves), %q, "elf%d")`,
				topic, rnd.IntN(50)))
		case what == 18:
			g.Disconnect(etf.Atom(b.Name()))
		default:
			_ = g.Connect(t.Context(), etf.Atom(b.Name()))
		}
	}
	for _, g := range nodes {
		require.NoError(t, g.Connect(t.Context(), etf.Atom(b.Name())))
	}
	beamRows := func() string {
		return sortedRows(func(shard etf.Atom) (etf.Term, error) {
			return nodes[0].Call(t.Context(), etf.Tuple{shard, etf.Atom(b.Name())}, etf.Atom("values"))
		})
	}
	started := time.Now()
	require.Eventually(t, func() bool {
		want := nodes[0].rows(t)
		return nodes[1].rows(t) == want && beamRows() == want
	}, time.Minute, 50*time.Millisecond)
	t.Logf("%d bytes of rows agreed after %v", len(nodes[0].rows(t)), time.Since(started).Round(time.Millisecond))
}
