%% The contract of gen_server as a client sees it: every case is done with a server of its own on the node Node, and what became
%% of it is returned as a term without anything that differs from run to run:
%%
%%     {Title, [Answer of each step], [Message left in the mailbox, callbacks included], State or end of the server}
-module(contract).
-export([run/1]).

run(Node) ->
    Numbered = lists:zip(lists:seq(1, length(cases())), cases()),
    Running = [{Title, spawn_monitor(fun() -> exit({did, play(N, Node, Start, Steps)}) end)} || {N, {Title, Start, Steps}} <- Numbered],
    [receive {'DOWN', Ref, process, Pid, Reason} -> {Title, Reason} end || {Title, {Pid, Ref}} <- Running].

play(N, Node, Start, Steps) ->
    Name = list_to_atom("actor" ++ integer_to_list(N)),
    Started = rpc:call(Node, actor, start, [Name, self(), Start]),
    S = #{name => {Name, Node}, node => Node, pid => case Started of {ok, P} -> P; _ -> none end},
    Monitor = monitor(process, maps:get(name, S)),
    Answers = [try step(Step, S) catch C:R -> {C, R} end || Step <- Steps],
    End = case maps:get(pid, S) of
        none -> none;
        Pid ->
            try {state, sys:get_state(Pid, 10000)}
            catch exit:_ -> receive {'DOWN', Monitor, process, _, Reason} -> {ended, Reason} after 10000 -> alive end
            end
    end,
    demonitor(Monitor, [flush]),
    same({Started, Answers, left(), End}, S).

left() -> receive {callback, C} -> [C | left()]; M -> [{message, M} | left()] after 0 -> [] end.

