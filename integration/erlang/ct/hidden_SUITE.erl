%% Hidden and visible nodes.
-module(hidden_SUITE).
-include("compat.hrl").

init_per_suite(Config) -> compat:init([{visible, compat:start_node(visible, #{visible => true})} | Config]).
end_per_suite(Config) -> compat:kill_node(?config(visible, Config)), compat:done(Config).

?PROMISE(a_hidden_node_is_not_shown, "erlang:nodes/0,1", "a hidden node is in nodes(hidden) and nodes(connected) only").
a_hidden_node_is_not_shown(Config) ->
    compat:connect(?NODE),
    each([{this, {[visible], false}}, {hidden, {[hidden], true}}, {connected, {[connected], true}}, {known, {[known], true}}, {none, {[], false}}],
         fun({Args, Shown}) -> ?assertEqual(Shown, lists:member(?NODE, apply(erlang, nodes, Args))) end).

?PROMISE(a_visible_node_is_shown, "erlang:nodes/0,1", "a visible node is in nodes() and not in nodes(hidden)").
a_visible_node_is_shown(Config) ->
    Visible = ?config(visible, Config),
    compat:connect(Visible),
    each([{visible, {[visible], true}}, {hidden, {[hidden], false}}, {connected, {[connected], true}}, {none, {[], true}}],
         fun({Args, Shown}) -> ?assertEqual(Shown, lists:member(Visible, apply(erlang, nodes, Args))) end).

?PROMISE(epmd_tells, "EPMD protocol, NodeType", "EPMD has a visible node as a normal one, with 77").
epmd_tells(Config) -> 77 = node_type(?config(visible, Config)).

%% PORT_PLEASE2_REQ and PORT2_RESP.
node_type(Node) ->
    [Alive, Host] = string:split(atom_to_list(Node), "@"),
    Port = list_to_integer(os:getenv("ERL_EPMD_PORT", "4369")),
    {ok, Socket} = gen_tcp:connect(Host, Port, [binary, {active, false}]),
    ok = gen_tcp:send(Socket, [<<(length(Alive) + 1):16>>, $z, Alive]),
    {ok, <<$w, 0, _Port:16, Type, _Protocol, _Highest:16, _Lowest:16>>} = gen_tcp:recv(Socket, 10, 20000),
    gen_tcp:close(Socket),
    Type.

?PROMISE(nodeup_tells, "net_kernel:monitor_nodes/2, node_type", "who asks for visible nodes hears of hidden ones nothing, and the other way round").
nodeup_tells(Config) ->
    Visible = ?config(visible, Config),
    Beam = compat:beam(#{}),
    each([{visible, visible}, {hidden, hidden}, {all, all}],
         fun(Type) ->
             Seen = beam:call(Beam, ?MODULE, ups, [Type, [?NODE, Visible]]),
             ?assertEqual(case Type of visible -> [Visible]; hidden -> [?NODE]; all -> lists:sort([?NODE, Visible]) end, Seen)
         end).

%% Runs on another node: the nodes of which nodeup is told.
ups(Type, Nodes) ->
    [erlang:disconnect_node(N) || N <- Nodes],
    ok = net_kernel:monitor_nodes(true, [{node_type, Type}]),
    [true = net_kernel:connect_node(N) || N <- Nodes],
    Ups = lists:sort(collect()),
    ok = net_kernel:monitor_nodes(false, [{node_type, Type}]),
    [erlang:disconnect_node(N) || N <- Nodes],
    _ = collect(),
    Ups.

collect() -> receive {nodeup, N, _} -> [N | collect()]; {nodedown, _, _} -> collect() after 300 -> [] end.

?PROMISE(a_hidden_node_is_not_passed_on, "distributed Erlang, hidden nodes", "who connects to a node that is connected to a hidden one does not get to know that").
a_hidden_node_is_not_passed_on(Config) ->
    [A, B] = [compat:beam(#{connect_all => true}) || _ <- [1, 2]],
    true = beam:call(A, net_kernel, connect_node, [?NODE]),
    true = beam:call(B, net_kernel, connect_node, [beam:name(A)]),
    timer:sleep(500),
    false = lists:member(?NODE, beam:call(B, erlang, nodes, [connected])),
    true = lists:member(?NODE, beam:call(A, erlang, nodes, [connected])).

?PROMISE(global_leaves_it_alone, "global, prevent_overlapping_partitions", "a full mesh with global keeps its connections while one of them has a hidden node").
global_leaves_it_alone(Config) ->
    Beams = [A | Others] = [compat:beam(#{connect_all => true}) || _ <- [1, 2, 3]],
    [true = beam:call(A, net_kernel, connect_node, [beam:name(B)]) || B <- Others],
    true = beam:call(A, net_kernel, connect_node, [?NODE]),
    yes = beam:call(A, ?MODULE, register_global, [compat_global]),
    [until(fun() -> 2 =:= length(beam:call(B, erlang, nodes, [])) end) || B <- Beams],
    [until(fun() -> is_pid(beam:call(B, global, whereis_name, [compat_global])) end) || B <- Others],
    timer:sleep(1000),
    [2 = length(beam:call(B, erlang, nodes, [])) || B <- Beams],
    ?assertEqual([?NODE], beam:call(A, erlang, nodes, [hidden])),
    ?assertEqual(hi, beam:call(A, gen_server, call, [{echo, ?NODE}, hi])).

register_global(Name) -> global:register_name(Name, whereis(init)).

?PROMISE(calls_are_the_same, "distributed Erlang, hidden nodes", "everything works the same to hidden and to visible nodes").
calls_are_the_same(Config) ->
    each([{hidden, ?NODE}, {visible, ?config(visible, Config)}],
         fun(Node) ->
             pong = net_adm:ping(Node),
             hi = gen_server:call({echo, Node}, hi),
             Ref = monitor(process, {nosuch, Node}),
             {'DOWN', Ref, process, _, noproc} = next()
         end).
