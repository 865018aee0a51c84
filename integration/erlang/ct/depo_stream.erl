%% A stream of Depo.DB: a process that sends rows. It is not upgraded, and so it lives through the upgrades of its database.
-module(depo_stream).

-export([start/3]).

start(To, Rows, Demand) -> spawn(fun() -> stream(To, monitor(process, To), Rows, Demand, Demand =/= infinity) end).

stream(To, Ref, [Row | Rest], Demand, Counted) when Demand =/= 0 ->
    To ! {self(), Row},
    stream(To, Ref, Rest, case Counted of true -> Demand - 1; false -> Demand end, Counted);
stream(_, _, [], _, false) -> ok;
stream(To, _, [], _, true) -> To ! {self(), done};
stream(To, Ref, Rows, Demand, Counted) ->
    receive
        {more, N} -> stream(To, Ref, Rows, Demand + N, Counted);
        {'DOWN', Ref, _, _, _} -> ok
    end.
