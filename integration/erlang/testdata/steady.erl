%% A steady load of calls: each caller owns some servers and knows what each of them has to answer next.
-module(steady).
-export([start/3, stop/1]).

%% Callers processes make Rate calls a second between them.
start(Pids, Callers, Rate) ->
    Gap = 1000000 * Callers div Rate,
    [spawn_link(fun() -> caller(Share, Gap) end) || Share <- deal(Pids, Callers)].

deal(Pids, Callers) ->
    Indexed = lists:zip(lists:seq(1, length(Pids)), Pids),
    [[P || {I, P} <- Indexed, I rem Callers =:= K] || K <- lists:seq(0, Callers - 1)].

caller(Share, Gap) ->
    loop(queue:from_list([{P, 0} || P <- Share]), erlang:monotonic_time(microsecond), Gap, 0, 0, []).

loop(Queue, At, Gap, Calls, Worst, Wrong) ->
    Wait = max(0, (At - erlang:monotonic_time(microsecond)) div 1000),
    receive
        {stop, From} -> From ! {done, self(), Calls, Worst, Wrong, queue:to_list(Queue)}
    after Wait ->
        {{value, {Pid, N}}, Rest} = queue:out(Queue),
        Began = erlang:monotonic_time(microsecond),
        Answer = (catch gen_server:call(Pid, {add, 1}, 60000)),
        Took = erlang:monotonic_time(microsecond) - Began,
        {Next, More} = case Answer of
                           {_, M} when M =:= N + 1 -> {M, []};
                           _ -> {N, [{Pid, N, Answer}]}
                       end,
        loop(queue:in({Pid, Next}, Rest), max(At + Gap, Began - 1000000), Gap, Calls + 1, max(Worst, Took), More ++ Wrong)
    end.

%% Returns how many calls were made, the longest in microseconds, the wrong answers, and what each server has counted.
stop(Callers) ->
    [C ! {stop, self()} || C <- Callers],
    Results = [receive {done, C, Calls, Worst, Wrong, Counts} -> {Calls, Worst, Wrong, Counts} end || C <- Callers],
    {lists:sum([N || {N, _, _, _} <- Results]), lists:max([W || {_, W, _, _} <- Results]),
     lists:append([W || {_, _, W, _} <- Results]), lists:append([C || {_, _, _, C} <- Results])}.
