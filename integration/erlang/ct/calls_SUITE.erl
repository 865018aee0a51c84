%% gen_server:call, from a BEAM and towards one.
-module(calls_SUITE).
-include("compat.hrl").

init_per_suite(Config) -> compat:init(Config).
end_per_suite(Config) -> compat:done(Config).

?PROMISE(a_call_returns_the_reply, "gen_server:call/2", "returns Reply of the server").
a_call_returns_the_reply(Config) ->
    hi = gen_server:call({echo, ?NODE}, hi),
    {some, <<"thing">>} = gen_server:call({probe, ?NODE}, {reply, {some, <<"thing">>}}),
    nothing_is_left().

?PROMISE(a_pid_may_be_called, "gen_server:call/2", "ServerRef may be a pid").
a_pid_may_be_called(Config) ->
    Pid = gen_server:call({probe, ?NODE}, self),
    ?assertEqual(?NODE, node(Pid)),
    hi = gen_server:call(Pid, {reply, hi}).

?PROMISE(a_call_connects, "distributed Erlang, node connections", "the first call to a node connects to it").
a_call_connects(_) ->
    Node = compat:start_node(fresh),
    false = lists:member(Node, nodes(connected)),
    hi = gen_server:call({echo, Node}, hi),
    true = lists:member(Node, nodes(connected)),
    compat:kill_node(Node).

?PROMISE(nobody_of_that_name, "gen_server:call/3, noproc", "a call to a name that nobody has exits with noproc, long before its time-out").
nobody_of_that_name(Config) ->
    Server = {nosuch, ?NODE},
    {Time, {'EXIT', {noproc, {gen_server, call, [Server, x, 60000]}}}} = timer:tc(fun() -> catch gen_server:call(Server, x, 60000) end),
    ?assert(Time < 10000000),
    nothing_is_left().

?PROMISE(nobody_any_more, "gen_server:call/3, noproc", "a call to a pid that has ended exits with noproc").
nobody_any_more(Config) ->
    Pid = compat:probe(?NODE),
    ok = gen_server:stop(Pid),
    {'EXIT', {noproc, {gen_server, call, [Pid, x]}}} = (catch gen_server:call(Pid, x)),
    nothing_is_left().

?PROMISE(no_such_node, "gen_server:call/3, {nodedown,Node}", "a call to a node that is not there exits with {nodedown, Node}").
no_such_node(Config) ->
    Node = list_to_atom("nosuch@" ++ compat:host(?NODE)),
    {'EXIT', {{nodedown, Node}, {gen_server, call, _}}} = (catch gen_server:call({echo, Node}, x, 60000)),
    nothing_is_left().

?PROMISE(no_answer_in_time, "gen_server:call/3, timeout", "a call without an answer in time exits with timeout").
no_answer_in_time(Config) ->
    Probe = compat:probe(?NODE),
    {'EXIT', {timeout, {gen_server, call, [Probe, noreply, 50]}}} = (catch gen_server:call(Probe, noreply, 50)),
    nothing_is_left().

?PROMISE(a_late_reply_is_dropped, "gen_server:call/3, process aliases", "a reply that comes after the time-out is not delivered").
a_late_reply_is_dropped(Config) ->
    compat:since(24),
    Probe = compat:probe(?NODE),
    {'EXIT', {timeout, _}} = (catch gen_server:call(Probe, {hold, late}, 20)),
    %% The late one is sent before this answer.
    ok = gen_server:call(Probe, release),
    nothing_is_left().

?PROMISE(infinity, "gen_server:call/3", "a call may wait for ever").
infinity(Config) -> slow = gen_server:call({probe, ?NODE}, {later, 100, slow}, infinity).

?PROMISE(a_reply_may_come_later, "gen_server:reply/2", "the server may answer after handle_call has returned").
a_reply_may_come_later(Config) -> later = gen_server:call({probe, ?NODE}, {later, 30, later}).

?PROMISE(a_reply_may_come_from_another_process, "gen_server:reply/2", "another process than the server may answer").
a_reply_may_come_from_another_process(Config) -> other = gen_server:call({probe, ?NODE}, {other, other}).

