%% The terms of the codec's benchmark: writes each to Dir/Name.etf and measures what the BEAM takes to read and write it. The
%% output is that of load.
-module(codec).
-export([main/2]).

main(Dir, Round) ->
    [begin
         B = term_to_binary(T),
         ok = file:write_file(filename:join(Dir, atom_to_list(Name) ++ ".etf"), B),
         out(Round, Name, decode_ns, fun() -> binary_to_term(B) end),
         out(Round, Name, encode_ns, fun() -> term_to_binary(T) end)
     end || {Name, T} <- terms()],
    halt(0).

terms() ->
    [{call, {'$gen_call', {self(), [alias | make_ref()]}, {add, 1}}},
     {maps1000, load:maps()},
     {ints100k, lists:seq(1000, 100999)},
     {bin64k, binary:copy(<<"x">>, 65536)},
     {tree, tree(12)}].

tree(0) -> leaf;
tree(N) -> {node, tree(N - 1), N * 1000, tree(N - 1)}.

%% The best of five, each in a process of its own that starts with an empty heap and lives some 20 ms.
out(Round, Name, What, F) ->
    N = times(F, 1),
    Ns = lists:min([in_process(F, N) || _ <- lists:seq(1, 5)]),
    io:format("~w.~n", [{Round, Name, 'beam@localhost', What, Ns / N}]).

times(F, N) ->
    case in_process(F, N) of
        Ns when Ns > 20000000; N > 100000000 -> N;
        _ -> times(F, N * 2)
    end.

in_process(F, N) ->
    {P, Ref} = spawn_monitor(fun() ->
        T0 = erlang:monotonic_time(nanosecond),
        repeat(F, N),
        exit({took, erlang:monotonic_time(nanosecond) - T0})
    end),
    receive {'DOWN', Ref, process, P, {took, Ns}} -> Ns end.

repeat(_, 0) -> ok;
repeat(F, N) -> F(), repeat(F, N - 1).
