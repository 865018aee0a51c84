package tracker

import (
	"encoding/hex"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/phoenix/tracker/internal/crdt"
)

type frame struct {
	kind, topic string
	msg         etf.Term
}

// frames are the recorded messages of a real tracker.
func frames(t testing.TB) (list []frame) {
	t.Helper()
	text, err := os.ReadFile("testdata/frames.txt")
	require.NoError(t, err)
	for line := range strings.Lines(string(text)) {
		kind, digits, ok := strings.Cut(strings.TrimSpace(line), " ")
		if !ok || kind == "#" {
			continue
		}
		raw, err := hex.DecodeString(digits)
		require.NoError(t, err)
		term, err := etf.Decode(raw)
		require.NoError(t, err)
		four, ok := etf.AsTuple(term, "forward_to_local", 4)
		require.True(t, ok)
		list = append(list, frame{kind, string(four[1].(etf.Binary)), four[2]})
	}
	return list
}

func TestWhatATrackerOfPhoenixSaysIsUnderstoodAndSaidInTheSameWords(t *testing.T) {
	kinds := map[string]int{}
	for _, f := range frames(t) {
		m, err := parseMessage(f.msg)
		require.NoError(t, err, etf.Format(f.msg))
		require.True(t, etf.Equal(f.msg, m.term()), "%s\n%s", etf.Format(f.msg), etf.Format(m.term()))
		kinds[f.kind]++
	}
	require.Equal(t, map[string]int{"heartbeat_delta": 4, "heartbeat_empty": 2, "transfer_ack": 2,
		"graceful_permdown": 2}, kinds)
}

func TestAShardFollowsARecordedOne(t *testing.T) {
	net := newNetwork(t, Options{}, "go@vm")
	n := net.nodes[0]
	var told []string
	for _, f := range frames(t) {
		if f.topic != shardTopic(ShardName("Elixir.MyT", 1)) {
			continue
		}
		m, err := parseMessage(f.msg)
		require.NoError(t, err)
		if m.verb == transferAck && n.shard.replicas["phx@vm"] != nil {
			n.shard.heartbeat(n, m.from) // that one was not recorded
		}
		n.shard.handle(n, f.msg)
		var shown []string
		for _, e := range n.shard.presences.Online("room:1") {
			ref, _ := e.Meta.Get(phxRef)
			prev, _ := e.Meta.Get(phxRefPrev)
			shown = append(shown, fmt.Sprintf("%s %s after %v", etf.Format(e.Key), ref, prev))
		}
		slices.Sort(shown)
		told = append(told, f.kind+": "+strings.Join(shown, ", "))
	}
	require.Empty(t, n.refused)
	require.Equal(t, []string{
		`heartbeat_delta: <<"alice">> <<"GOzr_zZtnOQ6rgBy">> after <nil>`,
		`heartbeat_delta: <<"alice">> <<"GOzr_3-FFho6rgCC">> after <<"GOzr_zZtnOQ6rgBy">>`,
		`heartbeat_delta: `,
		`heartbeat_delta: <<"bob">> <<"GOzsAA6wUW06rgCS">> after <nil>`,
		`transfer_ack: <<"bob">> <<"GOzsAA6wUW06rgCS">> after <nil>`,
		`graceful_permdown: `,
		`heartbeat_empty: `,
		`transfer_ack: <<"bob">> <<"GOzsCC3UmLw6rgFB">> after <nil>`,
	}, told)
	require.Len(t, n.view, 1)
}

func TestSetsOfEveryElixirAreUnderstood(t *testing.T) {
	ref := crdt.Ref{Name: "a", Vsn: 1}
	set := func(fields string) string {
		return `#{'__struct__' => 'Elixir.Phoenix.Tracker.State', clouds => #{{a,1} => #{'__struct__' => 'Elixir.MapSet', ` +
			fields + `}}, context => #{}, mode => delta, range => {#{},#{}}, replica => {a,1}, values => #{}}`
	}
	for _, fields := range []string{ // Elixir 1.4, up to 1.14, and later
		"map => #{{{a,1},1} => true}", "map => #{{{a,1},1} => []}, version => 2", "map => #{{{a,1},1} => []}",
	} {
		term, err := etf.Parse(set(fields))
		require.NoError(t, err)
		u, err := crdt.ParseUpdate(term)
		require.NoError(t, err)
		s := crdt.New(crdt.Ref{Name: "b", Vsn: 1}, nil)
		s.Up(ref)
		s.Merge(u)
		require.Equal(t, uint64(1), s.Context()[ref], fields)
	}
	for _, fields := range []string{"map => []", "map => #{{{b,1},1} => []}", "map => #{x => []}", "maps => #{}"} {
		term, err := etf.Parse(set(fields))
		require.NoError(t, err)
		_, err = crdt.ParseUpdate(term)
		var shape *crdt.ShapeError
		require.ErrorAs(t, err, &shape, fields)
	}
}

func TestShardsHaveTheNamesThatElixirGivesThem(t *testing.T) {
	for topic, want := range map[string][2]etf.Atom{ // of OTP 25
		"":            {"Elixir.MyT_shard1", "Elixir.MyT_shard9"},
		"lobby":       {"Elixir.MyT_shard1", "Elixir.MyT_shard1"},
		"room:2":      {"Elixir.MyT_shard0", "Elixir.MyT_shard8"},
		"rooms:lobby": {"Elixir.MyT_shard1", "Elixir.MyT_shard9"},
		"日本":          {"Elixir.MyT_shard1", "Elixir.MyT_shard7"},
	} {
		require.Equal(t, want, [2]etf.Atom{ShardOfTopic("Elixir.MyT", topic, 2), ShardOfTopic("Elixir.MyT", topic, 10)},
			topic)
	}
}

func TestOptionsThatCannotWorkAreRefused(t *testing.T) {
	for option, o := range map[string]Options{
		"PoolSize": {PoolSize: -1}, "MaxSilentPeriods": {MaxSilentPeriods: -1},
		"ClockSamplePeriods": {ClockSamplePeriods: -1},
		"BroadcastPeriod":    {BroadcastPeriod: 1}, "DownPeriod": {DownPeriod: 2999e6},
		"PermdownPeriod": {PermdownPeriod: 30e9}, "MaxDeltaSizes": {MaxDeltaSizes: []int{10, 10}},
	} {
		_, err := New(nil, "t", nil, o)
		var wrong *OptionError
		require.ErrorAs(t, err, &wrong)
		require.Equal(t, option, wrong.Option)
		require.ErrorContains(t, err, "tracker: option "+option)
	}
}

// FuzzMessage gives a shard whatever may come.
func FuzzMessage(f *testing.F) {
	for _, one := range frames(f) {
		wire, err := etf.Append(nil, one.msg)
		require.NoError(f, err)
		f.Add(wire)
	}
	f.Fuzz(func(t *testing.T, wire []byte) {
		term, err := etf.Decode(wire)
		if err != nil {
			return
		}
		m, err := parseMessage(term)
		if err != nil {
			return
		}
		again, err := parseMessage(m.term())
		require.NoError(t, err)
		require.Equal(t, m, again)
		net := newNetwork(t, Options{}, "go@vm", "phx@vm")
		n := net.nodes[0]
		n.add("room:1")
		n.shard.handle(n, term)
		n.shard.handle(n, term)
		net.deliver()
		require.Len(t, n.shard.presences.OfPid(etf.Pid{Node: "go@vm", ID: 1}), 1, "nobody else takes what is its own")
	})
}
