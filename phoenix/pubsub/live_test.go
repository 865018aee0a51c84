package pubsub_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/gonodetest"
	"github.com/gonode-otp/gonode/gonodetest/beam"
	"github.com/gonode-otp/gonode/node"
	"github.com/gonode-otp/gonode/phoenix/pubsub"
)

const demo etf.Atom = "Elixir.Demo.PubSub"

// startPhoenix starts an Elixir node with a PubSub: the real phoenix_pubsub, if GONODE_PHOENIX is the folder of its
// beams, else the stand-in.
func startPhoenix(t *testing.T, pool int) *beam.Node {
	t.Helper()
	var b *beam.Node
	if ebin := os.Getenv("GONODE_PHOENIX"); ebin != "" {
		b = beam.StartElixir(t, beam.WithEnv("ERL_LIBS="), beam.WithArgs("-pa", ebin))
		b.Eval(t, "{:ok, _} = Application.ensure_all_started(:phoenix_pubsub)")
	} else {
		source, err := filepath.Abs("../testdata/standin/pubsub.ex")
		require.NoError(t, err)
		b = beam.StartElixir(t)
		b.Eval(t, fmt.Sprintf("Code.require_file(%q)", source))
	}
	b.Eval(t, fmt.Sprintf(`spawn(fn ->
		{:ok, _} = Supervisor.start_link([{Phoenix.PubSub, name: Demo.PubSub, pool_size: %d}], strategy: :one_for_one)
		Process.sleep(:infinity)
	end)`, pool))
	require.Eventually(t, func() bool {
		return b.Eval(t, `length(:pg.which_groups(Phoenix.PubSub))`) == fmt.Sprint(pool)
	}, 10*time.Second, 10*time.Millisecond)
	return b
}

func goNode(t *testing.T, name string, b *beam.Node, opts pubsub.Options) (*node.Node, *pubsub.PubSub) {
	t.Helper()
	_, host, _ := strings.Cut(b.Name(), "@")
	n, err := node.Start(t.Context(), node.Config{Name: name + "@" + host, EPMDPort: uint16(b.EPMDPort()),
		Listen: "0.0.0.0", Cookies: map[string]string{b.Name(): b.Cookie()}})
	require.NoError(t, err)
	t.Cleanup(func() { _ = n.Stop(context.Background()) })
	ps, err := pubsub.Start(t.Context(), n, demo, opts)
	require.NoError(t, err)
	require.NoError(t, n.Connect(t.Context(), etf.Atom(b.Name())))
	connected(t, b, ps, max(opts.PoolSize, 1))
	return n, ps
}

// connected waits until both sides have each other's processes in all groups.
func connected(t *testing.T, b *beam.Node, ps *pubsub.PubSub, pool int) {
	t.Helper()
	require.Eventually(t, func() bool {
		var here int
		for _, group := range ps.Scope().WhichGroups() {
			here += len(ps.Scope().Members(group))
		}
		there := b.Eval(t, `Enum.sum(Enum.map(:pg.which_groups(Phoenix.PubSub), &length(:pg.get_members(Phoenix.PubSub, &1))))`)
		return here == 2*pool && there == fmt.Sprint(2*pool)
	}, 10*time.Second, 10*time.Millisecond)
}

// subscriber is a server that keeps what it gets.
type subscriber struct{}

func (subscriber) Init(*genserv.Process, etf.Term) genserv.InitResult[etf.List] {
	return genserv.Ok(etf.List{})
}

func (subscriber) HandleCall(_ *genserv.Process, _ etf.Term, _ genserv.From, got etf.List) genserv.Result[etf.List] {
	return genserv.Reply(got, got)
}

func (subscriber) HandleInfo(_ *genserv.Process, msg etf.Term, got etf.List) genserv.Result[etf.List] {
	return genserv.NoReply(append(got, msg))
}

func received(t *testing.T, n *node.Node, pid etf.Pid, want string) {
	t.Helper()
	var got string
	require.Eventually(t, func() bool {
		reply, err := n.Call(t.Context(), pid, etf.Atom("get"))
		require.NoError(t, err)
		got = etf.Format(reply)
		return got == want
	}, 10*time.Second, 10*time.Millisecond, "got %s, want %s", got, want)
}

