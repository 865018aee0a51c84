%% Exit signals: erlang:exit/2.
-module(exits_SUITE).
-include("compat.hrl").

init_per_suite(Config) -> compat:init(Config).
end_per_suite(Config) -> compat:done(Config).

?PROMISE(a_signal_ends_a_server, "erlang:exit/2", "a process that traps no exits ends with the reason, whatever term it is").
a_signal_ends_a_server(Config) ->
    each([{Reason, Reason} || Reason <- [shutdown, boom, {shutdown, x}, 17, 1.5, <<"binary">>, "string", #{m => []}, {deep, [a | b]}, make_ref(), self()]],
         fun(Reason) ->
             Probe = compat:probe(?NODE),
             Ref = monitor(process, Probe),
             true = exit(Probe, Reason),
             {'DOWN', Ref, process, Probe, Reason} = next()
         end).

?PROMISE(normal_is_ignored, "erlang:exit/2, normal", "the signal normal does nothing to a process that traps no exits").
normal_is_ignored(Config) ->
    Probe = compat:probe(?NODE),
    exit(Probe, normal),
    alive = gen_server:call(Probe, {reply, alive}).

?PROMISE(trapped, "erlang:exit/2, trap_exit", "who traps exits gets {'EXIT', From, Reason}, even for normal").
trapped(Config) ->
    Probe = compat:probe(?NODE, trap_exit),
    each([{Reason, Reason} || Reason <- [normal, shutdown, boom, killed, [1, 2], <<>>]],
         fun(Reason) ->
             ok = gen_server:call(Probe, clear),
             exit(Probe, Reason),
             ?assertEqual([{info, {'EXIT', self(), Reason}}], gen_server:call(Probe, seen))
         end).

?PROMISE(kill_cannot_be_trapped, "erlang:exit/2, kill", "kill ends a process that traps exits, and does not let it terminate").
kill_cannot_be_trapped(Config) ->
    Probe = compat:probe(?NODE, trap_exit),
    ok = gen_server:call(Probe, {watch, self()}),
    Ref = monitor(process, Probe),
    exit(Probe, kill),
    {'DOWN', Ref, process, Probe, killed} = next(),
    none = nothing().

?PROMISE(killed_while_busy, "erlang:exit/2, kill", "a server that is in a callback is dead for everybody at once").
killed_while_busy(Config) ->
    Probe = compat:probe(?NODE),
    Ref = monitor(process, Probe),
    Probe ! {do, {sleep, 20000}},
    exit(Probe, kill),
    {Time, {'DOWN', Ref, process, Probe, killed}} = timer:tc(fun() -> next() end),
    ?assert(Time < 15000000),
    {'EXIT', {noproc, _}} = (catch gen_server:call(Probe, x)),
    ok.

?PROMISE(the_name_is_free_again, "erlang:register/2", "the name of a process that was ended is free when its end is known").
the_name_is_free_again(Config) ->
    [begin
         {ok, Probe} = gen_server:call({probe, ?NODE}, {start, reborn, undefined}),
         Ref = monitor(process, Probe),
         exit(Probe, kill),
         {'DOWN', Ref, process, Probe, killed} = next()
     end || _ <- lists:seq(1, 50)].

?PROMISE(to_the_dead, "erlang:exit/2", "a signal to a process that has ended has no effect").
to_the_dead(Config) ->
    Probe = compat:probe(?NODE),
    ok = gen_server:stop(Probe),
    true = exit(Probe, boom),
    hi = gen_server:call({echo, ?NODE}, hi),
    none = nothing().

?PROMISE(trapping_is_switched, "process_flag/2", "trap_exit may be set and cleared while the process runs").
trapping_is_switched(Config) ->
    Probe = compat:probe(?NODE),
    ok = gen_server:call(Probe, {trap_exit, true}),
    exit(Probe, first),
    ?assertEqual([{info, {'EXIT', self(), first}}], gen_server:call(Probe, seen)),
    ok = gen_server:call(Probe, {trap_exit, false}),
    Ref = monitor(process, Probe),
    exit(Probe, second),
    {'DOWN', Ref, process, Probe, second} = next().

?PROMISE(the_end_of_the_parent, "gen_server, Module:terminate/2", "the exit of the parent ends a server that traps exits by way of terminate").
the_end_of_the_parent(Config) ->
    Parent = compat:probe(?NODE),
    {ok, Child} = gen_server:call(Parent, {start_link, undefined, trap_exit}),
    ok = gen_server:call(Child, {watch, self()}),
    Ref = monitor(process, Child),
    exit(Parent, shutdown),
    {probe, Child, {terminate, shutdown}} = next(),
    {'DOWN', Ref, process, Child, shutdown} = next().

?PROMISE(no_terminate_without_trapping, "gen_server, Module:terminate/2", "a server that traps no exits is ended by a signal without terminate").
no_terminate_without_trapping(Config) ->
    Probe = compat:probe(?NODE),
    ok = gen_server:call(Probe, {watch, self()}),
    Ref = monitor(process, Probe),
    exit(Probe, shutdown),
    {'DOWN', Ref, process, Probe, shutdown} = next(),
    none = nothing().

%% ---- the other way ----

?PROMISE(it_sends_signals, "erlang:exit/2, from there", "a server there ends a process here, with any reason").
it_sends_signals(Config) ->
    each([{Reason, Reason} || Reason <- [shutdown, boom, {deep, [<<"reason">>]}, 1 bsl 65]],
         fun(Reason) ->
             {Pid, Ref} = spawn_monitor(fun() -> receive after infinity -> ok end end),
             ok = gen_server:call({probe, ?NODE}, {exit, Pid, Reason}),
             {'DOWN', Ref, process, Pid, Reason} = next()
         end).

?PROMISE(we_trap_its_signals, "erlang:exit/2, from there", "who traps exits here learns which server sent the signal").
we_trap_its_signals(Config) ->
    process_flag(trap_exit, true),
    Probe = compat:probe(?NODE),
    each([{Reason, Reason} || Reason <- [normal, boom, {a, b}]],
         fun(Reason) ->
             ok = gen_server:call(Probe, {exit, self(), Reason}),
             {'EXIT', Probe, Reason} = next()
         end).

?PROMISE(it_kills, "erlang:exit/2, from there", "kill from there cannot be trapped here").
it_kills(Config) ->
    {Pid, Ref} = spawn_monitor(fun() -> process_flag(trap_exit, true), receive after infinity -> ok end end),
    ok = gen_server:call({probe, ?NODE}, {exit, Pid, kill}),
    {'DOWN', Ref, process, Pid, killed} = next().

?PROMISE(large_reasons, "erlang:exit/2, fragments", "a reason of 200 kB arrives whole, in both directions and through monitors").
large_reasons(Config) ->
    Reason = {large, binary:copy(<<"reason">>, 33000)},
    Probe = compat:probe(?NODE),
    Ref = monitor(process, Probe),
    exit(Probe, Reason),
    {'DOWN', Ref, process, Probe, Reason} = next(),
    {Pid, Ref2} = spawn_monitor(fun() -> receive after infinity -> ok end end),
    ok = gen_server:call({probe, ?NODE}, {exit, Pid, Reason}),
    {'DOWN', Ref2, process, Pid, Reason} = next(),
    process_flag(trap_exit, true),
    Linked = compat:probe(?NODE),
    link(Linked),
    gen_server:cast(Linked, {stop, Reason}),
    {'EXIT', Linked, Reason} = next(),
    ok.
