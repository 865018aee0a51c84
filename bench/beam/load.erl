%% The client of the benchmark. One BEAM node measures all targets in turn, so that a slow spell of the machine hits them
%% alike; the order turns with the round. Every figure is one line of output, a term with a dot:
%%   {Round, Measure, Node, Figure, Value}.
-module(load).
-define(PATIENCE, 70000). % longer than any call waits
-export([main/0, out/5, until/1, over/1, rss/1, maps/0]).

main() ->
    [What, A | Rest] = init:get_plain_arguments(),
    case What of
        "measures" ->
            [Ms, Only | Targets] = Rest,
            measure(list_to_integer(A), list_to_integer(Ms), Only, connected(Targets));
        "growth" ->
            [Limit | Targets] = Rest,
            growth:main(list_to_integer(A), list_to_integer(Limit), connected(Targets))
    end,
    halt(0).

connected(Targets) ->
    Nodes = [target(T) || T <- Targets],
    [true = net_kernel:connect_node(N) || {N, _} <- Nodes],
    Nodes.

measure(Rounds, Ms, Only, Nodes) ->
    put(needed, [N || {N, _} <- lists:sublist(Nodes, 2)]),
    Wanted = [M || {Id, _} = M <- measures(), Only =:= "all" orelse lists:member(atom_to_list(Id), string:lexemes(Only, ","))],
    [one(0, M, T, Ms div 4) || M <- Wanted, T <- Nodes],
    [one(R, M, T, Ms) || R <- lists:seq(1, Rounds), M <- Wanted, T <- turn(R, Nodes)],
    [out(0, memory, N, peak_mb, peak(Pid)) || {N, Pid} <- Nodes],
    Perf = os:find_executable("perf"),
    [counted(Perf, M, T, Ms) || Perf =/= false, Ms >= 100, {Id, _} = M <- Wanted, lists:member(Id, [seq, calls16, calls64, bin64k]), T <- Nodes].

target(T) -> [N, P] = string:split(T, ":"), {list_to_atom(N), P}.

turn(R, L) -> {A, B} = lists:split(R rem length(L), L), B ++ A.

%% Round 0 warms up and is not counted.
one(R, {Id, Fun}, {N, Pid}, Ms) ->
    erlang:garbage_collect(),
    Cpu0 = cpu(Pid), Own0 = cpu(os:getpid()),
    {Ops, Figures} = bounded(Id, Fun, N, Ms),
    Cpu = cpu(Pid) - Cpu0, Own = cpu(os:getpid()) - Own0,
    [out(R, Id, N, K, V) || R > 0, Ops > 0, {K, V} <- Figures ++ [{cpu_us, Cpu / max(1, Ops)}, {client_cpu_us, Own / max(1, Ops)}]].

%% One measure, in a process of its own: a server that does not read any more, as happens to some, would keep it in a send for ever.
%% Such a one is left alone from then on, unless it is the reference or gonode.
bounded(Id, Fun, N, Ms) ->
    case get({left, N}) of
        true -> {0, []};
        undefined ->
            {Pid, M} = spawn_monitor(fun() -> exit({figures, Fun({probe, N}, Ms)}) end),
            receive
                {'DOWN', M, _, _, {figures, F}} -> F;
                {'DOWN', M, _, _, Why} -> leave(N, Id, Why)
            after 2 * Ms + ?PATIENCE -> exit(Pid, kill), leave(N, Id, stuck)
            end
    end.

leave(N, Id, Why) ->
    lists:member(N, get(needed)) andalso error({N, Id, Why}),
    io:format(standard_error, "~w is left alone since ~w: ~P~n", [N, Id, Why, 20]),
    put({left, N}, true),
    {0, []}.

