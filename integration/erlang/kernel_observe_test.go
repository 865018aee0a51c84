package erlang

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/gonodetest/beam"
)

// observed has what observer, etop, appmon and people with a shell ask a node for.
const observed = `
-module(observed).
-export([compare/2, undef/1, hammer/3, start/0, init/1, handle_call/3, handle_cast/2]).
-behaviour(gen_server).

start() -> gen_server:start({local, plain}, ?MODULE, [], []).
init([]) -> {ok, 7}.
handle_call(R, _, S) -> {reply, R, S}.
handle_cast(_, S) -> {noreply, S}.

%% What process_info tells about a gen_server on A and not, or in another form, on B. Sizes, times and pids are not compared.
compare(A, B) ->
    Pa = rpc:call(A, erlang, whereis, [plain]), Pb = rpc:call(B, erlang, whereis, [plain]),
    Listed = [binary, catchlevel, current_function, error_handler, garbage_collection, group_leader, heap_size, initial_call, last_calls, links,
        memory, message_queue_len, monitored_by, monitors, priority, reductions, registered_name, sequential_trace_token, stack_size, status,
        suspending, total_heap_size, trace, trap_exit],
    [D || Args <- [[], [Listed], [registered_name], [message_queue_len], [links], [dictionary], [[]], [[status, dictionary, links]], [nonsense], [[status, nonsense]], [1]],
          D <- different(rpc:call(A, erlang, process_info, [Pa | Args]), rpc:call(B, erlang, process_info, [Pb | Args]))].

different(A, B) when is_list(A), is_list(B) ->
    [{missing, K} || {K, _} <- A, not lists:keymember(K, 1, B)] ++ [{K, Va, Vb} || {K, Va} <- A, {_, Vb} <- [lists:keyfind(K, 1, B)], form(K, Va) =/= form(K, Vb)];
different({K, A}, {K, B}) when K =/= badrpc -> [{K, A, B} || form(K, A) =/= form(K, B)];
different({badrpc, {'EXIT', {R, _}}}, {badrpc, {'EXIT', {R, _}}}) -> [];
different(A, B) -> [{A, B} || A =/= B].

form(current_function, {M, F, _}) -> {M, F}; % its arity is another one in some releases
form(dictionary, D) -> lists:sort([K || {K, _} <- D]);
form(K, V) when K =:= registered_name; K =:= status; K =:= trap_exit; K =:= priority; K =:= initial_call; K =:= error_handler;
    K =:= message_queue_len; K =:= suspending; K =:= monitors; K =:= sequential_trace_token; K =:= trace; K =:= last_calls; K =:= binary -> V;
form(_, V) when is_integer(V) -> number;
form(_, V) when is_pid(V) -> pid;
form(_, V) when is_list(V) -> list.

asks(Pid) -> [{etop_txt, init, [a]}, {os, cmd, ["ls"]}, {file, list_dir, ["/"]}, {dbg, tracer, []}, {erlang, trace, [Pid, true, [call]]},
    {recon, info, [Pid]}, {erl_eval, exprs, [[], []]}, {c, l, [lists]}, {'Elixir.Code', eval_string, [<<"1">>]}].

undef(Node) -> Pid = rpc:call(Node, erlang, whereis, [plain]),
    [{M, F, R} || {M, F, A} <- asks(Pid), R <- [rpc:call(Node, M, F, A)], not is_undef(R)].
is_undef({badrpc, {'EXIT', {undef, [{_, _, _, _} | _]}}}) -> true;
is_undef(_) -> false.

%% Many look at a server at once while others call it; the result is what went wrong.
hammer(Node, Lookers, Ms) ->
    S = {plain, Node}, Pid = rpc:call(Node, erlang, whereis, [plain]), Me = self(), Stop = erlang:monotonic_time(millisecond) + Ms,
    Look = fun(I) -> lists:nth(1 + I rem 6, [
        fun() -> {status, Pid, _, _} = sys:get_status(S), ok end, fun() -> 7 = sys:get_state(S), ok end,
        fun() -> [_ | _] = rpc:call(Node, erlang, process_info, [Pid]), ok end, fun() -> {messages, _} = rpc:call(Node, erlang, process_info, [Pid, messages]), ok end,
        fun() -> {badrpc, _} = rpc:call(Node, os, cmd, ["ls"]), ok end, fun() -> [_ | _] = rpc:call(Node, erlang, processes, []), ok end]) end,
    Loop = fun L(F, N) -> case erlang:monotonic_time(millisecond) > Stop of true -> N; false -> F(N), L(F, N + 1) end end,
    Run = fun(F) -> spawn(fun() -> Me ! try {count, Loop(F, 0)} catch C:E -> {bad, C, E} end end) end,
    [Run(fun(N) -> (Look(I + N))() end) || I <- lists:seq(1, Lookers)],
    [Run(fun(N) -> {I, N} = gen_server:call(S, {I, N}, 20000) end) || I <- lists:seq(1, Lookers)],
    Results = [receive R -> R after Ms + 30000 -> silent end || _ <- lists:seq(1, 2 * Lookers)],
    [R || R <- Results, element(1, R) =/= count].
`

