package erlang

import (
	"bytes"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/epmd"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/gonodetest/beam"
)

func TestLargeTermsGoBothWays(t *testing.T) {
	n := startSamples(t)
	e := beam.StartErl(t, beam.WithTimeout(2*time.Minute))
	to := startSrv(t, e)
	echo := at(n, "{echo,'gonode@host'}")
	for name, source := range map[string]string{
		"64 MB binary":              "binary:copy(<<\"0123456789abcdef\">>, 4 * 1024 * 1024)",
		"a million elements":        "lists:seq(1, 1000000)",
		"1000 atoms in one message": "[list_to_atom(\"atom_\" ++ integer_to_list(I)) || I <- lists:seq(1, 1000)]",
	} {
		require.Equal(t, "true", e.Eval(t, "(fun() -> T = "+source+", gen_server:call("+echo+", T, 100000) =:= T end)()"),
			name)
	}
	require.Equal(t, "[]", e.Eval(t, `[I || I <- lists:seq(1, 300), T <- [[list_to_atom("over_time_" ++ integer_to_list(I * 20 + J)) || J <- lists:seq(1, 20)]],
		gen_server:call(`+echo+`, T, 100000) =/= T]`), "6000 atoms, more than a cache holds, over time")

	large := etf.Tuple{etf.Atom("echo"), etf.Binary(make([]byte, 64<<20))}
	reply, err := n.Call(within(t, time.Minute), to, large)
	require.NoError(t, err)
	require.True(t, etf.Equal(large[1], reply))
}

func TestMixedSizesOfManySendersKeepTheirContents(t *testing.T) {
	n := startSamples(t)
	e := beam.StartErl(t, beam.WithTimeout(2*time.Minute))
	to := startSrv(t, e)
	ctx := within(t, 2*time.Minute)
	var work sync.WaitGroup
	var wrong, right atomic.Int64
	for p := range 15 { // at the same time, in the other direction
		work.Go(func() {
			for i, stop := p, time.Now().Add(3*time.Second); time.Now().Before(stop); i++ {
				size := []int{3000, 64 << 10, 200 << 10}[i%3]
				sent := etf.Tuple{etf.Int(p), etf.Int(i), etf.Binary(bytes.Repeat([]byte{byte(p), byte(i >> 8), byte(i)}, size/3))}
				got, err := n.Call(ctx, to, etf.Tuple{etf.Atom("echo"), sent})
				if err != nil || !etf.Equal(sent, got) {
					wrong.Add(1)
				} else {
					right.Add(1)
				}
			}
		})
	}
	require.Equal(t, "0", e.Eval(t, at(n, `(fun() ->
		S = {echo,'gonode@host'}, Me = self(), Stop = erlang:monotonic_time(millisecond) + 3000,
		One = fun F(P, I, Bad) ->
			case erlang:monotonic_time(millisecond) > Stop of
				true -> Me ! {bad, Bad};
				false ->
					Size = element(1 + I rem 3, {3000, 64 * 1024, 200 * 1024}),
					T = {P, I, [tag, binary:copy(<<P, I:16>>, Size div 3)]},
					F(P, I + 1, case gen_server:call(S, T, 60000) of T -> Bad; _ -> Bad + 1 end)
			end
		end,
		[spawn_link(fun() -> One(P, P, 0) end) || P <- lists:seq(1, 15)],
		lists:sum([receive {bad, B} -> B end || _ <- lists:seq(1, 15)])
	end)()`)))
	work.Wait()
	require.Zero(t, wrong.Load())
	require.Greater(t, right.Load(), int64(15))
}

