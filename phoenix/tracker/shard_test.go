package tracker

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/internal/soak"
	"github.com/gonode-otp/gonode/phoenix/tracker/internal/crdt"
)

// network is shards without processes, and a time that only tests move.
type network struct {
	t      testing.TB
	opts   Options
	time   time.Time
	vsn    int64
	nodes  []*fakeNode
	flight []func() // messages under way
	cut    map[[2]etf.Atom]bool
	loss   func() bool
	sent   map[etf.Atom]int
}

// fakeNode is the world of one shard, and what its diffs have told.
type fakeNode struct {
	net     *network
	name    etf.Atom
	shard   *shard // nil while the node is off
	view    map[crdt.Tag]bool
	refused []string
	pids    uint32
}

func newNetwork(t testing.TB, opts Options, names ...etf.Atom) *network {
	opts, err := opts.withDefaults()
	require.NoError(t, err)
	net := &network{t: t, opts: opts, time: time.Unix(1e9, 0), cut: map[[2]etf.Atom]bool{}, sent: map[etf.Atom]int{},
		loss: func() bool { return false }}
	for _, name := range names {
		n := &fakeNode{net: net, name: name}
		n.start()
		net.nodes = append(net.nodes, n)
	}
	return net
}

// start begins a new life.
func (n *fakeNode) start() {
	n.net.vsn++
	n.shard = newShard(crdt.Ref{Name: n.name, Vsn: n.net.vsn}, &n.net.opts)
	n.view = map[crdt.Tag]bool{}
}

func (n *fakeNode) now() time.Time            { return n.net.time }
func (n *fakeNode) makeRef() etf.Term         { return etf.Int(1) }
func (n *fakeNode) connected(o etf.Atom) bool { return o != "x" }

func (n *fakeNode) ignored(_ etf.Term, why error) { n.refused = append(n.refused, why.Error()) }

func (n *fakeNode) broadcast(m message) {
	for _, o := range n.net.nodes {
		if o != n {
			n.net.send(n.name, o, m)
		}
	}
}

func (n *fakeNode) direct(to etf.Atom, m message) {
	for _, o := range n.net.nodes {
		if o.name == to {
			n.net.send(n.name, o, m)
		}
	}
}

// send encodes at once and hands on later.
func (net *network) send(from etf.Atom, to *fakeNode, m message) {
	wire, err := etf.Append(nil, m.term())
	require.NoError(net.t, err)
	net.sent[m.verb]++
	net.flight = append(net.flight, func() {
		term, err := etf.Decode(wire)
		require.NoError(net.t, err)
		if to.shard != nil && !net.cut[[2]etf.Atom{from, to.name}] && !net.loss() {
			to.shard.handle(to, term)
		}
	})
}

// diff keeps what is shown, and finds out if something comes or goes twice.
func (n *fakeNode) diff(joins, leaves []*crdt.Element) {
	for _, e := range leaves {
		require.True(n.net.t, n.view[e.Tag], "%s: %v leaves and was not there", n.name, e.Tag)
		delete(n.view, e.Tag)
	}
	for _, e := range joins {
		require.False(n.net.t, n.view[e.Tag], "%s: %v joins and was there", n.name, e.Tag)
		n.view[e.Tag] = true
	}
}

// period moves the time by one period: all tick, and what they send arrives.
func (net *network) period() {
	net.time = net.time.Add(net.opts.BroadcastPeriod)
	for _, n := range net.nodes {
		if n.shard != nil {
			n.shard.tick(n, &net.opts)
		}
	}
	net.deliver()
}

func (net *network) deliver() {
	for len(net.flight) > 0 {
		next := net.flight[0]
		net.flight = net.flight[1:]
		next()
	}
}

func (net *network) periods(n int) {
	for range n {
		net.period()
	}
}

// split cuts the nodes before i off from the others, in both directions.
func (net *network) split(i int) {
	for _, a := range net.nodes[:i] {
		for _, b := range net.nodes[i:] {
			net.cut[[2]etf.Atom{a.name, b.name}], net.cut[[2]etf.Atom{b.name, a.name}] = true, true
		}
	}
}

func (net *network) heal() { clear(net.cut) }

func (n *fakeNode) add(topic string) *crdt.Element {
	n.pids++
	e := n.shard.presences.Join(etf.Pid{Node: n.name, ID: n.pids}, topic, etf.Binary("key"), etf.Map{})
	n.diff([]*crdt.Element{e}, nil)
	return e
}

