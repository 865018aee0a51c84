package erlang

import (
	"context"
	"fmt"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/gonodetest/beam"
	"github.com/gonode-otp/gonode/internal/soak"
	"github.com/gonode-otp/gonode/node"
)

// goesBack waits until there are no more goroutines than there were, but for a few that come and go.
func goesBack(t *testing.T, before int) {
	t.Helper()
	require.Eventually(t, func() bool { return runtime.NumGoroutine() <= before+5 }, 30*time.Second, 20*time.Millisecond,
		"%d goroutines before", before)
}

// Half of the strangers stay as they are, silent or in the middle of a message; the other half send what is no
// handshake. They all come at once and stay, while calls go on without a fault.
func TestAThousandStrangersAtOnceDoNotDisturbCalls(t *testing.T) {
	n := startSamples(t)
	e := beam.StartErl(t, beam.WithTimeout(time.Minute))
	stillServes(t, n, e)
	before := runtime.NumGoroutine()
	e.Eval(t, at(n, `Caller = spawn(fun() -> (fun F(I) -> receive {stop, Who} -> Who ! {calls, I}
		after 0 -> I = gen_server:call({echo,'gonode@host'}, I, 60000), F(I + 1) end end)(0) end)`))

	var conns [1000]net.Conn
	var work sync.WaitGroup
	for i := range conns {
		work.Go(func() {
			c, err := net.Dial("tcp", n.Addr().String())
			if err != nil {
				t.Errorf("a stranger is not let in: %v", err)
				return
			}
			conns[i] = c
			switch i % 4 {
			case 0: // says nothing
			case 1:
				_, _ = c.Write([]byte("GET / HTTP/1.1\r\n\r\n"))
			case 2:
				_, _ = c.Write([]byte{0, 30, 'N', 0}) // the rest never comes
			case 3:
				_, _ = c.Write([]byte{0xff, 0xff, 0, 1, 'N'})
			}
		})
	}
	work.Wait()
	defer func() {
		for _, c := range conns {
			if c != nil {
				_ = c.Close()
			}
		}
		goesBack(t, before)
	}()
	var heap runtime.MemStats
	runtime.ReadMemStats(&heap)
	goroutines := runtime.NumGoroutine()
	require.Equal(t, "ok", e.Eval(t, at(n,
		"lists:foreach(fun(I) -> I = gen_server:call({echo,'gonode@host'}, I, 60000) end, lists:seq(1, 1000))")))
	calls := e.Eval(t, "begin Caller ! {stop, self()}, receive {calls, Calls} -> Calls after 20000 -> none end end")
	require.NotEqual(t, "none", calls, "a call was lost")
	require.NotEqual(t, "0", calls)
	t.Logf("%s and 1000 calls beside 1000 strangers, %d goroutines, %d kB of heap", calls, goroutines, heap.HeapInuse>>10)
}

func TestConnectionsComeAndGoFiveHundredTimes(t *testing.T) {
	n := startSamples(t)
	e := beam.StartErl(t)
	name := etf.Atom(e.Name())
	stillServes(t, n, e)
	ports := e.Eval(t, "length(erlang:ports())")
	before := runtime.NumGoroutine()
	for i := range soak.Size(100, 500) {
		if i%2 == 0 {
			require.NoError(t, n.Ping(within(t, 30*time.Second), name))
			require.True(t, n.Disconnect(name))
			// Until it knows, what it sends goes into the connection that has ended, and a ping is lost.
			require.Eventually(t, func() bool { return e.Eval(t, "nodes(hidden)") == "[]" }, 30*time.Second, time.Millisecond)
			continue
		}
		require.Equal(t, "pong", e.Eval(t, at(n, "net_adm:ping('gonode@host')")))
		e.Eval(t, at(n, "erlang:disconnect_node('gonode@host')"))
		require.Eventually(t, func() bool { return len(n.Nodes()) == 0 }, 30*time.Second, time.Millisecond)
	}
	stillServes(t, n, e)
	require.Len(t, n.Nodes(), 1)
	goesBack(t, before)
	require.Eventually(t, func() bool { return e.Eval(t, "length(erlang:ports())") == ports }, 20*time.Second,
		50*time.Millisecond)
}

// Fifty times two nodes dial each other at the same moment, with both outcomes of the comparison of their names.
// There is one connection in the end, and what each has sent arrives.
func TestTwoNodesThatConnectToEachOtherAtOnceEndUpWithOneConnection(t *testing.T) {
	cfg := config(t)
	e := beam.StartErl(t, beam.WithSname("m"))
	to := startSrv(t, e)
	for _, name := range []string{"a", "z"} {
		cfg.Name = name
		n := start(t, cfg)
		spawnSamples(t, n)
		peer := n.Name().String()
		for i := range 25 {
			var answer etf.Term
			var err error
			var work sync.WaitGroup
			work.Go(func() {
				answer, err = n.Call(within(t, 30*time.Second), to, term(t, "{echo, %d}", i))
			})
			require.Equal(t, fmt.Sprint(i), e.Eval(t, fmt.Sprintf("gen_server:call({echo,%s}, %d, 20000)", peer, i)))
			work.Wait()
			require.NoError(t, err)
			require.Equal(t, etf.Int(i), answer)
			require.Equal(t, []etf.Atom{etf.Atom(e.Name())}, n.Nodes())
			require.Equal(t, "["+peer+"]", e.Eval(t, "nodes(hidden)"))
			require.True(t, n.Disconnect(etf.Atom(e.Name())))
			require.Eventually(t, func() bool { return e.Eval(t, "nodes(hidden)") == "[]" }, 30*time.Second, time.Millisecond)
		}
		stop(t, n)
	}
}

// Fifty Go nodes and one Erlang node dial each other at the same moment.
func TestFiftyNodesConnectAtOnce(t *testing.T) {
	e := beam.StartErl(t, beam.WithTimeout(2*time.Minute), beam.WithSname("hub"))
	to := startSrv(t, e)
	nodes := make([]*node.Node, 50)
	var names []string
	for i := range nodes {
		cfg := config(t)
		cfg.Name = fmt.Sprintf("%c%d", "az"[i%2], i)
		nodes[i] = start(t, cfg)
		spawnSamples(t, nodes[i])
		names = append(names, nodes[i].Name().String())
	}
	ctx := within(t, time.Minute)
	var work sync.WaitGroup
	for i, n := range nodes {
		work.Go(func() {
			answer, err := n.Call(ctx, to, term(t, "{echo, %d}", i))
			if err != nil || answer != etf.Term(etf.Int(i)) {
				t.Errorf("%v: %v, %v", n.Name(), answer, err)
			}
		})
	}
	hub := "[" + strings.Join(names, ",") + "]"
	require.Equal(t, hub, e.Eval(t, `begin Me = self(), Nodes = `+hub+`,
		[spawn_link(fun() -> Me ! {answer, gen_server:call({echo,N}, N, 60000)} end) || N <- Nodes],
		[receive {answer, N} -> N end || N <- Nodes] end`))
	work.Wait()
	require.Equal(t, "true", e.Eval(t, "lists:sort(nodes(hidden)) =:= lists:sort("+hub+")"))
	for _, n := range nodes {
		require.Equal(t, []etf.Atom{etf.Atom(e.Name())}, n.Nodes())
		work.Go(func() {
			ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
			defer cancel()
			if err := n.Stop(ctx); err != nil {
				t.Errorf("%v does not stop: %v", n.Name(), err)
			}
		})
	}
	work.Wait()
	require.Eventually(t, func() bool { return e.Eval(t, "nodes(hidden)") == "[]" }, 30*time.Second, 10*time.Millisecond)
}
