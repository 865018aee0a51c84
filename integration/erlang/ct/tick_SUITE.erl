%% Ticks: a silent connection stays, a dead one is noticed.
-module(tick_SUITE).
-define(GROUPS, true).
-include("compat.hrl").

-define(TICK, 4).

all() -> [{group, all}].
groups() -> [{all, [parallel], compat:promises(?MODULE)}].

init_per_suite(Config) -> Config.
end_per_suite(_) -> ok.

%% A node with a tick time of four seconds, and a BEAM that has the same.
pair() ->
    Node = compat:start_node(ticking, #{ticktime => ?TICK}),
    Beam = compat:beam(#{ticktime => ?TICK}),
    ok = beam:call(Beam, ?MODULE, watch, []),
    pong = beam:call(Beam, net_adm, ping, [Node]),
    {Node, Beam}.

%% Runs on that BEAM: nodedown with its reason and the time since now, in milliseconds.
watch() ->
    Self = self(),
    Pid = spawn(fun() -> ok = net_kernel:monitor_nodes(true, [{node_type, all}, nodedown_reason]), Self ! watching, watching([]) end),
    receive watching -> register(watcher, Pid), ok end.

watching(Downs) ->
    receive
        {nodedown, Node, Info} -> watching([{Node, proplists:get_value(nodedown_reason, Info), erlang:monotonic_time(millisecond)} | Downs]);
        {nodeup, _, _} -> watching(Downs);
        {From, downs} -> From ! {downs, Downs}, watching(Downs)
    end.

downs() -> watcher ! {self(), downs}, receive {downs, Downs} -> Downs end.

?PROMISE(silence_is_no_end, "kernel, net_ticktime", "a connection on which nothing is sent stays").
silence_is_no_end(_) ->
    {Node, Beam} = pair(),
    timer:sleep(4 * ?TICK * 1000),
    [] = beam:call(Beam, ?MODULE, downs, []),
    true = lists:member(Node, beam:call(Beam, erlang, nodes, [hidden])),
    hi = beam:call(Beam, gen_server, call, [{echo, Node}, hi]),
    compat:kill_node(Node).

?PROMISE(one_direction, "kernel, net_ticktime", "a connection on which only one end sends stays").
one_direction(_) ->
    {Node, Beam} = pair(),
    [begin
         ok = beam:call(Beam, gen_server, cast, [{counter, Node}, {add, 1}]),
         timer:sleep(100)
     end || _ <- lists:seq(1, 30 * ?TICK)],
    [] = beam:call(Beam, ?MODULE, downs, []),
    ?assertEqual(30 * ?TICK, beam:call(Beam, gen_server, call, [{counter, Node}, get])),
    compat:kill_node(Node).

?PROMISE(a_busy_server_ticks, "kernel, net_ticktime", "a node whose server is in a callback for long goes on ticking").
a_busy_server_ticks(_) ->
    {Node, Beam} = pair(),
    {probe, Node} ! {do, {sleep, 3 * ?TICK * 1000}},
    {_, _} = {Node, beam:call(Beam, erlang, send, [{probe, Node}, {do, {sleep, 3 * ?TICK * 1000}}])},
    timer:sleep(3 * ?TICK * 1000),
    [] = beam:call(Beam, ?MODULE, downs, []),
    compat:kill_node(Node).

?PROMISE(a_paused_node_is_given_up, "kernel, net_ticktime", "nodedown with net_tick_timeout within 75 to 125 % of the tick time, and a little").
a_paused_node_is_given_up(_) ->
    {Node, Beam} = pair(),
    Start = beam:call(Beam, erlang, monotonic_time, [millisecond]),
    compat:pause_node(Node),
    until(fun() -> [] =/= beam:call(Beam, ?MODULE, downs, []) end),
    [{Node, net_tick_timeout, Time}] = beam:call(Beam, ?MODULE, downs, []),
    Took = Time - Start,
    ct:comment("~p ms", [Took]),
    ?assert(Took > ?TICK * 500),
    ?assert(Took < ?TICK * 3000),
    compat:resume_node(Node),
    until(fun() -> hi =:= (catch beam:call(Beam, gen_server, call, [{echo, Node}, hi])) end),
    compat:kill_node(Node).

?PROMISE(a_short_pause_is_nothing, "kernel, net_ticktime", "a node that is silent for less than the tick time is not given up").
a_short_pause_is_nothing(_) ->
    {Node, Beam} = pair(),
    [begin
         compat:pause_node(Node),
         timer:sleep(?TICK * 250),
         compat:resume_node(Node),
         hi = beam:call(Beam, gen_server, call, [{echo, Node}, hi, 60000])
     end || _ <- lists:seq(1, 5)],
    [] = beam:call(Beam, ?MODULE, downs, []),
    compat:kill_node(Node).

?PROMISE(it_gives_us_up, "kernel, net_ticktime, from there", "a paused BEAM is given up by the node: monitors and links there see noconnection").
it_gives_us_up(_) ->
    {Node, Beam} = pair(),
    Name = beam:name(Beam),
    Probe = compat:probe(Node, trap_exit),
    Init = beam:call(Beam, erlang, whereis, [init]),
    Ref = gen_server:call(Probe, {monitor, {init, Name}}),
    ok = gen_server:call(Probe, {link, Init}),
    ok = beam:signal(Beam, "STOP"),
    until(fun() -> 2 =:= length(gen_server:call(Probe, seen)) end),
    ?assertEqual(lists:sort([{info, {'DOWN', Ref, process, {init, Name}, noconnection}}, {info, {'EXIT', Init, noconnection}}]),
                 lists:sort(gen_server:call(Probe, seen))),
    ok = beam:signal(Beam, "CONT"),
    until(fun() -> hi =:= (catch beam:call(Beam, gen_server, call, [{echo, Node}, hi])) end),
    compat:kill_node(Node).