func (n *fakeNode) change(rnd *rand.Rand) {
	pids := n.shard.presences.Pids()
	if len(pids) == 0 || rnd.IntN(3) > 0 {
		n.add(fmt.Sprint("room:", rnd.IntN(3)))
		return
	}
	gone := n.shard.presences.OfPid(pids[rnd.IntN(len(pids))])
	for _, e := range gone {
		n.shard.presences.Leave(e)
		if rnd.IntN(2) == 0 {
			again := n.shard.presences.Join(e.Pid, e.Topic, e.Key, etf.Map{})
			n.diff([]*crdt.Element{again}, nil)
		}
	}
	n.diff(nil, gone)
}

// show is what a node has, presence by presence.
func (n *fakeNode) show() (lines []string) {
	for _, e := range n.shard.presences.All() {
		lines = append(lines, fmt.Sprint(e.Tag, e.Pid, e.Topic, e.Key, e.Meta))
	}
	return lines
}

// agree checks that all nodes have the same, and have told the same.
func (net *network) agree(t testing.TB, context string) {
	t.Helper()
	want := net.nodes[0].show()
	for _, n := range net.nodes {
		require.Equal(t, want, n.show(), "%s on %s: %s", context, n.name, net.nodes[0].name)
		require.Len(t, n.view, len(want), "%s: the diffs of %s", context, n.name)
	}
}

func TestShardsAgreeAfterAllThatCanHappen(t *testing.T) {
	for seed := range uint64(soak.Size(40, 1000)) {
		rnd := rand.New(rand.NewPCG(seed, 5))
		net := newNetwork(t, Options{MaxSilentPeriods: 2, MaxDeltaSizes: []int{5, 20, 80}, DownPeriod: 12 * time.Second,
			PermdownPeriod: time.Minute}, "a", "b", "c", "d")
		net.loss = func() bool { return rnd.IntN(10) == 0 }
		for range 150 {
			n := net.nodes[rnd.IntN(4)]
			switch what := rnd.IntN(20); {
			case what == 0 && len(net.cut) == 0:
				net.split(1 + rnd.IntN(3))
			case what == 1:
				net.heal()
			case what == 2 && n.shard != nil:
				n.shard = nil
			case what == 3 && n.shard == nil:
				n.start()
			case what == 4:
				net.periods(rnd.IntN(60))
			case n.shard != nil:
				n.change(rnd)
			}
			if rnd.IntN(2) == 0 {
				net.period()
			}
		}
		for _, n := range net.nodes {
			if n.shard == nil {
				n.start()
			}
			require.Empty(t, n.refused)
		}
		net.heal()
		net.loss = func() bool { return false }
		net.periods(60)
		net.agree(t, fmt.Sprint("seed ", seed))

		clear(net.sent)
		net.periods(20)
		require.Zero(t, net.sent[transferReq], "seed %d: they know all and ask", seed)
	}
}

func TestASilentReplicaIsDownAndThenForgotten(t *testing.T) {
	net := newNetwork(t, Options{}, "a", "b")
	a, b := net.nodes[0], net.nodes[1]
	a.add("lobby")
	net.periods(2)
	net.agree(t, "at first")
	require.Equal(t, 2, net.sent[heartbeat], "the presence, and a sign of life")

	net.split(1)
	ref := a.shard.me()
	net.periods(19)
	require.Len(t, b.view, 1, "30 s have not passed")
	net.periods(2)
	require.Empty(t, b.view)
	require.Equal(t, 1, b.shard.presences.Len())
	require.True(t, b.shard.replicas["a"].down)
	net.heal()
	net.periods(11)
	require.Len(t, b.view, 1)
	require.False(t, b.shard.replicas["a"].down)

	net.split(1)
	net.periods(801)
	require.Zero(t, b.shard.presences.Len())
	require.NotContains(t, b.shard.presences.Context(), ref)
	require.Empty(t, b.shard.replicas)
	net.heal()
	net.periods(20)
	net.agree(t, "forgotten and found again")
}

func TestANewLifeOfANodeEndsTheOneBefore(t *testing.T) {
	net := newNetwork(t, Options{}, "a", "b")
	a, b := net.nodes[0], net.nodes[1]
	a.add("lobby")
	net.periods(2)
	before := a.shard.me()
	a.start()
	a.add("lobby")
	net.periods(1)
	net.agree(t, "it is back")
	require.NotContains(t, b.shard.presences.Context(), before)
	b.shard.handle(b, message{verb: gracefulPermdown, from: before}.term())
	require.Len(t, b.view, 1, "that is over")
	b.shard.handle(b, message{verb: gracefulPermdown, from: a.shard.me()}.term())
	require.Empty(t, b.view)
	require.Empty(t, b.shard.replicas)
}