?PROMISE(a_call_may_be_handed_on, "gen_server:reply/2", "From may be given to another server, on whatever node").
a_call_may_be_handed_on(Config) ->
    handed_on = gen_server:call({probe, ?NODE}, {forward, echo, handed_on}),
    Self = self(),
    Caller = spawn_link(fun() -> Self ! {answer, gen_server:call({probe, ?NODE}, {forward, Self, back_to_you})} end),
    {'$gen_call', {Caller, _} = From, back_to_you} = next(),
    gen_server:reply(From, from_home),
    {answer, from_home} = next().

?PROMISE(the_server_stops_instead, "gen_server:call/3, _OtherReason_", "the reason of a server that stops without a reply is that of the caller's exit").
the_server_stops_instead(Config) ->
    each([{Reason, Reason} || Reason <- [normal, shutdown, {shutdown, why}, enough, {a, [<<"term">>]}]],
         fun(Reason) ->
             Probe = compat:probe(?NODE),
             {'EXIT', {Reason, {gen_server, call, [Probe, {stop, Reason}]}}} = (catch gen_server:call(Probe, {stop, Reason})),
             nothing_is_left()
         end).

?PROMISE(the_server_stops_with_a_reply, "gen_server, {stop,Reason,Reply,State}", "the caller gets the reply, and the server ends").
the_server_stops_with_a_reply(Config) ->
    Probe = compat:probe(?NODE),
    Ref = monitor(process, Probe),
    bye = gen_server:call(Probe, {stop, enough, bye}),
    {'DOWN', Ref, process, Probe, enough} = next().

?PROMISE(the_server_fails, "gen_server:call/3, _OtherReason_", "a server that fails in a callback takes its caller along, with its reason").
the_server_fails(Config) ->
    each([{error, {{raise, error, boom}, fun({boom, [_ | _]}) -> ok end}},
          {exit, {{raise, exit, {boom, 1}}, fun({boom, 1}) -> ok end}},
          {bad_return, {bad_return, fun({bad_return_value, _}) -> ok end}},
          {badarg, {{unknown, instruction}, fun({badarg, [_ | _]}) -> ok end}}],
         fun({Request, Check}) ->
             Probe = compat:probe(?NODE),
             {'EXIT', {Reason, {gen_server, call, [Probe, Request]}}} = (catch gen_server:call(Probe, Request)),
             ok = Check(Reason),
             nothing_is_left()
         end).

