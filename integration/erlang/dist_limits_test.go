package erlang

import (
	"bytes"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/gonodetest/beam"
	"github.com/gonode-otp/gonode/internal/soak"
	"github.com/gonode-otp/gonode/node"
)

// nestModule makes terms of N levels, has them echoed, and calls counter meanwhile.
const nestModule = `
-module(nest).
-export([make/2, echo/2, busy/2]).

make(list, N) -> lists:foldl(fun(_, T) -> [T] end, a, lists:seq(1, N));
make(tuple, N) -> lists:foldl(fun(_, T) -> {T} end, a, lists:seq(1, N));
make(map, N) -> lists:foldl(fun(_, T) -> #{k => T} end, a, lists:seq(1, N));
make(mixed, N) -> lists:foldl(fun(I, T) -> [I, {#{k => T}} | tail] end, a, lists:seq(1, N));
make(wide, N) -> [[] || _ <- lists:seq(1, N)];
make(binary, N) -> binary:copy(<<7>>, N).

echo(Node, T) ->
    case gen_server:call({echo, Node}, T, infinity) of
        T -> ok;
        _ -> other
    end.

%% What comes of What, and whether another process could make calls meanwhile.
busy(Node, What) ->
    Self = self(),
    Ref = monitor(process, {counter, Node}),
    Caller = spawn_link(fun() -> calls(Node, Self, 0) end),
    R = What(),
    Caller ! stop,
    N = receive {calls, N0} -> N0 end,
    receive {'DOWN', Ref, _, _, Reason} -> {down, Reason} after 0 -> {R, N > 0} end.

calls(Node, To, N) ->
    _ = gen_server:call({counter, Node}, get, infinity),
    receive stop -> To ! {calls, N + 1} after 0 -> calls(Node, To, N + 1) end.
`

func TestWhatABeamTakesIsEchoedHoweverDeepItIs(t *testing.T) {
	n := startSamples(t)
	e := beam.StartErl(t, beam.WithTimeout(2*time.Minute))
	e.Compile(t, "nest", nestModule)
	for _, kind := range []string{"list", "tuple", "map", "mixed"} {
		echoed(t, n, e, kind, "100000")
	}
}

// echoed has a term echoed while others go on with their calls on the same connection.
func echoed(t *testing.T, n *node.Node, e *beam.Node, kind, size string) {
	t.Helper()
	require.Equal(t, "{ok,true}", e.Eval(t, at(n, `nest:busy('gonode@host', fun() ->
		nest:echo('gonode@host', nest:make(`+kind+`, `+size+`)) end)`)), kind)
}

func TestTheLargestTermsThatABeamTakesAreEchoed(t *testing.T) {
	soak.Only(t) // takes a minute and some GB
	n := startSamples(t)
	e := beam.StartErl(t, beam.WithTimeout(10*time.Minute))
	e.Compile(t, "nest", nestModule)
	for _, c := range [][2]string{
		{"list", "1000000"}, {"tuple", "1000000"}, {"map", "1000000"}, {"mixed", "1000000"}, {"wide", "20000000"},
		{"binary", "600000000"}, {"list", "10000000"}, {"tuple", "10000000"}, {"map", "10000000"},
	} {
		start := time.Now()
		echoed(t, n, e, c[0], c[1])
		t.Log(c[0], c[1], time.Since(start))
	}
}

// warnings collects what a node warns of.
type warnings struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (w *warnings) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.buf.Write(b)
}

func (w *warnings) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.buf.String()
}

// startLimited starts a node that takes little.
func startLimited(t *testing.T) (*node.Node, *warnings) {
	t.Helper()
	cfg, log := config(t), new(warnings)
	cfg.MaxMessage, cfg.MaxElements = 1<<20, 10_000
	cfg.Logger = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelWarn}))
	n := start(t, cfg)
	spawnSamples(t, n)
	return n, log
}

func TestAMultiCallThatIsTooLargeDoesNotWaitForItsTimeOut(t *testing.T) {
	n, _ := startLimited(t)
	e := beam.StartErl(t, beam.WithTimeout(time.Minute))
	e.Compile(t, "nest", nestModule)
	for _, timeOut := range []string{"infinity", "3600000"} {
		require.Equal(t, at(n, "{[],['gonode@host']}"), e.Eval(t, at(n,
			`gen_server:multi_call(['gonode@host'], echo, nest:make(wide, 20000), `+timeOut+`)`)))
		require.Equal(t, at(n, "{[{'gonode@host',[[]]}],[]}"), e.Eval(t, at(n,
			`gen_server:multi_call(['gonode@host'], echo, nest:make(wide, 1), `+timeOut+`)`)))
	}
}

