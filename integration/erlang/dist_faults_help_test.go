package erlang

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/gonodetest"
	"github.com/gonode-otp/gonode/gonodetest/beam"
	"github.com/gonode-otp/gonode/gonodetest/faultproxy"
	"github.com/gonode-otp/gonode/node"
)

// load is the Erlang side of a steady load. calls(To, Workers, Ms, Timeout) makes calls of the echo server To for so
// long and returns how often each outcome was seen:
//
//	ok          the own answer
//	corrupted   an answer with a wrong checksum
//	misrouted   an answer with a right checksum, but that of another call
//	stray       a message that came without having been asked for
//	{exit,Why}  no answer, and the reason
//
// casts(To, Ms) casts numbers, with a call after each 50 of them, and returns the stretches {First, Last} between two
// calls that were answered by the same connection, so nothing of them may be missing.
const load = `
-module(load).
-export([calls/4, casts/2]).

calls(To, Workers, Ms, Timeout) ->
	Stop = erlang:monotonic_time(millisecond) + Ms,
	Ws = [spawn_monitor(fun() -> exit({counted, worker(To, P, 1, Stop, Timeout, #{})}) end) || P <- lists:seq(1, Workers)],
	maps:to_list(lists:foldl(fun({_, M}, All) -> receive
		{'DOWN', M, _, _, {counted, Counts}} -> maps:fold(fun(K, V, A) -> maps:update_with(K, fun(X) -> X + V end, V, A) end, All, Counts);
		{'DOWN', M, _, _, Why} -> All#{{died, Why} => 1}
	end end, #{}, Ws)).

worker(To, P, I, Stop, Timeout, Counts) ->
	case erlang:monotonic_time(millisecond) > Stop of
		true -> add(stray, length(strays()), Counts);
		false ->
			Size = case I rem 40 of 0 -> 100000; R -> R * 30 end,
			Bin = binary:copy(<<(P * I)>>, Size),
			T = {P, I, Bin, sum(P, I, Bin)},
			Outcome = try gen_server:call(To, T, Timeout) of
				T -> ok;
				{Q, J, B, Sum} when is_integer(Q), is_integer(J), is_binary(B) ->
					case sum(Q, J, B) of Sum -> misrouted; _ -> corrupted end;
				_ -> corrupted
			catch exit:{Why, _} -> timer:sleep(5), {exit, reason(Why)} end,
			worker(To, P, I + 1, Stop, Timeout, add(Outcome, 1, Counts))
	end.

add(_, 0, Counts) -> Counts;
add(K, N, Counts) -> maps:update_with(K, fun(X) -> X + N end, N, Counts).
sum(P, I, Bin) -> erlang:crc32([<<P:32, I:32>>, Bin]).
reason({nodedown, _}) -> nodedown;
reason(Why) -> Why.
strays() -> receive M -> [M | strays()] after 0 -> [] end.

casts({_, Node} = To, Ms) -> casts(To, Node, erlang:monotonic_time(millisecond) + Ms, 1, none, []).
casts(To, Node, Stop, I, Before, Whole) ->
	case erlang:monotonic_time(millisecond) > Stop of
		true -> lists:reverse(Whole);
		false ->
			[gen_server:cast(To, J) || J <- lists:seq(I, I + 49)],
			Now = try gen_server:call(To, last, 5000) of _ -> connection(Node) catch exit:_ -> timer:sleep(5), none end,
			case Now =/= none andalso Now =:= Before of
				true -> casts(To, Node, Stop, I + 50, Now, [{I, I + 49} | Whole]);
				false -> casts(To, Node, Stop, I + 50, Now, Whole)
			end
	end.

connection(Node) -> try ets:lookup_element(sys_dist, Node, 3) catch error:badarg -> none end.
`

// pair is a Go node and an Erlang node that know each other through a fault proxy only.
type pair struct {
	t     *testing.T
	n     *node.Node
	e     *beam.Node
	proxy *faultproxy.Proxy
	srv   etf.Tuple

	mu   sync.Mutex
	ends map[string]int // why the connections of the Go node have ended
}

func bentPair(t *testing.T, plan faultproxy.Plan) *pair {
	t.Helper()
	cfg := config(t)
	cfg.Name, cfg.EPMD, cfg.EPMDPort, cfg.Listen = "gonode@localhost", node.EPMDEmbedded, uint16(gonodetest.FreePort(t)),
		"127.0.0.1"
	p := &pair{t: t, n: start(t, cfg), proxy: faultproxy.New(t, plan), ends: map[string]int{}}
	spawnSamples(t, p.n)
	spawn(t, p.n, "recorder", genserv.Of(numbers{}))
	p.countEnds()
	p.e = beam.StartErl(t, beam.WithSname("bent@localhost"), beam.WithTimeout(time.Minute))
	p.e.Compile(t, "load", load)
	p.srv = startSrv(t, p.e)
	p.proxy.OpenNode("gonode@localhost", int(cfg.EPMDPort), p.e.EPMDPort())
	p.proxy.OpenNode(p.e.Name(), p.e.EPMDPort(), int(cfg.EPMDPort))
	return p
}

// numbers is a server that keeps what is cast to it; last answers the length of that, and get all of it.
type numbers struct{}

func (numbers) Init(*genserv.Process, etf.Term) genserv.InitResult[etf.List] {
	return genserv.Ok(etf.List(nil))
}

func (numbers) HandleCall(_ *genserv.Process, request etf.Term, _ genserv.From,
	seen etf.List) genserv.Result[etf.List] {
	if etf.IsAtom(request, "last") {
		return genserv.Reply(etf.Int(len(seen)), seen)
	}
	return genserv.Reply(seen, seen)
}

