package erlang

import (
	"fmt"
	"net"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/epmd"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/gonodetest"
)

func TestLargeTermsGoBothWays(t *testing.T) {
	n := startSamples(t)
	e := gonodetest.StartErl(t, gonodetest.WithTimeout(2*time.Minute))
	to := startSrv(t, e)
	echo := at(n, "{echo,'gonode@host'}")
	for name, source := range map[string]string{
		"64 MB binary":              "binary:copy(<<\"0123456789abcdef\">>, 4 * 1024 * 1024)",
		"a million elements":        "lists:seq(1, 1000000)",
		"1000 atoms in one message": "[list_to_atom(\"atom_\" ++ integer_to_list(I)) || I <- lists:seq(1, 1000)]",
	} {
		require.Equal(t, "true", e.Eval(t, "(fun() -> T = "+source+", gen_server:call("+echo+", T, 100000) =:= T end)()"), name)
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
	e := gonodetest.StartErl(t, gonodetest.WithTimeout(2*time.Minute))
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
}

func TestStrangersByTheThousandDoNotDisturbACall(t *testing.T) {
	n := startSamples(t)
	e := gonodetest.StartErl(t)
	stillServes(t, n, e)
	var conns []net.Conn
	t.Cleanup(func() {
		for _, c := range conns {
			_ = c.Close()
		}
	})
	for i := range 1000 {
		c, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(n.Addr().(*net.TCPAddr).Port)))
		require.NoError(t, err)
		conns = append(conns, c)
		switch i % 4 {
		case 0: // says nothing
		case 1:
			_, _ = c.Write([]byte("GET / HTTP/1.1\r\n\r\n"))
		case 2:
			_, _ = c.Write([]byte{0xff, 0xff}) // announces a packet that never comes
		case 3:
			_, _ = c.Write([]byte{0, 1, 'N'})
		}
		if i%100 == 0 {
			stillServes(t, n, e)
		}
	}
	stillServes(t, n, e)
}

func TestConnectionsComeAndGoFiveHundredTimes(t *testing.T) {
	n := startSamples(t)
	e := gonodetest.StartErl(t)
	name := etf.Atom(e.Name())
	for i := range 500 {
		if i%2 == 0 {
			require.NoError(t, n.Ping(within(t, 10*time.Second), name))
			require.True(t, n.Disconnect(name))
			continue
		}
		require.Equal(t, "pong", e.Eval(t, at(n, "net_adm:ping('gonode@host')")))
		e.Eval(t, at(n, "erlang:disconnect_node('gonode@host')"))
		require.Eventually(t, func() bool { return len(n.Nodes()) == 0 }, 5*time.Second, time.Millisecond)
	}
	stillServes(t, n, e)
	require.Len(t, n.Nodes(), 1)
}

func TestTheNodeIsRegisteredAgainWhenEPMDComesBack(t *testing.T) {
	n := startSamples(t)
	daemon := gonodetest.PrivateEPMD(t)
	daemon.Kill(t)
	daemon.Restart(t)
	began := time.Now()
	require.Eventually(t, func() bool {
		info, err := epmd.Lookup(t.Context(), fmt.Sprintf("127.0.0.1:%d", daemon.Port()), "gonode")
		return err == nil && int(info.Port) == n.Addr().(*net.TCPAddr).Port
	}, 5*time.Second, 20*time.Millisecond)
	require.Less(t, time.Since(began), 3*time.Second)
	stillServes(t, n, gonodetest.StartErl(t))
}

func TestAPeerThatReadsNothingBlocksItsSendersAndNobodyElse(t *testing.T) {
	n := startSamples(t)
	stuck, fine := gonodetest.StartErl(t), gonodetest.StartErl(t)
	to := startSrv(t, stuck)
	stillServes(t, n, fine)
	require.NoError(t, n.Ping(within(t, 10*time.Second), etf.Atom(stuck.Name())))
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
	seen, err := n.Call(within(t, 20*time.Second), to, etf.Atom("seen"))
	require.NoError(t, err)
	require.Len(t, seen, count, "nothing that was taken is lost")
}

func TestANativeRecordForAnOldPeerFailsThatSendOnly(t *testing.T) {
	n := startSamples(t)
	e := gonodetest.StartErl(t)
	to := startSrv(t, e)
	record := &etf.Record{Module: "m", Name: "r", Fields: []etf.Atom{"f"}, Values: []etf.Term{etf.Int(1)}}
	err := n.Cast(within(t, 10*time.Second), to, record)
	var refused *etf.EncodeError
	if gonodetest.OTPRelease(t) < 29 {
		require.ErrorAs(t, err, &refused)
	}
	reply, err := n.Call(within(t, 10*time.Second), to, term(t, "{echo, next}"))
	require.NoError(t, err)
	require.Equal(t, etf.Atom("next"), reply)
}
