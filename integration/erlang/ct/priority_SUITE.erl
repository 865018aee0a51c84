%% Priority messages, on both sides: EEP 76.
-module(priority_SUITE).
-include("compat.hrl").

init_per_suite(Config) ->
    case compat:release() of
        R when R >= 28 -> compat:init(Config);
        _ -> {skip, "since OTP 28"}
    end.
end_per_suite(Config) -> compat:done(Config).

?PROMISE(its_mailbox, "erlang:send/3, priority", "a priority message comes before those that wait, if both sides want it").
its_mailbox(Config) ->
    each([{both, {{alias, priority}, fun(A, _) -> send(A, x) end, [x, 1, 2, 3]}},
          {the_alias_alone, {{alias, priority}, fun(A, _) -> A ! x end, [1, 2, x, 3]}},
          {the_sender_alone, {alias, fun(A, _) -> send(A, x) end, [1, 2, x, 3]}},
          {a_pid, {{alias, priority}, fun(_, P) -> send(P, x) end, [1, 2, x, 3]}},
          {two, {{alias, priority}, fun(A, _) -> send(A, x), send(A, y) end, [x, y, 1, 2, 3]}},
          {another_sends, {{alias, priority}, fun(A, _) -> ok = gen_server:call({probe, ?NODE}, {send, A, x, priority}) end, [x, 1, 2, 3]}},
          {an_exit, {{alias, priority}, fun(A, _) -> exit_signal(A, boo, [priority]) end, [{'EXIT', self(), boo}, 1, 2, 3]}},
          {an_exit_without, {{alias, priority}, fun(A, _) -> exit_signal(A, boo, []) end, [1, 2, {'EXIT', self(), boo}, 3]}},
          {an_exit_to_a_plain_alias, {alias, fun(A, _) -> exit_signal(A, boo, [priority]) end, [1, 2, {'EXIT', self(), boo}, 3]}},
          {an_exit_to_a_pid, {{alias, priority}, fun(_, P) -> exit_signal(P, boo, [priority]) end, [1, 2, {'EXIT', self(), boo}, 3]}}],
         fun({Alias, Do, Come}) -> ?assertEqual(Come, while_busy(Config, compat:probe(?NODE, trap_exit), Alias, Do)) end).

?PROMISE(it_kills, "erlang:exit/3", "an exit signal to an alias ends a process that traps none, and kill ends each").
it_kills(Config) ->
    each([{other, {undefined, boo, boo}}, {kill, {trap_exit, kill, killed}}],
         fun({Args, Reason, Why}) ->
             Probe = compat:probe(?NODE, Args),
             Alias = gen_server:call(Probe, alias),
             Ref = monitor(process, Probe),
             exit_signal(Alias, Reason, [priority]),
             {'DOWN', Ref, process, Probe, Why} = next()
         end).

?PROMISE(an_alias_that_ended, "erlang:unalias/1", "a priority message or exit signal to it is dropped").
an_alias_that_ended(Config) ->
    Probe = compat:probe(?NODE),
    Alias = gen_server:call(Probe, {alias, priority}),
    ok = gen_server:call(Probe, {unalias, Alias}),
    send(Alias, x),
    exit_signal(Alias, kill, [priority]),
    Probe ! last,
    ?assertEqual([{info, last}], gen_server:call(Probe, seen)).

?PROMISE(its_ties, "erlang:monitor/3, erlang:link/2, priority", "the DOWN and the EXIT of a target come before what waits").
its_ties(Config) ->
    each([{monitor, {{monitor, there, priority}, fun(T, Ref) -> {'DOWN', Ref, process, T, bye} end}},
          {link, {{link, there, priority}, fun(T, ok) -> {'EXIT', T, bye} end}}],
         fun({{Tie, there, priority}, Message}) ->
             each([{here, {fun() -> spawn(fun() -> receive stop -> exit(bye) end end) end, fun(T) -> T ! stop end}},
                   {beside_it, {fun() -> compat:probe(?NODE) end, fun(T) -> T ! {stop, bye} end}}],
                  fun({Start, Stop}) ->
                      Target = Start(),
                      Watch = monitor(process, Target),
                      [First | Rest] = while_busy(Config, compat:probe(?NODE, trap_exit), {Tie, Target, priority},
                          fun(Ref, _) -> self() ! {tied, Ref}, Stop(Target), receive {'DOWN', Watch, _, _, _} -> ok end end),
                      Tied = receive {tied, T} -> T end,
                      ?assertEqual({Message(Target, Tied), [1, 2, 3]}, {First, Rest})
                  end)
         end).

?PROMISE(our_mailbox, "erlang:send/3, erlang:exit/3, from there", "what a process there sends with priority comes before what waits here").
our_mailbox(Config) ->
    Probe = compat:probe(?NODE),
    process_flag(trap_exit, true),
    each([{message, {[priority], {send, alias, x, priority}, [x, 1, 2]}},
          {plain_message, {[priority], {send, alias, x}, [1, 2, x]}},
          {plain_alias, {[], {send, alias, x, priority}, [1, 2, x]}},
          {exit, {[priority], {exit, alias, boo, priority}, [{'EXIT', Probe, boo}, 1, 2]}},
          {plain_exit, {[priority], {exit, alias, boo}, [1, 2, {'EXIT', Probe, boo}]}}],
         fun({Options, Deed, Come}) ->
             Alias = erlang:alias(Options),
             [self() ! N || N <- [1, 2]],
             ok = gen_server:call(Probe, setelement(2, Deed, Alias)),
             ?assertEqual(Come, [next() || _ <- Come]),
             erlang:unalias(Alias)
         end),
    process_flag(trap_exit, false).

%% What the probe has seen, if it was busy while Do was done between messages. First is what it does before, and Do gets
%% the result.
while_busy(Config, Probe, First, Do) ->
    Result = gen_server:call(Probe, First),
    Probe ! {do, {call, self(), ready, infinity}},
    From = receive {'$gen_call', F, ready} -> F end,
    [Probe ! N || N <- [1, 2]],
    Do(Result, Probe),
    Probe ! 3,
    %% What was sent before has come when this is answered.
    hi = gen_server:call({probe, ?NODE}, {reply, hi}),
    gen_server:reply(From, go),
    until(fun() -> length(gen_server:call(Probe, seen)) >= 3 andalso lists:last(gen_server:call(Probe, seen)) =:= {info, 3} end),
    [M || {info, M} <- gen_server:call(Probe, seen)].

send(To, Message) -> erlang:send(To, Message, [priority]).
exit_signal(To, Reason, Options) -> true = apply(erlang, exit, [To, Reason, Options]).
