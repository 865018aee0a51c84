package main

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// balanced is the output of load.erl when the accounts balance.
const balanced = `load
at up
account call_answered 90
account call_failed 10
account call_sent 100
account cast_arrived 180
account cast_sent 200
account cast_unpromised 20
account crashed 0
account monitor_fired 7
account monitor_set 7
reason call timeout 4
reason call nodedown 6
reason monitor normal 7
account ledger_disordered 0
account ledger_watched 9
account ledger_fired 9
account ledger_twice 0`

func loaded(service, said string) *load {
	l := &load{service: service, begun: make(chan struct{}), account: account{make(map[string]int),
		make(map[string]map[string]int)}}
	for text := range strings.SplitSeq(said, "\n") {
		l.line(text)
	}
	return l
}

func TestAccountsThatBalanceAreThoseOfBothLoadsAndOfOneLedger(t *testing.T) {
	r := &result{fault: fault{name: "none"}, loads: []*load{loaded(first, balanced), loaded(second, balanced)},
		noticed: -1, healed: time.Second}
	require.Empty(t, r.unbalanced())
	require.Equal(t, `| none | calls | 200 | 180 | 20: nodedown 12, timeout 8 | 0 | 0 | – | 1s |
|  | casts | 400 | 360 | 40 | 0 | 0 |  |  |
|  | monitors | 14 | 14 | 0: normal 14 | 0 | 0 |  |  |
|  | monitors of the Go node | 9 | 9 | 0 | 0 | 0 |  |  |
`, r.lines())
}

func TestWhateverDoesNotBalanceIsSaid(t *testing.T) {
	for _, c := range []struct{ old, now, want string }{
		{"call_answered 90", "call_answered 89", "calls: 1 lost of 100"},
		{"crashed 0", "stray_reply 2", "calls: 2 came twice or out of order"},
		{"crashed 0", "stray_down 1", "monitors: 1 came twice or out of order"},
		{"crashed 0", "crashed 1", "otp27: 1 crashed or had a wrong answer"},
		{"cast_arrived 180", "cast_arrived 179", "casts: 1 lost of 200"},
		{"crashed 0", "cast_twice 3", "casts: 3 came twice or out of order"},
		{"monitor_fired 7", "monitor_fired 6", "monitors: 1 lost of 7"},
		{"ledger_disordered 0", "ledger_disordered 1", "calls: 1 came twice or out of order"},
		{"ledger_fired 9", "ledger_fired 8", "monitors of the Go node: 1 lost of 9"},
		{"ledger_twice 0", "ledger_twice 1", "monitors of the Go node: 1 came twice or out of order"},
		{"account ledger_watched 9\naccount ledger_fired 9\n", "", "monitors of the Go node: none at all"},
	} {
		require.Contains(t, balanced, c.old)
		r := &result{loads: []*load{loaded(first, strings.Replace(balanced, c.old, c.now, 1))}}
		require.Equal(t, []string{c.want}, r.unbalanced())
	}
	r := &result{loads: []*load{loaded(first, balanced)}, stillFailing: true}
	require.Equal(t, []string{"calls still fail 1m0s after the end"}, r.unbalanced())
}

func TestALoadThatDiesWithTheFaultOwesNoAccount(t *testing.T) {
	r := &result{fault: fault{gone: second}, loads: []*load{loaded(first, balanced), loaded(second, "load\nat up")}}
	require.Empty(t, r.unbalanced())
}

func TestWhenCallsFailAndAreAnsweredAgain(t *testing.T) {
	begun := time.Now()
	l := loaded(first, "load\nat up\nat failing\nat down net_tick_timeout")
	require.False(t, l.answered())
	_, ok := l.first(begun, "down", "failing")
	require.True(t, ok)
	_, ok = l.first(begun, "answered")
	require.False(t, ok)
	l.line("at answered")
	require.True(t, l.answered())
	_, ok = l.first(time.Now().Add(time.Hour), "answered")
	require.False(t, ok)
}

func TestWhatWasNotRunIsNoFailureOfTheAccounts(t *testing.T) {
	t.Setenv("GONODE_SKIPPED_LANES", "")
	impossible := &result{notRun: "no such module", impossible: true}
	broken := &result{notRun: "docker has gone"}
	wrong := &result{loads: []*load{loaded(first, "load")}}
	require.Equal(t, 0, options{}.status([]*result{impossible, {notRun: notAsked}}, nil))
	require.Equal(t, 2, options{}.status([]*result{broken}, nil))
	require.Equal(t, 0, options{lane: true}.status([]*result{broken}, nil))
	require.Equal(t, 1, options{lane: true}.status([]*result{broken, wrong}, nil))
}
