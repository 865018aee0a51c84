%% Links, in both directions.
-module(links_SUITE).
-include("compat.hrl").

init_per_suite(Config) -> compat:init(Config).
end_per_suite(Config) -> compat:done(Config).

init_per_testcase(_, Config) -> process_flag(trap_exit, true), Config.
end_per_testcase(_, _) -> ok.

%% A process of ours that exits with what it is sent, linked to Pid. Traps no exits.
linked_to(Pid) ->
    Self = self(),
    Linked = spawn(fun() -> link(Pid), Self ! {linked, self()}, receive Why -> exit(Why) end end),
    receive {linked, Linked} -> ok end,
    %% The link has arrived when this call, of the same sender's node and later, is answered: ask by way of the linked process.
    Linked.

%% The probe knows the link of P, for a call that P makes comes after it.
settled(Probe) -> _ = gen_server:call(Probe, {reply, settled}, 60000), ok.

?PROMISE(a_server_ends, "erlang:link/1, exit signals", "the exit of a linked server is a message to who traps exits, with its reason").
a_server_ends(Config) ->
    each([{Reason, Reason} || Reason <- [normal, shutdown, {shutdown, x}, boom, <<"binary">>, {deep, [#{}]}, 1 bsl 90]],
         fun(Reason) ->
             Probe = compat:probe(?NODE),
             link(Probe),
             gen_server:cast(Probe, {stop, Reason}),
             {'EXIT', Probe, Reason} = next(),
             none = nothing()
         end).

?PROMISE(a_server_takes_us_along, "erlang:link/1, exit signals", "the exit of a linked server ends a process that traps no exits, but for normal").
a_server_takes_us_along(Config) ->
    Probe = compat:probe(?NODE),
    {Pid, Ref} = spawn_monitor(fun() -> link(Probe), gen_server:cast(Probe, {stop, boom}), receive after infinity -> ok end end),
    {'DOWN', Ref, process, Pid, boom} = next(),
    Mild = compat:probe(?NODE),
    Self = self(),
    {Other, Mon} = spawn_monitor(fun() ->
        link(Mild), gen_server:stop(Mild), Self ! alive, receive stop -> ok end
    end),
    alive = next(),
    none = nothing(),
    Other ! stop,
    {'DOWN', Mon, process, Other, normal} = next().

?PROMISE(we_take_a_server_along, "erlang:link/1, exit signals", "our exit ends a linked server that traps no exits, with our reason").
we_take_a_server_along(Config) ->
    each([{Reason, Reason} || Reason <- [shutdown, boom, {deep, [<<"reason">>]}]],
         fun(Reason) ->
             Probe = compat:probe(?NODE),
             Ref = monitor(process, Probe),
             Pid = linked_to(Probe),
             Pid ! Reason,
             {'DOWN', Ref, process, Probe, Reason} = next()
         end).

?PROMISE(our_normal_exit_harms_nobody, "exit signals, normal", "an exit with normal leaves a linked server alone").
our_normal_exit_harms_nobody(Config) ->
    Probe = compat:probe(?NODE),
    Pid = linked_to(Probe),
    Pid ! normal,
    until(fun() -> not is_process_alive(Pid) end),
    settled(Probe).

?PROMISE(a_server_traps_our_exit, "process_flag(trap_exit, true)", "a server that traps exits gets {'EXIT', Pid, Reason} and goes on").
a_server_traps_our_exit(Config) ->
    each([{Reason, Reason} || Reason <- [normal, shutdown, boom, {deep, [<<"reason">>]}]],
         fun(Reason) ->
             Probe = compat:probe(?NODE, trap_exit),
             ok = gen_server:call(Probe, {watch, self()}),
             Pid = linked_to(Probe),
             Pid ! Reason,
             {probe, Probe, {info, {'EXIT', Pid, Reason}}} = next(),
             none = nothing()
         end).

?PROMISE(unlinked, "erlang:unlink/1", "after unlink neither end sees the other's exit").
unlinked(Config) ->
    Probe = compat:probe(?NODE),
    link(Probe),
    unlink(Probe),
    gen_server:stop(Probe, boom, 10000),
    none = nothing(),
    Other = compat:probe(?NODE),
    Self = self(),
    Pid = spawn(fun() -> link(Other), unlink(Other), settled(Other), Self ! unlinked, receive Why -> exit(Why) end end),
    unlinked = next(),
    Pid ! boom,
    until(fun() -> not is_process_alive(Pid) end),
    settled(Other).

?PROMISE(unlink_after_the_exit, "erlang:unlink/1", "an exit message that has come already stays, none comes later").
unlink_after_the_exit(Config) ->
    [begin
         Probe = compat:probe(?NODE),
         link(Probe),
         gen_server:cast(Probe, {stop, I}),
         unlink(Probe),
         %% Whatever was on its way has been dropped or is here.
         receive {'EXIT', Probe, I} -> ok after 0 -> ok end,
         Ref = monitor(process, Probe),
         receive {'DOWN', Ref, _, _, _} -> ok end,
         receive {'EXIT', Probe, _} = Late -> error(Late) after 0 -> ok end
     end || I <- lists:seq(1, 50)].

?PROMISE(twice_is_once, "erlang:link/1", "a second link to the same process is the same link").
twice_is_once(Config) ->
    Probe = compat:probe(?NODE),
    link(Probe), link(Probe), link(Probe),
    gen_server:cast(Probe, {stop, boom}),
    {'EXIT', Probe, boom} = next(),
    none = nothing().

?PROMISE(linked_from_both_sides, "erlang:link/1", "a link that both ends make is one link").
linked_from_both_sides(Config) ->
    Probe = compat:probe(?NODE),
    link(Probe),
    ok = gen_server:call(Probe, {link, self()}),
    gen_server:cast(Probe, {stop, boom}),
    {'EXIT', Probe, boom} = next(),
    none = nothing().

?PROMISE(link_unlink_link, "erlang:unlink/1, protocol of unlink ids", "many links and unlinks in a row end as the last one says").
link_unlink_link(Config) ->
    Probe = compat:probe(?NODE),
    [begin link(Probe), unlink(Probe) end || _ <- lists:seq(1, 500)],
    gen_server:stop(Probe, boom, 10000),
    none = nothing(),
    Other = compat:probe(?NODE),
    [begin unlink(Other), link(Other) end || _ <- lists:seq(1, 500)],
    gen_server:stop(Other, boom, 10000),
    {'EXIT', Other, boom} = next(),
    none = nothing().

?PROMISE(nobody_there, "erlang:link/1, noproc", "a link to a process that does not exist is answered by an exit signal noproc").
nobody_there(Config) ->
    Probe = compat:probe(?NODE),
    ok = gen_server:stop(Probe),
    link(Probe),
    {'EXIT', Probe, noproc} = next(),
    ok.

?PROMISE(the_node_goes, "erlang:link/1, noconnection", "when the node goes the exit signal of each link is noconnection").
the_node_goes(_) ->
    each([{kill, fun compat:kill_node/1}, {disconnect, fun(N) -> true = erlang:disconnect_node(N) end}],
         fun(Go) ->
             Node = compat:start_node(mortal),
             Pids = [compat:probe(Node) || _ <- lists:seq(1, 10)],
             [link(P) || P <- Pids],
             [settled(P) || P <- Pids],
             Go(Node),
             [receive {'EXIT', P, Reason} -> ?assertEqual(noconnection, Reason) after 60000 -> error({no_exit, P}) end || P <- Pids],
             none = nothing()
         end).

?PROMISE(killed_is_passed_on, "erlang:exit/2, kill", "who is linked to a killed process gets killed, which can be trapped").
killed_is_passed_on(Config) ->
    Probe = compat:probe(?NODE),
    link(Probe),
    exit(Probe, kill),
    {'EXIT', Probe, killed} = next(),
    Trapping = compat:probe(?NODE, trap_exit),
    ok = gen_server:call(Trapping, {watch, self()}),
    Pid = linked_to(Trapping),
    exit(Pid, kill),
    {probe, Trapping, {info, {'EXIT', Pid, killed}}} = next().

?PROMISE(a_chain, "erlang:link/1, exit signals", "an exit goes along a chain of links here and there").
a_chain(Config) ->
    Ours = lists:foldl(fun(_, Next) ->
        Probe = compat:probe(?NODE),
        ok = gen_server:call(Probe, {link, Next}),
        Self = self(),
        Pid = spawn(fun() -> link(Probe), Self ! linked, receive Why -> exit(Why) end end),
        linked = next(),
        Pid
    end, spawn_link(fun() -> receive after infinity -> ok end end), lists:seq(1, 10)),
    exit(Ours, boom),
    {'EXIT', _, boom} = next(),
    ok.

%% ---- links that a server there makes ----

?PROMISE(it_links_to_us, "erlang:link/1, from there", "a link that a server there makes works in both directions").
it_links_to_us(Config) ->
    Probe = compat:probe(?NODE),
    ok = gen_server:call(Probe, {link, self()}),
    gen_server:cast(Probe, {stop, boom}),
    {'EXIT', Probe, boom} = next(),
    Other = compat:probe(?NODE),
    Ref = monitor(process, Other),
    Pid = spawn(fun() -> receive Why -> exit(Why) end end),
    ok = gen_server:call(Other, {link, Pid}),
    Pid ! enough,
    {'DOWN', Ref, process, Other, enough} = next().

?PROMISE(it_unlinks, "erlang:unlink/1, from there", "a server there takes its link back").
it_unlinks(Config) ->
    Probe = compat:probe(?NODE),
    ok = gen_server:call(Probe, {link, self()}),
    ok = gen_server:call(Probe, {unlink, self()}),
    gen_server:stop(Probe, boom, 10000),
    none = nothing().

?PROMISE(it_links_to_nobody, "erlang:link/1, from there", "noproc reaches a server that links to a process that does not exist here").
it_links_to_nobody(Config) ->
    Probe = compat:probe(?NODE, trap_exit),
    Dead = spawn(fun() -> ok end),
    until(fun() -> not is_process_alive(Dead) end),
    ok = gen_server:call(Probe, {link, Dead}),
    until(fun() -> [{info, {'EXIT', Dead, noproc}}] =:= gen_server:call(Probe, seen) end).

?PROMISE(our_node_goes, "erlang:link/1, from there", "a server there gets noconnection when a linked process's node dies").
our_node_goes(Config) ->
    Probe = compat:probe(?NODE, trap_exit),
    Beam = compat:beam(#{}),
    Pid = beam:call(Beam, erlang, whereis, [init]),
    pong = beam:call(Beam, net_adm, ping, [?NODE]),
    ok = gen_server:call(Probe, {link, Pid}),
    ok = beam:signal(Beam, "KILL"),
    until(fun() -> [{info, {'EXIT', Pid, noconnection}}] =:= gen_server:call(Probe, seen) end).

?PROMISE(children_of_a_server, "gen_server:start_link/3", "a server that was started with a link goes with its parent, in both directions").
children_of_a_server(Config) ->
    Parent = compat:probe(?NODE),
    {ok, Child} = gen_server:call(Parent, {start_link, undefined, undefined}),
    Ref = monitor(process, Parent),
    gen_server:cast(Child, {stop, boom}),
    {'DOWN', Ref, process, Parent, boom} = next(),
    Other = compat:probe(?NODE),
    {ok, Second} = gen_server:call(Other, {start_link, undefined, undefined}),
    Ref2 = monitor(process, Second),
    exit(Other, kill),
    {'DOWN', Ref2, process, Second, killed} = next().
