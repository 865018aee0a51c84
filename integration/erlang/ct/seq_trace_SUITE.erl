%% Sequential trace tokens: they go with what is sent, through the servers of the node and back.
%%
%% A message that came is shown as {Message, {Flags, Label, Serial, Sender, Previous}}; the sender it, me or other.
-module(seq_trace_SUITE).
-include("compat.hrl").

init_per_suite(Config) -> compat:init(Config).
end_per_suite(Config) -> compat:done(Config).

?PROMISE(a_reply, "seq_trace, tokens", "the reply carries the token of the request, with the next serial number and the label, whatever that is").
a_reply(Config) ->
    each([{number, 17}, {atom, label}, {tuple, {my, [label]}}, {large, 1 bsl 80}, {binary, <<"label">>}],
         fun(Label) ->
             ?assertEqual([{hi, {1, Label, 2, it, 1}}], story(Config, fun(P) -> trace(Label), note(gen_server:call(P, {reply, hi})) end))
         end).

?PROMISE(flags, "seq_trace:set_token/2", "the flags of the token come back as they are").
flags(Config) ->
    each([{send, {[send], 1}}, {'receive', {['receive'], 2}}, {print, {[print], 4}}, {timestamp, {[timestamp, send], 9}}, {all, {[send, 'receive', print], 7}}],
         fun({Flags, Number}) ->
             [{hi, {Number, 5, 2, it, 1}}] =
                 story(Config, fun(P) -> seq_trace:set_token(label, 5), [seq_trace:set_token(F, true) || F <- Flags], note(gen_server:call(P, {reply, hi})) end)
         end).

?PROMISE(messages, "seq_trace, tokens", "each thing that a process sends while it has a token carries it, numbered on").
messages(Config) ->
    each([{messages, {fun(P) -> trace(17), P ! {do, {all, [{send, self(), one}, {send, self(), two}]}}, take(), take() end,
                      [{one, {1, 17, 2, it, 1}}, {two, {1, 17, 3, it, 1}}]}},
          {by_cast, {fun(P) -> trace(17), gen_server:cast(P, {do, {send, self(), one}}), take() end, [{one, {1, 17, 2, it, 1}}]}},
          {cast, {fun(P) -> trace(17), P ! {do, {cast, self(), one}}, take() end, [{{'$gen_cast', one}, {1, 17, 2, it, 1}}]}},
          {to_a_name, {fun(P) -> register(seq_judge, self()), trace(17), P ! {do, {send, {seq_judge, node()}, one}}, take(), unregister(seq_judge) end,
                       [{one, {1, 17, 2, it, 1}}]}},
          {before_the_reply, {fun(P) -> trace(17), note(gen_server:call(P, {send, self(), one})), take() end,
                              [{ok, {1, 17, 3, it, 1}}, {one, {1, 17, 2, it, 1}}]}},
          {several_calls, {fun(P) -> trace(17), [note(gen_server:call(P, {reply, N})) || N <- [1, 2, 3]] end,
                           [{1, {1, 17, 2, it, 1}}, {2, {1, 17, 4, it, 3}}, {3, {1, 17, 6, it, 5}}]}}],
         fun({Story, Expected}) -> ?assertEqual(Expected, story(Config, Story)) end).

?PROMISE(an_alias_carries_it, "seq_trace, tokens, since OTP 24", "so does what is sent to an alias").
an_alias_carries_it(Config) ->
    compat:since(24),
    ?assertEqual([{one, {1, 17, 2, it, 1}}], story(Config, fun(P) -> A = erlang:alias(), trace(17), P ! {do, {send, A, one}}, take() end)).

?PROMISE(what_has_none, "seq_trace, tokens", "a message without a token ends the trace of its receiver").
what_has_none(Config) ->
    each([{untraced, fun(P) -> trace(17), P ! {reply, x}, seq_trace:set_token([]), P ! {do, {send, self(), one}}, take() end},
          {never_traced, fun(P) -> P ! {do, {send, self(), one}}, take() end},
          {of_another, fun(P) -> trace(17), P ! x, seq_trace:set_token([]), P ! y, P ! {do, {send, self(), one}}, take() end}],
         fun(Story) -> ?assertEqual([{one, []}], story(Config, Story)) end).

?PROMISE(a_timer, "seq_trace, tokens", "the message of a timer leaves the token of its process as it is").
a_timer(Config) ->
    ?assertEqual([{one, {1, 17, 2, it, 1}}], story(Config, fun(P) -> trace(17), P ! {do, {'after', 1, {send, self(), one}}}, take() end)).

?PROMISE(through_another, "seq_trace, tokens", "a server that calls another hands the token on, and has that of the reply afterwards").
through_another(Config) ->
    ?assertEqual([{one, {1, 17, 4, it, 3}}],
                 story(Config, fun(P) -> trace(17), P ! {do, {all, [{call, echo, hi, 5000}, {send, self(), one}]}}, take() end)),
    each([{back_and_forth, {fun(Here) -> fun(P) -> trace(17), P ! {do, {all, [{call, Here, {reply, hi}, 5000}, {send, self(), one}]}}, take() end end,
                            [{one, {1, 17, 4, it, 3}}]}},
          {handed_on, {fun(Here) -> fun(P) -> trace(17), note(gen_server:call(P, {forward, Here, {reply, hi}})) end end, [{hi, {1, 17, 3, other, 2}}]}}],
         fun({Story, Expected}) ->
             {ok, Here} = gen_server:start(probe, [], []),
             ?assertEqual(Expected, story(Config, Story(Here))),
             gen_server:stop(Here)
         end).

