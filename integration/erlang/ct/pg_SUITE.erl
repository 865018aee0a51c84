%% Process groups between the tested node and this one. Hidden nodes do not look for each other, so this one asks.
-module(pg_SUITE).
-include("compat.hrl").

-define(SCOPE, compat_scope).

init_per_suite(Config0) ->
    Config = compat:init(Config0),
    {ok, _} = rpc:call(?NODE, pg, start, [?SCOPE]),
    Self = self(),
    Keeper = spawn(fun() -> {ok, Pid} = pg:start(?SCOPE), Self ! {scope, Pid}, receive stop -> ok end end),
    Mine = receive {scope, Pid} -> Pid end,
    [{keeper, Keeper}, {scope, Mine} | Config].

end_per_suite(Config) ->
    ?config(keeper, Config) ! stop,
    gen_server:stop(?config(scope, Config)),
    compat:done(Config).

init_per_testcase(_, Config) -> compat:connect(?NODE), ask(Config), Config.
end_per_testcase(_, _) -> ok.

ask(Config) -> {?SCOPE, ?NODE} ! {discover, ?config(scope, Config)}.

there(Config, F, Args) -> rpc:call(?NODE, pg, F, [?SCOPE | Args]).

%% Both nodes have these members of a group.
agree(Config, Group, Members) ->
    Want = lists:sort(Members),
    until(fun() -> {lists:sort(pg:get_members(?SCOPE, Group)), lists:sort(there(Config, get_members, [Group]))} =:= {Want, Want} end).

member() -> spawn(fun() -> receive stop -> ok end end).

?PROMISE(who_asks_is_told, "pg.erl, discover and sync", "a scope that is asked tells all its members, and asks back").
who_asks_is_told(Config) ->
    Probe = compat:probe(?NODE),
    ok = there(Config, join, [{told, 1}, Probe]),
    agree(Config, {told, 1}, [Probe]).

?PROMISE(members_of_both, "pg:join/3, pg:get_members/2", "a group has the processes of both nodes, the local ones apart").
members_of_both(Config) ->
    Probe = compat:probe(?NODE), Mine = member(),
    ok = pg:join(?SCOPE, both, Mine),
    ok = there(Config, join, [both, Probe]),
    agree(Config, both, [Mine, Probe]),
    [Probe] = there(Config, get_local_members, [both]),
    [Mine] = pg:get_local_members(?SCOPE, both),
    true = lists:member(both, there(Config, which_groups, [])).

