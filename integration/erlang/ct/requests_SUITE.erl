%% Requests whose answers are taken when they are wanted, from a BEAM and towards one.
-module(requests_SUITE).
-include("compat.hrl").

init_per_suite(Config) -> compat:init(Config).
end_per_suite(Config) -> compat:done(Config).

?PROMISE(wait_response, "gen_server:wait_response/2", "{reply, Reply}, of a pid and of {Name, Node}; timeout leaves the request under way").
wait_response(Config) ->
    each([{name, {probe, ?NODE}}, {pid, compat:probe(?NODE)}],
         fun(To) ->
             {reply, hi} = gen_server:wait_response(gen_server:send_request(To, {reply, hi}), 20000),
             Slow = gen_server:send_request(To, {hold, slow}),
             timeout = gen_server:wait_response(Slow, 0),
             ok = gen_server:call(To, release),
             {reply, slow} = gen_server:wait_response(Slow, infinity),
             nothing_is_left()
         end).

?PROMISE(receive_response, "gen_server:receive_response/2, since OTP 24", "{reply, Reply}; timeout gives the request up, and a late answer is dropped").
receive_response(Config) ->
    compat:since(24),
    Probe = compat:probe(?NODE),
    {reply, hi} = gen_server:receive_response(gen_server:send_request(Probe, {reply, hi}), 20000),
    timeout = gen_server:receive_response(gen_server:send_request(Probe, {hold, late}), 10),
    ok = gen_server:call(Probe, release),
    nothing_is_left().

?PROMISE(check_response, "gen_server:check_response/2", "a message is the answer, or no_reply").
check_response(Config) ->
    Id = gen_server:send_request({probe, ?NODE}, {reply, hi}),
    no_reply = gen_server:check_response(something, Id),
    no_reply = gen_server:check_response({make_ref(), hi}, Id),
    {reply, hi} = gen_server:check_response(next(), Id),
    nothing_is_left().

?PROMISE(requests_that_fail, "gen_server:wait_response/2, {error, {Reason, ServerRef}}", "noproc, the reason of the server's end, noconnection").
requests_that_fail(Config) ->
    Dead = compat:probe(?NODE),
    ok = gen_server:stop(Dead),
    Nowhere = list_to_atom("nosuch@" ++ compat:host(?NODE)),
    each([{noproc_name, {{nosuch, ?NODE}, x, fun(noproc) -> ok end}},
          {noproc_pid, {Dead, x, fun(noproc) -> ok end}},
          {stop, {compat:probe(?NODE), {stop, enough}, fun(enough) -> ok end}},
          {normal, {compat:probe(?NODE), {stop, normal}, fun(normal) -> ok end}},
          {error, {compat:probe(?NODE), {raise, error, boom}, fun({boom, [_ | _]}) -> ok end}},
          {noconnection, {{echo, Nowhere}, x, fun(noconnection) -> ok end}}],
         fun({To, Request, Check}) ->
             {error, {Reason, To}} = gen_server:wait_response(gen_server:send_request(To, Request), 60000),
             ok = Check(Reason),
             nothing_is_left()
         end).

?PROMISE(the_node_dies_meanwhile, "gen_server:wait_response/2", "{error, {noconnection, ServerRef}} when the node of the server dies").
the_node_dies_meanwhile(_) ->
    Node = compat:start_node(mortal),
    Probe = compat:probe(Node),
    Id = gen_server:send_request(Probe, noreply),
    compat:kill_node(Node),
    {error, {noconnection, Probe}} = gen_server:wait_response(Id, 60000),
    nothing_is_left().

?PROMISE(many_at_once, "gen_server:send_request/2", "requests to many servers are answered at their own pace, each with its own answer").
many_at_once(Config) ->
    Probes = [compat:probe(?NODE) || _ <- lists:seq(1, 50)],
    Ids = [{N, gen_server:send_request(P, {later, 50 - N, N})} || {N, P} <- lists:zip(lists:seq(1, 50), Probes)],
    [{reply, N} = gen_server:wait_response(Id, 20000) || {N, Id} <- Ids],
    nothing_is_left().