%% same makes equal what is equal but for the run: pids, references, node names, stack traces.
same(T, #{pid := Pid, node := Node}) -> same(T, Pid, Node).

same(T, T, _) when is_pid(T) -> server;
same(T, _, T) -> node;
same(T, _, _) when T =:= self() -> client;
same(T, _, _) when is_pid(T) -> pid;
same(T, _, _) when is_reference(T) -> ref;
same({bad_return_value, _}, _, _) -> bad_return_value;
same([{M, F, _, L} | _], _, _) when is_atom(M), is_atom(F), is_list(L) -> stack;
same([H | T], P, N) -> [same(H, P, N) | same(T, P, N)];
same(T, P, N) when is_tuple(T) -> list_to_tuple(same(tuple_to_list(T), P, N));
same(T, _, _) -> T.

-define(T, 10000).

step({call, How, R}, S) -> call(How, R, S);
step({cast, pid, R}, #{pid := P}) -> gen_server:cast(P, R);
step({cast, name, R}, #{name := N}) -> gen_server:cast(N, R);
step({cast, abcast, R}, #{name := {N, Node}}) -> gen_server:abcast([Node], N, R);
step({cast, info, R}, #{pid := P}) -> P ! R;
step({call, How, R, Timeout}, S) -> call(How, R, S, Timeout);
step({stop, Reason}, #{pid := P}) -> gen_server:stop(P, Reason, ?T);
step(stop, #{name := N}) -> gen_server:stop(N);
step({exit, Reason}, #{pid := P}) -> exit(P, Reason), gone(P, 300);
step({link, Reason}, #{pid := P}) ->
    {C, M} = spawn_monitor(fun() -> link(P), exit(Reason) end),
    receive {'DOWN', M, _, C, _} -> gone(P, 300) end;
step({trap, What, Reason}, #{pid := P}) ->
    process_flag(trap_exit, true), link(P), catch gen_server:call(P, What, ?T),
    receive {'EXIT', P, Reason} -> {got, Reason}; {'EXIT', P, Other} -> {got, Other} after ?T -> nothing end;
step({sys, F, Args}, #{pid := P}) -> apply(sys, F, [P | Args]);
step({sys, F, Args, Keep}, #{pid := P}) -> Keep(apply(sys, F, [P | Args]));
step({await, Callback}, _) -> receive {callback, Callback} -> ok after ?T -> never end;
step(requests, #{pid := P} = S) ->
    Ids = [gen_server:send_request(P, {return, {reply, I, I}}) || I <- [1, 2, 3]],
    ok = maps:get(then, S, ok),
    [gen_server:wait_response(Id, ?T) || Id <- Ids];
step({requests_while_suspended, N}, #{pid := P}) ->
    ok = sys:suspend(P),
    Ids = [gen_server:send_request(P, {return, {reply, I, I}}) || I <- lists:seq(1, N)],
    timeout = gen_server:wait_response(hd(Ids), 0),
    ok = sys:resume(P),
    Answers = [gen_server:wait_response(Id, ?T) || Id <- Ids],
    Answers =:= [{reply, I} || I <- lists:seq(1, N)];
step({calls_while_suspended, N}, #{pid := P}) ->
    Me = self(),
    ok = sys:suspend(P),
    [begin spawn(fun() -> Me ! {answer, gen_server:call(P, {return, {reply, I, I}}, ?T)} end), receive after 5 -> ok end end || I <- lists:seq(1, N)],
    receive {answer, _} = A -> error(A) after 50 -> ok end,
    ok = sys:resume(P),
    lists:sort([receive {answer, I} -> I after ?T -> none end || _ <- lists:seq(1, N)]);
step({tag, Tag, R}, #{pid := P}) -> % by hand, with a tag of any shape
    P ! {'$gen_call', {self(), Tag}, R},
    receive {Tag, Reply} -> {reply, Reply} after ?T -> none end;
step({alias, Shape, R}, #{pid := P}) ->
    A = erlang:alias(), Tag = case Shape of plain -> [alias | A]; multi -> [[alias | A] | make_ref()] end,
    P ! {'$gen_call', {self(), Tag}, R},
    Got = receive {Tag, Reply} -> {reply, Reply} after ?T -> none end,
    erlang:unalias(A),
    P ! {'$gen_call', {self(), Tag}, R}, % nobody is to see this answer
    Got;
step({other_node_is_away, R}, #{name := {N, Node}}) -> gen_server:multi_call([nosuch@nowhere, Node], N, R, ?T);
step({nobody, How, R}, #{node := Node} = S) -> call(How, R, S#{name := {nobody, Node}, pid := dead(Node)}).

call(How, R, S) -> call(How, R, S, ?T).
call(pid, R, #{pid := P}, T) -> gen_server:call(P, R, T);
call(name, R, #{name := N}, T) -> gen_server:call(N, R, T);
call(multi, R, #{name := {N, Node}}, T) -> gen_server:multi_call([Node], N, R, T);
call(request, R, #{name := N}, T) -> gen_server:wait_response(gen_server:send_request(N, R), T).

%% dead is the pid of a process of Node that has ended.
dead(Node) -> {ok, P} = rpc:call(Node, actor, start, [list_to_atom("short" ++ integer_to_list(erlang:unique_integer([positive]))), spawn(fun() -> ok end), {return, {ok, 0}}]),
    gen_server:stop(P), P.

gone(P, T) -> R = monitor(process, P), receive {'DOWN', R, _, _, noproc} -> gone; {'DOWN', R, _, _, Why} -> {gone, Why} after T -> demonitor(R, [flush]), alive end.

start() -> {return, {ok, s0}}.

cases() -> inits() ++ calls() ++ casts() ++ ends() ++ clients() ++ syses().

release() -> list_to_integer(erlang:system_info(otp_release)).

title(Format, Args) -> lists:flatten(io_lib:format(Format, Args)).

inits() -> [{title("init ~0p", [I]), I, [{call, pid, {return, {reply, r, s1}}}]} || I <- [
    start(), {throw, {ok, s0}}, {return, {ok, s0, infinity}}, {return, {ok, s0, hibernate}}, {return, {ok, s0, {continue, {return, {noreply, s9}}}}},
    {return, ignore}, {return, {stop, oops}}, {return, {stop, normal}}, {return, {stop, {shutdown, x}}},
    {error, bang}, {exit, bang}, {exit, normal}, {return, bad}]] ++
    [{"init {error, no}", {return, {error, no}}, []} || release() >= 26] ++
    [{title("time-out of init ~0p", [T]), {return, {ok, s0, T}}, [{await, {handle_info, timeout, s0}}]} || T <- [0, 1, 20]].

%% What a callback can do, with a reply first or not.
orderly() -> [{return, {noreply, s1}}, {return, {noreply, s1, infinity}}, {return, {noreply, s1, hibernate}},
    {return, {noreply, s1, {continue, {return, {noreply, s9}}}}}].
disorderly() -> [{return, {stop, R, s1}} || R <- [normal, shutdown, {shutdown, x}, oops]] ++ [{throw, {stop, oops, s1}}] ++
    [{exit, R} || R <- [normal, shutdown, {shutdown, x}, bang]] ++ [{error, bang}, {error, {badmatch, [1]}}, {return, bad}, {throw, bad}] ++
    [{return, {noreply, s1, {continue, {return, {stop, late, s9}}}}}, {return, {stop, oops, {ending, {error, in_terminate}}}}].
replies() -> [{return, {reply, r, s1}}, {throw, {reply, r, s1}}, {return, {reply, r, s1, infinity}}, {return, {reply, r, s1, hibernate}},
    {return, {reply, r, s1, {continue, {return, {noreply, s9}}}}}, {return, {reply, r, s1, {continue, {error, bang}}}}] ++
    [{return, {stop, R, r, s1}} || R <- [normal, shutdown, {shutdown, x}, oops]] ++ [{throw, {stop, oops, r, s1}}] ++
    [{return, {stop, oops, r, {ending, {exit, in_terminate}}}}].

calls() ->
    [{title("~p call ~0p", [How, R]), start(), [{call, How, R}]} || How <- [pid, name, multi, request], R <- replies() ++ disorderly() ++ [{answer, r, A} || A <- orderly() ++ disorderly()]] ++
    [{title("time-out after a reply ~0p", [T]), start(), [{call, pid, {return, {reply, r, s1, T}}}, {await, {handle_info, timeout, s1}}]} || T <- [0, 1, 20]] ++
    [{title("message after a reply ~0p", [A]), start(), [{call, pid, {return, {reply, r, s1, A}}}, {sys, get_state, []}, {await, {handle_info, tick, s1}}]} ||
        A <- [{timeout, 0, tick}, {timeout, 20, tick}, {hibernate, 20, tick}], release() >= 28] ++
    [{title("tag ~0p", [case is_reference(Tag) of true -> ref; false -> Tag end]), start(), [{tag, Tag, {return, {reply, r, s1}}}]} || Tag <- [1, tag, {a, [b]}, [], [alias], [alias | x], "text", <<"bin">>, 1.5, #{k => v}, make_ref(), [[a] | b]]].

casts() ->
    [{title("~p cast ~0p", [How, R]), start(), [{cast, How, R}]} || How <- [pid, name, abcast, info], R <- orderly() ++ disorderly()] ++
    [{title("time-out after a cast ~0p", [T]), start(), [{cast, pid, {return, {noreply, s1, T}}}, {await, {handle_info, timeout, s1}}]} || T <- [0, 1, 20]] ++
    [{title("a message to itself goes before ~0p", [N]), start(), [{cast, pid, {to_self, {return, {noreply, s2}}, {return, N}}}, {await, {handle_info, {return, {noreply, s2}}, s1}}]} ||
        N <- [{noreply, s1}, {noreply, s1, 0}, {noreply, s1, 5000}]] ++
    [{title("a message ends a time-out ~p", [T]), start(), [{call, pid, {return, {reply, r, s1, T}}}, {call, pid, {return, {reply, r, s2}}}]} || T <- [5000, 60000]] ++
    [{title("messages that look like others ~0p", [M]), start(), [{cast, info, M}]} || M <- [{'$gen_call', a, b, c}, {'$gen_cast'}, {system, a}, {'EXIT', self(), x}, {'DOWN', a, b, c, d}, timeout, [], {x, y}]].

ends() ->
    Reasons = [normal, shutdown, {shutdown, x}, oops],
    [{title("stop ~0p", [R]), start(), [{stop, R}]} || R <- Reasons] ++
    [{title("stop by name", []), start(), [stop, stop]}] ++
    [{title("stop ~0p of a server that traps exits", [R]), {trap, start()}, [{stop, R}]} || R <- Reasons] ++
    [{title("stop ~0p, terminate fails by ~0p", [R, E]), {return, {ok, {ending, E}}}, [{stop, R}]} || R <- Reasons, E <- [{error, e}, {exit, e}, {exit, R}, {throw, t}]] ++
    [{title("stop ~0p of a suspended server", [R]), start(), [{sys, suspend, []}, {cast, pid, {return, {noreply, s1}}}, {stop, R}]} || R <- Reasons] ++
    [{title("exit signal ~0p", [R]), start(), [{exit, R}]} || R <- [kill | Reasons]] ++
    [{title("exit signal ~0p to a server that traps exits", [R]), {trap, start()}, [{exit, R}, {call, pid, {return, {reply, r, s1}}}]} || R <- [kill | Reasons]] ++
    [{title("a linked process ends with ~0p", [R]), start(), [{link, R}]} || R <- Reasons] ++
    [{title("a linked process ends with ~0p, exits are trapped", [R]), {trap, start()}, [{link, R}, {call, pid, {return, {reply, r, s1}}}]} || R <- Reasons] ++
    [{title("its links hear of ~0p", [E]), start(), [{trap, E, any}]} || E <- disorderly()].

clients() ->
    Silent = {return, {noreply, s1}},
    [{title("~p call without an answer", [How]), start(), [{call, How, Silent, 30}]} || How <- [pid, name, multi, request]] ++
    [{title("late answer to a ~p call", [How]), start(), [{call, How, Silent, 30}, {cast, pid, {answer, late, Silent}}, {call, pid, {return, {reply, r, s2}}}]} || How <- [pid, name, multi]] ++
    [{title("two answers to a ~p call", [How]), start(), [{call, How, {answer, first, Silent}}, {cast, pid, {answer, second, Silent}}, {call, pid, {return, {reply, r, s2}}}]} || How <- [pid, name, multi, request]] ++
    [{title("~p call to nobody", [How]), start(), [{nobody, How, x}]} || How <- [pid, name, multi, request]] ++
    [{title("one of two nodes is away", []), start(), [{other_node_is_away, {return, {reply, r, s1}}}]},
     {title("three requests at once", []), start(), [requests]},
     {title("requests while suspended", []), start(), [{requests_while_suspended, 100}]},
     {title("calls while suspended", []), start(), [{calls_while_suspended, 10}]}] ++
    [{title("alias, ~p", [Shape]), start(), [{alias, Shape, {return, {reply, r, s1}}}, {call, pid, {return, {reply, r, s2}}}]} || Shape <- [plain, multi], erlang:function_exported(erlang, alias, 0)].

syses() ->
    Change = [{return, {ok, new}}, {return, {error, no}}, {error, bang}, {exit, bang}],
    [{title("change_code ~0p, suspended", [E]), start(), [{sys, suspend, []}, {sys, change_code, [actor, V, E], fun failed/1}, {sys, resume, []}, {call, pid, {return, {reply, r, s1}}}]} || E <- Change, V <- [undefined, {down, "1"}]] ++
    [{title("change_code ~0p, running", [E]), start(), [{sys, change_code, [actor, undefined, E]}]} || E <- Change] ++
    [{title("suspended: ~0p", [R]), start(), [{sys, suspend, []}, {sys, suspend, []}, {cast, pid, R}, {cast, info, R}, {sys, get_state, []}, {sys, resume, []}, {sys, resume, []}]} || R <- orderly()] ++
    [{title("log of ~0p", [R]), start(), [{sys, log, [true]}, {call, pid, R}, {cast, pid, {return, {noreply, s2}}}, {sys, log, [get]}, {sys, log, [false]}]} || R <- [{return, {reply, r, s1}}, {answer, r, {return, {noreply, s1}}}]] ++
    [{title("status of a server ~p", [How]), start(), [{sys, How, []}, {sys, get_status, [], fun status/1}]} || How <- [suspend, resume]].

failed({error, {'EXIT', {R, _}}}) -> {failed, R};
failed({error, {'EXIT', R}}) -> {failed, R};
failed(R) -> R.

status({status, P, {module, M}, [Dict, Status, Parent, Debug, _]}) -> {P, M, lists:sort([K || {K, _} <- Dict, lists:member(K, ['$ancestors', '$initial_call'])]), Status, Parent, Debug}.
