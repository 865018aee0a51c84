%% What somebody tries who does not believe that a server is no BEAM's: links, monitors, aliases, names, timers, requests, other
%% behaviours and large terms, on two nodes of a kind with this one between them. Every case has servers of its own, and what
%% became of it is returned as a term without anything that differs from run to run.
-module(sceptic).
-export([run/2]).

%% run does some cases at a time: all at once would make one machine so slow that time-outs mean nothing.
run(Node, Other) -> lists:flatmap(fun(Some) -> together(Some, Node, Other) end, some(16, cases())).

some(N, L) when length(L) > N -> {Some, Rest} = lists:split(N, L), [Some | some(N, Rest)];
some(_, L) -> [L].

together(Cases, Node, Other) ->
    Running = [{Title, spawn_monitor(fun() -> exit({did, play(Case, Node, Other)}) end)} || {Title, Case} <- Cases],
    [receive {'DOWN', Ref, process, Pid, Reason} -> {Title, Reason} after 60000 -> {Title, silent} end || {Title, {Pid, Ref}} <- Running].

play(Case, Node, Other) ->
    process_flag(trap_exit, true),
    Name = list_to_atom("marionette" ++ integer_to_list(erlang:unique_integer([positive]))),
    A = start(Node, Name), B = start(Other, Name), C = start(Node, list_to_atom(atom_to_list(Name) ++ "c")),
    R = try Case(#{a => A, b => B, c => C, name => Name, node => Node, other => Other}) catch K:E -> {K, E} end,
    Known = [{A, a}, {B, b}, {C, c}, {self(), client}, {Node, node}, {Other, other}, {node(), here}, {Name, name}],
    Result = same({R, left()}, Known),
    [exit(P, kill) || P <- [A, B, C]],
    Result.

start(Node, Name) -> {ok, P} = rpc:call(Node, marionette, start, [Name]), P.

left() -> receive M -> [M | left()] after 0 -> [] end.

%% same makes equal what is equal but for the run.
same(T, Known) ->
    case lists:keyfind(T, 1, Known) of
        {_, Name} -> Name;
        false when is_pid(T) -> pid;
        false when is_reference(T) -> ref;
        false when is_function(T) -> function;
        false when is_list(T) ->
            case T of
                [{M, F, _, L} | _] when is_atom(M), is_atom(F), is_list(L) -> stack;
                [H | Tail] -> [same(H, Known) | same(Tail, Known)];
                [] -> []
            end;
        false when is_tuple(T) -> list_to_tuple([same(E, Known) || E <- tuple_to_list(T)]);
        false -> T
    end.

-define(T, 20000).
do(P, Ops) -> gen_server:call(P, {do, Ops}, ?T).
seen(P, N) -> seen(P, N, 400).
seen(P, N, Tries) ->
    case gen_server:call(P, seen, ?T) of
        L when length(L) >= N; Tries =:= 0 -> L;
        _ -> receive after 25 -> seen(P, N, Tries - 1) end
    end.
gone(P) -> gone(P, ?T).
gone(P, T) -> watched(monitor(process, P), T).
watched(R, T) -> receive {'DOWN', R, _, _, Why} -> {gone, Why} after T -> demonitor(R, [flush]), alive end.
%% ends is how a process that is watched already ended.
ends(R) -> receive {'DOWN', R, process, O, Why} -> {O, Why} after ?T -> never end.
next() -> next(?T).
next(T) -> receive M -> M after T -> nothing end.
%% quick calls F elsewhere and tells what became of it within T.
aside(F) -> Me = self(), {P, R} = spawn_monitor(fun() -> Me ! {self(), try F() catch C:E -> {C, E} end} end),
    fun() -> receive {P, Answer} -> demonitor(R, [flush]), Answer; {'DOWN', R, _, _, Why} -> {died, Why} after ?T -> exit(P, kill), never end end.
process() -> spawn(fun() -> receive {die, R} -> exit(R) end end).
dead() -> {P, R} = spawn_monitor(fun() -> ok end), receive {'DOWN', R, _, _, _} -> P end.
dead(Node) -> P = start(Node, undefined), gen_server:stop(P), P.
ask(Node, F, Args) -> rpc:call(Node, erlang, F, Args).
release() -> list_to_integer(erlang:system_info(otp_release)).

%% OTP 23 has no aliases, lets late answers through and lets a server wait for itself; a server in Go does as later releases do.
cases() -> [C || {Title, _} = C <- all_cases(), release() >= 24 orelse not lists:member(Title, since_24())].
since_24() -> ["a server that stops itself", "a server that stops itself by name", "a server calls itself",
    "a server waits in vain, and sees no late answer", "messages of a server to nobody"].

all_cases() -> names() ++ replies() ++ requests() ++ stops() ++ monitors() ++ links() ++ registration() ++ terminating() ++ sleeping() ++
    large() ++ calling() ++ timers() ++ behaviours() ++ cluster().

names() -> [
    {"a call by every kind of name", fun(#{a := A, name := N, node := Node}) ->
        yes = global:register_name(N, A),
        Names = [A, {N, Node}, {global, N}, {via, global, N}],
        Before = [gen_server:call(To, {do, [{return, x}]}, T) || To <- Names, T <- [5000, infinity]],
        ok = gen_server:stop({global, N}),
        gone(A), gone(whereis(global_name_server), 100),
        {Before, [try gen_server:call(To, x, T) catch exit:{R, _} -> R end || To <- Names, T <- [5000, infinity]]} end},
    {"a time-out of 0", fun(#{a := A}) ->
        R = [try gen_server:call(A, {do, [{sleep, 200}]}, 0) catch exit:{R, _} -> R end || _ <- [1, 2, 3]],
        {R, do(A, [{return, x}]), next(100)} end},
    {"a cast and a message by every kind of name", fun(#{a := A, name := N, node := Node}) ->
        yes = global:register_name(N, A),
        [gen_server:cast(To, T) || {To, T} <- [{A, 1}, {{N, Node}, 2}, {{global, N}, 3}, {{via, global, N}, 4}]],
        A ! 5, {N, Node} ! 6, global:send(N, 7), erlang:send(A, 8, [noconnect, nosuspend]), erlang:send({N, Node}, 9, [nosuspend]),
        {seen(A, 9), (catch gen_server:cast({global, nobody_at_all}, x)), (catch gen_server:cast({nobody, Node}, x))} end}].

replies() -> [
    {"another process answers, " ++ atom_to_list(Who), fun(#{a := A} = S) ->
        To = case Who of client -> self(); _ -> maps:get(Who, S) end,
        Answer = aside(fun() -> gen_server:call(A, {hand, To}, ?T) end),
        case Who of
            client -> {from, From} = next(), gen_server:reply(From, by_client);
            _ -> [{from, From}] = seen(maps:get(Who, S), 1), do(maps:get(Who, S), [{reply, From, by_other}])
        end,
        Answer() end} || Who <- [client, b, c, a]] ++ [
    {"an answer twice, from two nodes, is seen once", fun(#{a := A, b := B}) ->
        Id = gen_server:send_request(A, {hand, self()}), {from, From} = next(),
        do(B, [{reply, From, one}]), do(A, [{reply, From, two}]),
        {gen_server:wait_response(Id, ?T), next(100)} end},
    {"an answer after the caller has ended", fun(#{a := A}) ->
        P = spawn(fun() -> gen_server:call(A, {hand, self_is_unused}) end),
        Me = self(), Q = spawn(fun() -> gen_server:call(A, {hand, Me}) end),
        {from, From} = next(), exit(P, kill), exit(Q, kill), gone(Q),
        {do(A, [{reply, From, late}]), do(A, [{return, still}])} end}].

requests() -> [
    {"a response that is not there in time is dropped", fun(#{a := A}) ->
        Id = gen_server:send_request(A, {do, [{sleep, 500}]}),
        R = gen_server:receive_response(Id, 0),
        {R, do(A, [{return, x}]), next(50)} end} || release() >= 24] ++ [
    {"a response that is not there in time is waited for again", fun(#{a := A}) ->
        Id = gen_server:send_request(A, {do, [{sleep, 500}]}),
        {gen_server:wait_response(Id, 0), gen_server:wait_response(Id, ?T)} end},
    {"a response is known among other messages", fun(#{a := A, b := B}) ->
        R = monitor(process, B), Id = gen_server:send_request(A, {do, [{return, x}]}), exit(B, kill),
        Ms = [next(), next()],
        lists:sort([case gen_server:check_response(M, Id) of no_reply -> element(1, M); X -> X end || M <- Ms, R =/= M]) end},
    {"the server ends before it answers", fun(#{a := A, b := B, name := N, other := Other}) ->
        Ids = [gen_server:send_request(To, {end_with, W}) || {To, W} <- [{A, oops}, {{N, Other}, {shutdown, x}}]] ++
              [gen_server:send_request(B, after_the_end)],
        [case gen_server:wait_response(Id, ?T) of {error, {R, Ref}} -> {R, is_pid(Ref) orelse Ref}; X -> X end || Id <- Ids] end}] ++ [
    {"a collection", fun(#{a := A, b := B, c := C, name := N, node := Node}) ->
        Ids0 = lists:foldl(fun({L, To, R}, Ids) -> gen_server:send_request(To, R, L, Ids) end, gen_server:reqids_new(),
            [{1, A, {do, [{return, x}]}}, {2, {N, Node}, {do, [{return, y}]}}, {3, B, {end_with, oops}}, {4, C, silence}, {5, {nobody, Node}, x}, {6, dead(Node), x}]),
        Take = fun Take(Ids) -> case gen_server:receive_response(Ids, 500, true) of {R, L, Left} -> [{L, R} | Take(Left)]; R -> [R] end end,
        {gen_server:reqids_size(Ids0), lists:sort(Take(Ids0)), next(20)} end} || release() >= 25].

stops() -> [
    {"a server that stops itself", fun(#{a := A}) ->
        {catch do(A, [{stop, A, normal, 50}]), gone(A, 100)} end},
    {"a server that stops itself by name", fun(#{a := A, name := N}) ->
        {catch do(A, [{stop, N, {shutdown, x}, 50}]), gone(A, 100)} end},
    {"a busy server is not stopped in time, but later", fun(#{a := A}) ->
        R = monitor(process, A), gen_server:cast(A, {do, [{sleep, 1500}]}),
        {try gen_server:stop(A, oops, 20) catch exit:E -> E end, ends(R)} end},
    {"who is not there cannot be stopped", fun(#{node := Node}) ->
        [try gen_server:stop(To, R, T) catch exit:E -> E end || To <- [dead(Node), {nobody, Node}], R <- [normal, noproc], T <- [5000, infinity]] end},
    {"two stop it at once", fun(#{a := A}) ->
        R = monitor(process, A), gen_server:cast(A, {do, [{sleep, 1000}]}),
        X = aside(fun() -> gen_server:stop(A, first, ?T) end), receive after 300 -> ok end,
        Y = aside(fun() -> gen_server:stop(A, second, ?T) end),
        {X(), Y(), ends(R)} end},
    {"one server stops another", fun(#{a := A, b := B, c := C, node := Node}) ->
        {do(A, [{stop, B, normal, ?T}, {stop, B, normal, ?T}, {stop, C, {shutdown, x}, ?T}, {stop, {nobody, Node}, normal, ?T}]), gone(B), gone(C)} end},
    {"proc_lib and sys stop it, too", fun(#{a := A, b := B, c := C}) ->
        Rs = [monitor(process, P) || P <- [A, B, C]],
        {proc_lib:stop(A), proc_lib:stop(B, oops, ?T), sys:terminate(C, {x, y}), [ends(R) || R <- Rs]} end}].

monitors() -> [
    {"a monitor with an alias, " ++ atom_to_list(How), fun(#{a := A}) ->
        R = erlang:monitor(process, A, [{alias, How}]),
        do(A, [{send, R, one}]), First = next(),
        do(A, [{send, R, two}]), Second = next(100),
        erlang:demonitor(R, [flush]), do(A, [{send, R, three}]), Third = next(100),
        {First, Second, Third, erlang:unalias(R)} end} || How <- [explicit_unalias, demonitor, reply_demonitor], release() >= 24] ++ [
    {"an alias after the end of who was monitored, " ++ atom_to_list(How), fun(#{a := A, b := B}) ->
        R = erlang:monitor(process, A, [{alias, How}]), exit(A, kill), Down = next(), do(B, [{send, R, x}]),
        {Down, next(100)} end} || How <- [explicit_unalias, demonitor, reply_demonitor], release() >= 24] ++ [
    {"a monitor with a tag", fun(#{a := A, name := N, node := Node}) ->
        R1 = erlang:monitor(process, A, [{tag, {my, tag}}]), R2 = erlang:monitor(process, {N, Node}, [{tag, x}]), exit(A, oops),
        [T || {T, R, _, _, _} <- lists:sort([next(), next()]), R =:= R1 orelse R =:= R2] end} || release() >= 24] ++ [
    {"what a DOWN names", fun(#{a := A, name := N, node := Node}) ->
        Rs = [monitor(process, X) || X <- [A, {N, Node}, {nobody, Node}, dead(Node), {x, nosuch@nowhere}]], exit(A, {oops, 1}),
        [ends(R) || R <- Rs] end},
    {"demonitor tells", fun(#{a := A, node := Node}) ->
        R = monitor(process, A), D = monitor(process, dead(Node)), do(A, []),
        {demonitor(R, [info]), demonitor(D, [flush, info]), demonitor(R, [info]), next(0)} end},
    {"what a server's DOWN names", fun(#{a := A, b := B, c := C, name := N, other := Other}) ->
        P = process(), register(N, P),
        Refs = do(A, [{monitor, X} || X <- [P, {N, node()}, B, {N, Other}, C, A, N, {nobody, Other}, {nobody, node()}, dead(), dead(Other), {x, nosuch@nowhere}]]),
        seen(A, 4), P ! {die, {why, 1}}, seen(A, 6), exit(B, kill), seen(A, 8), exit(C, shutdown),
        [{position(R, Refs), T, O, W} || {'DOWN', R, T, O, W} <- lists:sort(fun(X, Y) -> position(element(2, X), Refs) =< position(element(2, Y), Refs) end, seen(A, 10))] end},
    {"a server watches one twice", fun(#{a := A, b := B}) ->
        [R1, _] = do(A, [{monitor, B}, {monitor, B}]), do(A, [{demonitor, R1}, {call, B, {do, []}, ?T}]), exit(B, bye),
        {length(seen(A, 1)), do(A, [{demonitor, R1}])} end},
    {"who monitors and is linked", fun(#{a := A, b := B, c := C, node := Node}) ->
        do(A, [{monitor, B}, {monitor, C}, {link, B}, {link, C}]), monitor(process, A), link(A),
        seen(A, 0), % both have gone out
        {monitors, M} = ask(Node, process_info, [A, monitors]), {monitored_by, By} = ask(Node, process_info, [A, monitored_by]),
        {links, L} = ask(Node, process_info, [A, links]),
        {[lists:member({process, P}, M) || P <- [B, C]], lists:member(self(), By), [lists:member(P, L) || P <- [B, C, self()]]} end}].

position(X, L) -> length(lists:takewhile(fun(Y) -> Y =/= X end, L)).

links() -> Reasons = [normal, shutdown, oops, {a, [term]}, kill],
    [{lists:flatten(io_lib:format("~p: ~p ends with ~p, the other ~p", [How, Which, R, if Trap -> traps; true -> does_not_trap end])), fun(S) ->
        X = maps:get(Which, S), A = maps:get(a, S),
        do(A, [{trap, Trap}, {link, X}, {call, X, {do, []}, ?T}]), Ra = monitor(process, A), Rx = monitor(process, X), do(A, []), do(X, []),
        case How of exit -> exit(X, R); stop -> catch gen_server:stop(X, R, ?T); itself -> catch gen_server:call(X, {end_with, R}, ?T) end,
        {watched(Rx, if R =:= normal, How =:= exit -> 100; true -> ?T end), case Trap of true -> seen(A, if R =:= normal, How =:= exit -> 0; true -> 1 end); false -> watched(Ra, if R =:= normal -> 100; true -> ?T end) end}
      end} || How <- [exit, stop, itself], R <- Reasons, Trap <- [true, false], Which <- [b, c], not (How =/= exit andalso R =:= kill)] ++ [
    {"a chain over three nodes", fun(#{a := A, b := B, c := C}) ->
        P = process(), do(A, [{link, P}]), do(B, [{link, P}]), do(C, [{link, B}, {call, B, {do, []}, ?T}]),
        Rs = [monitor(process, X) || X <- [A, B, C, P]], exit(A, {the, first}), [ends(R) || R <- Rs] end},
    {"who is not there is linked to", fun(#{a := A, node := Node, other := Other}) ->
        do(A, [{trap, true}]), [do(A, [{link, P}]) || P <- [dead(Other), dead()]], {seen(A, 2), [try link(dead(N)), next() catch K:E -> {K, E} end || N <- [Node, Other]]} end},
    {"who is not there is linked to without trapping", fun(#{a := A, other := Other}) ->
        R = monitor(process, A), D = dead(Other), {try do(A, [{link, D}, {sleep, 20000}]) catch exit:{E, _} -> E end, ends(R)} end},
    {"unlink", fun(#{a := A, b := B, c := C}) ->
        do(A, [{link, B}, {link, C}, {link, B}, {unlink, B}, {unlink, C}, {call, B, {do, []}, ?T}, {call, C, {do, []}, ?T}]), exit(B, oops), exit(C, oops), gone(B), gone(C), {gone(A, 100), seen(A, 0)} end},
    {"linked to itself", fun(#{a := A}) -> {do(A, [{link, A}, {trap, true}, {unlink, A}, {return, alive}]), seen(A, 0)} end},
    {"the client unlinks", fun(#{a := A}) -> link(A), unlink(A), exit(A, oops), {gone(A), next(50)} end},
    {"trapping for a while", fun(#{a := A}) ->
        P = process(), Q = process(), R = monitor(process, A),
        [Was] = do(A, [{trap, true}]), do(A, [{link, P}, {link, Q}]), P ! {die, one}, Seen = seen(A, 1), [Then] = do(A, [{trap, false}]), Q ! {die, two},
        {Was, Seen, Then, ends(R)} end}] ++
    [{lists:flatten(io_lib:format("exit(self(), ~p)~s", [R, if Trap -> ", trapped"; true -> "" end])), fun(#{a := A}) ->
        M = monitor(process, A), X = (catch do(A, [{trap, Trap}, {exit, A, R}, {sleep, 20}])),
        {case X of {'EXIT', {W, _}} -> W; _ -> X end, ends(M)} end} || R <- Reasons, Trap <- [true, false]] ++
    [{lists:flatten(io_lib:format("a server sends ~p the exit signal ~p", [Which, R])), fun(#{a := A} = S) ->
        X = maps:get(Which, S), M = monitor(process, X), do(X, []), do(A, [{exit, X, R}]), watched(M, if R =:= normal -> 100; true -> ?T end) end} || R <- Reasons, Which <- [b, c]] ++
    [{"a server starts another one, which ends with " ++ atom_to_list(R), fun(#{a := A, name := N}) ->
        [{ok, P}] = do(A, [{trap, true}, {start_link, N1 = list_to_atom(atom_to_list(N) ++ "x")}] -- [{trap, true}]),
        do(A, [{trap, true}]), {status, _, _, [D | _]} = sys:get_status(P), [Ancestor | _] = proplists:get_value('$ancestors', D),
        catch gen_server:call(P, {end_with, R}, ?T),
        {N1 =/= N, Ancestor, seen(A, 1)} end} || R <- [normal, shutdown, oops]] ++
    [{"its parent ends with " ++ atom_to_list(R), fun(#{a := A}) ->
        [{ok, P}] = do(A, [{start_link, undefined}]), do(P, [{trap, T} || T <- Trap]), M = monitor(process, P),
        catch gen_server:call(A, {end_with, R}, ?T), ends(M) end} || R <- [normal, shutdown, oops], Trap <- [[true], []], not (R =:= normal andalso Trap =:= [])].

registration() -> [
    {"names come and go", fun(#{a := A, name := N, node := Node}) ->
        New = list_to_atom(atom_to_list(N) ++ "new"),
        {do(A, [{register, New}, {unregister, N}, {register, New}, {register, undefined}, {unregister, N}]),
         ask(Node, whereis, [New]) =:= A, ask(Node, whereis, [N]), element(2, ask(Node, process_info, [A, registered_name])) =:= New,
         gen_server:call({New, Node}, {do, [{return, x}]}), do(A, [{unregister, New}]), ask(Node, process_info, [A, registered_name])} end},
    {"a name that is taken", fun(#{a := A, c := C, name := N, node := Node}) ->
        {do(C, [{register, N}]), case rpc:call(Node, marionette, start, [N]) of {error, {already_started, A}} -> is_a; X -> X end} end},
    {"a name is free when the DOWN comes", fun(#{node := Node, name := N}) ->
        Name = list_to_atom(atom_to_list(N) ++ "again"),
        lists:usort([begin
            P = start(Node, Name), R = monitor(process, P),
            case I rem 4 of 0 -> exit(P, kill); 1 -> gen_server:stop(P); 2 -> catch gen_server:call(P, {end_with, oops}); 3 -> exit(P, shutdown) end,
            receive {'DOWN', R, _, _, _} -> ok end, ask(Node, whereis, [Name]) end || I <- lists:seq(1, 60)]) end},
    {"the name of a server that is ending", fun(#{a := A, name := N, node := Node}) ->
        do(A, [{linger, 2500, self()}]), X = aside(fun() -> gen_server:stop(A, {shutdown, self()}, ?T) end), receive {lingers, A} -> ok end,
        {case rpc:call(Node, marionette, start, [N]) of {error, {already_started, A}} -> is_a; Y -> Y end, X(), element(1, rpc:call(Node, marionette, start, [N]))} end}].

terminating() -> [
    {"what comes to a server that is ending: " ++ Title, fun(#{a := A} = S) ->
        do(A, [{linger, 2500, self()}]), M = monitor(process, A), X = aside(fun() -> try gen_server:stop(A, {shutdown, late}, ?T) catch exit:E -> E end end), receive {lingers, A} -> ok end,
        {F(S), X(), ends(M)} end} || {Title, F} <- [
            {"a call", fun(#{a := A}) -> try do(A, []) catch exit:{E, _} -> E end end},
            {"a request", fun(#{a := A}) -> element(1, element(2, gen_server:wait_response(gen_server:send_request(A, x), ?T))) end},
            {"a multi_call", fun(#{name := N, node := Node}) -> gen_server:multi_call([Node], N, x) end},
            {"get_state", fun(#{a := A}) -> try sys:get_state(A) catch exit:{E, _} -> E end end},
            {"a stop", fun(#{a := A}) -> try gen_server:stop(A, other, ?T) catch exit:E -> E end end},
            {"a kill", fun(#{a := A}) -> exit(A, kill) end},
            {"an exit signal", fun(#{a := A}) -> exit(A, oops) end},
            {"a link that breaks", fun(#{a := A}) -> P = spawn(fun() -> link(A), exit(broken) end), gone(P), ok end},
            {"a link", fun(#{a := A}) -> link(A), receive {'EXIT', A, R} -> R after ?T -> never end end},
            {"a message", fun(#{a := A, c := C}) -> A ! x, do(C, [{send, A, x}]) end}]].

sleeping() -> [
    {"a server that hibernates", fun(#{a := A}) ->
        R = gen_server:call(A, hibernate), State = sys:get_state(A), ok = sys:suspend(A), {status, _, _, [_, Sys | _]} = sys:get_status(A), A ! {x, 1}, ok = sys:resume(A),
        {R, State, Sys, seen(A, 1), gen_server:call(A, hibernate), sys:statistics(A, true), do(A, [{return, x}]), sys:no_debug(A)} end},
    {"a DOWN wakes it", fun(#{a := A, b := B}) -> do(A, [{monitor, B}, {call, B, {do, []}, ?T}]), gen_server:call(A, hibernate), exit(B, x), seen(A, 1) end},
    {"an exit signal wakes it", fun(#{a := A}) -> gen_server:call(A, hibernate), R = monitor(process, A), exit(A, x), ends(R) end},
    {"what its timers send while it is suspended", fun(#{a := A, name := N}) -> gen_server:cast(A, {do, [{await, go}, {send_after, 1, A, one}, {send_after, 30, N, two}]}),
        R = make_ref(), A ! {system, {self(), R}, suspend}, A ! go, receive {R, ok} -> ok end, receive after 300 -> ok end,
        Before = sys:get_state(A), sys:resume(A), {Before, seen(A, 2)} end}].

large() -> Terms = [{"4 MB", binary:copy(<<"0123456789abcdef">>, 1 bsl 18)}, {"lists in lists", lists:foldl(fun(_, L) -> [L] end, [], lists:seq(1, 4000))},
        {"tuples in tuples", lists:foldl(fun(_, T) -> {T, x} end, x, lists:seq(1, 4000))}, {"maps in maps", lists:foldl(fun(I, M) -> #{I => M} end, #{}, lists:seq(1, 4000))},
        {"tails", lists:foldl(fun(I, T) -> [I | T] end, tail, lists:seq(1, 100000))}, {"a wide tuple", list_to_tuple(lists:seq(1, 100000))}, {"a large number", 1 bsl 80000},
        {"a map of many", maps:from_list([{I, {I}} || I <- lists:seq(1, 20000)])}],
    [{"large: " ++ Title, fun(#{a := A, b := B}) ->
        A ! T, M = monitor(process, A),
        State = sys:get_state(A) =:= [T], {status, _, _, [_, _, _, _, Misc]} = sys:get_status(A), [{data, [{"State", Shown}]}] = tl([D || {data, _} = D <- Misc]),
        Whole = do(A, [{return, T}]) =:= [T], do(A, [{send, B, T}, {send, self(), T}]), Through = seen(B, 1) =:= [T], Back = next() =:= T,
        catch gen_server:call(A, {end_with, T}), {_, End} = ends(M),
        {State, Shown =:= [T], Whole, Through, Back, End =:= T} end} || {Title, T} <- Terms].

calling() -> [
    {"a server calls itself", fun(#{a := A, name := N, node := Node}) -> do(A, [{call, To, x, 100} || To <- [A, N, {N, Node}]]) end},
    {"a server calls nobody", fun(#{a := A, node := Node, other := Other}) ->
        do(A, [{call, To, x, T} || To <- [nobody, {nobody, Node}, {nobody, Other}, {nobody, node()}, dead(Node), dead(Other), dead(), {x, nosuch@nowhere}, {global, nobody}], T <- [5000, infinity]]) end},
    {"a server waits in vain, and sees no late answer", fun(#{a := A, b := B, c := C}) ->
        {do(A, [{call, P, {do, [{sleep, 1000}]}, 20} || P <- [B, C]]), do(B, []), do(C, []), do(A, [{sleep, 50}]), seen(A, 0)} end},
    {"a server calls one that ends", fun(#{a := A, b := B, c := C, other := Other}) ->
        do(A, [{call, B, {end_with, normal}, ?T}, {call, B, x, ?T}, {call, C, {end_with, {shutdown, x}}, ?T}, {call, start(Other, undefined), {end_with, oops}, ?T}]) end},
    {"a server calls this node", fun(#{a := A}) ->
        {ok, S} = gen_event:start(), {ok, St} = statem(), {ok, Sup} = supervisor:start_link(sceptic_sup, []), unlink(St), unlink(Sup),
        {do(A, [{call, St, x, ?T}, {call, Sup, which_children, ?T}, {call, {net_kernel, node()}, {is_auth, nosuch@nowhere}, ?T}, {cast, St, y}, {call, St, count, ?T}, {stop, St, normal, ?T}]),
         gone(St), do(A, [{stop, S, normal, ?T}, {send, Sup, unexpected}, {stop, Sup, shutdown, ?T}]), gone(S), gone(Sup)} end},
    {"casts of a server are lost without a word", fun(#{a := A, node := Node, other := Other}) ->
        do(A, [{cast, To, x} || To <- [nobody, {nobody, Node}, {nobody, Other}, dead(Other), dead(Node)]]) end},
    {"messages of a server to nobody", fun(#{a := A, node := Node, other := Other}) ->
        do(A, [{send, To, x} || To <- [nobody, {nobody, Node}, {nobody, Other}, dead(Other), dead(Node), make_ref()]]) end},
    {"the dictionary", fun(#{a := A}) -> {do(A, [{put, k, 1}, {put, k, 2}, {get, k}, {erase, k}, {get, k}, {erase, k}, {put, {a, "b"}, 1.5}]),
        begin {status, _, _, [D | _]} = sys:get_status(A), proplists:get_value({a, "b"}, D) end} end},
    {"a server is asked whether others are alive", fun(#{a := A, b := B, c := C, node := Node}) -> do(A, [{is_alive, P} || P <- [A, C, dead(Node), B, self()]]) end}] ++ [
    {"a server has an alias", fun(#{a := A, b := B}) -> [R] = do(A, [alias]), B1 = do(B, [{send, R, one}]), R ! two, S = seen(A, 2), do(A, [{unalias, R}]), R ! three, do(B, [{send, R, four}]),
        {B1, lists:sort(S), do(A, [{unalias, R}]), length(seen(A, 2))} end} || release() >= 24].

statem() -> gen_statem:start(sceptic_statem, [], []).

timers() -> [
    {"timers of this node", fun(#{a := A, b := B, c := C, name := N, node := Node}) ->
        Rs = [monitor(process, P) || P <- [A, B, C]],
        {ok, _} = timer:send_after(1, A, one), {ok, _} = timer:send_after(40, {N, Node}, two), X = seen(A, 2),
        {ok, _} = timer:exit_after(1, A, {why, x}), {ok, _} = timer:kill_after(1, B), {ok, _} = timer:apply_after(1, gen_server, stop, [C]),
        {X, [ends(R) || R <- Rs], (catch erlang:send_after(1, {N, Node}, x)), (catch erlang:start_timer(1, A, x))} end},
    {"timers of a server", fun(#{a := A, c := C, name := N}) ->
        do(A, [{send_after, 1, C, two}, {send_after, 1, nobody, lost}, {send_after, 1, N, one}]),
        {seen(A, 1), seen(C, 1), do(A, [{return, x}])} end},
    {"timers go off in their order", fun(#{a := A, name := N}) -> do(A, [{send_after, T, To, T} || T <- [9, 7, 1, 3, 2, 8, 4], To <- [A, N]] ++ [{sleep, 40}]), seen(A, 14) end},
    {"a timer of a server that has ended", fun(#{a := A, c := C}) -> do(A, [{send_after, 100, C, late}, {send_after, 100, A, late}]), exit(A, kill), {gone(A), seen(C, 1)} end}].

behaviours() -> [
    {"other behaviours talk to it", fun(#{a := A, name := N, node := Node}) ->
        gen_event:notify(A, e1), gen_event:notify({N, Node}, e2), gen_statem:cast(A, c),
        {gen_statem:call(A, {do, [{return, x}]}), gen_statem:call({N, Node}, {do, [{return, y}]}, 5000), (catch gen_event:call(A, h, q, 50)), supervisor:which_children(A), supervisor:count_children({N, Node}),
         supervisor:terminate_child(A, x), seen(A, 4), gen_statem:stop(A)} end},
    {"what does not suit it is only seen", fun(#{a := A}) ->
        Odd = [{io_request, self(), make_ref(), x}, {nodeup, x}, {'$gen_sync_all_state_event', x, y}, {ack, self(), x}, {'ETS-TRANSFER', a, self(), b}, {monitor, x}, {ssl, x}, {udp, a, b}, {'$gen_call', x}, {'$gen_cast'}, {system, x}, {'EXIT', x, y}, {'DOWN', x}, [a | b], 1.5, fun lists:map/2, <<1:3>>],
        [A ! M || M <- Odd], length([1 || {M, M} <- lists:zip(Odd, seen(A, length(Odd)))]) =:= length(Odd) end},
    {"io to it", fun(#{a := A}) -> X = aside(fun() -> io:format(A, "x", []) end), S = seen(A, 1), exit(A, kill), {element(1, hd(S)), X()} end},
    {"spawned on it", fun(#{node := Node}) ->
        {P, R} = spawn_monitor(Node, nosuch_module, f, []), receive {'DOWN', R, process, P, {W, _}} -> W after ?T -> never end end},
    {"spawned on it and linked", fun(#{node := Node}) ->
        P = spawn_link(Node, nosuch_module, f, [1]), receive {'EXIT', P, {W, _}} -> W after ?T -> never end end}] ++ [
    {"a spawn_request", fun(#{node := Node}) ->
        Id = spawn_request(Node, nosuch_module, f, [], [monitor, {reply_tag, yes}]), receive {yes, Id, ok, P} -> receive {'DOWN', Id, process, P, {W, _}} -> {ok, W} after ?T -> never end; M -> M after ?T -> never end end}].

cluster() -> [
    {"global", fun(#{a := A, b := B, name := N}) ->
        X = [global:register_name(N, A), global:register_name(N, B), global:whereis_name(N) =:= A, global:re_register_name(N, B), global:whereis_name(N) =:= B, global:unregister_name(N), global:whereis_name(N), global:register_name(N, A)],
        exit(A, kill), gone(A), Wait = fun Wait(I) -> case global:whereis_name(N) of undefined -> undefined; _ when I =:= 0 -> still; _ -> receive after 20 -> Wait(I - 1) end end end,
        {X, Wait(200)} end},
    {"pg", fun(#{a := A}) -> pg:start(sceptic), try pg:join(sceptic, g, A) catch C:E -> {C, element(1, E)} end end},
    {"rpc to it", fun(#{a := A, node := Node}) ->
        [ask(Node, F, As) || {F, As} <- [{is_process_alive, [A]}, {is_process_alive, [dead(Node)]}, {is_process_alive, [self()]}, {whereis, [nobody]}, {process_info, [dead(Node)]}, {process_info, [A, nonsense]}, {node, []}]] end},
    {"what its initial call was", fun(#{a := A, node := Node}) -> {rpc:call(Node, proc_lib, translate_initial_call, [A]), rpc:call(Node, proc_lib, initial_call, [A])} end},
    {"what processes are there", fun(#{a := A, c := C, node := Node, name := N}) ->
        {[lists:member(P, ask(Node, processes, [])) || P <- [A, C]], lists:member(N, ask(Node, registered, []))} end}].
