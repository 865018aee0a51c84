%% The module sys against a server of the node.
-module(sys_SUITE).
-include("compat.hrl").

init_per_suite(Config) -> compat:init(Config).
end_per_suite(Config) -> compat:done(Config).

?PROMISE(get_state, "sys:get_state/1,2", "returns the state of the server").
get_state(Config) ->
    Counter = {counter, ?NODE},
    each([{N, N} || N <- [0, 42, -1, 1 bsl 70]],
         fun(N) -> N = gen_server:call(Counter, {set, N}), N = sys:get_state(Counter), N = sys:get_state(Counter, 20000) end),
    Probe = compat:probe(?NODE),
    Probe ! hello,
    ?assertEqual(#{seen => [{info, hello}], watcher => undefined, changed => undefined}, sys:get_state(Probe)).

?PROMISE(get_status, "sys:get_status/1", "{status, Pid, {module, gen_server}, [PDict, SysState, Parent, Dbg, Misc]}").
get_status(Config) ->
    Probe = compat:probe(?NODE),
    ok = gen_server:call(Probe, {put, key, value}),
    {status, Probe, {module, gen_server}, [Dict, running, Parent, [], Misc]} = sys:get_status(Probe),
    true = is_pid(Parent),
    each([{dictionary, fun() -> {key, value} = lists:keyfind(key, 1, Dict) end},
          {ancestors, fun() -> {'$ancestors', [_ | _]} = lists:keyfind('$ancestors', 1, Dict) end},
          {initial_call, fun() -> {'$initial_call', {probe, init, 1}} = lists:keyfind('$initial_call', 1, Dict) end},
          {header, fun() -> {header, "Status for generic server " ++ _} = lists:keyfind(header, 1, Misc) end},
          {state, fun() -> [#{seen := []}] = [S || {data, [{"State", S}]} <- Misc] end},
          {data, fun() -> [D] = [D || {data, [{"Status", _} | _] = D} <- Misc], running = proplists:get_value("Status", D), Parent = proplists:get_value("Parent", D) end}],
         fun(Check) -> Check() end).

?PROMISE(the_status_of_a_named_server, "sys:get_status/1", "the header names the server").
the_status_of_a_named_server(Config) ->
    {status, _, {module, gen_server}, [_, running, _, _, Misc]} = sys:get_status({counter, ?NODE}),
    {header, "Status for generic server counter"} = lists:keyfind(header, 1, Misc).

?PROMISE(suspend_and_resume, "sys:suspend/1, sys:resume/1", "a suspended server keeps its messages, and handles them in order when it is resumed").
suspend_and_resume(Config) ->
    Probe = compat:probe(?NODE),
    ok = sys:suspend(Probe),
    {'EXIT', {timeout, _}} = (catch gen_server:call(Probe, {reply, early}, 100)),
    flush(),
    [gen_server:cast(Probe, I) || I <- lists:seq(1, 100)],
    #{seen := []} = sys:get_state(Probe),
    {status, _, _, [_, suspended | _]} = sys:get_status(Probe),
    ok = sys:suspend(Probe),
    ok = sys:resume(Probe),
    ?assertEqual([{cast, I} || I <- lists:seq(1, 100)], gen_server:call(Probe, seen)),
    ok = sys:resume(Probe),
    {status, _, _, [_, running | _]} = sys:get_status(Probe).

?PROMISE(nobody_there, "sys:get_state/1, errors", "exits with noproc and with nodedown as a call does").
nobody_there(Config) ->
    Dead = compat:probe(?NODE),
    ok = gen_server:stop(Dead),
    {'EXIT', {noproc, {sys, get_state, _}}} = (catch sys:get_state(Dead)),
    {'EXIT', {noproc, {sys, suspend, _}}} = (catch sys:suspend({nosuch, ?NODE})),
    {'EXIT', {{nodedown, _}, {sys, get_status, _}}} = (catch sys:get_status({echo, list_to_atom("nosuch@" ++ compat:host(?NODE))})),
    none = nothing().

?PROMISE(too_busy, "sys:get_state/2, timeout", "exits with timeout if the server does not answer in time").
too_busy(Config) ->
    Probe = compat:probe(?NODE),
    Probe ! {do, {sleep, 1000}},
    {'EXIT', {timeout, {sys, get_state, _}}} = (catch sys:get_state(Probe, 50)),
    ok.

?PROMISE(statistics, "sys:statistics/2", "counts messages in and out, and reductions").
statistics(Config) ->
    Probe = compat:probe(?NODE),
    {ok, no_statistics} = sys:statistics(Probe, get),
    ok = sys:statistics(Probe, true),
    [ok = gen_server:call(Probe, {watch, undefined}) || _ <- lists:seq(1, 5)],
    gen_server:cast(Probe, one),
    {ok, Statistics} = sys:statistics(Probe, get),
    each([{start_time, fun({{_, _, _}, {_, _, _}}) -> ok end}, {current_time, fun({{_, _, _}, {_, _, _}}) -> ok end},
          {reductions, fun(N) when is_integer(N) -> ok end}, {messages_in, fun(6) -> ok end}, {messages_out, fun(5) -> ok end}],
         fun(Check) -> lists:any(fun({_, V}) -> try Check(V) of ok -> true catch error:function_clause -> false end end, Statistics) orelse error(Statistics) end),
    6 = proplists:get_value(messages_in, Statistics),
    5 = proplists:get_value(messages_out, Statistics),
    ok = sys:statistics(Probe, false),
    {ok, no_statistics} = sys:statistics(Probe, get).

?PROMISE(log, "sys:log/2", "keeps the last system events").
log(Config) ->
    Probe = compat:probe(?NODE),
    ok = sys:log(Probe, true),
    gen_server:cast(Probe, one),
    two = gen_server:call(Probe, {reply, two}),
    {ok, Events} = sys:log(Probe, get),
    each([{cast, fun({in, {'$gen_cast', one}}) -> ok end}, {call, fun({in, {'$gen_call', {P, _}, {reply, two}}}) when P =:= self() -> ok end},
          {reply, fun({out, two, {P, _}, _}) when P =:= self() -> ok end}],
         fun(Check) -> lists:any(fun(E) -> try Check(E) of ok -> true catch error:function_clause -> false end end, Events) orelse error(Events) end),
    ok = sys:log(Probe, false),
    ok = sys:log(Probe, {true, 2}),
    [gen_server:cast(Probe, I) || I <- lists:seq(1, 5)],
    _ = sys:get_state(Probe),
    {ok, Last} = sys:log(Probe, get),
    2 = length(Last),
    ok = sys:log(Probe, false),
    {ok, []} = sys:log(Probe, get).

?PROMISE(trace, "sys:trace/2", "is switched on and off, and harms nothing").
trace(Config) ->
    Probe = compat:probe(?NODE),
    ok = sys:trace(Probe, true),
    hi = gen_server:call(Probe, {reply, hi}),
    ok = sys:trace(Probe, false),
    ok = sys:no_debug(Probe),
    hi = gen_server:call(Probe, {reply, hi}).

?PROMISE(no_debug, "sys:no_debug/1", "ends all debugging").
no_debug(Config) ->
    Probe = compat:probe(?NODE),
    ok = sys:log(Probe, true),
    ok = sys:statistics(Probe, true),
    ok = sys:no_debug(Probe),
    {ok, no_statistics} = sys:statistics(Probe, get),
    {status, _, _, [_, _, _, [], _]} = sys:get_status(Probe).

?PROMISE(remove, "sys:remove/2", "a debug function that is not there is removed without an error").
remove(Config) -> ok = sys:remove({counter, ?NODE}, fun(_, _, _) -> done end).

?PROMISE(terminate, "sys:terminate/2", "ends the server with the reason, by way of terminate").
terminate(Config) ->
    Probe = compat:probe(?NODE),
    ok = gen_server:call(Probe, {watch, self()}),
    Ref = monitor(process, Probe),
    ok = sys:terminate(Probe, enough),
    {probe, Probe, {terminate, enough}} = next(),
    {'DOWN', Ref, process, Probe, enough} = next().

?PROMISE(unknown_system_messages, "sys, system messages", "{error, {unknown_system_msg, _}} for what it does not know").
unknown_system_messages(Config) ->
    {ok, {error, {unknown_system_msg, what_is_this}}} = gen:call({counter, ?NODE}, system, what_is_this, 20000).

?PROMISE(not_while_it_runs, "sys:change_code/4", "code is changed while the server is suspended only").
not_while_it_runs(Config) ->
    Probe = compat:probe(?NODE),
    {error, {unknown_system_msg, {change_code, probe, undefined, extra}}} = sys:change_code(Probe, probe, undefined, extra).

?PROMISE(sys_of_a_pid_and_a_name, "sys", "a server is named by pid and by {Name, Node}").
sys_of_a_pid_and_a_name(Config) ->
    Pid = gen_server:call({probe, ?NODE}, self),
    each([{pid, Pid}, {name, {probe, ?NODE}}],
         fun(S) -> ok = sys:suspend(S), ok = sys:resume(S), {status, Pid, _, _} = sys:get_status(S) end).

?PROMISE(after_a_system_message, "gen_server, Timeout", "a time-out that was waited for is waited for again after a system message").
after_a_system_message(Config) ->
    Probe = compat:probe(?NODE),
    ok = gen_server:call(Probe, {watch, self()}),
    ok = gen_server:call(Probe, {timeout, 300}),
    #{} = sys:get_state(Probe),
    {probe, Probe, {info, timeout}} = next().