func TestAQuietShardTellsThatItIsThereEveryFifteenSeconds(t *testing.T) {
	net := newNetwork(t, Options{}, "a", "b")
	net.periods(1)
	require.Equal(t, 2, net.sent[heartbeat])
	net.periods(10)
	require.Equal(t, 2, net.sent[heartbeat])
	net.periods(1)
	require.Equal(t, 4, net.sent[heartbeat])
	require.Zero(t, net.sent[transferReq])
}

func TestALateComerAsksOne(t *testing.T) {
	net := newNetwork(t, Options{}, "a", "b", "c")
	for range 5 {
		net.nodes[0].add("lobby")
	}
	net.periods(3)
	net.nodes[2].start()
	net.nodes[0].add("lobby")
	net.nodes[1].add("lobby")
	net.periods(3)
	net.agree(t, "all")
	require.Equal(t, net.sent[transferReq], net.sent[transferAck])
	require.LessOrEqual(t, net.sent[transferReq], 2)
}

func TestWhatIsNoMessageOfAShardIsIgnored(t *testing.T) {
	net := newNetwork(t, Options{}, "a", "b")
	a, b := net.nodes[0], net.nodes[1]
	a.add("lobby")
	net.periods(2)
	state := func() string { return fmt.Sprint(b.show(), b.shard.presences.Context(), len(b.view)) }
	before := state()
	for text, why := range map[string]string{
		"hello":                                       "no message of a shard",
		"{pub}":                                       "no message of a shard",
		"{pub, heartbeat, {a,1}, empty}":              "no message of a shard",
		"{pub, heartbeat, a, empty, {a, #{}}}":        "no replica: a",
		"{pub, heartbeat, {x,1}, empty, #{}}":         "no message of a shard",
		"{pub, heartbeat, {x,1}, empty, {{x,1}, []}}": "no map of clocks: []",
		"{pub, heartbeat, {x,1}, empty, {{x,1}, #{{x,1} => -1}}}": "no clock: -1",
		"{pub, heartbeat, {x,1}, #{}, {{x,1}, #{}}}":              "no struct Elixir.Phoenix.Tracker.State: #{}",
		"{pub, heartbeat, {b,9}, empty, {{b,9}, #{}}}":            "it names this node as its sender",
		"{pub, transfer_req, r, {x,1}, {{x,1}, #{}}}":             "its sender is not connected",
		"{pub, transfer_ack, r, {a,1}, {x, #{}}}":                 "no struct Elixir.Phoenix.Tracker.State: x",
		"{pub, heartbeat, {x,1}, empty, {{x,1}, #{}}}":            "its sender is not connected",
		"{pub, graceful_permdown, [a]}":                           "no replica: [a]",
		"{pub, something, {a,1}}":                                 "no message of a shard",
	} {
		term, err := etf.Parse(text)
		require.NoError(t, err, text)
		b.refused = nil
		b.shard.handle(b, term)
		require.Equal(t, []string{why}, b.refused, text)
		require.Equal(t, before, state(), text)
	}
	u := &crdt.Update{Replica: a.shard.me()}
	stranger := message{verb: heartbeat, from: crdt.Ref{Name: "x", Vsn: 1}, update: u}
	b.refused = nil
	b.shard.handle(b, stranger.term())
	require.Equal(t, []string{errNotOfSender.Error()}, b.refused)
	b.shard.handle(b, message{verb: heartbeat, from: b.shard.me()}.term()) // its own
	require.Len(t, b.refused, 1)
	require.Equal(t, before, state())
}

func TestACopyOfAShardIsItsOwn(t *testing.T) {
	net := newNetwork(t, Options{}, "a", "b")
	a, b := net.nodes[0], net.nodes[1]
	a.add("lobby")
	net.periods(2)
	copied, before := b.shard.clone(), b.show()
	a.add("lobby")
	net.period()
	b.shard.replicas["a"].down = true
	changed := b.show()
	require.Len(t, changed, 2)
	b.shard = copied
	require.Equal(t, before, b.show())
	require.False(t, b.shard.replicas["a"].down)
}