func TestTheNodeIsRegisteredAgainWhenEPMDComesBack(t *testing.T) {
	n := startSamples(t)
	daemon := beam.PrivateEPMD(t)
	// Once within three seconds; more often only while the machine has too much to do.
	for rounds, took := 0, time.Hour; took >= 3*time.Second; rounds++ {
		require.Less(t, rounds, 4, "the last time it took %v", took)
		daemon.Kill(t)
		daemon.Restart(t)
		began := time.Now()
		require.Eventually(t, func() bool {
			info, err := epmd.Lookup(t.Context(), fmt.Sprintf("127.0.0.1:%d", daemon.Port()), "gonode")
			return err == nil && int(info.Port) == n.Addr().(*net.TCPAddr).Port
		}, 30*time.Second, 20*time.Millisecond)
		took = time.Since(began)
		t.Logf("registered again after %v", took.Round(time.Millisecond))
	}
	stillServes(t, n, beam.StartErl(t))
}

func TestAPeerThatReadsNothingBlocksItsSendersAndNobodyElse(t *testing.T) {
	n := startSamples(t)
	stuck, fine := beam.StartErl(t), beam.StartErl(t)
	to := startSrv(t, stuck)
	stillServes(t, n, fine)
	require.NoError(t, n.Ping(within(t, 30*time.Second), etf.Atom(stuck.Name())))
	stuck.Pause(t)
	var wg sync.WaitGroup
	sent := make(chan int, 1)
	wg.Go(func() {
		ctx := within(t, 2*time.Second)
		count := 0
		for ; count < 1000 && n.Cast(ctx, to, etf.Binary(make([]byte, 1<<20))) == nil; count++ {
		}
		sent <- count
	})
	stillServes(t, n, fine)
	count := <-sent
	require.Less(t, count, 100, "the sender was held up long before a gigabyte was queued")
	wg.Wait()
	stuck.Resume(t)
	seen, err := n.Call(within(t, 30*time.Second), to, etf.Atom("seen"))
	require.NoError(t, err)
	require.Len(t, seen, count, "nothing that was taken is lost")
}

// points makes native records, which are experimental in OTP 29.
const points = `
-module(points).
-export([new/2, is/1]).
-record #point{x = 0, y = 0}.
-export_record([point]).
new(X, Y) -> #point{x = X, y = Y}.
is(#point{x = 1, y = [a, <<"b">>]}) -> true;
is(_) -> false.
`

func TestANativeRecordGoesToPeersThatKnowThemAndFailsThatSendOnlyTowardsOthers(t *testing.T) {
	n := startSamples(t)
	e := beam.StartErl(t)
	to := startSrv(t, e)
	ctx := within(t, 30*time.Second)
	record := &etf.Record{Module: "points", Name: "point", Exported: true, Fields: []etf.Atom{"x", "y"},
		Values: []etf.Term{etf.Int(1), term(t, `[a, <<"b">>]`)}}
	reply, err := n.Call(ctx, to, etf.Tuple{etf.Atom("echo"), record})
	if beam.OTPRelease(t) < 29 {
		var refused *etf.EncodeError
		require.ErrorAs(t, err, &refused)
	} else {
		require.NoError(t, err)
		require.True(t, etf.Equal(record, reply), etf.Format(reply))
		e.Compile(t, "points", points)
		require.Equal(t, "true", e.Eval(t, at(n,
			`(fun() -> P = points:new(1, [a, <<"b">>]), true = points:is(P), P =:= gen_server:call({echo,'gonode@host'}, P) end)()`)))
		spawn(t, n, "keeper", genserv.Of(recorder{}))
		require.Equal(t, "true", e.Eval(t, at(n, `begin gen_server:cast({keeper,'gonode@host'}, points:new(1, [a, <<"b">>])),
			points:is(hd(gen_server:call({keeper,'gonode@host'}, get))) end`)))
		kept, err := n.Call(ctx, etf.Atom("keeper"), etf.Atom("get"))
		require.NoError(t, err)
		require.Equal(t, etf.Term(record), kept.(etf.List)[0])
	}
	reply, err = n.Call(ctx, to, term(t, "{echo, next}"))
	require.NoError(t, err)
	require.Equal(t, etf.Atom("next"), reply)
}
