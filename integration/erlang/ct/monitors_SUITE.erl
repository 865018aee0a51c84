%% Monitors, in both directions.
-module(monitors_SUITE).
-include("compat.hrl").

init_per_suite(Config) -> compat:init(Config).
end_per_suite(Config) -> compat:done(Config).

reasons() ->
    [normal, shutdown, {shutdown, [a]}, boom, 1 bsl 80, 1.5, <<"binary">>, "string", [a | b], #{map => #{}}, {}, {deep, [{er, <<1:3>>}]}].

?PROMISE(the_reason_arrives, "erlang:monitor/2, DOWN", "Info is the exit reason of the process, whatever term it is").
the_reason_arrives(Config) ->
    each([{Reason, Reason} || Reason <- reasons()],
         fun(Reason) ->
             Probe = compat:probe(?NODE),
             Ref = monitor(process, Probe),
             gen_server:cast(Probe, {stop, Reason}),
             {'DOWN', Ref, process, Probe, Reason} = next(),
             none = nothing()
         end).

?PROMISE(a_failure_tells_where, "errors and error handling, exit reasons", "the reason of a failure is {Error, Stack}").
a_failure_tells_where(Config) ->
    Probe = compat:probe(?NODE),
    Ref = monitor(process, Probe),
    gen_server:cast(Probe, {raise, error, boom}),
    {'DOWN', Ref, process, Probe, {boom, [{M, F, A, L} | _]}} = next(),
    true = is_atom(M) andalso is_atom(F) andalso (is_integer(A) orelse is_list(A)) andalso is_list(L).

?PROMISE(killed, "erlang:exit/2, kill", "a process that was killed is down with killed").
killed(Config) ->
    Probe = compat:probe(?NODE),
    Ref = monitor(process, Probe),
    exit(Probe, kill),
    {'DOWN', Ref, process, Probe, killed} = next().

?PROMISE(nobody_there, "erlang:monitor/2, noproc", "a monitor of a process that does not exist is down with noproc at once").
nobody_there(Config) ->
    Dead = compat:probe(?NODE),
    ok = gen_server:stop(Dead),
    Name = {nosuch, ?NODE},
    each([{pid, {Dead, Dead}}, {name, {Name, Name}}],
         fun({Item, Object}) ->
             Ref = monitor(process, Item),
             {'DOWN', Ref, process, Object, noproc} = next(),
             none = nothing()
         end).

?PROMISE(by_name, "erlang:monitor/2, DOWN", "Object is {Name, Node} if the process was monitored by name").
by_name(Config) ->
    Object = {watched, ?NODE},
    {ok, Probe} = gen_server:call({probe, ?NODE}, {start, watched, undefined}),
    Ref = monitor(process, Object),
    gen_server:cast(Probe, {stop, enough}),
    {'DOWN', Ref, process, Object, enough} = next().

?PROMISE(a_name_that_moves_on, "erlang:monitor/2", "a monitor by name watches the process that had the name").
a_name_that_moves_on(Config) ->
    {ok, First} = gen_server:call({probe, ?NODE}, {start, moving, undefined}),
    Ref = monitor(process, {moving, ?NODE}),
    ok = gen_server:call(First, {unregister, moving}),
    {ok, Second} = gen_server:call({probe, ?NODE}, {start, moving, undefined}),
    gen_server:stop(Second, second, 10000),
    none = nothing(),
    gen_server:stop(First, first, 10000),
    {'DOWN', Ref, process, {moving, _}, first} = next().

?PROMISE(the_node_is_not_there, "erlang:monitor/2, noconnection", "a monitor of a process of a node that is not there is down with noconnection").
the_node_is_not_there(Config) ->
    Object = {echo, list_to_atom("nosuch@" ++ compat:host(?NODE))},
    Ref = monitor(process, Object),
    {'DOWN', Ref, process, Object, noconnection} = next().

?PROMISE(the_node_goes, "erlang:monitor/2, noconnection", "monitors of processes of a node that goes are down with noconnection, once each").
the_node_goes(_) ->
    each([{kill, fun compat:kill_node/1}, {disconnect, fun(N) -> true = erlang:disconnect_node(N) end}],
         fun(Go) ->
             Node = compat:start_node(mortal),
             Pids = [compat:probe(Node) || _ <- lists:seq(1, 20)],
             Refs = [{monitor(process, P), P} || P <- [{echo, Node} | Pids]],
             [hi = gen_server:call(P, {reply, hi}) || P <- Pids],
             Go(Node),
             [receive {'DOWN', Ref, process, P, Reason} -> ?assertEqual(noconnection, Reason) after 60000 -> error({no_down, P}) end || {Ref, P} <- Refs],
             none = nothing()
         end).

?PROMISE(taken_back, "erlang:demonitor/1", "no DOWN comes of a monitor that was taken back").
taken_back(Config) ->
    Probe = compat:probe(?NODE),
    Ref = monitor(process, Probe),
    Kept = monitor(process, Probe),
    true = demonitor(Ref),
    true = demonitor(Ref),
    gen_server:stop(Probe),
    {'DOWN', Kept, process, Probe, normal} = next(),
    none = nothing().

?PROMISE(taken_back_too_late, "erlang:demonitor/2, flush", "flush removes a DOWN that has arrived already").
taken_back_too_late(Config) ->
    Probe = compat:probe(?NODE),
    Ref = monitor(process, Probe),
    ok = gen_server:stop(Probe),
    until(fun() -> {message_queue_len, 1} =:= process_info(self(), message_queue_len) end),
    true = demonitor(Ref, [flush]),
    none = nothing().

?PROMISE(several_of_one, "erlang:monitor/2", "each of several monitors of a process has its own DOWN").
several_of_one(Config) ->
    Probe = compat:probe(?NODE),
    Refs = [monitor(process, Probe) || _ <- lists:seq(1, 50)],
    50 = length(lists:usort(Refs)),
    gen_server:stop(Probe),
    [receive {'DOWN', Ref, process, Probe, normal} -> ok after 60000 -> error(Ref) end || Ref <- Refs],
    none = nothing().

?PROMISE(a_thousand, "erlang:monitor/2", "each of a thousand monitored processes is down once").
a_thousand(Config) ->
    Probes = [compat:probe(?NODE) || _ <- lists:seq(1, 1000)],
    Refs = [{monitor(process, P), P} || P <- Probes],
    [gen_server:cast(P, {stop, {bye, P}}) || P <- Probes],
    [receive {'DOWN', Ref, process, P, Why} -> ?assertEqual({bye, P}, Why) after 60000 -> error(P) end || {Ref, P} <- Refs],
    none = nothing().

?PROMISE(many_watchers, "erlang:monitor/2", "every process that monitors another one has its DOWN").
many_watchers(Config) ->
    Probe = compat:probe(?NODE),
    Self = self(),
    [spawn_link(fun() ->
         Ref = monitor(process, Probe),
         hi = gen_server:call(Probe, {reply, hi}, 60000),
         Self ! ready,
         {'DOWN', Ref, process, Probe, enough} = next(),
         none = nothing(),
         Self ! seen
     end) || _ <- lists:seq(1, 100)],
    [ready = next() || _ <- lists:seq(1, 100)],
    gen_server:cast(Probe, {stop, enough}),
    [seen = next() || _ <- lists:seq(1, 100)].

?PROMISE(with_options, "erlang:monitor/3", "a tag of one's own, and an alias that goes with the monitor").
with_options(Config) ->
    compat:since(25),
    Probe = compat:probe(?NODE),
    Tagged = erlang:monitor(process, Probe, [{tag, {my, tag}}]),
    Alias = erlang:monitor(process, Probe, [{alias, reply_demonitor}]),
    ok = gen_server:call(Probe, {send, Alias, first}),
    first = next(),
    ok = gen_server:call(Probe, {send, Alias, second}),
    gen_server:stop(Probe),
    {{my, tag}, Tagged, process, Probe, normal} = next(),
    none = nothing().

%% ---- the other way ----

?PROMISE(it_watches_us, "erlang:monitor/2, from there", "a server there sees the reason of a process here").
it_watches_us(Config) ->
    Probe = compat:probe(?NODE),
    each([{Reason, Reason} || Reason <- reasons()],
         fun(Reason) ->
             ok = gen_server:call(Probe, clear),
             Pid = spawn(fun() -> receive Why -> exit(Why) end end),
             Ref = gen_server:call(Probe, {monitor, Pid}),
             Pid ! Reason,
             until(fun() -> [{info, {'DOWN', Ref, process, Pid, Reason}}] =:= gen_server:call(Probe, seen) end)
         end).

?PROMISE(it_watches_nobody, "erlang:monitor/2, from there", "noproc for a pid and a name that do not exist here").
it_watches_nobody(Config) ->
    Probe = compat:probe(?NODE),
    Dead = spawn(fun() -> ok end),
    until(fun() -> not is_process_alive(Dead) end),
    Ref1 = gen_server:call(Probe, {monitor, Dead}),
    until(fun() -> [{info, {'DOWN', Ref1, process, Dead, noproc}}] =:= gen_server:call(Probe, seen) end),
    Name = {nosuch, node()},
    Ref2 = gen_server:call(Probe, {monitor, Name}),
    until(fun() -> {info, {'DOWN', Ref2, process, Name, noproc}} =:= lists:last(gen_server:call(Probe, seen)) end).

?PROMISE(it_watches_a_name, "erlang:monitor/2, from there", "a name here is monitored as {Name, Node}").
it_watches_a_name(Config) ->
    Probe = compat:probe(?NODE),
    Pid = spawn(fun() -> receive Why -> exit(Why) end end),
    register(watched_here, Pid),
    Object = {watched_here, node()},
    Ref = gen_server:call(Probe, {monitor, Object}),
    Pid ! enough,
    until(fun() -> [{info, {'DOWN', Ref, process, Object, enough}}] =:= gen_server:call(Probe, seen) end).

?PROMISE(it_takes_back, "erlang:demonitor/2, from there", "no DOWN reaches a server that has taken its monitor back").
it_takes_back(Config) ->
    Probe = compat:probe(?NODE),
    Pid = spawn(fun() -> receive Why -> exit(Why) end end),
    Ref = gen_server:call(Probe, {monitor, Pid}),
    ok = gen_server:call(Probe, {demonitor, Ref}),
    Kept = gen_server:call(Probe, {monitor, Pid}),
    Pid ! enough,
    until(fun() -> [{info, {'DOWN', Kept, process, Pid, enough}}] =:= gen_server:call(Probe, seen) end).

?PROMISE(our_node_goes, "erlang:monitor/2, from there", "a server there sees noconnection when a node of ours dies").
our_node_goes(Config) ->
    Probe = compat:probe(?NODE),
    Beam = compat:beam(#{}),
    Object = {init, beam:name(Beam)},
    pong = beam:call(Beam, net_adm, ping, [?NODE]),
    Ref = gen_server:call(Probe, {monitor, Object}),
    ok = beam:signal(Beam, "KILL"),
    until(fun() -> [{info, {'DOWN', Ref, process, Object, noconnection}}] =:= gen_server:call(Probe, seen) end).

?PROMISE(it_watches_its_own, "erlang:monitor/2", "servers of one node watch each other as well").
it_watches_its_own(Config) ->
    Watcher = compat:probe(?NODE),
    Watched = compat:probe(?NODE),
    Ref = gen_server:call(Watcher, {monitor, Watched}),
    gen_server:stop(Watched, enough, 10000),
    until(fun() -> [{info, {'DOWN', Ref, process, Watched, enough}}] =:= gen_server:call(Watcher, seen) end).
