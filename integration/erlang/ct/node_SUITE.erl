%% Nodes that come up, go down and come again.
-module(node_SUITE).
-include("compat.hrl").

init_per_suite(Config) -> compat:init(Config).
end_per_suite(Config) -> compat:done(Config).

init_per_testcase(_, Config) -> ok = net_kernel:monitor_nodes(true, [{node_type, all}, nodedown_reason]), Config.
end_per_testcase(_, _) -> net_kernel:monitor_nodes(false, [{node_type, all}, nodedown_reason]), ok.

?PROMISE(ping, "net_adm:ping/1", "pong from a node that is there, pang from one that is not").
ping(Config) ->
    pong = net_adm:ping(?NODE),
    pang = net_adm:ping(list_to_atom("nosuch@" ++ compat:host(?NODE))).

?PROMISE(connect_and_disconnect, "net_kernel:connect_node/1, erlang:disconnect_node/1", "both are true, and seen in nodes(connected)").
connect_and_disconnect(_) ->
    Node = compat:start_node(visited),
    true = net_kernel:connect_node(Node),
    true = net_kernel:connect_node(Node),
    true = lists:member(Node, nodes(connected)),
    true = erlang:disconnect_node(Node),
    false = lists:member(Node, nodes(connected)),
    false = erlang:disconnect_node(Node),
    compat:kill_node(Node),
    false = net_kernel:connect_node(Node).

?PROMISE(up_and_down, "net_kernel:monitor_nodes/2", "nodeup when the connection is there, nodedown with a reason when the node stops").
up_and_down(_) ->
    Node = compat:start_node(visited),
    true = net_kernel:connect_node(Node),
    {nodeup, Node, Up} = event(Node),
    hidden = proplists:get_value(node_type, Up),
    compat:stop_node(Node),
    {nodedown, Node, Down} = event(Node),
    connection_closed = proplists:get_value(nodedown_reason, Down).

?PROMISE(down_by_a_crash, "net_kernel:monitor_nodes/2", "nodedown with connection_closed when the node is killed").
down_by_a_crash(_) ->
    Node = compat:start_node(visited),
    true = net_kernel:connect_node(Node),
    {nodeup, Node, _} = event(Node),
    compat:kill_node(Node),
    {nodedown, Node, Down} = event(Node),
    connection_closed = proplists:get_value(nodedown_reason, Down).

?PROMISE(down_on_our_demand, "net_kernel:monitor_nodes/2", "nodedown with disconnect when we disconnect").
down_on_our_demand(_) ->
    Node = compat:start_node(visited),
    true = net_kernel:connect_node(Node),
    {nodeup, Node, _} = event(Node),
    true = erlang:disconnect_node(Node),
    {nodedown, Node, Down} = event(Node),
    disconnect = proplists:get_value(nodedown_reason, Down),
    compat:kill_node(Node).

?PROMISE(one_node_watched, "erlang:monitor_node/2", "{nodedown, Node} once, also for a node that is not there").
one_node_watched(_) ->
    Node = compat:start_node(visited),
    true = erlang:monitor_node(Node, true),
    hi = gen_server:call({echo, Node}, hi),
    compat:kill_node(Node),
    receive {nodedown, Node} -> ok after 60000 -> error(no_nodedown) end,
    receive {nodedown, Node} -> error(twice) after 200 -> ok end,
    true = erlang:monitor_node(Node, true),
    receive {nodedown, Node} -> ok after 60000 -> error(no_nodedown) end.

?PROMISE(again_and_again, "distributed Erlang, node connections", "a connection may be cut and made any number of times").
again_and_again(Config) ->
    erlang:disconnect_node(?NODE),
    timer:sleep(100),
    flush(),
    [begin
         I = gen_server:call({echo, ?NODE}, I),
         true = erlang:disconnect_node(?NODE)
     end || I <- lists:seq(1, 100)],
    true = net_kernel:connect_node(?NODE),
    Events = [element(1, event(?NODE)) || _ <- lists:seq(1, 200)],
    ?assertEqual(lists:append(lists:duplicate(100, [nodeup, nodedown])), Events).

