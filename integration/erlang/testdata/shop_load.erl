%% Clients of a shop: they call without a pause, and keep books of what they were answered.
-module(shop_load).
-export([start/3, stop/1]).

%% Clients call the servers, {Name, Frail}; starters start and end children of the pools.
start(Node, Servers, Pools) ->
    [spawn_link(fun() -> client(Node, list_to_tuple(Servers), Who, #{}, []) end) || Who <- lists:seq(0, 11)] ++
    [spawn_link(fun() -> starter({lists:nth(Who rem length(Pools) + 1, Pools), Node}, Who, [], 0, 0, []) end)
     || Who <- lists:seq(12, 15)].

%% Returns the books, {Name, Who, Entries, Sum}, the children that live, {Pid, Entries, Sum}, how many children were
%% started and how many ended against the will of their starter, and what was wrong.
stop(All) ->
    [P ! {stop, self()} || P <- All],
    Done = [receive {done, P, Books, Children, Started, Lost, Wrong} -> {Books, Children, Started, Lost, Wrong} end
            || P <- All],
    {lists:append([B || {B, _, _, _, _} <- Done]), lists:append([C || {_, C, _, _, _} <- Done]),
     lists:sum([S || {_, _, S, _, _} <- Done]), lists:sum([L || {_, _, _, L, _} <- Done]),
     lists:append([W || {_, _, _, _, W} <- Done])}.

client(Node, Servers, Who, Books, Wrong) ->
    receive
        {stop, From} ->
            From ! {done, self(), [{Name, Who, N, Sum} || {Name, {N, Sum}} <- maps:to_list(Books)], [], 0, 0, Wrong}
    after 0 ->
        {Name, Frail} = element(rand:uniform(tuple_size(Servers)), Servers),
        {N, Sum} = maps:get(Name, Books, {0, 0}),
        Amount = rand:uniform(100),
        case add({Name, Node}, Who, N + 1, Amount, Frail) of
            {ok, _, Seq} when Seq =:= N + 1 ->
                client(Node, Servers, Who, Books#{Name => {Seq, Sum + Amount}}, Wrong);
            Other when length(Wrong) < 5 -> client(Node, Servers, Who, Books, [{Name, N + 1, Other} | Wrong]);
            _ -> client(Node, Servers, Who, Books, Wrong)
        end
    end.

%% A frail server may be killed: then it is asked again, and the entry counts once.
add(To, Who, Seq, Amount, Frail) ->
    try gen_server:call(To, {add, Who, Seq, Amount}, 60000)
    catch exit:{Reason, _} when Frail, (Reason =:= killed orelse Reason =:= noproc) ->
        timer:sleep(1),
        add(To, Who, Seq, Amount, Frail)
    end.

%% A starter has up to four children. Some it kills, and most it ends over the supervisor.
starter(Sup, Who, Children, Started, Lost, Wrong) ->
    receive
        {stop, From} -> From ! {done, self(), [], Children, Started, Lost, Wrong}
    after 0 ->
        case {rand:uniform(4), Children} of
            {4, [{Pid, _, _} | Rest]} ->
                case leave(Sup, Pid, rand:uniform(5)) of
                    ok -> starter(Sup, Who, Rest, Started, Lost, Wrong);
                    {error, not_found} -> starter(Sup, Who, Rest, Started, Lost + 1, Wrong);
                    Other -> starter(Sup, Who, Rest, Started, Lost, [{leave, Other} | Wrong])
                end;
            {3, _} when length(Children) < 4 ->
                case supervisor:start_child(Sup, []) of
                    {ok, Pid} -> starter(Sup, Who, Children ++ [{Pid, 0, 0}], Started + 1, Lost, Wrong);
                    Other -> starter(Sup, Who, Children, Started, Lost, [{start, Other} | Wrong])
                end;
            {_, []} -> starter(Sup, Who, [], Started, Lost, Wrong);
            {_, [{Pid, N, Sum} | Rest]} ->
                Amount = rand:uniform(100),
                case catch gen_server:call(Pid, {add, Who, N + 1, Amount}, 60000) of
                    {ok, _, Seq} when Seq =:= N + 1 ->
                        starter(Sup, Who, Rest ++ [{Pid, Seq, Sum + Amount}], Started, Lost, Wrong);
                    {'EXIT', {R, _}} when R =:= killed; R =:= noproc ->
                        starter(Sup, Who, Rest, Started, Lost + 1, Wrong);
                    Other -> starter(Sup, Who, Rest, Started, Lost, [{child, Pid, N + 1, Other} | Wrong])
                end
        end
    end.

leave(_, Pid, 1) ->
    Ref = monitor(process, Pid),
    exit(Pid, kill),
    receive
        {'DOWN', Ref, _, _, killed} -> ok;
        {'DOWN', Ref, _, _, noproc} -> {error, not_found};
        {'DOWN', Ref, _, _, Other} -> Other
    end;
leave(Sup, Pid, _) -> supervisor:terminate_child(Sup, Pid).
