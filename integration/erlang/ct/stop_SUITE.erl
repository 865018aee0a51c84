%% How servers start and stop.
-module(stop_SUITE).
-include("compat.hrl").

init_per_suite(Config) -> compat:init(Config).
end_per_suite(Config) -> compat:done(Config).

?PROMISE(stop, "gen_server:stop/1", "returns ok when the server has ended with normal").
stop(Config) ->
    Probe = compat:probe(?NODE),
    Ref = monitor(process, Probe),
    ok = gen_server:stop(Probe),
    {'DOWN', Ref, process, Probe, normal} = next(),
    none = nothing().

?PROMISE(stop_with_a_reason, "gen_server:stop/3", "the server ends with the given reason, which is no failure of the caller").
stop_with_a_reason(Config) ->
    each([{R, R} || R <- [normal, shutdown, {shutdown, why}, boom, {deep, [<<"reason">>]}]],
         fun(Reason) ->
             Probe = compat:probe(?NODE),
             Ref = monitor(process, Probe),
             ok = gen_server:stop(Probe, Reason, 20000),
             {'DOWN', Ref, process, Probe, Reason} = next()
         end).

?PROMISE(stop_by_name, "gen_server:stop/1", "a server is stopped by {Name, Node}").
stop_by_name(Config) ->
    {ok, _} = gen_server:call({probe, ?NODE}, {start, stoppable, undefined}),
    ok = gen_server:stop({stoppable, ?NODE}),
    {'EXIT', noproc} = (catch gen_server:stop({stoppable, ?NODE})),
    ok.

?PROMISE(nobody_to_stop, "gen_server:stop/3, noproc", "exits with noproc if there is no such server").
nobody_to_stop(Config) ->
    Dead = compat:probe(?NODE),
    ok = gen_server:stop(Dead),
    each([{pid, Dead}, {name, {nosuch, ?NODE}}], fun(S) -> {'EXIT', noproc} = (catch gen_server:stop(S, normal, 20000)), ok end).

?PROMISE(no_node_to_stop, "gen_server:stop/3, {nodedown,Node}", "exits with {nodedown, Node} if the node is not there").
no_node_to_stop(Config) ->
    Node = list_to_atom("nosuch@" ++ compat:host(?NODE)),
    {'EXIT', {{nodedown, Node}, _}} = (catch gen_server:stop({echo, Node}, normal, 20000)),
    ok.

?PROMISE(too_busy_to_stop, "gen_server:stop/3, timeout", "exits with timeout if the server does not end in time").
too_busy_to_stop(Config) ->
    Probe = compat:probe(?NODE),
    Probe ! {do, {sleep, 2000}},
    {'EXIT', timeout} = (catch gen_server:stop(Probe, normal, 100)),
    ok.

?PROMISE(it_terminates_first, "gen_server, Module:terminate/2", "terminate runs with the reason before the server ends").
it_terminates_first(Config) ->
    Probe = compat:probe(?NODE),
    ok = gen_server:call(Probe, {watch, self()}),
    Ref = monitor(process, Probe),
    ok = gen_server:stop(Probe, enough, 20000),
    {probe, Probe, {terminate, enough}} = next(),
    {'DOWN', Ref, process, Probe, enough} = next().

?PROMISE(it_terminates_after_a_failure, "gen_server, Module:terminate/2", "terminate runs after a callback has failed or stopped the server").
it_terminates_after_a_failure(Config) ->
    each([{stop, {{stop, enough}, fun(enough) -> ok end}}, {error, {{raise, error, boom}, fun({boom, [_ | _]}) -> ok end}},
          {exit, {{raise, exit, gone}, fun(gone) -> ok end}}, {bad_return, {bad_return, fun({bad_return_value, _}) -> ok end}}],
         fun({Request, Check}) ->
             Probe = compat:probe(?NODE),
             ok = gen_server:call(Probe, {watch, self()}),
             gen_server:cast(Probe, Request),
             {probe, Probe, {terminate, Reason}} = next(),
             ok = Check(Reason)
         end).

?PROMISE(what_came_before_is_done, "gen_server:stop/1", "what was sent before the order to stop is handled first").
what_came_before_is_done(Config) ->
    Probe = compat:probe(?NODE),
    ok = gen_server:call(Probe, {watch, self()}),
    [gen_server:cast(Probe, I) || I <- lists:seq(1, 100)],
    ok = gen_server:stop(Probe),
    [{probe, Probe, {cast, I}} = next() || I <- lists:seq(1, 100)],
    {probe, Probe, {terminate, normal}} = next().

?PROMISE(a_suspended_server_stops, "gen_server:stop/1, sys", "a suspended server is stopped as any other").
a_suspended_server_stops(Config) ->
    Probe = compat:probe(?NODE),
    ok = sys:suspend(Probe),
    Ref = monitor(process, Probe),
    ok = gen_server:stop(Probe),
    {'DOWN', Ref, process, Probe, normal} = next().

?PROMISE(start, "gen_server:start/3,4", "{ok, Pid}, or what init says instead").
start(Config) ->
    Start = fun(Args) -> gen_server:call({probe, ?NODE}, {start, undefined, Args}) end,
    each([{ok, {undefined, fun({ok, P}) when is_pid(P) -> ok end}},
          {ignore, {ignore, fun(ignore) -> ok end}},
          {stop, {{stop, enough}, fun({error, enough}) -> ok end}},
          {exit, {{raise, exit, gone}, fun({error, gone}) -> ok end}},
          {error, {{raise, error, boom}, fun({error, {boom, [_ | _]}}) -> ok end}}],
         fun({Args, Check}) -> ok = Check(Start(Args)) end).

?PROMISE(already_started, "gen_server:start/4", "{error, {already_started, Pid}} if the name is taken").
already_started(Config) ->
    Start = fun() -> gen_server:call({probe, ?NODE}, {start, unique, undefined}) end,
    {ok, Pid} = Start(),
    {error, {already_started, Pid}} = Start(),
    ok = gen_server:stop(Pid),
    {ok, Next} = Start(),
    ok = gen_server:stop(Next).

?PROMISE(the_name_is_free_when_stop_returns, "gen_server:stop/1", "when stop has returned the name may be used again").
the_name_is_free_when_stop_returns(Config) ->
    [begin
         {ok, Pid} = gen_server:call({probe, ?NODE}, {start, unique, undefined}),
         ok = gen_server:stop(Pid)
     end || _ <- lists:seq(1, 100)].

?PROMISE(actions_of_init, "gen_server, Module:init/1", "{ok,State,Timeout} and {ok,State,{continue,Term}}").
actions_of_init(Config) ->
    Later = compat:probe(?NODE, {continue, first}),
    [{continue, first}] = gen_server:call(Later, seen),
    Timed = compat:probe(?NODE, {timeout, 20}),
    timer:sleep(200),
    [{info, timeout}] = gen_server:call(Timed, seen).

?PROMISE(a_failed_start_is_seen_by_the_parent, "gen_server:start_link/3", "a linked start that fails takes along a parent that traps no exits").
a_failed_start_is_seen_by_the_parent(Config) ->
    Parent = compat:probe(?NODE),
    Ref = monitor(process, Parent),
    gen_server:cast(Parent, {do, {start_link, undefined, {stop, enough}}}),
    {'DOWN', Ref, process, Parent, enough} = next().
