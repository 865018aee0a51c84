%% A steady load of calls, casts and monitors on the server ledger of another node, and its account:
%%
%%   erl -noshell -name a@host -s load start LEDGERNODE
%%
%% It ends at the first line on its standard input, and prints lines of words:
%%
%%   load                        it begins
%%   at up|down REASON           the other node came or went
%%   at failing|answered         calls begin to fail, or are answered again
%%   account KEY NUMBER          at the end
%%   reason KIND WORD NUMBER     how often that was the reason
%%
%% What is promised is what Erlang promises: a call is answered once or fails; casts of one process arrive once and in order as long
%% as the connection lasts, which a monitor on the server tells; a monitor fires once.
-module(load).
-export([start/1]).

-define(CALLERS, 10).
-define(OTHERS, 5).
-define(PAUSE, 10).

start([Node]) -> spawn(fun() -> run(Node) end).

run(Node) ->
    net_kernel:monitor_nodes(true, [{node_type, all}, nodedown_reason]),
    true = connect(Node, 200),
    Stop = counters:new(1, []),
    Main = self(),
    Keeper = spawn_link(fun() -> keep(Main, #{}) end),
    Ledger = {ledger, Node},
    Workers = [spawn_monitor(fun() -> Work(Ledger, Keeper, Stop, 1) end)
               || {N, Work} <- [{?CALLERS, fun caller/4}, {?OTHERS, fun caster/4}, {?OTHERS, fun monitorer/4}, {?OTHERS, fun watched/4}],
                  _ <- lists:seq(1, N)],
    spawn_link(fun() -> io:get_line(""), counters:add(Stop, 1, 1) end),
    io:format("load~n"),
    Crashed = wait(Workers, Node, 0),
    Keeper ! finish,
    receive {counts, Counts} -> ok end,
    [case Key of
         {Kind, Word} -> io:format("reason ~s ~s ~b~n", [Kind, Word, N]);
         _ -> io:format("account ~s ~b~n", [Key, N])
     end || {Key, N} <- lists:sort(maps:to_list(Counts#{crashed => Crashed}))],
    ledger(Ledger, 100),
    init:stop().

connect(Node, Left) ->
    case net_kernel:connect_node(Node) of
        true -> true;
        _ when Left > 0 -> timer:sleep(50), connect(Node, Left - 1);
        Other -> Other
    end.

%% What the ledger itself says, when all of its monitors have fired or a while later.
ledger(Ledger, Left) ->
    case catch gen_server:call(Ledger, account) of
        {Disordered, Watched, Fired, Twice} when Watched =:= Fired; Left =:= 0 ->
            [io:format("account ~s ~b~n", [Key, N]) || {Key, N} <- [{ledger_disordered, Disordered}, {ledger_watched, Watched},
                                                                     {ledger_fired, Fired}, {ledger_twice, Twice}]];
        _ when Left > 0 -> timer:sleep(200), ledger(Ledger, Left - 1);
        Other -> io:format("ledger ~0tp~n", [Other])
    end.

wait([], _, Crashed) -> Crashed;
wait(Workers, Node, Crashed) ->
    receive
        {nodeup, Node, _} -> say(up), wait(Workers, Node, Crashed);
        {nodedown, Node, Info} -> say(["down ", word(proplists:get_value(nodedown_reason, Info))]), wait(Workers, Node, Crashed);
        {'DOWN', Ref, process, Pid, Reason} ->
            Reason =:= normal orelse io:format("crashed ~0tp~n", [Reason]),
            wait(lists:delete({Pid, Ref}, Workers), Node, Crashed + length([1 || Reason =/= normal]));
        _ -> wait(Workers, Node, Crashed)
    end.

say(What) -> io:format("at ~s~n", [What]).

%% ---- what is counted ----

keep(Main, Counts) ->
    receive
        {count, Key, N} -> keep(Main, maps:update_with(Key, fun(V) -> V + N end, N, Counts));
        {failing, true} when not is_map_key(failing, Counts) -> say(failing), keep(Main, Counts#{failing => 1});
        {failing, false} when is_map_key(failing, Counts) -> say(answered), keep(Main, maps:remove(failing, Counts));
        {failing, _} -> keep(Main, Counts);
        finish -> Main ! {counts, maps:remove(failing, Counts)}
    end.

count(Keeper, Key) -> count(Keeper, Key, 1).
count(Keeper, Key, N) -> Keeper ! {count, Key, N}, ok.

%% The end of a worker: nothing may come to it any more.
again(Keeper, Stop, Next) ->
    strays(Keeper, 0),
    case counters:get(Stop, 1) of
        0 -> timer:sleep(?PAUSE), Next();
        _ -> strays(Keeper, 1000)
    end.

strays(Keeper, Wait) ->
    receive
        Stray ->
            io:format("stray ~0tP~n", [Stray, 20]),
            count(Keeper, case Stray of {'DOWN', _, _, _, _} -> stray_down; _ -> stray_reply end),
            strays(Keeper, Wait)
    after Wait -> ok
    end.

%% ---- calls ----

caller(Ledger, Keeper, Stop, I) ->
    case call(Ledger, {call, self(), I}, call, Keeper) of
        {answer, Self, I} when Self =:= self() -> count(Keeper, call_answered), Keeper ! {failing, false};
        failed -> Keeper ! {failing, true};
        _ -> count(Keeper, call_wrong)
    end,
    again(Keeper, Stop, fun() -> caller(Ledger, Keeper, Stop, I + 1) end).

%% The answer, or failed, with the reason counted.
call(Ledger, Request, Kind, Keeper) ->
    count(Keeper, [atom_to_list(Kind), "_sent"]),
    try gen_server:call(Ledger, Request, 5000)
    catch exit:{Reason, _} -> count(Keeper, [atom_to_list(Kind), "_failed"]), count(Keeper, {Kind, word(Reason)}), failed
    end.

word(Reason) when is_atom(Reason) -> atom_to_list(Reason);
word({Reason, _}) when is_atom(Reason) -> atom_to_list(Reason);
word(_) -> "other".

%% ---- casts: some between two syncs ----

caster(Ledger, Keeper, Stop, I) ->
    Ref = monitor(process, Ledger),
    Before = call(Ledger, {sync, self()}, sync, Keeper),
    Sent = 20,
    [begin gen_server:cast(Ledger, {cast, self(), N}), N rem 4 =:= 0 andalso timer:sleep(?PAUSE) end || N <- lists:seq(I, I + Sent - 1)],
    After = call(Ledger, {sync, self()}, sync, Keeper),
    count(Keeper, cast_sent, Sent),
    case {Before, After} of
        {{Epoch, C1, _}, {Epoch, C2, Last}} when C2 =:= C1 + Sent, Last =:= I + Sent - 1 -> count(Keeper, cast_arrived, Sent);
        %% The connection may have been lost and made again.
        _ -> receive {'DOWN', Ref, _, _, _} -> count(Keeper, cast_unpromised, Sent) after 5000 -> missing(Keeper, Before, After, Sent) end
    end,
    demonitor(Ref, [flush]),
    again(Keeper, Stop, fun() -> caster(Ledger, Keeper, Stop, I + Sent) end).

missing(Keeper, {_, C1, _}, {_, C2, _}, Sent) when C2 - C1 > Sent -> count(Keeper, cast_arrived, Sent), count(Keeper, cast_twice, C2 - C1 - Sent);
missing(Keeper, {_, C1, _}, {_, C2, _}, Sent) -> count(Keeper, cast_arrived, C2 - C1), count(Keeper, cast_lost, Sent - (C2 - C1));
%% A sync without an answer says nothing, though the connection lasts.
missing(Keeper, _, _, Sent) -> count(Keeper, cast_unpromised, Sent).

%% ---- monitors ----

monitorer(Ledger, Keeper, Stop, I) ->
    case call(Ledger, mortal, mortal, Keeper) of
        {ok, Pid} ->
            Ref = monitor(process, Pid),
            count(Keeper, monitor_set),
            gen_server:cast(Pid, stop),
            %% A mortal whose stop was lost goes by itself after a minute.
            receive {'DOWN', Ref, process, Pid, Reason} -> count(Keeper, monitor_fired), count(Keeper, {monitor, word(Reason)})
            after 90000 -> count(Keeper, monitor_lost)
            end;
        failed -> ok
    end,
    again(Keeper, Stop, fun() -> monitorer(Ledger, Keeper, Stop, I + 1) end).

%% ---- processes that are watched by the ledger, which keeps the account ----

watched(Ledger, Keeper, Stop, I) ->
    {Pid, Ref} = spawn_monitor(fun() -> receive stop -> ok end end),
    _ = call(Ledger, {watch, Pid}, watch, Keeper),
    Pid ! stop,
    receive {'DOWN', Ref, _, _, _} -> ok end,
    again(Keeper, Stop, fun() -> watched(Ledger, Keeper, Stop, I + 1) end).
