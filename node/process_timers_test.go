package node

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// alarmClock is a server that sets timers: {set, [{Ms, To, Msg}]}. Its state is what HandleInfo has got.
type alarmClock struct{}

func (alarmClock) Init(*genserv.Process, etf.Term) genserv.InitResult[etf.List] {
	return genserv.Ok(etf.List(nil))
}

func (alarmClock) HandleCall(p *genserv.Process, request etf.Term, _ genserv.From,
	seen etf.List) genserv.Result[etf.List] {
	if t, ok := request.(etf.Tuple); ok {
		var late []*genserv.Timer
		for _, timer := range t[1].(etf.List) {
			t := timer.(etf.Tuple)
			set := p.SendAfter(time.Duration(t[0].(etf.Int))*time.Millisecond, t[1], t[2])
			if etf.IsAtom(t[2], "never") {
				late = append(late, set)
			}
		}
		for _, timer := range late {
			if !timer.Cancel() || timer.Cancel() {
				return genserv.Reply(etf.Atom("not_cancelled"), seen)
			}
		}
		return genserv.Reply(etf.Atom("ok"), seen)
	}
	return genserv.Reply(seen, seen)
}

func (alarmClock) HandleInfo(_ *genserv.Process, msg etf.Term, seen etf.List) genserv.Result[etf.List] {
	return genserv.NoReply(append(seen, msg))
}

// setTimers makes the clock set timers and returns when it has set them.
func setTimers(t *testing.T, n *Node, clock etf.Pid, timers etf.List) {
	t.Helper()
	reply, err := n.Call(t.Context(), clock, etf.Tuple{etf.Atom("set"), timers})
	require.NoError(t, err)
	require.Equal(t, etf.Atom("ok"), reply)
}

func requireSeen(t *testing.T, n *Node, clock etf.Pid, want etf.List) {
	t.Helper()
	var seen etf.Term
	require.Eventually(t, func() bool {
		var err error
		seen, err = n.Call(t.Context(), clock, etf.Atom("seen"))
		return err == nil && len(seen.(etf.List)) >= len(want)
	}, 20*time.Second, 5*time.Millisecond)
	require.Equal(t, want, seen)
}

func TestTimersGoOffInTheOrderOfTheirTimesAndNotWhenTheyAreCancelled(t *testing.T) {
	n := testNode(t, Config{})
	pid, err := n.Spawn(t.Context(), genserv.Child{Name: "clock", Module: genserv.Of(alarmClock{})})
	require.NoError(t, err)
	var timers, want etf.List
	for i := range 20 {
		for range 5 {
			timers = append(timers, etf.Tuple{etf.Int(300 + i), pid, etf.Int(i)})
			want = append(want, etf.Int(i))
		}
		timers = append(timers, etf.Tuple{etf.Int(10_000 - 500*i), etf.Atom("clock"), etf.Atom("never")})
	}
	rand.Shuffle(len(timers), func(i, j int) { timers[i], timers[j] = timers[j], timers[i] })
	setTimers(t, n, pid, timers)
	requireSeen(t, n, pid, want)
}

func TestATimerOutlivesWhoSetItAndNotWhomItIsFor(t *testing.T) {
	n := testNode(t, Config{})
	setter, err := n.Spawn(t.Context(), genserv.Child{Module: genserv.Of(alarmClock{})})
	require.NoError(t, err)
	other, err := n.Spawn(t.Context(), genserv.Child{Name: "other", Module: genserv.Of(alarmClock{})})
	require.NoError(t, err)
	setTimers(t, n, setter, etf.List{
		etf.Tuple{etf.Int(100), setter, etf.Int(1)}, etf.Tuple{etf.Int(101), other, etf.Int(2)},
		etf.Tuple{etf.Int(102), etf.Atom("nobody"), etf.Int(3)}, etf.Tuple{etf.Int(103), etf.Atom("other"), etf.Int(4)},
	})
	timers := n.local(destination{pid: setter}).laterSends()
	require.NoError(t, n.Terminate(t.Context(), setter, nil))
	requireSeen(t, n, other, etf.List{etf.Int(2), etf.Int(4)})
	timers.mu.Lock()
	defer timers.mu.Unlock()
	require.Empty(t, timers.waiting)
}