?PROMISE(a_child, "seq_trace, spawn", "a process that is spawned while there is a token inherits the label").
a_child(Config) ->
    ?assertEqual([{label, 17}], story(Config, fun(P) ->
        trace(17),
        P ! {do, {child, {send, self(), one}}},
        receive one -> {label, L} = seq_trace:get_token(label), note({label, L}) end
    end)).

?PROMISE(exit_signals, "seq_trace, exit signals", "the end of a linked process carries the token, exit/2 does not, and ends the trace of whom it reaches").
exit_signals(Config) ->
    each([{exit, {fun(P) -> trace(17), P ! {do, {exit, self(), why}}, take() end, [{{exit, why}, []}]}},
          {link, {fun(P) -> trace(17), P ! {do, {all, [{link, self()}, {die, shutdown}]}}, take() end, [{{exit, shutdown}, {1, 17, 2, it, 1}}]}},
          {arrives, {fun(P) -> gen_server:call(P, {trap_exit, true}), trace(17), gen_server:call(P, {reply, x}), exit(P, {do, {send, self(), one}}), take() end,
                     [{one, []}]}},
          {untraced, {fun(P) -> gen_server:call(P, {trap_exit, true}), trace(17), gen_server:call(P, {reply, x}), seq_trace:set_token([]), exit(P, {do, {send, self(), one}}), take() end,
                      [{one, []}]}}],
         fun({Story, Expected}) -> ?assertEqual(Expected, story(Config, Story)) end).

?PROMISE(the_clock_goes_on, "seq_trace:reset_trace/0", "the serial numbers of a process there go on, also with another token").
the_clock_goes_on(Config) ->
    Seen = story(Config, fun(P) ->
        trace(17), [note(gen_server:call(P, {reply, N})) || N <- [1, 2]],
        seq_trace:reset_trace(), seq_trace:set_token([]),
        trace(18), note(gen_server:call(P, {reply, again}))
    end),
    ?assertEqual([{1, {1, 17, 2, it, 1}}, {2, {1, 17, 4, it, 3}}, {again, {1, 18, 5, it, 1}}], Seen).

?PROMISE(it_is_traced, "seq_trace:set_system_tracer/1", "a tracer here sees what is sent there and what comes back, in order").
it_is_traced(Config) ->
    Probe = compat:probe(?NODE),
    Self = self(),
    Tracer = spawn_link(fun() -> collect([]) end),
    _ = seq_trace:set_system_tracer(Tracer),
    spawn_monitor(fun() ->
        seq_trace:set_token(label, 42), seq_trace:set_token(send, true), seq_trace:set_token('receive', true),
        hi = gen_server:call(Probe, {reply, hi}),
        seq_trace:set_token([])
    end),
    {'DOWN', _, process, Caller, normal} = next(),
    _ = seq_trace:set_system_tracer(false),
    Tracer ! {get, Self},
    Events = [case E of {send, S, F, T, _} -> {send, S, F, T}; {'receive', S, F, T, _} -> {'receive', S, F, T} end || {seq_trace, 42, E} <- next()],
    [{send, {0, 1}, Caller, Probe}, {'receive', {1, 2}, Probe, _}] = Events.

collect(Seen) -> receive {get, Pid} -> Pid ! lists:reverse(Seen); E -> collect([E | Seen]) end.

%% ---- stories ----

%% Plays a story with a fresh probe in a process of its own, and returns what that has noted.
story(Config, Story) ->
    Probe = compat:probe(?NODE),
    Self = self(),
    {Pid, Ref} = spawn_monitor(fun() ->
        process_flag(trap_exit, true),
        Story(Probe),
        seq_trace:set_token([]),
        Self ! {self(), [shown(N, Probe, self()) || N <- lists:reverse(get_seen())]}
    end),
    receive
        {Pid, Seen} -> demonitor(Ref, [flush]), Seen;
        {'DOWN', Ref, process, Pid, Reason} -> error(Reason)
    end.

trace(Label) -> seq_trace:set_token(label, Label), seq_trace:set_token(send, true).

take() -> receive Message -> note(Message) after 30000 -> error(nothing_came) end.

note({label, _} = Label) -> put(seen, [Label]);
note(Message) -> put(seen, [{Message, seq_trace:get_token()} | get_seen()]).

get_seen() -> case get(seen) of undefined -> []; Seen -> Seen end.

shown({label, _} = Label, _, _) -> Label;
shown({Message, Token}, Probe, Self) ->
    {case Message of {'EXIT', Probe, R} -> {exit, R}; _ -> Message end,
     case Token of {F, L, S, From, P} -> {F, L, S, case From of Probe -> it; Self -> me; _ -> other end, P}; _ -> Token end}.
