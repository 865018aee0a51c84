package erlang

import (
	"context"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/gonodetest/beam"
	"github.com/gonode-otp/gonode/node"
)

// patient is a server that takes its time when it is told to: in a callback, and in its terminate until it is sent
// release.
type patient struct{}

func (patient) Init(*genserv.Process, etf.Term) genserv.InitResult[int] { return genserv.Ok(7) }

func (patient) HandleCall(p *genserv.Process, request etf.Term, _ genserv.From, s int) genserv.Result[int] {
	if t, ok := request.(etf.Tuple); ok && t[0] == etf.Term(etf.Atom("busy")) {
		p.Send(t[2], etf.Atom("busy"))
		p.Receive(time.Duration(t[1].(etf.Int))*time.Millisecond, func(etf.Term) bool { return false })
	}
	return genserv.Reply(etf.Int(s), s)
}

func (patient) HandleCast(_ *genserv.Process, request etf.Term, s int) genserv.Result[int] {
	return genserv.NoReply(s + int(request.(etf.Tuple)[1].(etf.Int)))
}

func (patient) Terminate(p *genserv.Process, reason etf.Term, _ int) {
	if t, ok := reason.(etf.Tuple); ok && len(t) == 2 {
		p.Send(t[1], etf.Tuple{etf.Atom("terminating"), p.Self()})
		p.Receive(30*time.Second, func(msg etf.Term) bool { return msg == etf.Term(etf.Atom("release")) })
	}
}

func (patient) CodeChange(_ etf.Term, state any, _ etf.Term) (int, error) { return state.(int), nil }