?PROMISE(the_order_of_requests, "gen_server:send_request/2", "requests of one process reach a server in the order in which they were made, with its calls and casts").
the_order_of_requests(Config) ->
    Probe = compat:probe(?NODE),
    Id = gen_server:send_request(Probe, seen),
    gen_server:cast(Probe, one),
    Second = gen_server:send_request(Probe, seen),
    [{cast, one}] = gen_server:call(Probe, seen),
    {reply, [{cast, one}]} = gen_server:wait_response(Second, 20000),
    {reply, []} = gen_server:wait_response(Id, 20000).

?PROMISE(a_collection, "gen_server:reqids_new/0, reqids_add/3, reqids_size/1, reqids_to_list/1, since OTP 25", "a collection has the requests with their labels").
a_collection(Config) ->
    compat:since(25),
    0 = gen_server:reqids_size(gen_server:reqids_new()),
    Probe = compat:probe(?NODE),
    Id = gen_server:send_request(Probe, {reply, a}),
    One = gen_server:reqids_add(Id, label, gen_server:reqids_new()),
    {'EXIT', {badarg, _}} = (catch gen_server:reqids_add(Id, again, One)),
    Two = gen_server:send_request(Probe, {reply, b}, {other, 1}, One),
    2 = gen_server:reqids_size(Two),
    ?assertEqual([label, {other, 1}], lists:sort([L || {_, L} <- gen_server:reqids_to_list(Two)])),
    %% In the order in which they come.
    {{reply, a}, label, Left} = gen_server:receive_response(Two, 20000, true),
    {{reply, b}, {other, 1}, None} = gen_server:receive_response(Left, 20000, true),
    no_request = gen_server:receive_response(None, 20000, true),
    nothing_is_left().

?PROMISE(a_collection_that_keeps, "gen_server:wait_response/3, Delete, since OTP 25", "with false an answered request stays in the collection").
a_collection_that_keeps(Config) ->
    compat:since(25),
    Ids = gen_server:send_request({probe, ?NODE}, {reply, a}, label, gen_server:reqids_new()),
    {{reply, a}, label, Same} = gen_server:wait_response(Ids, 20000, false),
    1 = gen_server:reqids_size(Same),
    timeout = gen_server:wait_response(Same, 50, true).

?PROMISE(a_collection_is_checked, "gen_server:check_response/3, since OTP 25", "a message is the answer to one of the requests, or no_reply, or there is no_request").
a_collection_is_checked(Config) ->
    compat:since(25),
    no_request = gen_server:check_response(x, gen_server:reqids_new(), true),
    Ids = gen_server:send_request({probe, ?NODE}, {reply, a}, label, gen_server:reqids_new()),
    no_reply = gen_server:check_response(x, Ids, true),
    {{reply, a}, label, None} = gen_server:check_response(next(), Ids, true),
    0 = gen_server:reqids_size(None),
    nothing_is_left().

?PROMISE(a_collection_that_fails, "gen_server:receive_response/3, since OTP 25", "failures come with the label, as answers do, whatever the nodes").
a_collection_that_fails(Config) ->
    compat:since(25),
    Stops = compat:probe(?NODE),
    Nowhere = list_to_atom("nosuch@" ++ compat:host(?NODE)),
    Ids = lists:foldl(fun({To, Request, Label}, Acc) -> gen_server:send_request(To, Request, Label, Acc) end, gen_server:reqids_new(),
                      [{{nosuch, ?NODE}, x, name}, {Stops, {stop, enough}, stop}, {{echo, Nowhere}, x, nowhere}, {{echo, ?NODE}, hi, echo}]),
    Come = collect(Ids),
    each([{noproc, {name, {error, {noproc, {nosuch, ?NODE}}}}}, {stop, {stop, {error, {enough, Stops}}}},
          {nowhere, {nowhere, {error, {noconnection, {echo, Nowhere}}}}}, {echo, {echo, {reply, hi}}}],
         fun({Label, Response}) -> ?assertEqual(Response, proplists:get_value(Label, Come)) end),
    nothing_is_left().

