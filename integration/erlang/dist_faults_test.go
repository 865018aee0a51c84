package erlang

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/gonodetest/beam"
	"github.com/gonode-otp/gonode/gonodetest/faultproxy"
	"github.com/gonode-otp/gonode/internal/soak"
)

// bentFor is how long calls go on over each bent connection.
var bentFor = soak.Size(time.Second, 2*time.Second)

// only fails if there was an outcome that is not among the allowed ones.
func (o outcomes) only(t *testing.T, allowed ...string) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(o)) {
		require.Contains(t, allowed, name, "%v", o)
	}
}

// wrong counts what no call should ever get.
func (o outcomes) wrong() int { return o["corrupted"] + o["misrouted"] + o["stray"] }

// What was changed on the way to the Go node is noticed, unless it is still a message: then that one message is
// wrong, if only in the reference of the call that it answers. TCP has checksums against this, and TLS better ones;
// the protocol has none. Only the Go node is shown such bytes: a BEAM node may be brought to its end by them.
func TestBytesThatWereChangedHurtAMessageOrTheConnectionAndNothingElse(t *testing.T) {
	t.Parallel()
	for name, faults := range map[string]faultproxy.RandomFaults{
		"turned over": {Skip: 600, Gap: 20_000, Kinds: []faultproxy.Kind{faultproxy.Flip}},
		"doubled":     {Skip: 600, Gap: 20_000, Kinds: []faultproxy.Kind{faultproxy.Duplicate}},
		"dropped":     {Skip: 600, Gap: 20_000, Kinds: []faultproxy.Kind{faultproxy.Drop}},
	} {
		t.Run(name, func(t *testing.T) {
			p := bentPair(t, faults.Plan().Towards("gonode@localhost"))
			fromErl, fromGo := p.both(bentFor, 300*time.Millisecond)
			count := len(p.proxy.Report())
			require.NotZero(t, count)
			require.NotZero(t, fromErl["ok"])
			require.NotZero(t, fromGo["ok"])
			require.LessOrEqual(t, fromErl.wrong()+fromGo.wrong(), count)
			p.heals()
		})
	}
}

// Wherever a connection is cut, each call gets its answer or a reason at once, and both sides come together again.
func TestConnectionsThatAreCutAnywhereCostTheCallsUnderWayAndNothingElse(t *testing.T) {
	t.Parallel()
	for name, faults := range map[string]faultproxy.RandomFaults{
		"cut":            {Gap: 200_000, Kinds: []faultproxy.Kind{faultproxy.Cut}},
		"reset":          {Gap: 200_000, Kinds: []faultproxy.Kind{faultproxy.Reset}},
		"closed one way": {Gap: 200_000, Kinds: []faultproxy.Kind{faultproxy.HalfClose}},
		"early":          {Gap: 300, Kinds: []faultproxy.Kind{faultproxy.Cut, faultproxy.Reset}},
	} {
		t.Run(name, func(t *testing.T) {
			faults.Seed = 1
			p := bentPair(t, faults.Plan())
			if name == "early" && beam.OTPRelease(t) < 24 {
				// If both have dialled, net_kernel of OTP 23 may wait for ever for the end of a process that has ended
				// (handle_info/2, accept_pending of a pending connection; mended later).
				p.fromGo(2*time.Second, 20*time.Second).only(t, "ok", "noconnection")
				return
			}
			fromErl, fromGo := p.both(bentFor, 20*time.Second)
			require.Greater(t, p.proxy.Connections(), 3)
			if beam.OTPRelease(t) < 24 {
				delete(fromErl, "stray") // without aliases an answer may come late
			}
			fromErl.only(t, "ok", "{exit,nodedown}", "{exit,noconnection}")
			fromGo.only(t, "ok", "noconnection")
			if name != "early" {
				require.NotZero(t, fromErl["ok"])
				require.NotZero(t, fromGo["ok"])
				p.heals()
			}
		})
	}
}

func TestDelaysAndSlownessLoseNothing(t *testing.T) {
	faults := faultproxy.RandomFaults{Seed: 2, Gap: 20_000, Count: 1000,
		Kinds: []faultproxy.Kind{faultproxy.Delay, faultproxy.Rate}}
	p := bentPair(t, faults.Plan())
	fromErl, fromGo := p.both(bentFor, 20*time.Second)
	fromErl.only(t, "ok")
	fromGo.only(t, "ok")
	require.LessOrEqual(t, p.proxy.Connections(), 2, "both may have dialled at the beginning")
	require.Greater(t, len(p.proxy.Report()), 10)
}

