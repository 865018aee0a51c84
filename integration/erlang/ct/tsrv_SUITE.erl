%% The server t__srv: what the callbacks of a gen_server promise, each by a server that is one, and how its versions follow
%% each other. In Go it is examples/tsrv, in Erlang t__srv.erl.
-module(tsrv_SUITE).
-include("compat.hrl").

init_per_suite(Config) ->
    {ok, Here} = gen_server:start({local, t__srv}, t__srv, [], []),
    {ok, Beam} = beam:start(#{alive => compat:alive(translator)}),
    {ok, _} = beam:call(Beam, gen_server, start, [{local, t__srv}, t__srv, [], []]),
    Name = beam:name(Beam),
    compat:connect(Name),
    [{here, Here}, {beam, Beam}, {second, Name} | compat:init(Config)].

end_per_suite(Config) ->
    gen_server:stop(?config(here, Config)),
    ok = beam:stop(?config(beam, Config)),
    gen_server:stop(?config(beam, Config)),
    compat:done(Config).

%% ---- servers ----

%% Starts a server below t__sup that tells this process what happens, and returns its pid.
start(Config, Options) ->
    {ok, Pid} = child(Config, Options, #{}),
    {init, Pid, _} = event(Pid),
    Pid.

%% What the supervisor answers.
child(Config, Options, Spec) ->
    Name = name(),
    supervisor:start_child({t__sup, ?NODE}, maps:merge(#{id => Name, restart => temporary,
        start => {t__srv, start_link, [{local, Name}, Options ++ [{notify, self()}]]}}, Spec)).

name() -> list_to_atom("t__" ++ integer_to_list(erlang:unique_integer([positive]))).

%% What the server tells next, or none.
event(Pid) -> event(Pid, 60000).
event(Pid, Time) -> receive {t__srv, Pid, Event} -> Event after Time -> none end.

%% A configuration.
plain() -> config(false).
config(Dev) -> config("de", Dev).
config(Language, Dev) -> {t__config, Language, Dev, []}.

state(Pid) -> sys:get_state(Pid, 20000).

ended(Pid, Ref) -> receive {'DOWN', Ref, process, Pid, Reason} -> Reason after 60000 -> alive end.

title(T) -> lists:flatten(io_lib:format("~0p", [T])).

titles(Terms) -> [{title(T), T} || T <- Terms].

%% ---- start_link and init ----

?PROMISE(s1_part_of_a_supervision_tree, "t__srv:start_link/1", "created as part of a supervision tree, by the supervisor").
s1_part_of_a_supervision_tree(Config) ->
    {t__srv, Pid, worker, [t__srv]} = lists:keyfind(t__srv, 1, supervisor:which_children({t__sup, ?NODE})),
    ?assertEqual(?NODE, node(Pid)),
    0 = gen_server:call(Pid, dev_count).

?PROMISE(s2_linked_to_its_supervisor, "t__srv:start_link/1", "linked to the supervisor, which starts it again when it ends").
s2_linked_to_its_supervisor(Config) ->
    Old = rpc:call(?NODE, erlang, whereis, [t__srv]),
    Sup = rpc:call(?NODE, erlang, whereis, [t__sup]),
    {links, Links} = rpc:call(?NODE, erlang, process_info, [Old, links]),
    true = lists:member(Sup, Links),
    exit(Old, kill),
    until(fun() -> New = rpc:call(?NODE, erlang, whereis, [t__srv]), is_pid(New) andalso New =/= Old end).

?PROMISE(s3_registered_under_its_module_name, "gen_server:start_link/4, {local, Module}", "registered locally under the name of its module; the name is given once").
s3_registered_under_its_module_name(Config) ->
    Pid = rpc:call(?NODE, erlang, whereis, [t__srv]),
    0 = gen_server:call({t__srv, ?NODE}, dev_count),
    case supervisor:start_child({t__sup, ?NODE}, #{id => another, restart => temporary, start => {t__srv, start_link, [[]]}}) of
        {error, {{already_started, Pid}, _}} -> ok;
        {error, {already_started, Pid}} -> ok % OTP 27 leaves the child spec out
    end.

?PROMISE(i1_init_runs_in_the_new_process, "gen_server, Module:init/1", "called by the new process, with Args as they are").
i1_init_runs_in_the_new_process(Config) ->
    each(titles([[], [{timer_interval, 1 bsl 40}], [{configs, [{a, plain()}]}, {idle, infinity}], [{configs, [{'ä€', config(<<"x">>, true)}]}]]),
         fun(Options) ->
             All = Options ++ [{notify, self()}],
             {ok, Pid} = child(Config, Options, #{}),
             {init, Pid, All} = event(Pid)
         end).

?PROMISE(i2_ok, "gen_server, Module:init/1", "{ok, State}").
i2_ok(Config) ->
    Pid = start(Config, [{configs, [{a, plain()}]}]),
    ?assertEqual({t__srv_state, [{a, plain()}], 0, undefined, 10000, infinity, self(), []}, state(Pid)).

?PROMISE(i3_ok_and_a_time_out, "gen_server, Module:init/1", "{ok, State, Timeout}").
i3_ok_and_a_time_out(Config) -> each(titles([0, 1, 50]), fun(Ms) -> {info, timeout} = event(start(Config, [{idle, Ms}])) end).

?PROMISE(i4_ok_and_hibernate, "gen_server, Module:init/1", "{ok, State, hibernate}").
i4_ok_and_hibernate(Config) ->
    Pid = start(Config, [{idle, hibernate}]),
    0 = gen_server:call(Pid, dev_count),
    hibernate = element(6, state(Pid)).

?PROMISE(i5_a_message_ends_a_time_out, "gen_server, Module:init/1", "a time-out occurs unless a request or a message comes within that time").
i5_a_message_ends_a_time_out(Config) ->
    each([{call, fun(P) -> gen_server:call(P, dev_count) end}, {cast, fun(P) -> gen_server:cast(P, x) end}, {info, fun(P) -> P ! x end}],
         fun(Send) -> later(Config, Send, 10) end).

%% On a machine that has much else to do the time-out may come before the message: then this says nothing, and is done again.
later(Config, Send, Tries) ->
    Pid = start(Config, [{idle, 400}]),
    Begun = erlang:monotonic_time(millisecond),
    timer:sleep(200),
    Send(Pid),
    ok = timeout_event(Pid),
    case erlang:monotonic_time(millisecond) - Begun of
        Took when Took >= 590 -> ok;
        _ when Tries > 1 -> later(Config, Send, Tries - 1)
    end.

timeout_event(Pid) -> case event(Pid) of {info, timeout} -> ok; {info, x} -> timeout_event(Pid) end.

?PROMISE(i6_the_atom_timeout, "gen_server, Module:init/1", "a time-out is the atom timeout in handle_info/2, again after each").
i6_the_atom_timeout(Config) ->
    Pid = start(Config, [{idle, 5}]),
    [{info, timeout}, {info, timeout}, {info, timeout}] = [event(Pid) || _ <- [1, 2, 3]].

?PROMISE(i7_infinity, "gen_server, Module:init/1", "infinity waits for ever, and is the default").
i7_infinity(Config) -> each(titles([[], [{idle, infinity}]]), fun(O) -> none = event(start(Config, O), 200) end).

?PROMISE(i8_hibernation_lasts_until_the_next_message, "gen_server, Module:init/1", "hibernates while it waits for the next message, whichever it is").
i8_hibernation_lasts_until_the_next_message(Config) ->
    Pid = start(Config, [{idle, hibernate}]),
    each([{call, fun() -> ok = gen_server:call(Pid, {config_set, a, plain()}) end}, {cast, fun() -> gen_server:cast(Pid, {config_set, b, plain()}) end},
          {info, fun() -> Pid ! hi, {info, hi} = event(Pid) end}, {system, fun() -> 8 = tuple_size(state(Pid)) end},
          {kept, fun() -> [{b, _}, {a, _}] = element(2, state(Pid)) end}], fun(F) -> F() end).

?PROMISE(i9_stop, "gen_server, Module:init/1", "{stop, Reason}, where Reason is any term").
i9_stop(Config) ->
    each(titles([x, {idle, -1}, [1, 2], #{a => b}, {configs, [{a, nonsense}]}, 1 bsl 70]),
         fun(Bad) -> {error, {{bad_option, Bad}, _}} = child(Config, [Bad], #{}) end).

?PROMISE(i10_ignore, "gen_server, Module:init/1", "ignore").
i10_ignore(Config) -> {ok, undefined} = child(Config, [{enabled, false}], #{}).

%% ---- handle_call ----

?PROMISE(c1_call, "gen_server, Module:handle_call/3", "called for call/2,3").
c1_call(Config) ->
    Pid = start(Config, []),
    each([{call_2, fun() -> 0 = gen_server:call(Pid, dev_count) end}, {call_3, fun() -> 0 = gen_server:call(Pid, dev_count, infinity) end},
          {by_name, fun() -> 0 = gen_server:call({t__srv, ?NODE}, dev_count, 20000) end}], fun(F) -> F() end).

?PROMISE(c2_multi_call, "gen_server, Module:handle_call/3", "called for multi_call/2,3,4").
c2_multi_call(Config) ->
    All = nodes_of(Config),
    each([{multi_call_2, fun() -> {Replies, _} = gen_server:multi_call(t__srv, dev_count), {_, 0} = lists:keyfind(node(), 1, Replies) end},
          {multi_call_3, fun() -> {Replies, []} = gen_server:multi_call(All, t__srv, dev_count), ?assertEqual(lists:sort([{N, 0} || N <- All]), lists:sort(Replies)) end},
          {multi_call_4, fun() -> {Replies, []} = gen_server:multi_call(All, t__srv, nonsense, 60000), ?assertEqual(lists:sort([{N, error} || N <- All]), lists:sort(Replies)) end}],
         fun(F) -> F() end).

%% Two BEAMs and the node that is tested.
nodes_of(Config) -> [node(), ?config(second, Config), ?NODE].

?PROMISE(c3_the_request_as_given, "gen_server, Module:handle_call/3", "Request is the argument of call or multi_call").
c3_the_request_as_given(Config) ->
    Pid = start(Config, []),
    each(titles([plain(), config(<<"ä"/utf8>>, true), {t__config, undefined, false, [{t__repository, "a", "nowhere", undefined}, {t__repository, <<"b">>, c, undefined}]}]),
         fun(C) -> ok = gen_server:call(Pid, {config_set, a, C}), {ok, C} = gen_server:call(Pid, {config_await, a}) end).

?PROMISE(c4_from, "gen_server, Module:handle_call/3", "From is {Pid, Tag}, where Pid is the client and Tag is unique").
c4_from(Config) ->
    Pid = start(Config, []),
    Ids = [gen_server:send_request(Pid, {config_await, a}) || _ <- [1, 2, 3]],
    Froms = [begin {waiting, a, From} = event(Pid), From end || _ <- Ids],
    [Self, Self, Self] = [P || {P, _} <- Froms],
    Self = self(),
    3 = length(lists:usort(Froms)),
    [gen_server:reply(From, N) || {From, N} <- lists:zip(Froms, [1, 2, 3])],
    [{reply, 1}, {reply, 2}, {reply, 3}] = [gen_server:wait_response(Id, 20000) || Id <- Ids].

?PROMISE(c5_the_state, "gen_server, Module:handle_call/3", "State is the internal state").
c5_the_state(Config) ->
    Pid = start(Config, [{configs, [{a, config(true)}]}]),
    1 = gen_server:call(Pid, dev_count).

?PROMISE(c6_reply, "gen_server, Module:handle_call/3", "{reply, Reply, NewState}: Reply is the value of call").
c6_reply(Config) ->
    Pid = start(Config, []),
    {error, not_found} = gen_server:call(Pid, {config_delete, a}),
    ok = gen_server:call(Pid, {config_set, a, plain()}),
    ok = gen_server:call(Pid, {config_delete, a}).

?PROMISE(c7_reply_and_a_time_out, "gen_server, Module:handle_call/3", "{reply, Reply, NewState, Timeout}").
c7_reply_and_a_time_out(Config) ->
    Pid = start(Config, [{idle, 60000}]),
    {ok, _} = change(Pid, [{idle, 20}]),
    0 = gen_server:call(Pid, dev_count),
    {info, timeout} = event(Pid).

%% Gives a server other options, by a change of code to the same version.
change(Pid, Options) ->
    ok = sys:suspend(Pid),
    Answer = sys:change_code(Pid, t__srv, "1", Options),
    ok = sys:resume(Pid),
    {code_change, "1", Options} = event(Pid),
    {Answer, state(Pid)}.

?PROMISE(c8_the_reply_is_in_the_result_of_multi_call, "gen_server, Module:handle_call/3", "{reply, Reply, NewState, hibernate}; Reply is included in the value of multi_call").
c8_the_reply_is_in_the_result_of_multi_call(Config) ->
    Pid = start(Config, [{idle, hibernate}]),
    {registered_name, Name} = rpc:call(?NODE, erlang, process_info, [Pid, registered_name]),
    {[{_, {error, not_found}}], []} = gen_server:multi_call([?NODE], Name, {config_delete, x}),
    {[{_, ok}], []} = gen_server:multi_call([?NODE], Name, {config_set, x, plain()}),
    {ok, _} = gen_server:call(Pid, {config_await, x}).

?PROMISE(c9_goes_on_with_the_new_state, "gen_server, Module:handle_call/3", "the process continues with NewState").
c9_goes_on_with_the_new_state(Config) ->
    Pid = start(Config, []),
    [ok = gen_server:call(Pid, {config_set, list_to_atom([$a + N rem 5]), config(N rem 2 =:= 0)}) || N <- lists:seq(1, 20)],
    ?assertEqual(length([x || {_, {_, _, true, _}} <- element(2, state(Pid))]), gen_server:call(Pid, dev_count)),
    5 = length(element(2, state(Pid))).

?PROMISE(c10_noreply, "gen_server, Module:handle_call/3", "{noreply, NewState}: any reply is given by reply/2, by any process, at any time").
c10_noreply(Config) ->
    each([{by_the_server, fun(Pid, _) -> ok = gen_server:call(Pid, {config_set, a, plain()}), {ok, plain()} end},
          {by_another_process, fun(_, From) -> spawn(fun() -> gen_server:reply(From, hello) end), hello end},
          {by_another_node, fun(_, From) -> rpc:call(?config(second, Config), gen_server, reply, [From, world]), world end}],
         fun(Answer) ->
             Pid = start(Config, []),
             Id = gen_server:send_request(Pid, {config_await, a}),
             {waiting, a, From} = event(Pid),
             timeout = gen_server:wait_response(Id, 50),
             0 = gen_server:call(Pid, dev_count),
             Expected = Answer(Pid, From),
             {reply, Expected} = gen_server:wait_response(Id, 20000)
         end).

?PROMISE(c11_noreply_and_a_time_out, "gen_server, Module:handle_call/3", "{noreply, NewState, Timeout}").
c11_noreply_and_a_time_out(Config) ->
    Pid = start(Config, [{idle, 60000}]),
    {ok, _} = change(Pid, [{idle, 20}]),
    _ = gen_server:send_request(Pid, {config_await, a}),
    {waiting, a, _} = event(Pid),
    {info, timeout} = event(Pid).

?PROMISE(c12_noreply_and_hibernate, "gen_server, Module:handle_call/3", "{noreply, NewState, hibernate}").
c12_noreply_and_hibernate(Config) ->
    Pid = start(Config, [{idle, hibernate}]),
    Id = gen_server:send_request(Pid, {config_await, a}),
    {waiting, a, _} = event(Pid),
    gen_server:cast(Pid, {config_set, a, plain()}),
    {reply, {ok, _}} = gen_server:wait_response(Id, 20000).

reasons() -> [normal, shutdown, {shutdown, x}, oops, {a, [term, 1.5]}].

?PROMISE(c13_stop_with_a_reply, "gen_server, Module:handle_call/3", "{stop, Reason, Reply, NewState}: the caller gets Reply").
c13_stop_with_a_reply(Config) ->
    each(titles(reasons()), fun(Reason) ->
        Pid = start(Config, []), Ref = monitor(process, Pid),
        stopping = gen_server:call(Pid, {stop, Reason}),
        Reason = ended(Pid, Ref)
    end).

?PROMISE(c14_stop_without_a_reply, "gen_server, Module:handle_call/3", "{stop, Reason, NewState}: any reply is given by reply/2").
c14_stop_without_a_reply(Config) ->
    each(titles(reasons()), fun(Reason) ->
        Pid = start(Config, []), Ref = monitor(process, Pid),
        aborting = gen_server:call(Pid, {abort, Reason}),
        Reason = ended(Pid, Ref)
    end).

?PROMISE(c15_then_terminate, "gen_server, Module:handle_call/3", "then terminate(Reason, NewState) is called, and the process ends").
c15_then_terminate(Config) ->
    each([{title({Verb, R}), {Verb, R}} || Verb <- [stop, abort], R <- reasons()], fun({_, Reason} = Request) ->
        Pid = start(Config, []), Ref = monitor(process, Pid),
        _ = gen_server:call(Pid, Request),
        Reason = ended(Pid, Ref),
        {terminate, Reason} = event(Pid)
    end).

?PROMISE(t1_an_unknown_call, "t__srv:handle_call/3", "an unknown call is answered with error, and nothing else happens").
t1_an_unknown_call(Config) ->
    Pid = start(Config, [{configs, [{a, config(true)}]}]),
    S = state(Pid),
    each(titles([x, {config_set, a}, {config_set, "a", plain()}, {config_set, a, b}, {config_set, a, {t__config, 1, false, []}}, {config_set, a, {t__config, "x", perhaps, []}},
                 {config_set, a, {t__config, "x", false, [y]}}, {config_delete, 1}, {config_await, "x"}, {translate, 1, 2, 3, 4}, <<"bin">>, [1 | 2], #{}, self()]),
         fun(Request) -> error = gen_server:call(Pid, Request), S = state(Pid) end).

%% ---- handle_cast and handle_info ----

?PROMISE(k1_cast_and_abcast, "gen_server, Module:handle_cast/2", "called for cast/2 and abcast/2,3").
k1_cast_and_abcast(Config) ->
    Has = fun(Where, App) -> until(fun() -> lists:keymember(App, 1, element(2, state(Where))) end), gen_server:cast(Where, {config_delete, App}) end,
    Set = fun(App) -> {config_set, App, plain()} end,
    each([{cast, fun() -> gen_server:cast({t__srv, ?NODE}, Set(k1)), Has({t__srv, ?NODE}, k1) end},
          {abcast_2, fun() -> abcast = gen_server:abcast(t__srv, Set(k2)), Has(t__srv, k2) end},
          {abcast_3, fun() -> abcast = gen_server:abcast(nodes_of(Config), t__srv, Set(k3)), [Has({t__srv, N}, k3) || N <- nodes_of(Config)] end}],
         fun(F) -> F() end).

?PROMISE(k2_what_handle_cast_may_return, "gen_server, Module:handle_cast/2", "the values of handle_call, but for a reply").
k2_what_handle_cast_may_return(Config) ->
    Set = {config_set, a, plain()},
    each([{noreply, fun() -> P = start(Config, []), gen_server:cast(P, Set), {ok, _} = gen_server:call(P, {config_await, a}) end},
          {time_out, fun() -> P = start(Config, [{idle, 60000}]), {ok, _} = change(P, [{idle, 20}]), gen_server:cast(P, Set), {info, timeout} = event(P) end},
          {hibernate, fun() -> P = start(Config, [{idle, hibernate}]), gen_server:cast(P, Set), {ok, _} = gen_server:call(P, {config_await, a}) end},
          {stop, fun() -> P = start(Config, []), R = monitor(process, P), gen_server:cast(P, {stop, enough}), enough = ended(P, R), {terminate, enough} = event(P) end}],
         fun(F) -> F() end).

?PROMISE(t2_an_unknown_cast, "t__srv:handle_cast/2", "an unknown cast is ignored").
t2_an_unknown_cast(Config) ->
    Pid = start(Config, [{configs, [{a, plain()}]}]),
    S = state(Pid),
    each(titles([x, {config_set, a}, {config_set, a, b}, {config_delete, "a"}, tables, [], self()]), fun(R) -> gen_server:cast(Pid, R), S = state(Pid) end),
    none = event(Pid, 0).

?PROMISE(n1_a_time_out, "gen_server, Module:handle_info/2", "called when a time-out occurs").
n1_a_time_out(Config) -> {info, timeout} = event(start(Config, [{idle, 10}])).

?PROMISE(n2_any_other_message, "gen_server, Module:handle_info/2", "called for a message that is no request and no system message").
n2_any_other_message(Config) ->
    Pid = start(Config, []),
    each(titles([hi, {'$gen_call', x}, {'$gen_cast'}, {'DOWN', x}, {'EXIT', self(), y}, "text", 17, #{}, {system, x}]), fun(M) -> Pid ! M, {info, M} = event(Pid) end),
    each([{call, fun() -> gen_server:call(Pid, x) end}, {cast, fun() -> gen_server:cast(Pid, x) end}, {system, fun() -> state(Pid) end}, {status, fun() -> sys:get_status(Pid) end}],
         fun(F) -> F(), _ = state(Pid), none = event(Pid, 0) end).

?PROMISE(n3_the_message_itself, "gen_server, Module:handle_info/2", "Info is the atom timeout or the message").
n3_the_message_itself(Config) ->
    Pid = start(Config, []),
    each(titles([timeout, {a, 1.5, <<"b">>, #{c => [d]}}, binary:copy(<<"x">>, 100000)]), fun(M) -> Pid ! M, {info, M} = event(Pid) end).

?PROMISE(n4_what_handle_info_may_return, "gen_server, Module:handle_info/2", "the values of handle_cast").
n4_what_handle_info_may_return(Config) ->
    each([{time_out, fun() -> P = start(Config, [{idle, 60000}]), {ok, _} = change(P, [{idle, 20}]), P ! x, {info, x} = event(P), {info, timeout} = event(P) end},
          {hibernate, fun() -> P = start(Config, [{idle, hibernate}]), P ! x, {info, x} = event(P), 0 = gen_server:call(P, dev_count) end}],
         fun(F) -> F() end).

?PROMISE(t3_an_unknown_message, "t__srv:handle_info/2", "an unknown message changes nothing").
t3_an_unknown_message(Config) ->
    Pid = start(Config, [{configs, [{a, config(true)}]}]),
    S = state(Pid),
    Pid ! nonsense,
    {info, nonsense} = event(Pid),
    S = state(Pid).

?PROMISE(t4_the_timer, "t__srv:handle_info/2, erlang:send_after/3", "in developer mode the server sends itself monitor, again and again, and not otherwise").
t4_the_timer(Config) ->
    Pid = start(Config, [{timer_interval, 20}]),
    each([{none, fun() -> none = event(Pid, 100), undefined = element(4, state(Pid)) end},
          {runs, fun() -> ok = gen_server:call(Pid, {config_set, a, config(true)}), true = is_reference(element(4, state(Pid))), [{info, monitor} = event(Pid) || _ <- [1, 2, 3]] end},
          {counts, fun() -> ok = gen_server:call(Pid, {config_set, b, config(true)}), 2 = gen_server:call(Pid, dev_count) end},
          {goes_on, fun() -> ok = gen_server:call(Pid, {config_delete, a}), 1 = gen_server:call(Pid, dev_count), {info, monitor} = event(Pid) end},
          {stops, fun() -> ok = gen_server:call(Pid, {config_set, b, config(false)}), 0 = gen_server:call(Pid, dev_count), flush(), none = event(Pid, 100) end}],
         fun(F) -> F() end).

%% ---- terminate ----

?PROMISE(e1_terminate, "gen_server, Module:terminate/2", "called when the process is about to end, once").
e1_terminate(Config) ->
    Pid = start(Config, []), Ref = monitor(process, Pid),
    ok = gen_server:stop(Pid),
    normal = ended(Pid, Ref),
    {terminate, normal} = event(Pid),
    none = event(Pid, 0).

?PROMISE(e2_the_opposite_of_init, "gen_server, Module:terminate/2", "cleans up: another one of the same name begins from the start").
e2_the_opposite_of_init(Config) ->
    Name = name(),
    Start = fun() -> supervisor:start_child({t__sup, ?NODE}, #{id => Name, restart => temporary, start => {t__srv, start_link, [{local, Name}, [{notify, self()}, {timer_interval, 20}]]}}) end,
    {ok, Old} = Start(),
    ok = gen_server:call(Old, {config_set, a, config(true)}),
    ok = gen_server:stop(Old),
    until(fun() -> not lists:keymember(Name, 1, supervisor:which_children({t__sup, ?NODE})) end),
    {ok, New} = Start(),
    {init, New, _} = event(New),
    ?assertEqual({t__srv_state, [], 0, undefined, 20, infinity, self(), []}, state(New)),
    none = event(New, 100).

?PROMISE(e3_ends_with_the_reason, "gen_server, Module:terminate/2", "when it returns, the process ends with Reason").
e3_ends_with_the_reason(Config) ->
    each(titles(reasons()), fun(Reason) ->
        Pid = start(Config, []), Ref = monitor(process, Pid),
        catch gen_server:stop(Pid, Reason, 20000),
        Reason = ended(Pid, Ref)
    end).

?PROMISE(e4_its_value_is_ignored, "gen_server, Module:terminate/2", "the return value, here a tuple or false, is ignored").
e4_its_value_is_ignored(Config) ->
    Quiet = name(),
    {ok, Pid} = supervisor:start_child({t__sup, ?NODE}, #{id => Quiet, restart => temporary, start => {t__srv, start_link, [{local, Quiet}, []]}}),
    each([{tuple, start(Config, [])}, {false, Pid}], fun(P) -> Ref = monitor(process, P), gen_server:cast(P, {stop, normal}), normal = ended(P, Ref) end).

?PROMISE(e5_the_reason_of_the_stop_tuple, "gen_server, Module:terminate/2", "Reason is that of the tuple {stop, ...}").
e5_the_reason_of_the_stop_tuple(Config) ->
    each(titles(reasons()), fun(Reason) -> Pid = start(Config, []), gen_server:cast(Pid, {stop, Reason}), {terminate, Reason} = event(Pid) end).

?PROMISE(e6_the_reason_of_a_failure, "gen_server, Module:terminate/2", "after a failure Reason is the error reason").
e6_the_reason_of_a_failure(Config) ->
    each([{call, fun(P) -> catch gen_server:call(P, {crash, boom}) end}, {cast, fun(P) -> gen_server:cast(P, {crash, boom}) end}],
         fun(Crash) ->
             Pid = start(Config, []), Ref = monitor(process, Pid),
             Crash(Pid),
             {terminate, {boom, [_ | _]}} = event(Pid),
             {boom, [_ | _]} = ended(Pid, Ref)
         end).

?PROMISE(e7_ordered_by_the_supervisor, "gen_server, Module:terminate/2", "called with shutdown if the process traps exits and the shutdown of the child is a time-out; else it is not called").
e7_ordered_by_the_supervisor(Config) ->
    each([{traps_exits, {[trap_exit], 5000, shutdown, {terminate, shutdown}}}, {does_not, {[], 5000, shutdown, none}}, {brutal_kill, {[trap_exit], brutal_kill, killed, none}},
          {infinity, {[trap_exit], infinity, shutdown, {terminate, shutdown}}}],
         fun({Options, Shutdown, Reason, Event}) ->
             Id = name(),
             {ok, Pid} = child(Config, Options, #{id => Id, shutdown => Shutdown, restart => transient}),
             {init, Pid, _} = event(Pid),
             Ref = monitor(process, Pid),
             ok = supervisor:terminate_child({t__sup, ?NODE}, Id),
             ok = supervisor:delete_child({t__sup, ?NODE}, Id),
             Reason = ended(Pid, Ref),
             Event = event(Pid, case Event of none -> 0; _ -> 20000 end)
         end).

?PROMISE(e8_an_exit_of_its_parent, "gen_server, Module:terminate/2", "called for 'EXIT' of the parent, also without a supervision tree").
e8_an_exit_of_its_parent(Config) -> {_, {terminate, gone}, gone} = orphan(Config, [trap_exit], gone, 20000).

?PROMISE(e9_the_reason_of_the_exit, "gen_server, Module:terminate/2", "Reason is that of the 'EXIT'").
e9_the_reason_of_the_exit(Config) ->
    each(titles([shutdown, {shutdown, x}, oops, {a, "b", 1.5}]), fun(Reason) -> {_, {terminate, Reason}, Reason} = orphan(Config, [trap_exit], Reason, 20000) end).

?PROMISE(e10_without_trapping_exits_it_ends_at_once, "gen_server, Module:terminate/2", "else the process ends at once").
e10_without_trapping_exits_it_ends_at_once(Config) ->
    each(titles([shutdown, oops]), fun(Reason) -> {_, none, Reason} = orphan(Config, [], Reason, 0) end).

%% The parent of a server ends.
orphan(Config, Options, Reason, Time) ->
    Parent = compat:probe(?NODE),
    {ok, Pid} = gen_server:call(Parent, {start_link, t__srv, name(), Options ++ [{notify, self()}]}),
    {init, Pid, _} = event(Pid),
    Ref = monitor(process, Pid),
    exit(Parent, Reason),
    How = ended(Pid, Ref),
    {Pid, event(Pid, Time), How}.

?PROMISE(e11_an_error_report, "gen_server, Module:terminate/2", "reasons other than normal, shutdown and {shutdown, Term} are errors, and a report of them is written").
e11_an_error_report(Config) ->
    Node = compat:start_node(reports, #{logger_node => node()}),
    ok = logger:add_handler(?MODULE, ?MODULE, #{config => self(), level => error}),
    Ended = fun(Reason) ->
        Pid = start([{node, Node} | Config], []), Ref = monitor(process, Pid),
        gen_server:cast(Pid, {stop, Reason}),
        Reason = ended(Pid, Ref),
        Pid
    end,
    each(titles([oops, {a, [term, 1.5]}]), fun(Reason) ->
        Pid = Ended(Reason),
        receive {report, Pid, #{label := {gen_server, terminate}, reason := Why}} -> ?assertEqual(Reason, Why) after 20000 -> error(no_report) end
    end),
    each(titles([normal, shutdown, {shutdown, x}]), fun(Reason) ->
        Pid = Ended(Reason),
        receive {report, Pid, _} = Report -> error(Report) after 200 -> ok end
    end),
    ok = logger:remove_handler(?MODULE),
    flush(),
    compat:kill_node(Node).

%% The handler of the logger.
log(#{msg := {report, Report}, meta := #{pid := Pid}}, #{config := Test}) -> Test ! {report, Pid, Report};
log(_, _) -> ok.

%% ---- translations ----

?PROMISE(t5_texts, "t__srv, tables", "the texts of the PO files of a repository, one file for each language").
t5_texts(Config) ->
    Node = upgradable(Config),
    ok = gen_server:call({t__srv, Node}, {config_set, shop, {t__config, "de", false, [{t__repository, "default", "texts", x}, {t__repository, "none", "nowhere", x}]}}),
    T = fun(Repository, Language, Text) -> gen_server:call({t__srv, Node}, {translate, shop, Repository, Language, Text}) end,
    each([{tables, fun() -> [{shop, <<"default">>, 4}, {shop, <<"none">>, 0}] = gen_server:call({t__srv, Node}, tables) end},
          {text, fun() -> <<"Hallo">> = T("default", "de", "Hello") end}, {default_language, fun() -> <<"Hallo">> = T(default, undefined, <<"Hello">>) end},
          {context, fun() -> <<"Speichern">> = T("default", "de", {"menu", "Save"}) end}, {no_context, fun() -> "Save" = T("default", "de", "Save") end},
          {plural, fun() -> <<"~B Datei">> = T("default", "de", "~B file") end}, {fuzzy, fun() -> "Bye" = T("default", "de", "Bye") end},
          {other_language, fun() -> <<"Hi">> = T("default", "en", "Hello") end}, {no_language, fun() -> "Hello" = T("default", "fr", "Hello") end},
          {no_repository, fun() -> "Hello" = T("none", "de", "Hello"), "Hello" = T("x", "de", "Hello") end},
          {deleted, fun() -> ok = gen_server:call({t__srv, Node}, {config_delete, shop}), [] = gen_server:call({t__srv, Node}, tables), "Hello" = T("default", "de", "Hello") end}],
         fun(F) -> F() end),
    compat:kill_node(Node).

texts() ->
    #{<<"texts/german.po">> => <<"msgid \"\"\nmsgstr \"\"\n\"Language: de\\n\"\n\nmsgid \"Hello\"\nmsgstr \"Hallo\"\nmsgctxt \"menu\"\nmsgid \"Save\"\nmsgstr \"Spei\"\n\"chern\"\n\n"
                               "msgid \"~B file\"\nmsgid_plural \"~B files\"\nmsgstr[0] \"~B Datei\"\nmsgstr[1] \"~B Dateien\"\n#, fuzzy\nmsgid \"Bye\"\nmsgstr \"x\"\n">>,
      <<"texts/en.po">> => <<"msgid \"Hello\"\nmsgstr \"Hi\"\n">>, <<"texts/bad.po">> => <<"msgid Hello\n">>, <<"texts/note.txt">> => <<"nothing">>}.

%% ---- code_change ----

upgradable(Config) ->
    Dir = filename:join(?config(priv_dir, Config), integer_to_list(erlang:unique_integer([positive]))),
    compat:start_node(upgradable, #{files => maps:merge(releases:files(Dir, t__), texts())}).

handler(Node, Function, Args) -> rpc:call(Node, release_handler, Function, Args, 60000).

unpacked(Node, Vsn) ->
    Dir = case rpc:call(Node, file, get_cwd, []) of {ok, Cwd} -> Cwd; _ -> "." end,
    {ok, Vsn} = handler(Node, set_unpacked, [filename:join([Dir, "releases", Vsn, "demorel.rel"]), [{t__, Vsn, Dir}]]).

install(Node, Vsn) -> {ok, _, []} = handler(Node, install_release, [Vsn]).

%% The server of a node whose releases 2 and 3 are unpacked; it tells this process what happens, and has two configurations.
subject(Config, Dev) ->
    Node = upgradable(Config),
    [unpacked(Node, Vsn) || Vsn <- ["2", "3"]],
    Pid = rpc:call(Node, erlang, whereis, [t__srv]),
    ok = gen_server:call(Pid, {config_set, till, config("fr", Dev)}),
    ok = gen_server:call(Pid, {config_set, shop, {t__config, "de", false, [{t__repository, "default", "texts", undefined}]}}),
    {ok, _} = change(Pid, [{notify, self()}], none),
    {Node, Pid}.

change(Pid, Options, none) ->
    ok = sys:suspend(Pid),
    Answer = sys:change_code(Pid, t__srv, "1", Options),
    ok = sys:resume(Pid),
    {Answer, state(Pid)}.

?PROMISE(v1_up_and_down, "gen_server, Module:code_change/3",
         "called for an upgrade and a downgrade by {update, Module, {advanced, Extra}}, with the version of the old module, {down, Vsn} for a downgrade; Extra as is; the state that it returns").
v1_up_and_down(Config) ->
    {Node, Pid} = subject(Config, false),
    Old = state(Pid),
    Waits = gen_server:send_request(Pid, {config_await, later}),
    {waiting, later, _} = event(Pid),
    T = fun(Text) -> gen_server:call(Pid, {translate, shop, "default", "de", Text}) end,
    each([{v1_upgrade, fun() -> install(Node, "2") end},
          {v3_v5_the_old_version, fun() -> {code_change, "1", [{fallback, "en"}]} = event(Pid) end},
          {v7_v9_the_new_state, fun() -> New = state(Pid), 10 = tuple_size(New), "en" = element(10, New), 7 = length([x || I <- lists:seq(1, 7), element(I, New) =:= element(I, Old)]) end},
          {new_code, fun() -> ok = gen_server:call(Pid, {config_set, shop, element(2, lists:keyfind(shop, 1, element(2, Old)))}), 1 = gen_server:call(Pid, {changes, shop}), <<"Hallo">> = T("Hello") end},
          {v8_extra_is_used, fun() -> <<"Hi">> = gen_server:call(Pid, {translate, shop, "default", "xx", "Hello"}) end},
          {who_waits_waits_on, fun() -> timeout = gen_server:wait_response(Waits, 50) end},
          {up_again, fun() -> install(Node, "3") end},
          {v6_the_checksum_of_a_module_without_a_version, fun() -> {code_change, Vsn, []} = event(Pid), true = is_integer(Vsn), Vsn > 1 bsl 64 end},
          {newer_code, fun() -> {error, no_dev_mode} = gen_server:call(Pid, {config_set, x, config(true)}), 1 = gen_server:call(Pid, {changes, shop}) end},
          {down, fun() -> install(Node, "2"), {code_change, {down, Vsn}, []} = event(Pid), true = is_integer(Vsn) end},
          {down_again, fun() -> install(Node, "1") end},
          {v4_down, fun() -> {code_change, {down, "1"}, [{timer_interval, 10000}]} = event(Pid) end},
          {the_old_state, fun() -> [Old1, Now] = [setelement(8, S, []) || S <- [Old, state(Pid)]], ?assertEqual(Old1, Now) end},
          {old_code, fun() -> error = gen_server:call(Pid, {changes, shop}), Pid = rpc:call(Node, erlang, whereis, [t__srv]) end},
          {who_waits_is_answered, fun() -> ok = gen_server:call(Pid, {config_set, later, plain()}), {reply, {ok, _}} = gen_server:wait_response(Waits, 20000) end}],
         fun(F) -> F() end),
    compat:kill_node(Node).

?PROMISE(v10_an_error_rolls_back, "gen_server, Module:code_change/3, {error, Reason}",
         "the upgrade fails and the old release goes on, with its state and its timer (a BEAM restarts itself with the permanent release instead)").
v10_an_error_rolls_back(Config) ->
    {Node, Pid} = subject(Config, true),
    install(Node, "2"),
    {code_change, "1", _} = event(Pid),
    ok = handler(Node, make_permanent, ["2"]),
    ok = gen_server:call(Pid, {config_set, more, config(false)}),
    Id = gen_server:send_request(Pid, {config_await, later}),
    {waiting, later, _} = event(Pid),
    Old = state(Pid),
    erlang:monitor_node(Node, true),
    Answer = handler(Node, install_release, ["3"]),
    case compat:tested() of
        {gonode, _} ->
            each([{v10_reason, fun() -> {error, {code_change_failed, Pid, t__srv, Vsn, {error, {dev_mode, [till]}}}} = Answer, true = is_integer(Vsn) end},
                  {v10_state, fun() -> Old = state(Pid), 1 = gen_server:call(Pid, {changes, more}) end},
                  {v10_code, fun() -> ok = gen_server:call(Pid, {config_set, x, config(true)}), 2 = gen_server:call(Pid, dev_count) end},
                  {v10_process, fun() -> Pid = rpc:call(Node, erlang, whereis, [t__srv]) end},
                  {v10_timer, fun() -> true = is_reference(element(4, state(Pid))) end},
                  {v10_who_waits, fun() -> ok = gen_server:call(Pid, {config_set, later, plain()}), {reply, {ok, _}} = gen_server:wait_response(Id, 20000) end},
                  {v10_release, fun() -> [{_, "2", _, permanent}] = handler(Node, which_releases, [permanent]), [] = handler(Node, which_releases, [current]) end},
                  {v10_later, fun() -> [ok = gen_server:call(Pid, {config_delete, A}) || A <- [till, x]], install(Node, "3"), {error, no_dev_mode} = gen_server:call(Pid, {config_set, x, config(true)}) end}],
                 fun(F) -> F() end),
            erlang:monitor_node(Node, false);
        {beam, _} ->
            receive {nodedown, Node} -> ok after 60000 -> error(no_restart) end
    end,
    compat:kill_node(Node).

?PROMISE(v11_calls_go_on, "sys:suspend/1, sys:resume/1; Module:code_change/3", "while a server is upgraded and downgraded, call and multi_call over three nodes lose no answer and mix none up").
v11_calls_go_on(Config) ->
    {Node, Pid} = subject(Config, false),
    Nodes = [node(), ?config(second, Config), Node],
    Self = self(),
    Callers = [spawn_link(fun() -> Self ! {made, self(), caller(list_to_atom("load" ++ integer_to_list(I)), Pid, Nodes, 0)} end) || I <- lists:seq(1, 6)],
    timer:sleep(200),
    each([{title(Vsn), Vsn} || Vsn <- ["2", "1", "2", "3", "2", "1"]], fun(Vsn) -> install(Node, Vsn), timer:sleep(100) end),
    [C ! stop || C <- Callers],
    Made = [receive {made, C, N} -> N after 60000 -> error({no_answer, C}) end || C <- Callers],
    true = lists:all(fun(N) -> N > 0 end, Made),
    8 = tuple_size(state(Pid)),
    compat:kill_node(Node).

%% Sets a configuration of its own on all nodes, again and again, and reads what it has set.
caller(App, Pid, Nodes, N) ->
    receive stop -> N
    after 0 ->
        C = config(integer_to_list(N), false),
        {Set, []} = gen_server:multi_call(Nodes, t__srv, {config_set, App, C}, 60000),
        3 = length([ok || {_, ok} <- Set]),
        {Got, []} = gen_server:multi_call(Nodes, t__srv, {config_await, App}, 60000),
        3 = length([ok || {_, {ok, G}} <- Got, G =:= C]),
        {ok, C} = gen_server:call(Pid, {config_await, App}, 60000),
        caller(App, Pid, Nodes, N + 1)
    end.

?PROMISE(v12_by_sys, "sys:change_code/4", "sys:suspend, sys:change_code and sys:resume: OldVsn and Extra as given; an error leaves the state as it was").
v12_by_sys(Config) ->
    Pid = start(Config, [{configs, [{a, plain()}]}]),
    each(titles([undefined, "1", {down, "0"}, 17]), fun(Vsn) ->
        ok = sys:suspend(Pid),
        Id = gen_server:send_request(Pid, dev_count),
        ok = sys:change_code(Pid, t__srv, Vsn, [{timer_interval, 77}]),
        {code_change, Vsn, [{timer_interval, 77}]} = event(Pid),
        timeout = gen_server:wait_response(Id, 30),
        ok = sys:resume(Pid),
        {reply, 0} = gen_server:wait_response(Id, 20000),
        77 = element(5, state(Pid))
    end),
    Old = state(Pid),
    each(titles([x, [x], [{idle, -1}], [{timer_interval, 5}, y]]), fun(Extra) ->
        ok = sys:suspend(Pid),
        {error, _} = sys:change_code(Pid, t__srv, "1", Extra),
        ok = sys:resume(Pid),
        Old = state(Pid)
    end).