func (numbers) HandleCast(_ *genserv.Process, request etf.Term, seen etf.List) genserv.Result[etf.List] {
	return genserv.NoReply(append(seen, request))
}

// outcomes counts what became of calls.
type outcomes map[string]int

// fromErl makes calls from the Erlang node to the Go node.
func (p *pair) fromErl(ctx context.Context, d, timeout time.Duration) outcomes {
	source := fmt.Sprintf("load:calls({echo,'gonode@localhost'}, 4, %d, %d)", d.Milliseconds(), timeout.Milliseconds())
	text, err := p.e.NewSession().Try(ctx, source)
	if err != nil {
		return outcomes{err.Error(): 1}
	}
	all := outcomes{}
	parsed, err := etf.Parse(text)
	if err != nil {
		return outcomes{text: 1}
	}
	for _, pair := range parsed.(etf.List) {
		all[etf.Format(pair.(etf.Tuple)[0])] = int(pair.(etf.Tuple)[1].(etf.Int))
	}
	return all
}

// fromGo makes calls from the Go node to the Erlang node.
func (p *pair) fromGo(d, timeout time.Duration) outcomes {
	all, stop := outcomes{}, time.Now().Add(d)
	var mu sync.Mutex
	var workers sync.WaitGroup
	var number atomic.Int64
	for range 4 {
		workers.Go(func() {
			for time.Now().Before(stop) {
				outcome := p.callErl(int(number.Add(1)), timeout)
				mu.Lock()
				all[outcome]++
				mu.Unlock()
			}
		})
	}
	workers.Wait()
	return all
}

func (p *pair) callErl(i int, timeout time.Duration) string {
	size := i % 40 * 30
	if size == 0 {
		size = 100_000
	}
	b := etf.Binary(strings.Repeat(string(rune('a'+i%26)), size))
	request := etf.Tuple{etf.Int(i), b, checksum(i, b)}
	ctx, cancel := context.WithTimeout(p.t.Context(), timeout)
	defer cancel()
	reply, err := p.n.Call(ctx, p.srv, etf.Tuple{etf.Atom("echo"), request})
	var exit *genserv.Exit
	switch {
	case err == nil && etf.Equal(request, reply):
		return "ok"
	case err == nil && intact(reply):
		return "misrouted"
	case err == nil:
		return "corrupted"
	case errors.Is(err, genserv.ErrTimeout):
		return "timeout"
	case errors.Is(err, genserv.ErrNoConnection):
		return "noconnection"
	case errors.Is(err, genserv.ErrNoProc):
		return "noproc"
	case errors.As(err, &exit):
		return "exit " + etf.Format(exit.Reason)
	}
	return err.Error()
}

func checksum(i int, b etf.Binary) etf.Int {
	return etf.Int(crc32.ChecksumIEEE(append(fmt.Appendf(nil, "%d ", i), b...)))
}

// intact reports whether a term is one that callErl has made, unchanged.
func intact(reply etf.Term) bool {
	t, ok := reply.(etf.Tuple)
	if !ok || len(t) != 3 {
		return false
	}
	i, number := t[0].(etf.Int)
	b, binary := t[1].(etf.Binary)
	return number && binary && etf.Equal(t[2], checksum(int(i), b))
}

// both makes calls in both directions at once.
func (p *pair) both(d, timeout time.Duration) (fromErl, fromGo outcomes) {
	p.t.Helper()
	ctx := within(p.t, d+50*time.Second)
	var work sync.WaitGroup
	work.Go(func() { fromErl = p.fromErl(ctx, d, timeout) })
	work.Go(func() { fromGo = p.fromGo(d, timeout) })
	work.Wait()
	p.t.Logf("%d connections, %d faults\nfrom Erlang %v\nfrom Go     %v", p.proxy.Connections(), len(p.proxy.Report()),
		fromErl, fromGo)
	return fromErl, fromGo
}

// heals takes away what faults have left and shows that all is well then.
func (p *pair) heals() {
	p.t.Helper()
	p.proxy.Cut()
	ctx := within(p.t, 20*time.Second)
	require.Eventually(p.t, func() bool {
		one, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		return p.n.Ping(one, etf.Atom(p.e.Name())) == nil
	}, 20*time.Second, 10*time.Millisecond)
	require.Equal(p.t, "ok", p.callErl(1, 10*time.Second))
	stillServes(p.t, p.n, p.e)
}

// countEnds counts why connections end, as long as the test runs. Every cause has to be one that is told apart.
func (p *pair) countEnds() {
	ctx, cancel := context.WithCancel(context.Background())
	events := p.n.SubscribeNodes(ctx)
	var work sync.WaitGroup
	work.Go(func() {
		for e := range events.All() {
			if e.Up {
				continue
			}
			why := kind(e)
			if why == "" {
				p.t.Errorf("the end of a connection is of no kind: %+v", e)
			}
			p.mu.Lock()
			p.ends[why]++
			p.mu.Unlock()
		}
	})
	p.t.Cleanup(func() {
		cancel()
		work.Wait()
		p.t.Log("connections ended by", p.ends)
	})
}

func kind(e node.NodeEvent) string {
	var protocol *dist.ProtocolError
	var io *dist.IOError
	switch {
	case errors.As(e.Cause, &protocol):
		return "protocol"
	case errors.As(e.Cause, &io):
		return "io"
	case errors.Is(e.Cause, dist.ErrPeerClosed):
		return "closed"
	case e.Reason == "connection_closed" && strings.Contains(e.Cause.Error(), "replaced"):
		return "replaced"
	}
	return ""
}
