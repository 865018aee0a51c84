%% Aliases of processes, on both sides.
-module(aliases_SUITE).
-include("compat.hrl").

init_per_suite(Config) ->
    case compat:release() of
        R when R >= 24 -> compat:init(Config);
        _ -> {skip, "since OTP 24"}
    end.
end_per_suite(Config) -> compat:done(Config).

?PROMISE(it_sends_to_an_alias, "erlang:alias/0", "what is sent to an alias reaches its process, until unalias/1").
it_sends_to_an_alias(Config) ->
    Alias = erlang:alias(),
    Probe = compat:probe(?NODE),
    send(Probe, Alias, one),
    send(Probe, Alias, {two, [<<"2">>]}),
    [one, {two, [<<"2">>]}] = [next(), next()],
    true = erlang:unalias(Alias),
    send(Probe, Alias, three),
    none = nothing().

?PROMISE(an_alias_for_a_reply, "erlang:alias/1, reply", "an alias for a reply takes one message").
an_alias_for_a_reply(Config) ->
    Alias = erlang:alias([reply]),
    Probe = compat:probe(?NODE),
    [send(Probe, Alias, M) || M <- [one, two]],
    one = next(),
    none = nothing(),
    false = erlang:unalias(Alias).

?PROMISE(an_alias_of_a_monitor, "erlang:monitor/3, {alias, Kind}", "ends with its monitor, with the first message, or when it is told to").
an_alias_of_a_monitor(Config) ->
    each([{explicit_unalias, {explicit_unalias, fun(A) -> erlang:demonitor(A) end, [one, two]}},
          {demonitor, {demonitor, fun(A) -> erlang:demonitor(A) end, []}},
          {demonitor_kept, {demonitor, fun(_) -> ok end, [one, two]}},
          {reply_demonitor, {reply_demonitor, fun(_) -> ok end, [one]}}],
         fun({Kind, Do, Come}) ->
             Probe = compat:probe(?NODE),
             Alias = erlang:monitor(process, Probe, [{alias, Kind}]),
             Do(Alias),
             [send(Probe, Alias, M) || M <- [one, two]],
             ?assertEqual(Come, [next() || _ <- Come]),
             none = nothing(),
             _ = erlang:unalias(Alias),
             erlang:demonitor(Alias, [flush])
         end).

?PROMISE(a_monitor_that_has_fired, "erlang:monitor/3, {alias, demonitor}", "the alias ends with the DOWN of its monitor").
a_monitor_that_has_fired(Config) ->
    Probe = compat:probe(?NODE),
    Alias = erlang:monitor(process, Probe, [{alias, demonitor}]),
    ok = gen_server:stop(Probe),
    {'DOWN', Alias, process, Probe, normal} = next(),
    send({probe, ?NODE}, Alias, late),
    none = nothing().

?PROMISE(an_alias_of_a_process_that_ended, "erlang:alias/0", "what is sent to it is dropped, and the sender goes on").
an_alias_of_a_process_that_ended(Config) ->
    Self = self(),
    {Pid, Ref} = spawn_monitor(fun() -> Self ! erlang:alias() end),
    Alias = next(),
    {'DOWN', Ref, process, Pid, normal} = next(),
    Probe = compat:probe(?NODE),
    send(Probe, Alias, one),
    hi = gen_server:call(Probe, {reply, hi}).

?PROMISE(the_order_to_an_alias, "erlang:alias/0, signals", "what goes to the alias and to the pid of a process keeps its order").
the_order_to_an_alias(Config) ->
    Alias = erlang:alias(),
    Probe = compat:probe(?NODE),
    [send(Probe, case N rem 2 of 0 -> Alias; 1 -> self() end, N) || N <- lists:seq(1, 200)],
    ?assertEqual(lists:seq(1, 200), [next() || _ <- lists:seq(1, 200)]),
    erlang:unalias(Alias).

?PROMISE(its_alias, "erlang:alias/0, from there", "what is sent to an alias of a process there reaches it, until it takes it away").
its_alias(Config) ->
    Probe = compat:probe(?NODE),
    Alias = gen_server:call(Probe, alias),
    ?assertEqual(?NODE, node(Alias)),
    Alias ! one,
    Alias ! {two, 2},
    ?assertEqual([{info, one}, {info, {two, 2}}], gen_server:call(Probe, seen)),
    ok = gen_server:call(Probe, {unalias, Alias}),
    Alias ! three,
    Probe ! four,
    ?assertEqual([{info, one}, {info, {two, 2}}, {info, four}], gen_server:call(Probe, seen)).

?PROMISE(a_request_to_its_alias, "gen_server, requests", "a request that comes by an alias is answered as any other").
a_request_to_its_alias(Config) ->
    Probe = compat:probe(?NODE),
    Alias = gen_server:call(Probe, alias),
    Alias ! {'$gen_call', {self(), tag}, {reply, hi}},
    {tag, hi} = next(),
    Alias ! {'$gen_cast', cast},
    ?assertEqual([{cast, cast}], gen_server:call(Probe, seen)).

?PROMISE(several_aliases, "erlang:alias/0, from there", "a process may have several, each ends for itself and all with it").
several_aliases(Config) ->
    Probe = compat:probe(?NODE),
    [A, B] = [gen_server:call(Probe, alias) || _ <- [1, 2]],
    true = A =/= B,
    ok = gen_server:call(Probe, {unalias, A}),
    A ! a,
    B ! b,
    ?assertEqual([{info, b}], gen_server:call(Probe, seen)),
    ok = gen_server:stop(Probe),
    B ! nobody,
    hi = gen_server:call({probe, ?NODE}, {reply, hi}).

?PROMISE(an_alias_is_handed_on, "erlang:alias/0", "others may send to an alias that they were given").
an_alias_is_handed_on(Config) ->
    Probe = compat:probe(?NODE),
    Alias = gen_server:call(Probe, alias),
    send({probe, ?NODE}, Alias, from_its_neighbour),
    until(fun() -> [{info, from_its_neighbour}] =:= gen_server:call(Probe, seen) end),
    Mine = erlang:alias(),
    send(Probe, Probe, {do, {send, Mine, by_way_of_another}}),
    by_way_of_another = next().

?PROMISE(an_alias_of_an_old_connection, "erlang:alias/0", "an alias is good on a new connection as well").
an_alias_of_an_old_connection(Config) ->
    Probe = compat:probe(?NODE),
    Alias = gen_server:call(Probe, alias),
    Mine = erlang:alias(),
    true = erlang:disconnect_node(?NODE),
    until(fun() -> not lists:member(?NODE, nodes(connected)) end),
    Alias ! again,
    ?assertEqual([{info, again}], gen_server:call(Probe, seen)),
    send(Probe, Mine, mine),
    mine = next().

send(From, To, What) -> ok = gen_server:call(From, {send, To, What}).