?PROMISE(tags_come_back_as_they_are, "gen:reply/2", "the reply carries the tag of the request, whatever it is").
tags_come_back_as_they_are(Config) ->
    each([{io_lib:format("~p", [T]), T} ||
             T <- [make_ref(), tag, 17, "tag", {tuple, []}, <<1, 2, 3>>, [make_ref() | x], [[nested] | tail], #{map => tag}, 1.5, [], self()]],
         fun(Tag) ->
             {probe, ?NODE} ! {'$gen_call', {self(), Tag}, {reply, answer}},
             {Tag, answer} = next()
         end).

?PROMISE(tags_of_aliases, "gen:reply/2, since OTP 24", "[alias|Alias], and one level deeper, gets the reply at the alias").
tags_of_aliases(Config) ->
    compat:since(24),
    each([{"[alias|Alias]", fun(A) -> [alias | A] end}, {"[[alias|Alias]|Ref]", fun(A) -> [[alias | A] | make_ref()] end}],
         fun(Make) ->
             Alias = erlang:alias(),
             Tag = Make(Alias),
             {probe, ?NODE} ! {'$gen_call', {self(), Tag}, {reply, answer}},
             {Tag, answer} = next(),
             erlang:unalias(Alias),
             {probe, ?NODE} ! {'$gen_call', {self(), Tag}, {reply, answer}},
             hi = gen_server:call({probe, ?NODE}, {reply, hi}),
             nothing_is_left()
         end).

?PROMISE(a_hundred_callers, "gen_server:call/2", "each of many callers gets its own answers").
a_hundred_callers(Config) ->
    Callers = [spawn_monitor(fun() ->
                   [{C, I} = gen_server:call({echo, ?NODE}, {C, I}, 60000) || I <- lists:seq(1, 50)]
               end) || C <- lists:seq(1, 100)],
    [{'DOWN', Ref, process, Pid, normal} = receive {'DOWN', Ref, _, _, _} = Down -> Down end || {Pid, Ref} <- Callers].

?PROMISE(one_that_waits_holds_up_nobody, "processes", "a server that is busy does not keep others from answering").
one_that_waits_holds_up_nobody(Config) ->
    Busy = compat:probe(?NODE),
    Busy ! {do, {sleep, 3000}},
    {Time, hi} = timer:tc(fun() -> gen_server:call({echo, ?NODE}, hi) end),
    ?assert(Time < 2500000),
    exit(Busy, kill).

?PROMISE(the_node_dies_meanwhile, "gen_server:call/3, {nodedown,Node}", "a call that waits when the node dies exits with {nodedown, Node}").
the_node_dies_meanwhile(_) ->
    Node = compat:start_node(mortal),
    Probe = compat:probe(Node),
    Self = self(),
    spawn_link(fun() -> Self ! {ended, catch gen_server:call(Probe, noreply, infinity)} end),
    until(fun() -> gen_server:call({probe, Node}, {is_alive, Probe}) end),
    compat:kill_node(Node),
    {ended, {'EXIT', {{nodedown, Node}, {gen_server, call, _}}}} = next().

?PROMISE(the_connection_is_cut_meanwhile, "erlang:disconnect_node/1", "a call that waits when the connection is cut exits with {nodedown, Node}").
the_connection_is_cut_meanwhile(_) ->
    Node = compat:start_node(cut),
    Probe = compat:probe(Node),
    Self = self(),
    spawn_link(fun() -> Self ! {ended, catch gen_server:call(Probe, noreply, infinity)} end),
    until(fun() -> gen_server:call({probe, Node}, {is_alive, Probe}) end),
    true = erlang:disconnect_node(Node),
    {ended, {'EXIT', {{nodedown, Node}, {gen_server, call, _}}}} = next(),
    hi = gen_server:call({echo, Node}, hi),
    compat:kill_node(Node).

?PROMISE(requests_with_an_id, "gen_server:send_request/2", "the answer to a request is taken when it is wanted").
requests_with_an_id(Config) ->
    each([{wait_response, fun(Id) -> {reply, r} = gen_server:wait_response(Id, 10000) end},
          {check_response, fun(Id) -> {reply, r} = gen_server:check_response(next(), Id) end}],
         fun(Take) ->
             Take(gen_server:send_request({probe, ?NODE}, {reply, r})),
             nothing_is_left()
         end),
    Id = gen_server:send_request({nosuch, ?NODE}, x),
    {error, {noproc, {nosuch, _}}} = gen_server:wait_response(Id, 10000),
    Slow = gen_server:send_request({probe, ?NODE}, {hold, slow}),
    timeout = gen_server:wait_response(Slow, 0),
    ok = gen_server:call({probe, ?NODE}, release),
    {reply, slow} = gen_server:wait_response(Slow, infinity).

?PROMISE(collections_of_requests, "gen_server:reqids_new/0, since OTP 25", "the answers of a collection are taken as they come").
collections_of_requests(Config) ->
    compat:since(25),
    Probes = [{N, compat:probe(?NODE)} || N <- lists:seq(1, 10)],
    Ids = lists:foldl(fun({N, P}, Acc) -> gen_server:send_request(P, {later, 10 * N, N}, N, Acc) end, gen_server:reqids_new(), Probes),
    [] = take(Ids, lists:seq(1, 10)),
    nothing_is_left().

take(Ids, Left) ->
    case gen_server:receive_response(Ids, 20000, true) of
        {{reply, N}, N, More} -> take(More, Left -- [N]);
        no_request -> Left
    end.

?PROMISE(actions, "gen_server, Module:handle_call/3", "{reply,Reply,State,Action}: the reply comes first, then what the action means").
actions(Config) ->
    each([{timeout, {{timeout, 20}, {info, timeout}}},
          {timeout_0, {{timeout, 0}, {info, timeout}}},
          {continue, {{continue, onward}, {continue, onward}}}],
         fun({Request, Event}) ->
             Probe = compat:probe(?NODE),
             ok = gen_server:call(Probe, {watch, self()}),
             ok = gen_server:call(Probe, Request),
             {probe, Probe, Event} = next()
         end),
    Sleeper = compat:probe(?NODE),
    ok = gen_server:call(Sleeper, hibernate),
    awake = gen_server:call(Sleeper, {reply, awake}).

?PROMISE(a_continue_comes_before_the_next_message, "gen_server, {continue,Term}", "handle_continue runs before anything that waits").
a_continue_comes_before_the_next_message(Config) ->
    Probe = compat:probe(?NODE),
    [Probe ! {'$gen_call', {self(), N}, {continue, N}} || N <- lists:seq(1, 10)],
    [{N, ok} = next() || N <- lists:seq(1, 10)],
    ?assertEqual([{continue, N} || N <- lists:seq(1, 10)], gen_server:call(Probe, seen)).

?PROMISE(a_message_cancels_the_time_out, "gen_server, Timeout", "a time-out does not happen if a message comes first").
a_message_cancels_the_time_out(Config) ->
    Probe = compat:probe(?NODE),
    ok = gen_server:call(Probe, {timeout, 1500}),
    Probe ! something,
    ok = gen_server:call(Probe, {sleep, 1700}),
    [{info, something}] = gen_server:call(Probe, seen).

%% ---- the other way ----

?PROMISE(it_calls_back, "gen_server:call/3, from there", "a server there calls one here").
it_calls_back(Config) ->
    {ok, Here} = gen_server:start(echo, [], []),
    {ok, hi} = gen_server:call({probe, ?NODE}, {call, Here, hi, 5000}),
    register(echo_here, Here),
    {ok, [hi]} = gen_server:call({probe, ?NODE}, {call, {echo_here, node()}, [hi], infinity}),
    gen_server:stop(Here).

?PROMISE(its_call_fails, "gen_server:call/3, from there", "noproc, timeout, nodedown and the reason of the called one are told apart").
its_call_fails(Config) ->
    Nowhere = list_to_atom("nosuch@" ++ compat:host(node())),
    {ok, Here} = gen_server:start(probe, [], []),
    {ok, Stops} = gen_server:start(probe, [], []),
    {ok, Fails} = gen_server:start(probe, [], []),
    each([{noproc_name, {{nosuch, node()}, x, fun({exit, noproc}) -> ok end}},
          {noproc_pid, {spawn(fun() -> ok end), x, fun({exit, R}) when R =:= noproc; R =:= normal -> ok end}},
          {timeout, {Here, noreply, fun({exit, timeout}) -> ok end}},
          {stop, {Stops, {stop, enough}, fun({exit, enough}) -> ok end}},
          {error, {Fails, {raise, error, boom}, fun({exit, {boom, [_ | _]}}) -> ok end}},
          {nodedown, {{echo, Nowhere}, x, fun({exit, {nodedown, N}}) when N =:= Nowhere -> ok end}}],
         fun({To, Request, Check}) ->
             Time = case Request of noreply -> 500; _ -> 20000 end,
             ok = Check(gen_server:call({probe, ?NODE}, {call, To, Request, Time}, 30000))
         end),
    [] = [I || {info, I} <- gen_server:call({probe, ?NODE}, seen)],
    gen_server:stop(Here).

?PROMISE(calling_self, "gen_server:call/3, calling_self", "a server that calls itself fails with calling_self").
calling_self(Config) ->
    Probe = compat:probe(?NODE),
    %% A server of OTP 23 waits for itself: gen:call/4.
    Reason = case compat:tested() of {beam, <<"23", _/binary>>} -> timeout; _ -> calling_self end,
    {exit, Reason} = gen_server:call(Probe, {call, Probe, x, 1000}).

?PROMISE(both_call_each_other, "gen_server:call/2", "calls in both directions at once all get their answers").
both_call_each_other(Config) ->
    {ok, Here} = gen_server:start(echo, [], []),
    Callers = [spawn_monitor(fun() ->
                   P = compat:probe(?NODE),
                   [{ok, {C, I}} = gen_server:call(P, {call, Here, {C, I}, 60000}, 60000) || I <- lists:seq(1, 30)]
               end) || C <- lists:seq(1, 20)],
    [{'DOWN', Ref, process, Pid, normal} = receive {'DOWN', Ref, _, _, _} = Down -> Down end || {Pid, Ref} <- Callers],
    gen_server:stop(Here).

%% Neither messages nor monitors of a call stay behind.
nothing_is_left() ->
    {monitors, []} = process_info(self(), monitors),
    none = nothing().
