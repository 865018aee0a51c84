//go:build unix

package dist_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/gonodetest/beam"
	"github.com/gonode-otp/gonode/internal/soak"
)

// ended waits for the end of Serve.
func (n *goNode) ended() error {
	n.t.Helper()
	select {
	case err := <-n.end:
		return err
	case <-time.After(60 * time.Second):
		require.FailNow(n.t, "the connection did not end")
		return nil
	}
}

// tokenWatch has the node tell why it takes connections for ended.
func tokenWatch(t *testing.T, erl *beam.Node) *beam.Session {
	s := erl.NewSession()
	s.Eval(t, "net_kernel:monitor_nodes(true, [{node_type, all}, nodedown_reason])")
	return s
}

func reason(t *testing.T, s *beam.Session, node etf.Atom) string {
	t.Helper()
	return s.Eval(t, fmt.Sprintf(`receive {nodedown, %v, Info} -> proplists:get_value(nodedown_reason, Info)
		after 30000 -> none end`, node))
}

func TestErlTakesAClosedConnectionForClosed(t *testing.T) {
	erl := beam.StartErl(t)
	s := tokenWatch(t, erl)
	n := joinErl(t, erl, "go", dist.DefaultFlags, dist.Options{})
	s.Eval(t, fmt.Sprintf(`register(target, self()), process_flag(trap_exit, true), {x, %v} ! self()`, n.self.Node))
	_, payload := n.next()
	p := payload.(etf.Pid)
	n.send(&dist.Send{From: n.pid(1), To: p}, tuple(etf.Atom("our"), n.pid(1)))
	s.Eval(t, "receive {our, Our} -> link(Our), monitor(process, Our) end")
	n.next()
	n.next()
	for i := range 50 {
		n.send(&dist.Send{From: n.pid(1), To: p}, tuple(etf.Int(i), make(etf.Binary, 100_000)))
	}
	n.conn.Close(nil)
	require.Equal(t, dist.ErrClosed, n.ended())
	require.Equal(t, "connection_closed", reason(t, s, n.self.Node))
	// Everything that was sent has arrived, and after it what the end of the connection makes of link and monitor.
	require.Equal(t, "{50,[noconnection,noconnection]}", s.Eval(t, `(fun Count(Binaries, Ends) -> receive
		{I, B} when I =:= Binaries, byte_size(B) =:= 100000, Ends =:= [] -> Count(Binaries + 1, Ends);
		{'EXIT', _, R} when Binaries =:= 50, Ends =/= [] -> {Binaries, [R|Ends]};
		{'DOWN', _, process, _, R} when Binaries =:= 50, Ends =/= [] -> {Binaries, [R|Ends]};
		{'EXIT', _, R} -> Count(Binaries, [R|Ends]);
		{'DOWN', _, process, _, R} -> Count(Binaries, [R|Ends])
		after 20000 -> {Binaries, Ends} end end)(0, [])`))
}

func tuple(elems ...etf.Term) etf.Tuple { return elems }

func TestErlClosesTheConnection(t *testing.T) {
	erl := beam.StartErl(t)
	n := joinErl(t, erl, "go", dist.DefaultFlags, dist.Options{})
	awaitTrue(t, erl, fmt.Sprintf("nodes(hidden) =:= [%v]", n.self.Node)) // its end of the handshake comes later
	require.Equal(t, "true", erl.Eval(t, fmt.Sprintf("erlang:disconnect_node(%v)", n.self.Node)))
	require.ErrorIs(t, n.ended(), dist.ErrPeerClosed)
	err := n.conn.Post(&dist.RegSend{From: n.pid(1), To: "x"}, etf.Int(1))
	require.ErrorIs(t, err, dist.ErrPeerClosed)
}

func TestErlDies(t *testing.T) {
	erl := beam.StartErl(t)
	n := joinErl(t, erl, "go", dist.DefaultFlags, dist.Options{})
	erl.Kill(t)
	require.ErrorIs(t, n.ended(), dist.ErrPeerClosed)
}