// plain is the server of observed: it answers what it is asked.
type plain struct{}

func (plain) ModuleName() etf.Atom { return "observed" }

func (plain) Init(*genserv.Process, etf.Term) genserv.InitResult[int] { return genserv.Ok(7) }

func (plain) HandleCall(_ *genserv.Process, request etf.Term, _ genserv.From, s int) genserv.Result[int] {
	return genserv.Reply(request, s)
}

func TestWhatObserverAsksForIsAnsweredOrRefusedAndHurtsNobody(t *testing.T) {
	n := start(t, config(t))
	spawn(t, n, "plain", genserv.Of(plain{}))
	e, other := beam.StartErl(t, beam.WithTimeout(time.Minute)), beam.StartErl(t)
	for _, b := range []*beam.Node{e, other} {
		b.Compile(t, "observed", observed)
	}
	other.Eval(t, "{ok, _} = observed:start().")
	require.Equal(t, "[]", e.Eval(t, at(n, "observed:compare('"+other.Name()+"', 'gonode@host').")))
	require.Equal(t, "[]", e.Eval(t, at(n, "observed:undef('gonode@host').")))
	require.Equal(t, "[]", e.Eval(t, at(n, "observed:hammer('gonode@host', 12, 2000).")))
	require.Equal(t, "[]", e.Eval(t, at(n, "observed:undef('gonode@host').")))
	require.Equal(t, "7", e.Eval(t, at(n, "sys:get_state({plain,'gonode@host'}).")))
	require.Len(t, n.Nodes(), 1)
}

func TestProcessInfoTellsWhatAServerDoesWhateverItDoes(t *testing.T) {
	n := start(t, config(t))
	spawn(t, n, "patient", genserv.Of(patient{}))
	e := beam.StartErl(t)
	e.Eval(t, at(n, `S = {patient,'gonode@host'}, Pid = rpc:call('gonode@host', erlang, whereis, [patient]),
		Info = fun(What) -> case rpc:call('gonode@host', erlang, process_info, [Pid, What]) of {What, V} -> V; V -> V end end.`))
	require.Equal(t, "waiting", e.Eval(t, "Info(status)."))
	e.Eval(t, "ok = sys:suspend(S), [gen_server:cast(S, {add, 1}) || _ <- lists:seq(1, 1000)], sys:get_state(S).")
	require.Equal(t, "1000", e.Eval(t, "Info(message_queue_len)."), "those that wait for resume are counted")
	require.Equal(t, "{7,1007}", e.Eval(t, "{sys:get_state(S), begin sys:resume(S), gen_server:call(S, get) end}."))
	require.Equal(t, "0", e.Eval(t, "Info(message_queue_len)."))

	e.Eval(t, "Me = self(), Caller = spawn(fun() -> link(Pid), monitor(process, Pid), gen_server:call(S, {busy, "+
		"60000, Me}, infinity) end), receive busy -> ok end.")
	require.Equal(t, "waiting", e.Eval(t, "Info(status)."), "its callback waits in receive")
	e.Eval(t, "[gen_server:cast(S, {add, 1}) || _ <- lists:seq(1, 1000)], rpc:call(node(Pid), erlang, node, []).")
	require.Equal(t, "1000", e.Eval(t, "Info(message_queue_len)."), "it is answered although the server is busy")
	require.Equal(t, "{true,true}", e.Eval(t, "{Info(links) =:= [Caller], lists:usort(Info(monitored_by)) =:= [Caller]}."))
	e.Eval(t, "M = monitor(process, Pid), exit(Pid, kill), receive {'DOWN', M, _, _, killed} -> ok end.")
	require.Equal(t, "undefined", e.Eval(t, "Info(status)."))
	require.Equal(t, "badarg", e.Eval(t,
		"{badrpc, {'EXIT', {Why, _}}} = rpc:call(node(Pid), erlang, process_info, [self()]), Why."))
}
