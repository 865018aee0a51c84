%% Many members of many groups, on a node with a scope pg.
-module(pg_load).

-export([start/1, join/1, leave/1, stop/0, count/0, wait/1, memory/0]).

%% Starts N processes, which the others act upon.
start(N) ->
    persistent_term:put(?MODULE, [spawn(fun() -> receive stop -> ok end end) || _ <- lists:seq(1, N)]),
    ok.

%% Each of them joins one of the groups, one after the other; the first half leaves.
join(Groups) -> each(join, persistent_term:get(?MODULE), Groups).
leave(Groups) -> All = persistent_term:get(?MODULE), each(leave, lists:sublist(All, length(All) div 2), Groups).

each(F, Pids, Groups) ->
    lists:foldl(fun(Pid, I) -> ok = pg:F({room, I rem Groups}, Pid), I + 1 end, 0, Pids),
    ok.

stop() -> [Pid ! stop || Pid <- persistent_term:get(?MODULE)], ok.

count() -> lists:sum([length(pg:get_members(G)) || G <- pg:which_groups()]).

wait(N) ->
    case count() of
        N -> ok;
        _ -> timer:sleep(5), wait(N)
    end.

memory() ->
    [erlang:garbage_collect(Pid) || Pid <- processes()],
    erlang:memory(total).