?PROMISE(restarted, "erl_dist_protocol, creation", "a node that was killed and started again under its name is another one: its pids of before are dead").
restarted(_) ->
    Alive = compat:alive(reborn),
    First = compat:start_node(reborn, #{alive => Alive}),
    Old = gen_server:call({probe, First}, self),
    Ref = monitor(process, Old),
    compat:kill_node(First),
    {'DOWN', Ref, process, Old, noconnection} = down(Ref),
    First = compat:start_node(reborn, #{alive => Alive}),
    New = gen_server:call({probe, First}, self),
    ?assertNotEqual(Old, New),
    {'EXIT', {noproc, _}} = (catch gen_server:call(Old, {reply, hi})),
    Again = monitor(process, Old),
    {'DOWN', Again, process, Old, noproc} = down(Again),
    Old ! lost,
    ?assertEqual([], gen_server:call(New, seen)),
    compat:kill_node(First).

down(Ref) -> receive {'DOWN', Ref, _, _, _} = Down -> Down after 60000 -> error(no_down) end.

?PROMISE(a_name_is_taken, "erl -name, EPMD", "a second node of the same name does not start").
a_name_is_taken(_) ->
    Alive = compat:alive(taken),
    Node = compat:start_node(taken, #{alive => Alive}),
    {error, _} = gen_server:call({testbed, compat:control()}, {start_node, #{alive => Alive}}, 120000),
    hi = gen_server:call({echo, Node}, hi),
    compat:kill_node(Node).

?PROMISE(epmd_knows_it, "erl_epmd:names/1", "a node is known to the EPMD of its host while it runs").
epmd_knows_it(_) ->
    Node = compat:start_node(known),
    [Alive, Host] = string:split(atom_to_list(Node), "@"),
    {ok, Names} = erl_epmd:names(address(Host)),
    true = lists:keymember(Alive, 1, Names),
    compat:stop_node(Node),
    until(fun() -> {ok, Left} = erl_epmd:names(address(Host)), not lists:keymember(Alive, 1, Left) end).

address(Host) -> {ok, Address} = inet:getaddr(Host, inet), Address.

?PROMISE(epmd_forgets_the_killed, "EPMD", "a node that was killed is known no longer").
epmd_forgets_the_killed(_) ->
    Node = compat:start_node(known),
    [Alive, Host] = string:split(atom_to_list(Node), "@"),
    compat:kill_node(Node),
    until(fun() -> {ok, Left} = erl_epmd:names(address(Host)), not lists:keymember(Alive, 1, Left) end).

?PROMISE(another_cookie, "distributed Erlang, security", "a node with another cookie is not connected to, and one may be given for a node").
another_cookie(_) ->
    Node = compat:start_node(guarded, #{cookie => another}),
    pang = net_adm:ping(Node),
    false = lists:member(Node, nodes(connected)),
    true = erlang:set_cookie(Node, another),
    pong = net_adm:ping(Node),
    hi = gen_server:call({echo, Node}, hi),
    compat:kill_node(Node).

?PROMISE(it_connects_to_us, "distributed Erlang, node connections", "a server there that sends to us connects its node to ours").
it_connects_to_us(_) ->
    Node = compat:start_node(caller),
    Beam = compat:beam(#{}),
    Name = beam:name(Beam),
    false = lists:member(Node, beam:call(Beam, erlang, nodes, [connected])),
    ok = gen_server:call({probe, Node}, {send, {user, Name}, hello}),
    until(fun() -> lists:member(Node, beam:call(Beam, erlang, nodes, [connected])) end),
    compat:kill_node(Node),
    until(fun() -> not lists:member(Node, beam:call(Beam, erlang, nodes, [connected])) end).

?PROMISE(both_at_once, "erl_dist_protocol, ok_simultaneous", "nodes that connect to each other at the same time have one connection, and nothing is lost").
both_at_once(_) ->
    Node = compat:start_node(simultaneous),
    Probe = compat:probe(Node),
    [begin
         true = erlang:disconnect_node(Node) orelse true,
         Tag = make_ref(),
         %% It will send to us from the moment the cut is known there, and we to it right now.
         gen_server:cast(Probe, {do, {send, self(), {from_there, Tag}}}),
         I = gen_server:call({echo, Node}, I),
         receive {from_there, Tag} -> ok after 60000 -> error(lost) end,
         gen_server:cast(Probe, {do, {send, self(), {again, Tag}}}),
         true = erlang:disconnect_node(Node),
         _ = (catch gen_server:call({echo, Node}, I)),
         until(fun() -> I =:= (catch gen_server:call({echo, Node}, I)) end)
     end || I <- lists:seq(1, 20)],
    compat:kill_node(Node).

?PROMISE(many_nodes, "distributed Erlang", "many nodes are connected at once, and their ends are told one by one").
many_nodes(_) ->
    Nodes = [compat:start_node(crowd) || _ <- lists:seq(1, 5)],
    [true = net_kernel:connect_node(N) || N <- Nodes],
    [{nodeup, N, _} = event(N) || N <- Nodes],
    [compat:kill_node(N) || N <- Nodes],
    [{nodedown, N, _} = event(N) || N <- Nodes],
    ok.

?PROMISE(pids_belong_to_it, "erlang:node/1", "pids, references and aliases of its processes name the node").
pids_belong_to_it(Config) ->
    each([{self, self}, {make_ref, make_ref}],
         fun(Deed) -> ?assertEqual(?NODE, node(gen_server:call({probe, ?NODE}, Deed))) end).

?PROMISE(undefined_functions, "rpc:call/4, erpc:call/4", "what it does not have is undef").
undefined_functions(Config) ->
    {badrpc, {'EXIT', {undef, _}}} = rpc:call(?NODE, nosuch, function, []),
    ok.

%% The next event of one node. The control node may come and go meanwhile.
event(Node) ->
    receive {Event, Node, _} = What when Event =:= nodeup; Event =:= nodedown -> What
    after 60000 -> error({no_event_of, Node})
    end.
