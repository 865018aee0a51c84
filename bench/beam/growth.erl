%% How the figures grow with the number of servers, of connected nodes, of messages in a mailbox and of bytes in a message. The
%% output is that of load, with what grows in the place of the round. Every point is measured three times, node beside node.
-module(growth).
-export([main/3, caller/3]).

-define(ROUNDS, [1, 2, 3]).

%% Limit leaves out what is larger, for a run that only shows that everything works.
main(Ms, Limit, Nodes) ->
    [servers(K, N, Ms) || K <- upto(Limit, [1, 10, 100, 1000, 10000, 100000]), N <- Nodes],
    [conns(K, N, Ms) || K <- upto(Limit div 50, [1, 4, 16, 64]), N <- Nodes],
    [mailbox(K, N) || K <- upto(Limit * 100, [1, 10, 100, 1000, 10000, 100000, 1000000]), _ <- ?ROUNDS, N <- Nodes],
    [size(K, N, Ms) || K <- upto(Limit * 1000, [100, 1000, 10000, 100000, 1000000, 10000000, 100000000]), _ <- ?ROUNDS, N <- Nodes].

upto(Limit, L) -> [K || K <- L, K =< Limit].

%% 16 callers, each of which goes round its share of K servers.
servers(K, {Node, Os}, Ms) ->
    Before = settled(Node, Os),
    {Us, Pids} = gen_server:call({probe, Node}, {servers, K}, 120000),
    K = length(Pids), % what is shared out over few of them says nothing about one
    K >= 1000 andalso load:out(K, servers, Node, start_us, Us / K),
    K >= 1000 andalso load:out(K, servers, Node, kb, max(0, settled(Node, Os) - Before) / K),
    All = list_to_tuple(Pids),
    [begin
         {Count, Times} = callers([fun(I) -> element(1 + (C * 7919 + I) rem K, All) end || C <- lists:seq(1, 16)], Ms),
         rate(K, servers, Node, Count, Times, Ms)
     end || _ <- ?ROUNDS],
    gen_server:cast({probe, Node}, {stop, K}),
    settled(Node, Os).

%% The memory after a garbage collection.
settled(Node, Os) -> gen_server:call({probe, Node}, collect, 60000), load:rss(Os).

callers(Choices, Ms) ->
    Me = self(), End = load:until(Ms),
    [spawn_link(fun() -> Me ! {calls, calls(F, End, 0, [])} end) || F <- Choices],
    lists:foldl(fun(_, {N, Ts}) -> receive {calls, {C, T}} -> {N + C, T ++ Ts} end end, {0, []}, Choices).

calls(F, End, N, Times) ->
    case load:over(End) of
        true -> {N, Times};
        false ->
            T0 = erlang:monotonic_time(nanosecond),
            N = gen_server:call(F(N), {echo, N}),
            calls(F, End, N + 1, [(erlang:monotonic_time(nanosecond) - T0) / 1000 | Times])
    end.

rate(X, Id, Node, Count, Times, Ms) ->
    load:out(X, Id, Node, rate, Count * 1000 / Ms),
    load:out(X, Id, Node, p99_us, lists:nth(max(1, length(Times) * 99 div 100), lists:sort(Times))).

%% K nodes with one caller each. They are small: one scheduler, no code but this.
conns(K, {Node, Os}, Ms) ->
    Before = settled(Node, Os),
    Peers = [start() || _ <- lists:seq(1, K)],
    [hi = peer:call(P, gen_server, call, [{probe, Node}, {echo, hi}], 30000) || P <- Peers],
    K >= 16 andalso load:out(K, conns, Node, kb, max(0, settled(Node, Os) - Before) / K),
    [begin
         Me = self(),
         [spawn_link(fun() -> Me ! {calls, peer:call(P, ?MODULE, caller, [Node, Ms, K], 60000)} end) || P <- Peers],
         {Count, Times} = lists:foldl(fun(_, {N, Ts}) -> receive {calls, {C, T}} -> {N + C, T ++ Ts} end end, {0, []}, Peers),
         rate(K, conns, Node, Count, Times, Ms)
     end || _ <- ?ROUNDS],
    [peer:stop(P) || P <- Peers].

start() ->
    {ok, P, _} = peer:start_link(#{name => peer:random_name(), host => "localhost", connection => standard_io,
        args => ["-setcookie", atom_to_list(erlang:get_cookie()), "-connect_all", "false", "-pa", filename:dirname(code:which(?MODULE)),
                 "+S", "1", "+SDio", "1", "+A", "1", "-kernel", "prevent_overlapping_partitions", "false"]}),
    P.

%% At most 20000 of the times, spread over the run, so that many peers have little to tell.
caller(Node, Ms, K) ->
    {N, Times} = calls(fun(_) -> {probe, Node} end, load:until(Ms), 0, []),
    Step = max(1, N * K div 20000),
    {N, [T || {I, T} <- lists:zip(lists:seq(1, N), Times), I rem Step =:= 0]}.

%% How long K messages take that wait for a busy server, and what they need meanwhile.
mailbox(K, {Node, Os}) ->
    S = {probe, Node}, Me = self(),
    Before = settled(Node, Os),
    spawn_link(fun() -> ok = gen_server:call(S, {busy, 50 + K div 100}, 60000), Me ! {idle, erlang:monotonic_time(microsecond)} end),
    receive after 10 -> ok end,
    [gen_server:cast(S, {add, I rem 2}) || I <- lists:seq(1, K)],
    pong = net_adm:ping(Node), % all have arrived
    Waiting = load:rss(Os),
    _ = gen_server:call(S, get, 60000),
    T = erlang:monotonic_time(microsecond),
    receive {idle, T0} -> load:out(K, mailbox, Node, us, max(0, T - T0) / K) end,
    K >= 10000 andalso load:out(K, mailbox, Node, bytes, max(0, (Waiting - Before) * 1024 / K)).

size(K, {Node, _}, Ms) ->
    B = binary:copy(<<"x">>, K),
    T0 = erlang:monotonic_time(microsecond),
    N = echoes({probe, Node}, B, load:until(Ms), 0),
    load:out(K, size, Node, mb_s, N * K / (erlang:monotonic_time(microsecond) - T0)).

echoes(S, B, End, N) ->
    case N > 0 andalso load:over(End) of
        true -> N;
        false -> B = gen_server:call(S, {echo, B}, 120000), echoes(S, B, End, N + 1)
    end.
