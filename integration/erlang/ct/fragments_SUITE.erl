%% Messages that are too large for one frame.
-module(fragments_SUITE).
-include("compat.hrl").

init_per_suite(Config) -> compat:init(Config).
end_per_suite(Config) -> compat:done(Config).

?PROMISE(around_the_border, "erl_dist_protocol, DFLAG_FRAGMENTS", "binaries of all sizes around 64 kB and its multiples arrive whole, there and back").
around_the_border(Config) ->
    each([{Size, Size} || K <- [1, 2, 3, 16], D <- [-200, -60, -30, -1, 0, 1, 30], Size <- [K * 65536 + D]],
         fun(Size) ->
             B = crypto_like(Size),
             ?assert(B =:= gen_server:call({echo, ?NODE}, B, 60000))
         end).

%% Bytes that are not all the same, so that fragments in the wrong order show.
crypto_like(Size) -> << <<(I * 2654435761 bsr 8)>> || I <- lists:seq(1, Size) >>.

?PROMISE(megabytes, "erl_dist_protocol, DFLAG_FRAGMENTS", "many megabytes in one message").
megabytes(Config) ->
    each([{MB, MB} || MB <- [1, 5, 20]],
         fun(MB) ->
             B = binary:copy(crypto_like(65537), MB * 16),
             ?assert(B =:= gen_server:call({echo, ?NODE}, B, 120000)),
             ?assert(binary:copy(<<"x">>, MB * 1000000) =:= gen_server:call({probe, ?NODE}, {make, binary, MB * 1000000}, 120000))
         end).

?PROMISE(no_binary, "erl_dist_protocol, DFLAG_FRAGMENTS", "large lists, tuples and maps arrive whole").
no_binary(Config) ->
    each([{Kind, Kind} || Kind <- [integers, tuple, map, floats, atoms]],
         fun(Kind) ->
             Term = probe:make(Kind, 50000),
             ?assert(Term =:= gen_server:call({echo, ?NODE}, Term, 120000))
         end).

?PROMISE(interleaved, "erl_dist_protocol, DFLAG_FRAGMENTS", "small calls go on between the fragments of large messages").
interleaved(Config) ->
    Self = self(),
    Large = binary:copy(crypto_like(65537), 40),
    Senders = [spawn_link(fun() ->
        [?assert(Large =:= gen_server:call({echo, ?NODE}, Large, 120000)) || _ <- lists:seq(1, 4)], Self ! {done, self()}
    end) || _ <- lists:seq(1, 5)],
    [I = gen_server:call({counter, ?NODE}, {set, I}, 60000) || I <- lists:seq(1, 500)],
    [receive {done, S} -> ok end || S <- Senders].

?PROMISE(of_many_senders, "erl_dist_protocol, DFLAG_FRAGMENTS", "large messages of many senders to one process all arrive, each whole").
of_many_senders(Config) ->
    Probe = compat:probe(?NODE),
    Self = self(),
    [spawn_link(fun() -> Probe ! {S, binary:copy(<<S>>, 200000 + S)}, settled = gen_server:call(Probe, {reply, settled}, 60000), Self ! sent end)
     || S <- lists:seq(1, 30)],
    [sent = next() || _ <- lists:seq(1, 30)],
    Seen = gen_server:call(Probe, seen, 60000),
    ?assertEqual(30, length(Seen)),
    [?assert(B =:= binary:copy(<<S>>, 200000 + S)) || {info, {S, B}} <- Seen].

?PROMISE(to_nobody, "erl_dist_protocol, DFLAG_FRAGMENTS", "large messages to who is not there do no harm").
to_nobody(Config) ->
    Large = binary:copy(<<"x">>, 500000),
    Dead = compat:probe(?NODE),
    ok = gen_server:stop(Dead),
    [begin Dead ! Large, {nosuch, ?NODE} ! Large end || _ <- lists:seq(1, 20)],
    hi = gen_server:call({echo, ?NODE}, hi).

?PROMISE(cut_in_the_middle, "erl_dist_protocol, DFLAG_FRAGMENTS", "a connection that is cut between fragments leaves nothing half delivered").
cut_in_the_middle(_) ->
    Node = compat:start_node(cut),
    Probe = compat:probe(Node),
    Large = binary:copy(<<"x">>, 5000000),
    [begin
         spawn(fun() -> Probe ! {I, Large} end),
         timer:sleep(I),
         true = erlang:disconnect_node(Node) orelse true,
         compat:until(fun() -> hi =:= (catch gen_server:call({echo, Node}, hi)) end)
     end || I <- lists:seq(1, 20)],
    [?assert(B =:= Large) || {info, {_, B}} <- gen_server:call(Probe, seen, 120000)],
    compat:kill_node(Node).

?PROMISE(large_exits_and_downs, "erl_dist_protocol, PAYLOAD_EXIT and PAYLOAD_MONITOR_P_EXIT", "large reasons of exits and monitors arrive whole").
large_exits_and_downs(Config) ->
    Reason = crypto_like(300000),
    process_flag(trap_exit, true),
    Probe = compat:probe(?NODE),
    Ref = monitor(process, Probe),
    link(Probe),
    gen_server:cast(Probe, {stop, Reason}),
    receive {'DOWN', Ref, process, Probe, Down} -> ?assert(Down =:= Reason) end,
    receive {'EXIT', Probe, Exit} -> ?assert(Exit =:= Reason) end.