%% The system calls of the server for one operation, which perf counts without slowing it as strace would: it is there some time before
%% and after, in which hardly any happen. Where it may not, and in a run so short that it is only a test, there is no figure.
counted(Perf, {Id, Fun}, {N, Pid}, Ms) ->
    Events = ["raw_syscalls:sys_enter" | ["syscalls:sys_enter_" ++ C || C <- ["read", "readv", "recvfrom", "write", "writev", "sendto"]]],
    P = open_port({spawn_executable, Perf}, [{args, ["stat", "-x,", "-e", lists:flatten(lists:join(",", Events)), "-p", Pid, "--", "sleep",
        integer_to_list(2 + max(Ms, 500) div 1000)]}, stderr_to_stdout, exit_status, binary]),
    timer:sleep(700),
    {Ops, _} = bounded(Id, Fun, N, max(Ms, 500)),
    Text = told(P, <<>>),
    Count = fun(E) ->
        case re:run(Text, "^(\\d+),[^\n]*:sys_enter" ++ E ++ ",", [multiline, {capture, all_but_first, list}]) of
            {match, [C]} -> list_to_integer(C) / max(1, Ops);
            nomatch -> 0
        end
    end,
    [out(0, Id, N, K, V) || {K, Es} <- [{syscalls, [""]}, {reads, ["_read", "_readv", "_recvfrom"]}, {writes, ["_write", "_writev", "_sendto"]}],
        V <- [lists:sum([Count(E) || E <- Es])], V > 0, Ops > 0].

told(P, Text) ->
    receive
        {P, {data, More}} -> told(P, <<Text/binary, More/binary>>);
        {P, {exit_status, _}} -> Text
    end.

out(R, Id, N, K, V) -> io:format("~w.~n", [{R, Id, N, K, V}]).

measures() ->
    [{seq, fun seq/2}, {connect, fun connect/2},
     {calls16, callers(16)}, {calls64, callers(64)}, {pipe64, fun pipe/2}, {casts, fun casts/2},
     {bin1k, echo(fun() -> binary:copy(<<"x">>, 1024) end)},
     {bin64k, echo(fun() -> binary:copy(<<"x">>, 65536) end)},
     {bin10m, echo(fun() -> binary:copy(<<"x">>, 10000000) end)},
     {maps1000, echo(fun maps/0)},
     {ints100k, echo(fun() -> lists:seq(1000, 100999) end)}].

maps() ->
    [#{id => I, name => <<"name ", (integer_to_binary(I))/binary>>, state => element(1 + I rem 3, {active, idle, gone}),
       score => I * 1.5, tags => [red, green, blue]} || I <- lists:seq(1, 1000)].

until(Ms) -> erlang:monotonic_time(millisecond) + Ms.
over(End) -> erlang:monotonic_time(millisecond) >= End.

%% One caller: how long one call takes.
seq(S, Ms) ->
    Times = lists:sort(timed(S, until(Ms), [])),
    N = length(Times),
    {N, [{p50_us, lists:nth(max(1, N div 2), Times)}, {p99_us, lists:nth(max(1, N * 99 div 100), Times)}, {rate, N * 1000 / Ms}]}.

timed(S, End, Acc) ->
    case over(End) of
        true -> Acc;
        false ->
            T0 = erlang:monotonic_time(nanosecond),
            {a, 1} = gen_server:call(S, {echo, {a, 1}}),
            timed(S, End, [(erlang:monotonic_time(nanosecond) - T0) / 1000 | Acc])
    end.

%% From no connection to the first answer.
connect({_, N} = S, _Ms) ->
    Times = [begin
                 erlang:disconnect_node(N), timer:sleep(20),
                 {T, hi} = timer:tc(fun() -> gen_server:call(S, {echo, hi}) end), T
             end || _ <- lists:seq(1, 10)],
    {10, [{first_us, lists:nth(5, lists:sort(Times))}]}.

