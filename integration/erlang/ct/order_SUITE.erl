%% The order of signals between two processes.
-module(order_SUITE).
-include("compat.hrl").

init_per_suite(Config) -> compat:init(Config).
end_per_suite(Config) -> compat:done(Config).

?PROMISE(messages, "signal delivery", "messages of one process to another arrive in the order in which they were sent").
messages(Config) ->
    Probe = compat:probe(?NODE),
    [Probe ! I || I <- lists:seq(1, 5000)],
    ?assertEqual([{info, I} || I <- lists:seq(1, 5000)], gen_server:call(Probe, seen, 60000)).

?PROMISE(of_all_kinds, "signal delivery", "messages, casts and calls of one process keep their order among each other").
of_all_kinds(Config) ->
    Probe = compat:probe(?NODE),
    Expected = [case I rem 3 of
                    0 -> Probe ! I, {info, I};
                    1 -> gen_server:cast(Probe, I), {cast, I};
                    2 -> Probe ! {'$gen_call', {self(), I}, {continue, I}}, {continue, I}
                end || I <- lists:seq(1, 600)],
    ?assertEqual(Expected, gen_server:call(Probe, seen, 60000)).

?PROMISE(large_and_small, "signal delivery", "a large message in fragments is not overtaken by small ones of the same sender").
large_and_small(Config) ->
    Probe = compat:probe(?NODE),
    Sizes = [case I rem 5 of 0 -> 300000; 1 -> 70000; _ -> I end || I <- lists:seq(1, 50)],
    [Probe ! {I, binary:copy(<<I>>, Size)} || {I, Size} <- lists:zip(lists:seq(1, 50), Sizes)],
    Seen = gen_server:call(Probe, seen, 60000),
    ?assertEqual(lists:zip(lists:seq(1, 50), Sizes), [{I, byte_size(B)} || {info, {I, B}} <- Seen]),
    [?assertEqual(B, binary:copy(<<I>>, byte_size(B))) || {info, {I, B}} <- Seen].

?PROMISE(by_name_and_by_pid, "signal delivery", "it does not matter for the order how the receiver is named").
by_name_and_by_pid(Config) ->
    {ok, Probe} = gen_server:call({probe, ?NODE}, {start, ordered, undefined}),
    [case I rem 2 of 0 -> Probe ! I; 1 -> {ordered, ?NODE} ! I end || I <- lists:seq(1, 1000)],
    ?assertEqual([{info, I} || I <- lists:seq(1, 1000)], gen_server:call(Probe, seen, 60000)),
    gen_server:stop(Probe).

?PROMISE(many_senders, "signal delivery", "the messages of each of many senders keep their order").
many_senders(Config) ->
    Probe = compat:probe(?NODE),
    Senders = [spawn_monitor(fun() -> [Probe ! {S, I} || I <- lists:seq(1, 100)], gen_server:call(Probe, {reply, sent}, 60000) end)
               || S <- lists:seq(1, 20)],
    [receive {'DOWN', Ref, _, _, normal} -> ok end || {_, Ref} <- Senders],
    Seen = gen_server:call(Probe, seen, 60000),
    [?assertEqual(lists:seq(1, 100), [I || {info, {Sender, I}} <- Seen, Sender =:= S]) || S <- lists:seq(1, 20)].

?PROMISE(back_to_us, "signal delivery", "messages from there arrive in order, small ones and such in fragments").
back_to_us(Config) ->
    each([{Size, {N, Size}} || {N, Size} <- [{5000, 0}, {1000, 1000}, {30, 70000}, {10, 300000}]],
         fun({N, Size}) ->
             gen_server:cast({probe, ?NODE}, {do, {flood, self(), N, Size}}),
             [begin {flood, I, B} = next(), Size = byte_size(B) end || I <- lists:seq(1, N)]
         end).

?PROMISE(messages_before_the_reply, "signal delivery", "what a server sends its caller before it replies arrives before the reply").
messages_before_the_reply(Config) ->
    [begin
         Size = case I rem 10 of 0 -> 100000; _ -> 10 end,
         {probe, ?NODE} ! {'$gen_call', {self(), I}, {flood, self(), 3, Size}},
         {flood, 1, _} = next(), {flood, 2, _} = next(), {flood, 3, _} = next(), {I, ok} = next()
     end || I <- lists:seq(1, 50)].

?PROMISE(messages_before_the_down, "signal delivery", "DOWN comes after all that the process has sent").
messages_before_the_down(Config) ->
    [begin
         Probe = compat:probe(?NODE),
         Ref = monitor(process, Probe),
         Probe ! {do, {flood, self(), 20, Size}},
         Probe ! {stop, enough},
         [{flood, I, _} = next() || I <- lists:seq(1, 20)],
         {'DOWN', Ref, process, Probe, enough} = next()
     end || Size <- [0, 1000, 70000, 0, 1000, 70000]].

?PROMISE(messages_before_the_exit, "signal delivery", "the exit signal of a link comes after all that the process has sent").
messages_before_the_exit(Config) ->
    process_flag(trap_exit, true),
    [begin
         Probe = compat:probe(?NODE),
         link(Probe),
         Probe ! {do, {flood, self(), 20, Size}},
         Probe ! {stop, enough},
         [{flood, I, _} = next() || I <- lists:seq(1, 20)],
         {'EXIT', Probe, enough} = next()
     end || Size <- [0, 1000, 70000, 0, 1000, 70000]].

?PROMISE(an_exit_signal_comes_after_messages, "signal delivery", "exit(Pid, Reason) comes after the messages that were sent before").
an_exit_signal_comes_after_messages(Config) ->
    [begin
         Probe = compat:probe(?NODE, trap_exit),
         [Probe ! I || I <- lists:seq(1, 100)],
         exit(Probe, told_to),
         ?assertEqual([{info, I} || I <- lists:seq(1, 100)] ++ [{info, {'EXIT', self(), told_to}}], gen_server:call(Probe, seen)),
         exit(Probe, kill)
     end || _ <- lists:seq(1, 20)].

?PROMISE(link_then_message, "signal delivery", "a link that was made before a message is there when the message is handled").
link_then_message(Config) ->
    process_flag(trap_exit, true),
    [begin
         Probe = compat:probe(?NODE),
         link(Probe),
         Probe ! {stop, I},
         {'EXIT', Probe, I} = next()
     end || I <- lists:seq(1, 100)].

?PROMISE(monitor_then_message, "signal delivery", "a monitor that was made before a message sees what the message does").
monitor_then_message(Config) ->
    [begin
         Probe = compat:probe(?NODE),
         Ref = monitor(process, Probe),
         Probe ! {stop, I},
         {'DOWN', Ref, process, Probe, I} = next()
     end || I <- lists:seq(1, 100)].

?PROMISE(two_paths, "signal delivery", "what one process causes another to send may overtake nothing of its own").
two_paths(Config) ->
    A = compat:probe(?NODE),
    B = compat:probe(?NODE),
    [begin
         %% A sends to B, then answers us; we then ask B.
         ok = gen_server:call(A, {send, B, I}),
         ?assertEqual({info, I}, lists:last(gen_server:call(B, seen)))
     end || I <- lists:seq(1, 100)].