?PROMISE(any_group, "pg:join/3", "any term is the name of a group, and equal terms are the same one").
any_group(Config) ->
    each([{Group, Group} || Group <- [a, "list", <<"binary">>, {t, [1, 2.0]}, #{b => 2, a => 1}, 1 bsl 90, [], self()]],
         fun(Group) ->
             Probe = compat:probe(?NODE), Mine = member(),
             ok = there(Config, join, [Group, Probe]),
             ok = pg:join(?SCOPE, Group, Mine),
             agree(Config, Group, [Probe, Mine])
         end).

?PROMISE(numbers_differ, "pg:join/3", "1 and 1.0 are two groups").
numbers_differ(Config) ->
    Probe = compat:probe(?NODE),
    ok = there(Config, join, [1, Probe]),
    agree(Config, 1, [Probe]),
    agree(Config, 1.0, []).

?PROMISE(joined_twice, "pg:join/3, pg:leave/3", "who has joined twice is in the group twice, and leaves twice").
joined_twice(Config) ->
    Probe = compat:probe(?NODE), Mine = member(),
    ok = there(Config, join, [twice, [Probe, Probe]]),
    ok = pg:join(?SCOPE, twice, [Mine, Mine]),
    agree(Config, twice, [Probe, Probe, Mine, Mine]),
    ok = there(Config, leave, [twice, Probe]),
    ok = pg:leave(?SCOPE, twice, Mine),
    agree(Config, twice, [Probe, Mine]),
    ok = there(Config, leave, [twice, Probe]),
    not_joined = there(Config, leave, [twice, Probe]),
    ok = pg:leave(?SCOPE, twice, Mine),
    agree(Config, twice, []),
    false = lists:member(twice, there(Config, which_groups, [])).

?PROMISE(the_end_of_a_member, "pg:join/3", "a process that ends has left all its groups").
the_end_of_a_member(Config) ->
    Probe = compat:probe(?NODE), Mine = member(),
    [ok = there(Config, join, [G, Probe]) || G <- [end1, end2, end1]],
    [ok = pg:join(?SCOPE, G, Mine) || G <- [end1, end2]],
    agree(Config, end1, [Probe, Probe, Mine]),
    gen_server:cast(Probe, {stop, boom}),
    agree(Config, end1, [Mine]),
    agree(Config, end2, [Mine]),
    exit(Mine, kill),
    agree(Config, end1, []),
    agree(Config, end2, []).

?PROMISE(the_connection_is_lost, "pg.erl, 'DOWN' of a scope", "the members of a node that is lost have left, and are back with it").
the_connection_is_lost(Config) ->
    Probe = compat:probe(?NODE), Mine = member(),
    ok = there(Config, join, [lost, Probe]),
    ok = pg:join(?SCOPE, lost, Mine),
    agree(Config, lost, [Probe, Mine]),
    true = erlang:disconnect_node(?NODE),
    until(fun() -> pg:get_members(?SCOPE, lost) =:= [Mine] end),
    compat:connect(?NODE),
    ask(Config),
    agree(Config, lost, [Probe, Mine]).

?PROMISE(another_life, "pg.erl, 'DOWN' of a scope, nodeup", "a node that is killed has left, and its next life under the same name starts with no members; a visible one is found without being asked").
another_life(Config) ->
    Scope = ?config(scope, Config),
    each([{hidden, false}, {visible, true}], fun(Visible) ->
        Group = {life, Visible}, Mine = member(), Alive = compat:alive(life),
        ok = pg:join(?SCOPE, Group, Mine),
        Lives = [begin
             Node = compat:start_node(life, #{alive => Alive, visible => Visible}),
             {ok, _} = rpc:call(Node, pg, start, [?SCOPE]),
             compat:connect(Node),
             Visible orelse ({?SCOPE, Node} ! {discover, Scope}),
             Probe = compat:probe(Node),
             ok = rpc:call(Node, pg, join, [?SCOPE, Group, Probe]),
             Both = lists:sort([Mine, Probe]),
             until(fun() -> {lists:sort(pg:get_members(?SCOPE, Group)), lists:sort(rpc:call(Node, pg, get_members, [?SCOPE, Group]))} =:= {Both, Both} end),
             compat:kill_node(Node),
             until(fun() -> pg:get_members(?SCOPE, Group) =:= [Mine] end),
             Node
         end || _ <- [1, 2]],
        [_] = lists:usort(Lives)
    end),
    Scope = whereis(?SCOPE).

?PROMISE(many, "pg:join/3", "1000 members of 100 groups join and leave in one message each").
many(Config) ->
    Probes = [compat:probe(?NODE) || _ <- lists:seq(1, 10)], Mine = [member() || _ <- lists:seq(1, 10)],
    [begin ok = there(Config, join, [{many, G}, Probes]), ok = pg:join(?SCOPE, {many, G}, Mine) end || G <- lists:seq(1, 100)],
    [agree(Config, {many, G}, Probes ++ Mine) || G <- lists:seq(1, 100)],
    [gen_server:cast(P, {stop, normal}) || P <- Probes],
    [P ! stop || P <- Mine],
    [agree(Config, {many, G}, []) || G <- lists:seq(1, 100)].

?PROMISE(monitored, "pg:monitor/2, pg:demonitor/2", "who monitors a group of the node is told who joins and leaves").
monitored(Config) ->
    erlang:function_exported(pg, monitor, 2) orelse throw({skip, "since OTP 25.1"}),
    Probe = compat:probe(?NODE),
    {Ref, []} = gen_server:call({?SCOPE, ?NODE}, {monitor, watched}),
    ok = there(Config, join, [watched, Probe]),
    {Ref, join, watched, [Probe]} = next(),
    ok = there(Config, leave, [watched, Probe]),
    {Ref, leave, watched, [Probe]} = next(),
    ok = gen_server:call({?SCOPE, ?NODE}, {demonitor, Ref}),
    false = gen_server:call({?SCOPE, ?NODE}, {demonitor, Ref}),
    ok = there(Config, join, [watched, Probe]),
    none = nothing().

?PROMISE(nobody_was_hurt, "pg.erl, handle_info", "the scope of this node is the one that was started").
nobody_was_hurt(Config) ->
    Scope = ?config(scope, Config),
    Scope = whereis(?SCOPE).