// looker is patient in Erlang, and every function of sys against a server in every state, with what comes of it.
const looker = `
-module(looker).
-behaviour(gen_server).
-export([start/0, all/1, refused/1, init/1, handle_call/3, handle_cast/2, terminate/2, code_change/3]).

start() -> {ok, _} = gen_server:start({local, patient}, ?MODULE, [], []), ok.
init([]) -> {ok, 7}.
handle_call({busy, Ms, Pid}, _, S) -> Pid ! busy, timer:sleep(Ms), {reply, S, S};
handle_call(_, _, S) -> {reply, S, S}.
handle_cast({add, N}, S) -> {noreply, S + N}.
terminate({shutdown, Pid}, _) -> Pid ! {terminating, self()}, receive release -> ok after 30000 -> ok end;
terminate(_, _) -> ok.
code_change(_, S, _) -> {ok, S}.

functions() -> [
    {get_state, fun(S) -> sys:get_state(S, 20000) end},
    {get_status, fun(S) -> {status, P, {module, M}, [Dict, Status, Parent, Debug, Misc]} = sys:get_status(S, 20000),
         {is_pid(P), M, is_list(Dict), Status, is_pid(Parent), Debug, [Header || {header, Header} <- Misc], [D || {data, D} <- Misc, not has_parent(D)]} end},
    {suspend, fun(S) -> {sys:suspend(S, 20000), sys:resume(S, 20000)} end},
    {resume, fun(S) -> sys:resume(S, 20000) end},
    {statistics, fun(S) -> {sys:statistics(S, true, 20000), keys(sys:statistics(S, get, 20000)), sys:statistics(S, false, 20000), sys:statistics(S, get, 20000)} end},
    {log, fun(S) -> {sys:log(S, true, 20000), gen_server:cast(S, {add, 0}), sys:get_state(S, 20000), sys:log(S, get, 20000), sys:log(S, {true, 2}, 20000),
                     sys:log(S, print, 20000), sys:log(S, false, 20000), sys:log(S, get, 20000)} end},
    {trace, fun(S) -> {sys:trace(S, true, 20000), sys:trace(S, false, 20000)} end},
    {no_debug, fun(S) -> sys:no_debug(S, 20000) end},
    {remove, fun(S) -> sys:remove(S, nosuch, 20000) end},
    {change_code, fun(S) -> tagged(sys:change_code(S, looker, undefined, [], 20000)) end},
    {log_to_file, fun(S) -> sys:log_to_file(S, false, 20000) end},
    {unknown, fun(S) -> gen:call(S, system, what_is_this, 20000) end},
    {terminate, fun(S) -> {sys:terminate(S, normal, 20000), gone(S)} end},
    {stop, fun(S) -> {gen_server:stop(S, normal, 20000), gone(S)} end}].

has_parent(D) -> lists:keymember("Parent", 1, D).
keys(L) -> case L of {ok, K} when is_list(K) -> [element(1, T) || T <- K]; _ -> L end.
tagged(T) when is_tuple(T) -> case T of {error, {E, _}} -> {error, E}; _ -> T end;
tagged(T) -> T.
gone(S) -> R = monitor(process, S), receive {'DOWN', R, _, _, W} when W =:= normal; W =:= noproc -> gone; {'DOWN', R, _, _, W} -> W after 20000 -> alive end.

states() -> [
    {idle, fun(_) -> ok end, fun(_) -> ok end},
    {busy, fun(S) -> Me = self(), spawn(fun() -> catch gen_server:call(S, {busy, 50, Me}) end), receive busy -> ok end end, fun(_) -> ok end},
    {suspended, fun(S) -> sys:suspend(S) end, fun(S) -> catch sys:resume(S) end},
    {terminating, fun(S) -> Me = self(), spawn(fun() -> catch gen_server:stop(S, {shutdown, Me}, infinity) end), receive {terminating, T} -> release(T, Me) end end, fun(_) -> ok end}].

%% release lets T go on when Me waits for an answer to what it has sent.
release(T, Me) -> spawn(fun() -> release(T, Me, 3) end).
release(T, _, 0) -> T ! release;
release(T, Me, N) -> timer:sleep(20), release(T, Me, case process_info(Me, status) of {status, waiting} -> N - 1; _ -> 3 end).

%% What sends a fun, which a node in Go cannot run.
refused() -> [
    {replace_state, fun(S) -> sys:replace_state(S, fun(N) -> N + 1 end, 20000) end},
    {replace_state_by_name, fun(S) -> sys:replace_state(S, fun erlang:abs/1, 20000) end},
    {install, fun(S) -> sys:install(S, {fun(D, _, _) -> D end, []}, 20000) end},
    {install_id, fun(S) -> sys:install(S, {id, fun(D, _, _) -> D end, []}, 20000) end},
    {remove_fun, fun(S) -> sys:remove(S, fun(D, _, _) -> D end, 20000) end}].

all(S) -> all(S, functions()).
refused(S) -> all(S, refused()).

%% Start makes the server anew if there is none.
all({S, Start}, Functions) ->
    [begin
         (catch gen_server:call(S, hello, 20000)) =:= 7 orelse begin gone(S), ok = Start() end,
         Before(S),
         R = try F(S) catch C:E -> {C, short(E)} end,
         After(S),
         Left = receive M -> M after 0 -> none end,
         {Function, State, R, Left}
     end || {State, Before, After} <- states(), {Function, F} <- Functions].

short({R, {M, F, A}}) when is_list(A) -> {anonymous(R), M, F, length(A)};
short(E) -> anonymous(E).
anonymous({shutdown, P}) when is_pid(P) -> {shutdown, pid};
anonymous({{shutdown, P}, {M, F, A}}) when is_pid(P) -> {{shutdown, pid}, {M, F, length(A)}};
anonymous(T) -> T.
`

// startPatient starts patient on a node where others may start it again.
func startPatient(t *testing.T, module etf.Atom) *node.Node {
	t.Helper()
	n := start(t, config(t))
	spawn(t, n, "patient", genserv.Of(patient{}))
	n.Export(module, "start", 0, func(ctx context.Context, _ etf.List) (etf.Term, error) {
		_, err := n.Spawn(ctx, genserv.Child{Name: "patient", Module: genserv.Of(patient{})})
		return etf.Atom("ok"), err
	})
	return n
}

