%% Long names, and that they do not mix with short ones.
-module(long_names_SUITE).
-include("compat.hrl").

init_per_suite(Config) ->
    Node = compat:start_node(long, #{names => long}),
    Short = compat:start_node(short, #{names => short}),
    [{node, Node}, {short, Short} | Config].

end_per_suite(Config) -> compat:kill_node(?config(short, Config)), compat:done(Config).

?PROMISE(its_name, "erl -name", "the host of a long name has a dot").
its_name(Config) ->
    true = lists:member($., compat:host(?NODE)),
    false = lists:member($., compat:host(?config(short, Config))).

?PROMISE(long_to_long, "distributed Erlang, nodes", "nodes with long names connect to each other").
long_to_long(Config) ->
    Beam = compat:beam(#{names => long}),
    each([{ping, fun() -> pong = beam:call(Beam, net_adm, ping, [?NODE]) end},
          {call, fun() -> hi = beam:call(Beam, gen_server, call, [{echo, ?NODE}, hi]) end},
          {cast, fun() -> ok = beam:call(Beam, gen_server, cast, [{counter, ?NODE}, {add, 1}]), until(fun() -> 1 =:= beam:call(Beam, gen_server, call, [{counter, ?NODE}, get]) end) end},
          {back, fun() -> ok = beam:call(Beam, gen_server, call, [{probe, ?NODE}, {cast, {init, beam:name(Beam)}, hi}]) end},
          {shown, fun() -> ?assertEqual([?NODE], beam:call(Beam, erlang, nodes, [hidden])) end}],
         fun(Check) -> Check() end).

?PROMISE(short_to_short, "distributed Erlang, nodes", "nodes with short names connect to each other").
short_to_short(Config) ->
    Short = ?config(short, Config),
    Beam = compat:beam(#{names => short}),
    pong = beam:call(Beam, net_adm, ping, [Short]),
    hi = beam:call(Beam, gen_server, call, [{echo, Short}, hi]).

?PROMISE(short_to_long, "distributed Erlang, nodes", "a node with a short name cannot connect to one with a long name").
short_to_long(Config) ->
    Beam = compat:beam(#{names => short}),
    pang = beam:call(Beam, net_adm, ping, [?NODE]),
    {'EXIT', {{nodedown, _}, _}} = (catch beam:call(Beam, gen_server, call, [{echo, ?NODE}, hi])),
    ok.

?PROMISE(long_to_short, "distributed Erlang, nodes", "a node with a long name cannot connect to one with a short name").
long_to_short(Config) ->
    Beam = compat:beam(#{names => long}),
    pang = beam:call(Beam, net_adm, ping, [?config(short, Config)]).

?PROMISE(it_keeps_to_its_kind, "distributed Erlang, nodes", "neither does a node there connect to one here of the other kind").
it_keeps_to_its_kind(Config) ->
    Long = compat:beam(#{names => long}),
    Short = compat:beam(#{names => short}),
    ShortNode = ?config(short, Config),
    %% Each of them is told by a BEAM of its own kind.
    {exit, {nodedown, _}} = beam:call(Long, gen_server, call, [{probe, ?NODE}, {call, {init, beam:name(Short)}, x, 5000}, 30000]),
    {exit, {nodedown, _}} = beam:call(Short, gen_server, call, [{probe, ShortNode}, {call, {init, beam:name(Long)}, x, 5000}, 30000]),
    ok.