func TestMessagesOfATopicReachGoAndElixir(t *testing.T) {
	for _, pool := range []int{1, 3} {
		t.Run(fmt.Sprintf("pool of %d", pool), func(t *testing.T) {
			b := startPhoenix(t, pool)
			n, ps := goNode(t, "pub", b, pubsub.Options{PoolSize: pool})
			pid, err := n.Spawn(t.Context(), genserv.Child{Module: genserv.Of(subscriber{})})
			require.NoError(t, err)
			require.NoError(t, ps.SubscribePid(t.Context(), pid, "room:1"))
			sub := ps.Subscribe("room:1")
			defer sub.Close()
			b.Eval(t, `Phoenix.PubSub.subscribe(Demo.PubSub, "room:1")`)

			b.Eval(t, `Phoenix.PubSub.broadcast(Demo.PubSub, "room:1", {:hello, 1})`)
			b.Eval(t, `Phoenix.PubSub.broadcast(Demo.PubSub, "room:2", :elsewhere)`)
			b.Eval(t, fmt.Sprintf(`Phoenix.PubSub.direct_broadcast(:"%s", Demo.PubSub, "room:1", :only_go)`, n.Name()))
			b.Eval(t, `Phoenix.PubSub.local_broadcast(Demo.PubSub, "room:1", :only_elixir)`)
			for _, want := range []string{"{hello,1}", "only_go"} {
				msg, err := sub.Next(t.Context())
				require.NoError(t, err)
				require.Equal(t, want, etf.Format(msg))
			}
			received(t, n, pid, "[{hello,1},only_go]")
			require.Equal(t, ":ok", b.Eval(t, `receive do {:hello, 1} -> receive do :only_elixir -> :ok end end`))

			require.NoError(t, ps.Broadcast(t.Context(), "room:1", etf.Atom("all")))
			require.NoError(t, ps.BroadcastFrom(t.Context(), pid, "room:1", etf.Atom("others")))
			require.NoError(t, ps.DirectBroadcast(t.Context(), etf.Atom(b.Name()), "room:1", etf.Atom("far")))
			require.NoError(t, ps.LocalBroadcast(t.Context(), "room:1", etf.Atom("near")))
			received(t, n, pid, "[{hello,1},only_go,all,near]")
			require.Equal(t, ":ok", b.Eval(t, `receive do :far -> receive do :all -> receive do :others -> :ok end end end`))
			require.Equal(t, "0", b.Eval(t, `Process.info(self(), :message_queue_len) |> elem(1)`))

			ps.UnsubscribePid(pid, "room:1")
			b.Eval(t, `Phoenix.PubSub.broadcast(Demo.PubSub, "room:1", :late)`)
			for want := ""; want != "late"; {
				msg, err := sub.Next(t.Context())
				require.NoError(t, err)
				want = etf.Format(msg)
			}
			received(t, n, pid, "[{hello,1},only_go,all,near]")
		})
	}
}

func TestAChannelGetsTheEventsOfAGoProgram(t *testing.T) {
	b := startPhoenix(t, 1)
	if b.Eval(t, `Code.ensure_loaded?(Phoenix.Channel.Server)`) != "true" {
		gonodetest.SkipLane(t, "Phoenix.Channel.Server", "GONODE_PHOENIX has phoenix_pubsub, but not phoenix itself")
	}
	_, ps := goNode(t, "push", b, pubsub.Options{})
	b.Eval(t, `Phoenix.PubSub.subscribe(Demo.PubSub, "news")`)
	payload := etf.Map{{Key: etf.Binary("n"), Value: etf.Int(1)}}
	require.NoError(t, ps.BroadcastEvent(t.Context(), "news", "added", payload))
	require.Equal(t, `{"news", "added", %{"n" => 1}}`, b.Eval(t, `receive do
		%{__struct__: Phoenix.Socket.Broadcast, topic: t, event: e, payload: p} -> {t, e, p}
	end`))
	sub := ps.Subscribe("news")
	defer sub.Close()
	b.Eval(t, `Phoenix.PubSub.broadcast(Demo.PubSub, "news", %{__struct__: Phoenix.Socket.Broadcast, topic: "news",
		event: "back", payload: %{}}, Phoenix.Channel.Server)`)
	msg, err := sub.Next(t.Context())
	require.NoError(t, err)
	got, ok := pubsub.AsSocketBroadcast(msg)
	require.True(t, ok)
	require.Equal(t, pubsub.SocketBroadcast{Topic: "news", Event: "back", Payload: etf.Map{}}, got)
}