func TestEveryFunctionOfSysDoesTheSameInEveryStateOfAServer(t *testing.T) {
	t.Parallel() // it mostly waits
	n := startPatient(t, "looker")
	asker, other := beam.StartErl(t, beam.WithTimeout(3*time.Minute)), beam.StartErl(t)
	for _, e := range []*beam.Node{asker, other} {
		e.Compile(t, "looker", looker)
	}
	other.Eval(t, "looker:start().")
	ask := func(what, name string) []string {
		return lines(t, asker.Eval(t, fmt.Sprintf(`lists:flatten([io_lib:format("~0p~n", [L]) || L <- looker:%[2]s({{patient,'%[1]s'}, fun() -> rpc:call('%[1]s', looker, start, []) end})]).`, name, what)))
	}
	want, got := ask("all", other.Name()), ask("all", string(n.Name()))
	require.Len(t, want, 4*14)
	for i := range want {
		require.Equal(t, strings.ReplaceAll(want[i], "looker", "patient"), strings.ReplaceAll(got[i], "looker", "patient"))
	}

	for _, line := range ask("refused", string(n.Name())) {
		switch {
		case strings.Contains(line, ",terminating,"):
			require.Contains(t, line, "{exit,{")
		case strings.HasPrefix(line, "{replace_state"):
			require.Contains(t, line, "{error,{callback_failed,{gen_server,system_replace_state},{error,undef}}},none}")
		case strings.HasPrefix(line, "{install"):
			require.Contains(t, line, ",unknown_debug,none}")
		default:
			require.Contains(t, line, ",ok,none}")
		}
	}
}

// lines returns the lines of a text that was evaluated to.
func lines(t *testing.T, evaluated string) []string {
	t.Helper()
	text, err := etf.Parse(evaluated)
	require.NoError(t, err)
	var s string
	require.NoError(t, etf.Unmarshal(text, &s))
	return strings.Split(strings.TrimSpace(s), "\n")
}

func TestEveryFunctionOfSysDoesTheSameFromElixir(t *testing.T) {
	t.Parallel() // it mostly waits
	n := startPatient(t, "Elixir.Patient")
	asker, other := beam.StartElixir(t, beam.WithTimeout(3*time.Minute)), beam.StartElixir(t)
	source, err := os.ReadFile("testdata/looker.ex")
	require.NoError(t, err)
	for _, e := range []*beam.Node{asker, other} {
		e.Eval(t, string(source)+"\n:ok")
	}
	other.Eval(t, "Patient.start()")
	ask := func(name string) []string {
		return strings.Split(asker.Eval(t,
			fmt.Sprintf(`Enum.join(Looker.all({:patient, :"%[1]s"}, fn -> :rpc.call(:"%[1]s", Patient, :start, []) end), "\n")`, name)), `\n`)
	}
	want, got := ask(other.Name()), ask(string(n.Name()))
	require.Len(t, want, 4*13)
	require.Equal(t, want, got)
}

func TestAHundredThousandMessagesWaitWhileAServerIsSuspended(t *testing.T) {
	n := start(t, config(t))
	spawn(t, n, "recorder", genserv.Of(recorder{}))
	e := beam.StartErl(t, beam.WithTimeout(2*time.Minute))
	require.Equal(t, "ok", e.Eval(t, at(n, `S = {recorder,'gonode@host'}, L = lists:seq(1, 100000), sys:suspend(S),
		[gen_server:cast(S, I) || I <- L], ok.`)))
	require.Equal(t, "[]", e.Eval(t, "sys:get_state(S)."), "none has got through")
	require.Eventually(t, func() bool { // at once, but for a garbage collection
		before := cpuTime(t)
		e.Eval(t, "timer:sleep(1000).")
		return cpuTime(t)-before < 500*time.Millisecond
	}, 30*time.Second, time.Millisecond, "nothing spins meanwhile")
	require.Equal(t, "[]", e.Eval(t, "sys:get_state(S)."))
	require.Equal(t, "true", e.Eval(t, "ok = sys:resume(S), gen_server:call(S, get, 60000) =:= L."), "all come, in order")
}

// cpuTime is what this program has used of the processors.
func cpuTime(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	require.NoError(t, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