func TestErlIsPausedAndGivenUp(t *testing.T) {
	t.Parallel()
	erl := beam.StartErl(t)
	n := joinErl(t, erl, "go", dist.DefaultFlags, dist.Options{TickTime: 4 * time.Second})
	erl.Pause(t)
	began := time.Now()
	require.Equal(t, dist.ErrTickTimeout, n.ended())
	// To the moment it is a matter of tick_test.go; here nobody knows when the last byte came, nor how busy the machine
	// is.
	require.InDelta(t, 15.5, time.Since(began).Seconds(), 14.5)
	erl.Resume(t)
}

// The node ticks every second and gives up after four without a byte; we tick every quarter of an hour, and answer.
func TestErlIsKeptAwakeByAnswersToItsTicks(t *testing.T) {
	t.Parallel()
	seconds := soak.Size(7, 12)
	erl := beam.StartErl(t, beam.WithArgs("-kernel", "net_ticktime", "4"))
	var mu sync.Mutex
	in, out := 0, 0
	n := joinErl(t, erl, "go", dist.DefaultFlags, dist.Options{TickTime: time.Hour, Trace: func(e dist.TraceEvent) {
		mu.Lock()
		defer mu.Unlock()
		if e.Message == nil && e.Out {
			out++
		} else if e.Message == nil {
			in++
		}
	}})
	s := tokenWatch(t, erl)
	wait := fmt.Sprintf("receive {nodedown, _, _} = Down -> Down after %d -> none end", 1000*seconds)
	require.Equal(t, "none", s.Eval(t, wait))
	require.NoError(t, n.conn.Err())
	mu.Lock()
	defer mu.Unlock()
	require.GreaterOrEqual(t, in, seconds/2)
	require.InDelta(t, in, out, 2)
}

func TestErlGivesUpANodeThatIsSilent(t *testing.T) {
	t.Parallel()
	erl := beam.StartErl(t, beam.WithArgs("-kernel", "net_ticktime", "4"))
	s := tokenWatch(t, erl)
	l := local(erl, "mute")
	_, c, err := connect(t, l, erl)
	require.NoError(t, err)
	require.Equal(t, "net_tick_timeout", reason(t, s, l.Node))
	ended(t, c)
}

// Messages of all sizes at once in both directions: each comes back whole, to the one who sent it.
func TestErlAndWeEchoMixedSizesForManyProcesses(t *testing.T) {
	overErl(t, func(t *testing.T, n *goNode) {
		done := make(chan string, 1)
		s := n.erl.NewSession()
		go func() {
			answer, err := s.Try(t.Context(), fmt.Sprintf(`(fun() ->
				Self = self(),
				[spawn_link(fun() -> (fun F(0) -> Self ! ok; F(I) ->
					B = binary:copy(<<P:8, I:16>>, element(I rem 4 + 1, {10, 1000, 21000, 70000})),
					{echo, %v} ! {self(), B},
					receive {echoed, B} -> F(I - 1); {echoed, Other} -> Self ! {wrong, byte_size(B), byte_size(Other)}
					after 20000 -> Self ! lost end end)(40) end) || P <- lists:seq(1, 15)],
				[receive A -> A end || _ <- lists:seq(1, 15)] -- lists:duplicate(15, ok) end)()`, n.self.Node))
			if err != nil {
				answer = err.Error()
			}
			done <- answer
		}()
		var wg sync.WaitGroup
		for p := range uint32(15) {
			wg.Go(func() {
				for i := range 40 {
					b := make(etf.Binary, []int{30, 3000, 64_000, 200_000}[i%4])
					b[0], b[len(b)-1] = byte(p), byte(i)
					if err := n.conn.Send(t.Context(), &dist.RegSend{From: n.pid(100 + p), To: "echo"},
						tuple(n.pid(100+p), b)); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		wg.Wait()
		next := map[uint32]int{}
		for range 15 * 40 {
			m, payload := n.next()
			p := m.(*dist.Send).To.ID - 100
			b := payload.(etf.Tuple)[1].(etf.Binary)
			i := next[p]
			require.Len(t, b, []int{30, 3000, 64_000, 200_000}[i%4])
			require.Equal(t, []byte{byte(p), byte(i)}, []byte{b[0], b[len(b)-1]})
			next[p]++
		}
		require.Equal(t, "[]", <-done)
	})
}