callers(K) ->
    fun(S, Ms) ->
        Me = self(), End = until(Ms),
        [spawn_link(fun() -> Me ! {calls, calls(S, End, 0)} end) || _ <- lists:seq(1, K)],
        N = lists:sum([receive {calls, C} -> C end || _ <- lists:seq(1, K)]),
        {N, [{rate, N * 1000 / Ms}]}
    end.

calls(S, End, N) ->
    case over(End) of
        true -> N;
        false -> N = gen_server:call(S, {echo, N}), calls(S, End, N + 1)
    end.

%% One caller with 64 requests under way; their answers have to come in order.
pipe(S, Ms) ->
    {N, Wrong} = pipe(S, until(Ms), queue:from_list([send(S, I) || I <- lists:seq(1, 64)]), 64, 0),
    {N, [{rate, N * 1000 / Ms}, {out_of_order, Wrong}]}.

send(S, I) -> {I, gen_server:send_request(S, {echo, I})}.

pipe(S, End, Q0, N, Wrong) ->
    case {over(End), queue:out(Q0)} of
        {_, {empty, _}} -> {N, Wrong};
        {Over, {{value, {I, Req}}, Q}} ->
            Bad = case gen_server:receive_response(Req, 10000) of {reply, I} -> 0; _ -> 1 end,
            case Over of
                true -> pipe(S, End, Q, N, Wrong + Bad);
                false -> pipe(S, End, queue:in(send(S, N + 1), Q), N + 1, Wrong + Bad)
            end
    end.

%% One sender, then a call; every cast has to have arrived.
casts(S, Ms) ->
    Before = gen_server:call(S, get),
    T0 = erlang:monotonic_time(microsecond),
    N = cast_all(S, until(Ms), 0),
    Got = gen_server:call(S, get, 60000) - Before,
    T = erlang:monotonic_time(microsecond) - T0,
    {N, [{rate, Got * 1000000 / T}, {lost, N - Got}]}.

cast_all(_, _, N) when N >= 1000000 -> N;
cast_all(S, End, N) ->
    case over(End) of
        true -> N;
        false -> [gen_server:cast(S, {add, 1}) || _ <- lists:seq(1, 100)], cast_all(S, End, N + 100)
    end.

%% One caller with large requests, each compared with its answer.
echo(Make) ->
    fun(S, Ms) ->
        T = Make(), N = echoes(S, T, until(Ms), 0),
        {N, [{rate, N * 1000 / Ms}]}
    end.

echoes(S, T, End, N) ->
    case N > 0 andalso over(End) of
        true -> N;
        false -> T = gen_server:call(S, {echo, T}, 60000), echoes(S, T, End, N + 1)
    end.

%% CPU time of an operating system process in microseconds: that of its threads, which the scheduler counts in nanoseconds, or, if
%% some have ended, what there is in ticks. And its peak memory in MB.
cpu(Pid) ->
    max(ticks(Pid), lists:sum([ran(F) || F <- filelib:wildcard("/proc/" ++ Pid ++ "/task/*/schedstat")]) / 1000).

ran(File) ->
    case file:read_file(File) of
        {ok, B} -> binary_to_integer(hd(binary:split(B, <<" ">>)));
        {error, _} -> 0 % a thread that has ended
    end.

ticks(Pid) ->
    {ok, B} = file:read_file("/proc/" ++ Pid ++ "/stat"),
    [_, Rest] = string:split(B, ") ", trailing),
    F = string:lexemes(Rest, " "),
    (binary_to_integer(lists:nth(12, F)) + binary_to_integer(lists:nth(13, F))) * 10000.

peak(Pid) -> status(Pid, "VmHWM") / 1024.

%% Its memory now in kB.
rss(Pid) -> status(Pid, "VmRSS").

status(Pid, What) ->
    {ok, B} = file:read_file("/proc/" ++ Pid ++ "/status"),
    {match, [Kb]} = re:run(B, What ++ ":\\s*(\\d+)", [{capture, all_but_first, list}]),
    list_to_integer(Kb).