?PROMISE(a_collection_is_given_up, "gen_server:receive_response/3, since OTP 25", "after a time-out no answer of the collection is delivered").
a_collection_is_given_up(Config) ->
    compat:since(25),
    Probe = compat:probe(?NODE),
    Ids = lists:foldl(fun(N, Acc) -> gen_server:send_request(Probe, {hold, N}, N, Acc) end, gen_server:reqids_new(), lists:seq(1, 10)),
    timeout = gen_server:receive_response(Ids, 10, true),
    ok = gen_server:call(Probe, release),
    nothing_is_left().

collect(Ids) ->
    case gen_server:receive_response(Ids, 60000, true) of
        {Response, Label, More} -> [{Label, Response} | collect(More)];
        no_request -> []
    end.

%% ---- the other way ----

?PROMISE(it_requests, "gen_server:wait_response/2, from there", "a server there takes the answer of one here when it wants it").
it_requests(Config) ->
    {ok, Here} = gen_server:start(probe, [], []),
    each([{wait, {wait, {reply, hi}, {reply, hi}}}, {again, {again, {later, 2000, late}, {timeout, {reply, late}}}}],
         fun({How, Request, Result}) -> ?assertEqual(Result, ask(Config, {request, How, Here, Request, case How of again -> 10; _ -> 20000 end})) end),
    gen_server:stop(Here).

?PROMISE(it_receives_a_response, "gen_server:receive_response/2, from there, since OTP 24", "a request that a server there has given up does not reach it later").
it_receives_a_response(Config) ->
    compat:since(24),
    {ok, Here} = gen_server:start(probe, [], []),
    {reply, hi} = ask(Config, {request, 'receive', Here, {reply, hi}, 20000}),
    Probe = compat:probe(?NODE),
    timeout = gen_server:call(Probe, {request, 'receive', Here, {hold, late}, 10}),
    ok = gen_server:call(Here, release),
    [] = gen_server:call(Probe, seen),
    gen_server:stop(Here).

?PROMISE(its_requests_fail, "gen_server:wait_response/2, from there", "noproc, the reason of the server's end and noconnection are told apart").
its_requests_fail(Config) ->
    {ok, Stops} = gen_server:start(probe, [], []),
    Nowhere = list_to_atom("nosuch@" ++ compat:host(node())),
    each([{noproc, {{nosuch, node()}, x, noproc}}, {stop, {Stops, {stop, enough}, enough}}, {noconnection, {{echo, Nowhere}, x, noconnection}}],
         fun({To, Request, Reason}) -> ?assertEqual({error, {Reason, To}}, ask(Config, {request, wait, To, Request, 60000})) end).

?PROMISE(its_collection, "gen_server:receive_response/3, from there, since OTP 25", "a server there takes the answers of a collection as they come").
its_collection(Config) ->
    compat:since(25),
    Slow = [begin {ok, P} = gen_server:start(probe, [], []), {N, P} end || N <- [1, 2, 3]],
    Requests = [{P, {later, 400 * (4 - N), N}, {label, N}} || {N, P} <- Slow] ++ [{{nosuch, node()}, x, none}],
    ?assertEqual([{none, {error, {noproc, {nosuch, node()}}}}, {{label, 3}, {reply, 3}}, {{label, 2}, {reply, 2}}, {{label, 1}, {reply, 1}}, no_request],
                 ask(Config, {requests, Requests, 60000})),
    ?assertEqual([timeout], ask(Config, {requests, [{P, noreply, N} || {N, P} <- Slow], 10})),
    [gen_server:stop(P) || {_, P} <- Slow].

ask(Config, What) -> gen_server:call({probe, ?NODE}, What, 60000).

%% Neither messages nor monitors of a request stay behind.
nothing_is_left() ->
    {monitors, []} = process_info(self(), monitors),
    none = nothing().