func TestACallThatIsTooLargeFailsAloneAndAtOnce(t *testing.T) {
	n, log := startLimited(t)
	e := beam.StartErl(t, beam.WithTimeout(time.Minute))
	e.Compile(t, "nest", nestModule)
	for _, target := range []string{"{echo, 'gonode@host'}", "rpc:call('gonode@host', erlang, whereis, [echo])"} {
		for _, what := range []string{"binary, 2000000", "wide, 20000", "wide, 2000000"} {
			require.Equal(t, "{refused,true}", e.Eval(t, at(n, `nest:busy('gonode@host', fun() ->
				T = nest:make(`+what+`), P = `+target+`,
				{'EXIT', {{message_refused, Text}, {gen_server, call, [P, T, infinity]}}} =
					(catch gen_server:call(P, T, infinity)),
				true = byte_size(Text) > 20,
				refused end)`)), "%s, %s", target, what)
		}
	}
	require.Contains(t, log.String(), `peer=`+e.Name()+` operation=REG_SEND from=<`)
	require.Contains(t, log.String(), "to=echo bytes=2000")
	require.Contains(t, log.String(), `reason="it is larger than MaxMessage, 1048576 bytes"`)
	require.Contains(t, log.String(), "more elements than Limits.Elements allows")
	require.Equal(t, "ok", e.Eval(t, at(n, "nest:echo('gonode@host', nest:make(binary, 1000000))")))
}

func TestSignalsThatAreTooLargeHaveTheirEffectWithAnotherReason(t *testing.T) {
	n, _ := startLimited(t)
	e := beam.StartErl(t, beam.WithTimeout(time.Minute))
	require.Contains(t, e.Eval(t, at(n, `(fun() ->
		P = rpc:call('gonode@host', erlang, whereis, [counter]), R = monitor(process, P),
		exit(P, binary:copy(<<1>>, 2000000)),
		receive {'DOWN', R, _, _, Reason} -> Reason end end)()`)), "{message_refused,<<")
	require.Contains(t, e.Eval(t, at(n, `(fun() ->
		P = rpc:call('gonode@host', erlang, whereis, [echo]), R = monitor(process, P),
		spawn(fun() -> link(P), exit(binary:copy(<<1>>, 2000000)) end),
		receive {'DOWN', R, _, _, Reason} -> Reason end end)()`)), "{message_refused,<<")
	require.Contains(t, e.Eval(t, at(n, `catch erpc:call('gonode@host', erlang, size,
		[binary:copy(<<1>>, 2000000)])`)), "{erpc,system_limit}")
	require.Contains(t, e.Eval(t, at(n, "erlang:system_info(otp_release), net_adm:ping('gonode@host')")), "pong")
}

func TestAReplyThatIsTooLargeFailsTheCallOfGoAtOnce(t *testing.T) {
	n, _ := startLimited(t)
	e := beam.StartErl(t, beam.WithTimeout(time.Minute))
	e.Compile(t, "big", `
-module(big).
-behaviour(gen_server).
-export([start/0, init/1, handle_call/3, handle_cast/2]).
start() -> {ok, _} = gen_server:start({local, big}, ?MODULE, [], []), ok.
init(_) -> {ok, []}.
handle_call(N, _, S) -> {reply, binary:copy(<<1>>, N), S}.
handle_cast(_, S) -> {noreply, S}.
`)
	e.Eval(t, "big:start()")
	big := etf.Tuple{etf.Atom("big"), etf.Atom(e.Name())}
	_, err := n.Call(within(t, time.Minute), big, etf.Int(2_000_000))
	var exit *genserv.Exit
	require.ErrorAs(t, err, &exit)
	require.Contains(t, etf.Format(exit.Reason), "message_refused")
	reply, err := n.Call(within(t, time.Minute), big, etf.Int(1_000_000))
	require.NoError(t, err)
	require.Len(t, reply, 1_000_000)
}
