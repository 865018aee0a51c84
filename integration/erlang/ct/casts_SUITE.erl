%% gen_server:cast and abcast.
-module(casts_SUITE).
-include("compat.hrl").

init_per_suite(Config) -> compat:init(Config).
end_per_suite(Config) -> compat:done(Config).

?PROMISE(a_cast_comes_before_a_call_that_follows, "gen_server:cast/2", "a cast is handled before a call that follows it").
a_cast_comes_before_a_call_that_follows(Config) ->
    Counter = {counter, ?NODE},
    0 = gen_server:call(Counter, {set, 0}),
    ok = gen_server:cast(Counter, {add, 41}),
    42 = gen_server:call(Counter, {add, 1}).

?PROMISE(any_term_may_be_cast, "gen_server:cast/2", "Request is any term, and arrives as it is").
any_term_may_be_cast(Config) ->
    Probe = compat:probe(?NODE),
    each([{atom, hello}, {tuple, {}}, {list, [[], [a | b]]}, {binary, <<0, 255>>}, {big_binary, binary:copy(<<1>>, 100000)}, {map, #{1.5 => <<>>}},
          {pid, self()}, {ref, make_ref()}, {function, fun() -> ok end}, {integer, -(1 bsl 70)}],
         fun(Term) ->
             ok = gen_server:call(Probe, clear),
             ok = gen_server:cast(Probe, Term),
             [{cast, Term}] = gen_server:call(Probe, seen)
         end).

?PROMISE(to_nobody, "gen_server:cast/2", "returns ok immediately, ignoring if the server does not exist").
to_nobody(Config) ->
    each([{name, {nosuch, ?NODE}}, {node, {echo, list_to_atom("nosuch@" ++ compat:host(?NODE))}}],
         fun(To) -> ok = gen_server:cast(To, x), none = nothing() end),
    hi = gen_server:call({echo, ?NODE}, hi).

?PROMISE(to_the_dead, "gen_server:cast/2", "a cast to a pid that has ended is ok and has no effect").
to_the_dead(Config) ->
    Probe = compat:probe(?NODE),
    ok = gen_server:stop(Probe),
    ok = gen_server:cast(Probe, x),
    none = nothing().

?PROMISE(a_cast_connects, "distributed Erlang, node connections", "a cast to a node connects to it, and arrives").
a_cast_connects(_) ->
    Node = compat:start_node(fresh),
    ok = gen_server:cast({counter, Node}, {add, 7}),
    7 = gen_server:call({counter, Node}, get),
    compat:kill_node(Node).

?PROMISE(ten_thousand, "signal delivery", "no cast of many is lost, and they keep their order").
ten_thousand(Config) ->
    Counter = {counter, ?NODE},
    gen_server:call(Counter, {set, 0}),
    [gen_server:cast(Counter, {add, I}) || I <- lists:seq(1, 10000)],
    ?assertEqual(10000 * 10001 div 2, gen_server:call(Counter, get, 60000)),
    Probe = compat:probe(?NODE),
    [gen_server:cast(Probe, I) || I <- lists:seq(1, 2000)],
    ?assertEqual([{cast, I} || I <- lists:seq(1, 2000)], gen_server:call(Probe, seen, 60000)).

?PROMISE(many_senders, "signal delivery", "the casts of many processes all arrive").
many_senders(Config) ->
    Counter = {counter, ?NODE},
    gen_server:call(Counter, {set, 0}),
    Senders = [spawn_monitor(fun() ->
                   [gen_server:cast(Counter, {add, 1}) || _ <- lists:seq(1, 200)],
                   gen_server:call(Counter, get, 60000)
               end) || _ <- lists:seq(1, 50)],
    [{'DOWN', Ref, process, Pid, normal} = receive {'DOWN', Ref, _, _, _} = Down -> Down end || {Pid, Ref} <- Senders],
    10000 = gen_server:call(Counter, get).

?PROMISE(a_cast_may_be_the_end, "gen_server, Module:handle_cast/2", "{stop,Reason,State} and a failure end the server with that reason").
a_cast_may_be_the_end(Config) ->
    each([{stop, {{stop, enough}, fun(enough) -> ok end}},
          {normal, {{stop, normal}, fun(normal) -> ok end}},
          {error, {{raise, error, boom}, fun({boom, [_ | _]}) -> ok end}},
          {exit, {{raise, exit, boom}, fun(boom) -> ok end}},
          {bad_return, {bad_return, fun({bad_return_value, _}) -> ok end}}],
         fun({Request, Check}) ->
             Probe = compat:probe(?NODE),
             Ref = monitor(process, Probe),
             ok = gen_server:cast(Probe, Request),
             {'DOWN', Ref, process, Probe, Reason} = next(),
             ok = Check(Reason)
         end).

?PROMISE(actions, "gen_server, Module:handle_cast/2", "{noreply,State,Action}").
actions(Config) ->
    Probe = compat:probe(?NODE),
    ok = gen_server:call(Probe, {watch, self()}),
    gen_server:cast(Probe, {timeout, 20}),
    {probe, Probe, {info, timeout}} = next(),
    gen_server:cast(Probe, {continue, onward}),
    {probe, Probe, {continue, onward}} = next(),
    gen_server:cast(Probe, hibernate),
    awake = gen_server:call(Probe, {reply, awake}).

?PROMISE(messages_are_no_casts, "gen_server, Module:handle_info/2", "what is sent with ! comes to handle_info").
messages_are_no_casts(Config) ->
    Probe = compat:probe(?NODE),
    each([{T, T} || T <- [hello, {'$gen_cast'}, {'$gen_call', x}, {system, x}, [], timeout, {'DOWN', a, b}]],
         fun(Message) ->
             ok = gen_server:call(Probe, clear),
             Probe ! Message,
             [{info, Message}] = gen_server:call(Probe, seen)
         end).

?PROMISE(to_many_nodes, "gen_server:abcast/3", "casts to the servers on all nodes and ignores those that are not there").
to_many_nodes(Config) ->
    Second = compat:start_node(second),
    Nowhere = list_to_atom("nosuch@" ++ compat:host(?NODE)),
    gen_server:call({counter, ?NODE}, {set, 0}),
    abcast = gen_server:abcast([?NODE, Nowhere, Second], counter, {add, 5}),
    compat:until(fun() -> 5 =:= gen_server:call({counter, ?NODE}, get) end),
    compat:until(fun() -> 5 =:= gen_server:call({counter, Second}, get) end),
    compat:kill_node(Second),
    none = nothing().

?PROMISE(it_casts_back, "gen_server:cast/2, from there", "a server there casts to one here").
it_casts_back(Config) ->
    {ok, Here} = gen_server:start(probe, [], []),
    register(cast_here, Here),
    ok = gen_server:call({probe, ?NODE}, {cast, Here, one}),
    ok = gen_server:call({probe, ?NODE}, {cast, {cast_here, node()}, two}),
    compat:until(fun() -> [{cast, one}, {cast, two}] =:= gen_server:call(Here, seen) end),
    ok = gen_server:call({probe, ?NODE}, {cast, {nosuch, node()}, nobody}),
    gen_server:stop(Here).