func TestTheOrderOfOneSenderIsKept(t *testing.T) {
	b := startPhoenix(t, 2)
	_, ps := goNode(t, "order", b, pubsub.Options{PoolSize: 2})
	sub := ps.Subscribe("n")
	defer sub.Close()
	b.Eval(t, `Phoenix.PubSub.subscribe(Demo.PubSub, "n")`)
	b.Eval(t, `for i <- 1..2000, do: Phoenix.PubSub.broadcast(Demo.PubSub, "n", i)`)
	for i := range 2000 {
		msg, err := sub.Next(t.Context())
		require.NoError(t, err)
		require.Equal(t, etf.Int(i+1), msg)
	}
	b.Eval(t, `for i <- 1..2000, do: (receive do ^i -> i end)`)
	for i := range 2000 {
		require.NoError(t, ps.Broadcast(t.Context(), "n", etf.Int(i)))
	}
	require.Equal(t, ":ok", b.Eval(t, `Enum.each(0..1999, fn i -> receive do n when is_integer(n) -> ^i = n end end)`))
}

func TestASubscriberThatEndsIsForgotten(t *testing.T) {
	b := startPhoenix(t, 1)
	n, ps := goNode(t, "mortal", b, pubsub.Options{})
	pid, err := n.Spawn(t.Context(), genserv.Child{Module: genserv.Of(subscriber{})})
	require.NoError(t, err)
	require.NoError(t, ps.SubscribePid(t.Context(), pid, "a"))
	require.NoError(t, ps.SubscribePid(t.Context(), pid, "b"))
	require.Equal(t, 1, ps.Subscribers("a"))
	for _, name := range []etf.Atom{demo + ".Adapter", pubsub.Scope} {
		kill(t, b, n, name)
	}
	connected(t, b, ps, 1)
	b.Eval(t, `Phoenix.PubSub.broadcast(Demo.PubSub, "a", :still)`)
	received(t, n, pid, "[still]")
	require.NoError(t, n.Terminate(t.Context(), pid, etf.Atom("normal")))
	require.Eventually(t, func() bool { return ps.Subscribers("a")+ps.Subscribers("b") == 0 }, 10*time.Second,
		10*time.Millisecond)
	far := etf.Pid{Node: etf.Atom(b.Name()), ID: 1, Creation: 1}
	var away *pubsub.NotLocalError
	require.ErrorAs(t, ps.SubscribePid(t.Context(), far, "a"), &away)
}

func TestWhatIsNoBroadcastIsIgnored(t *testing.T) {
	b := startPhoenix(t, 1)
	n, ps := goNode(t, "tough", b, pubsub.Options{})
	sub := ps.Subscribe("a")
	defer sub.Close()
	for _, bad := range []string{":hello", "{:forward_to_local, :a, 1, :b}", `{:forward_to_local, "a", 1}`,
		`{:forward_to_local, "a", 1, 2}`} {
		b.Eval(t, fmt.Sprintf(`send({Demo.PubSub.Adapter, :"%s"}, %s)`, n.Name(), bad))
	}
	b.Eval(t, fmt.Sprintf(`send({Demo.PubSub.Adapter, :"%s"}, {:forward_to_local, "a", :good, Some.Module})`, n.Name()))
	msg, err := sub.Next(t.Context())
	require.NoError(t, err)
	require.Equal(t, etf.Atom("good"), msg)
}

func TestOptionsThatContradictAreRefused(t *testing.T) {
	for _, opts := range []pubsub.Options{{PoolSize: -1}, {BroadcastPoolSize: 2}, {PoolSize: 2, BroadcastPoolSize: -1}} {
		_, err := pubsub.New(nil, demo, opts)
		var wrong *pubsub.OptionError
		require.ErrorAs(t, err, &wrong)
	}
}

// kill ends a registered process of the node as an operator on the BEAM does.
func kill(t *testing.T, b *beam.Node, n *node.Node, name etf.Atom) {
	t.Helper()
	old := b.Eval(t, fmt.Sprintf(`pid = :rpc.call(:"%s", :erlang, :whereis, [:"%s"]); Process.exit(pid, :kill); pid`,
		n.Name(), string(name)))
	require.Eventually(t, func() bool {
		now := b.Eval(t, fmt.Sprintf(`:rpc.call(:"%s", :erlang, :whereis, [:"%s"])`, n.Name(), string(name)))
		return now != old && now != ":undefined"
	}, 10*time.Second, 10*time.Millisecond)
}