func TestAPauseOfTheNetworkThatIsShorterThanTheTickTimeIsNotNoticed(t *testing.T) {
	p := bentPair(t, nil)
	stillServes(t, p.n, p.e)
	var fromErl, fromGo outcomes
	var work sync.WaitGroup
	work.Go(func() { fromErl, fromGo = p.both(bentFor, 20*time.Second) })
	for range 5 {
		wait(t, 200*time.Millisecond)
		p.proxy.Pause()
		wait(t, 200*time.Millisecond)
		p.proxy.Resume()
	}
	work.Wait()
	fromErl.only(t, "ok")
	fromGo.only(t, "ok")
	require.Equal(t, 1, p.proxy.Connections())
}

func wait(t *testing.T, d time.Duration) {
	t.Helper()
	select {
	case <-time.After(d):
	case <-t.Context().Done():
	}
}

// Casts get lost with a connection. But what arrives is in order, nothing arrives twice, and of what was sent between
// two calls that were answered by the same connection nothing is missing.
func TestCastsStayCompleteAndInOrderOnEachConnection(t *testing.T) {
	t.Parallel()
	for name, faults := range map[string]faultproxy.RandomFaults{
		"cut": {Gap: 50_000, Kinds: []faultproxy.Kind{faultproxy.Cut, faultproxy.Reset,
			faultproxy.HalfClose}},
		"cut and delays": {Gap: 5_000, Kinds: []faultproxy.Kind{faultproxy.Delay, faultproxy.Delay,
			faultproxy.Delay, faultproxy.Cut}},
		"delays": {Gap: 5_000, Count: 1000, Kinds: []faultproxy.Kind{faultproxy.Delay}},
	} {
		t.Run(name, func(t *testing.T) {
			faults.Seed = 3
			p := bentPair(t, faults.Plan())
			ctx := within(t, 50*time.Second)
			var whole string
			var err error
			var work sync.WaitGroup
			work.Go(func() {
				casts := fmt.Sprintf("load:casts({recorder,'gonode@localhost'}, %d)", bentFor.Milliseconds())
				whole, err = p.e.NewSession().Try(ctx, casts)
			})
			stretches := p.castsToErl(ctx, bentFor)
			work.Wait()
			require.NoError(t, err)
			require.NotZero(t, stretches)
			got, err := p.n.Call(ctx, etf.Atom("recorder"), etf.Atom("get"))
			require.NoError(t, err)
			arrived := ascending(t, 0, got.(etf.List))
			parsed, err := etf.Parse(whole)
			require.NoError(t, err)
			require.NotEmpty(t, parsed)
			for _, s := range parsed.(etf.List) {
				for i := s.(etf.Tuple)[0].(etf.Int); i <= s.(etf.Tuple)[1].(etf.Int); i++ {
					require.True(t, arrived[i], "%d of %v", i, s)
				}
			}
			t.Logf("%d connections; whole stretches: %d to Go, %d to Erlang", p.proxy.Connections(), len(parsed.(etf.List)),
				stretches)
		})
	}
}

// castsToErl does what load:casts does, in the other direction, and checks it at once.
func (p *pair) castsToErl(ctx context.Context, d time.Duration) (stretches int) {
	p.t.Helper()
	last := etf.Int(0)
	for i, stop := etf.Int(1), time.Now().Add(d); time.Now().Before(stop); i += 50 {
		before := p.proxy.Connections()
		sent := 0
		for j := range etf.Int(50) {
			if p.n.Cast(ctx, p.srv, i+j) == nil {
				sent++
			}
		}
		seen, err := p.n.Call(ctx, p.srv, etf.Atom("seen"))
		if err != nil {
			continue
		}
		var numbers etf.List
		for _, cast := range seen.(etf.List) {
			numbers = append(numbers, cast.(etf.Tuple)[1])
		}
		arrived := ascending(p.t, last, numbers)
		if len(numbers) > 0 {
			last = numbers[len(numbers)-1].(etf.Int)
		}
		if p.proxy.Connections() != before || before == 0 {
			continue
		}
		stretches++
		for j := range etf.Int(50) {
			require.True(p.t, arrived[i+j], "%d of %d, %d sent", j, i, sent)
		}
	}
	return stretches
}

// ascending fails unless the numbers ascend from last on, and returns them as a set.
func ascending(t *testing.T, last etf.Int, numbers etf.List) map[etf.Int]bool {
	t.Helper()
	set := map[etf.Int]bool{}
	for i, n := range numbers {
		if next, ok := n.(etf.Int); !ok || next <= last {
			require.Fail(t, "not ascending", "%v behind %d, in place %d of %d", n, last, i, len(numbers))
		}
		last = n.(etf.Int)
		set[last] = true
	}
	return set
}
