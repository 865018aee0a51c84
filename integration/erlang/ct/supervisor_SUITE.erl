%% The functions of the module supervisor, against a supervision tree of the node.
-module(supervisor_SUITE).
-include("compat.hrl").

init_per_suite(Config) -> compat:init(Config).
end_per_suite(Config) -> compat:done(Config).

?PROMISE(which_children, "supervisor:which_children/1", "{Id, Child, Type, Modules}, the one that was started last first").
which_children(Config) ->
    Sup = tree(Config, #{}, [child(a), (child("b"))#{modules => [x, y]}]),
    {ok, _} = supervisor:start_child(Sup, (child({c, 1}))#{modules => dynamic}),
    {ok, _} = supervisor:start_child(Sup, subtree(d, [])),
    [{d, D, supervisor, [tree]}, {{c, 1}, C, worker, dynamic}, {"b", B, worker, [x, y]}, {a, A, worker, [probe]}] = supervisor:which_children(Sup),
    each([{a, A}, {b, B}, {c, C}], fun(P) -> hi = gen_server:call(P, {reply, hi}) end),
    [] = supervisor:which_children(D).

?PROMISE(which_children_that_do_not_run, "supervisor:which_children/1", "undefined is the Child of one that does not run").
which_children_that_do_not_run(Config) ->
    Sup = tree(Config, #{}, [child(a), (child(b))#{start => {probe, start_link, [ignore]}}]),
    ok = supervisor:terminate_child(Sup, a),
    [{b, undefined, worker, [probe]}, {a, undefined, worker, [probe]}] = supervisor:which_children(Sup).

?PROMISE(which_child, "supervisor:which_child/2, since OTP 28", "{ok, ChildInfo} of one child").
which_child(Config) ->
    compat:since(28),
    Sup = tree(Config, #{}, [child(a)]),
    {ok, {a, A, worker, [probe]}} = supervisor:which_child(Sup, a),
    hi = gen_server:call(A, {reply, hi}),
    {error, not_found} = supervisor:which_child(Sup, b).

?PROMISE(count_children, "supervisor:count_children/1", "specs, active, supervisors and workers").
count_children(Config) ->
    Sup = tree(Config, #{}, [child(a), child(b), child(c), subtree(d, [child(x)])]),
    Counts = fun() -> lists:sort(supervisor:count_children(Sup)) end,
    each([{all, fun() -> ?assertEqual([{active, 4}, {specs, 4}, {supervisors, 1}, {workers, 3}], Counts()) end},
          {one_ended, fun() -> ok = supervisor:terminate_child(Sup, b), ?assertEqual([{active, 3}, {specs, 4}, {supervisors, 1}, {workers, 3}], Counts()) end},
          {one_deleted, fun() -> ok = supervisor:delete_child(Sup, b), ?assertEqual([{active, 3}, {specs, 3}, {supervisors, 1}, {workers, 2}], Counts()) end}],
         fun(Check) -> Check() end).

?PROMISE(start_child, "supervisor:start_child/2", "starts a child and returns {ok, Pid}; one that is there, and one that does not run, are refused").
start_child(Config) ->
    Sup = tree(Config, #{}, []),
    {ok, A} = supervisor:start_child(Sup, child(a)),
    ?assertEqual(?NODE, node(A)),
    {error, {already_started, A}} = supervisor:start_child(Sup, child(a)),
    ok = supervisor:terminate_child(Sup, a),
    {error, already_present} = supervisor:start_child(Sup, child(a)),
    {ok, B} = supervisor:start_child(Sup, {b, {probe, start_link, [undefined]}, permanent, 5000, worker, [probe]}),
    [{b, B, _, _}, {a, undefined, _, _}] = supervisor:which_children(Sup).

?PROMISE(start_child_that_ignores, "supervisor:start_child/2", "{ok, undefined}; the child spec stays, unless the child is temporary").
start_child_that_ignores(Config) ->
    Sup = tree(Config, #{}, []),
    each([{Restart, {Restart, Left}} || {Restart, Left} <- [{permanent, 1}, {transient, 2}, {temporary, 2}]],
         fun({Restart, Left}) ->
             {ok, undefined} = supervisor:start_child(Sup, #{id => Restart, start => {probe, start_link, [ignore]}, restart => Restart}),
             Left = length(supervisor:which_children(Sup))
         end).

?PROMISE(start_child_that_fails, "supervisor:start_child/2", "{error, {Reason, Child}}, and no child spec is left").
start_child_that_fails(Config) ->
    Sup = tree(Config, #{}, []),
    each([{stop, {{stop, why}, fun(why) -> ok end}},
          {error, {{raise, error, boom}, fun({boom, [_ | _]}) -> ok end}},
          {exit, {{raise, exit, gone}, fun(gone) -> ok end}}],
         fun({Args, Check}) ->
             {error, {Reason, Child}} = supervisor:start_child(Sup, #{id => a, start => {probe, start_link, [Args]}}),
             ok = Check(Reason),
             child = element(1, Child),
             [] = supervisor:which_children(Sup)
         end),
    {error, {{'EXIT', {undef, [{no_such_module, start_link, [1], _} | _]}}, _}} = supervisor:start_child(Sup, #{id => a, start => {no_such_module, start_link, [1]}}),
    [] = supervisor:which_children(Sup).

?PROMISE(child_specs_that_are_none, "supervisor:start_child/2, {error, Reason}", "a child spec that is wrong is refused, and the reason says what is wrong").
child_specs_that_are_none(Config) ->
    Sup = tree(Config, #{}, []),
    each([{no_map, {nonsense, {invalid_child_spec, nonsense}}},
          {no_id, {maps:remove(id, child(a)), missing_id}},
          {no_start, {#{id => a}, missing_start}},
          {start, {(child(a))#{start => f}, {invalid_mfa, f}}},
          {restart, {(child(a))#{restart => sometimes}, {invalid_restart_type, sometimes}}},
          {shutdown, {(child(a))#{shutdown => -1}, {invalid_shutdown, -1}}},
          {type, {(child(a))#{type => boss}, {invalid_child_type, boss}}},
          {modules, {(child(a))#{modules => probe}, {invalid_modules, probe}}},
          {module, {(child(a))#{modules => ["probe"]}, {invalid_module, "probe"}}}],
         fun({Spec, Reason}) -> ?assertEqual({error, Reason}, supervisor:start_child(Sup, Spec)) end),
    [] = supervisor:which_children(Sup).

?PROMISE(terminate_child, "supervisor:terminate_child/2", "ends the child with shutdown and keeps its spec; that of a temporary child goes").
terminate_child(Config) ->
    Sup = tree(Config, #{}, [child(a), (child(t))#{restart => temporary}]),
    #{a := A, t := T} = pids(Sup),
    each([{runs, {a, A}}, {temporary, {t, T}}],
         fun({Id, Pid}) ->
             Ref = monitor(process, Pid),
             ok = supervisor:terminate_child(Sup, Id),
             {'DOWN', Ref, process, Pid, shutdown} = next()
         end),
    ok = supervisor:terminate_child(Sup, a),
    {error, not_found} = supervisor:terminate_child(Sup, t),
    {error, not_found} = supervisor:terminate_child(Sup, A),
    [{a, undefined, worker, [probe]}] = supervisor:which_children(Sup).

?PROMISE(restart_child, "supervisor:restart_child/2", "starts a child that does not run, and none else").
restart_child(Config) ->
    Sup = tree(Config, #{}, [child(a)]),
    #{a := A} = pids(Sup),
    {error, running} = supervisor:restart_child(Sup, a),
    {error, not_found} = supervisor:restart_child(Sup, b),
    ok = supervisor:terminate_child(Sup, a),
    {ok, B} = supervisor:restart_child(Sup, a),
    true = A =/= B,
    ?assertEqual(#{a => B}, pids(Sup)).

?PROMISE(delete_child, "supervisor:delete_child/2", "forgets a child that does not run, and none else").
delete_child(Config) ->
    Sup = tree(Config, #{}, [child(a)]),
    {error, running} = supervisor:delete_child(Sup, a),
    {error, not_found} = supervisor:delete_child(Sup, b),
    ok = supervisor:terminate_child(Sup, a),
    ok = supervisor:delete_child(Sup, a),
    {error, not_found} = supervisor:delete_child(Sup, a),
    [] = supervisor:which_children(Sup).

?PROMISE(get_childspec, "supervisor:get_childspec/2", "the child spec with all its keys").
get_childspec(Config) ->
    Sup = tree(Config, #{}, [child(a), subtree(c, [])]),
    {ok, _} = supervisor:start_child(Sup, (child(b))#{restart => transient, shutdown => brutal_kill, modules => dynamic}),
    Expected = #{id => a, start => {probe, start_link, [undefined]}, restart => permanent, shutdown => 5000, type => worker, modules => [probe]},
    each([{defaults, {a, Expected}},
          {b, {b, Expected#{id => b, restart => transient, shutdown => brutal_kill, modules => dynamic}}},
          {supervisor, {c, #{id => c, start => {tree, start_link, [{#{}, []}]}, restart => permanent, shutdown => infinity, type => supervisor, modules => [tree]}}}],
         %% OTP 24 and later have the key significant.
         fun({Id, Spec}) -> {ok, Is} = supervisor:get_childspec(Sup, Id), ?assertEqual(Spec, maps:remove(significant, Is)) end),
    {error, not_found} = supervisor:get_childspec(Sup, d),
    {error, not_found} = supervisor:get_childspec(Sup, maps:get(a, pids(Sup))).

?PROMISE(one_for_one, "supervisor, one_for_one", "only the child that has ended is started anew").
one_for_one(Config) -> strategy(Config, one_for_one, [b]).

?PROMISE(one_for_all, "supervisor, one_for_all", "when one child has ended all are ended and started anew").
one_for_all(Config) -> strategy(Config, one_for_all, [a, b, c]).

?PROMISE(rest_for_one, "supervisor, rest_for_one", "the child that has ended and those started after it are started anew").
rest_for_one(Config) -> strategy(Config, rest_for_one, [b, c]).

strategy(Config, Strategy, New) ->
    Sup = tree(Config, #{strategy => Strategy}, [child(a), child(b), child(c)]),
    #{b := B} = Before = pids(Sup),
    exit(B, kill),
    After = anew(Sup, Before, New),
    ?assertEqual([c, b, a], [Id || {Id, _, _, _} <- supervisor:which_children(Sup)]),
    each([{Id, Pid} || {Id, Pid} <- maps:to_list(After)], fun(Pid) -> hi = gen_server:call(Pid, {reply, hi}) end).

?PROMISE(restart_types, "supervisor, restart", "permanent: always, transient: after an abnormal end, temporary: never").
restart_types(Config) ->
    each([{io_lib:format("~p ~0p", [Type, Reason]), {Type, Reason, Left}} ||
             {Type, Lefts} <- [{permanent, [anew, anew, anew, anew]}, {transient, [undefined, undefined, undefined, anew]}, {temporary, [gone, gone, gone, gone]}],
             {Reason, Left} <- lists:zip([normal, shutdown, {shutdown, why}, boom], Lefts)],
         fun({Type, Reason, Left}) ->
             Sup = tree(Config, #{}, [(child(a))#{restart => Type}]),
             #{a := A} = pids(Sup),
             ok = gen_server:cast(A, {stop, Reason}),
             until(fun() -> pids(Sup) =/= #{a => A} end),
             case {Left, pids(Sup)} of
                 {anew, #{a := B}} when is_pid(B) -> ok;
                 {undefined, #{a := undefined}} -> ok;
                 {gone, M} when M =:= #{} -> ok
             end
         end).

?PROMISE(intensity, "supervisor, intensity", "one restart too many within the period, and the supervisor ends its children and itself with shutdown").
intensity(Config) ->
    each([{zero, 0}, {one, 1}, {three, 3}],
         fun(Intensity) ->
             Sup = tree(Config, #{intensity => Intensity, period => 3600}, [child(a), child(b)]),
             Refs = [monitor(process, Sup), monitor(process, maps:get(b, pids(Sup)))],
             [begin #{a := A} = Old = pids(Sup), exit(A, kill), anew(Sup, Old, [a]) end || _ <- lists:seq(1, Intensity)],
             exit(maps:get(a, pids(Sup)), kill),
             [receive {'DOWN', Ref, process, _, shutdown} -> ok after 60000 -> error(no_end) end || Ref <- Refs]
         end).

?PROMISE(intensity_of_a_tree, "supervisor, supervision trees", "a supervisor that gives up is a child that has ended: the one above starts it anew").
intensity_of_a_tree(Config) ->
    Sup = tree(Config, #{}, [(subtree(sub, [child(x)]))#{start => {tree, start_link, [{#{intensity => 0}, [child(x)]}]}}]),
    #{sub := Sub} = Before = pids(Sup),
    exit(maps:get(x, pids(Sub)), kill),
    #{sub := New} = anew(Sup, Before, [sub]),
    #{x := X} = pids(New),
    hi = gen_server:call(X, {reply, hi}).

?PROMISE(the_order_of_the_end, "supervisor, shutdown", "children are ended with shutdown, the one that was started last first").
the_order_of_the_end(Config) ->
    Sup = tree(Config, #{}, [(child(Id))#{start => {probe, start_link, [trap_exit]}} || Id <- [a, b, c]]),
    #{a := A, b := B, c := C} = pids(Sup),
    [ok = gen_server:call(P, {watch, self()}) || P <- [A, B, C]],
    ok = supervisor:terminate_child({tree, ?NODE}, id(Config, Sup)),
    ?assertEqual([{probe, P, {terminate, shutdown}} || P <- [C, B, A]], [next(), next(), next()]).

?PROMISE(shutdown, "supervisor, shutdown", "a child that does not end in time, and one with brutal_kill, is killed").
shutdown(Config) ->
    each([{in_time, {trap_exit, 60000, [], shutdown}}, {infinity, {trap_exit, infinity, [{sleep, 300}], shutdown}},
          {too_late, {trap_exit, 100, [{sleep, 100000}], killed}}, {brutal_kill, {trap_exit, brutal_kill, [], killed}}],
         fun({Args, Shutdown, Deeds, Reason}) ->
             Sup = tree(Config, #{}, [#{id => a, start => {probe, start_link, [Args]}, shutdown => Shutdown}]),
             #{a := A} = pids(Sup),
             Ref = monitor(process, A),
             [A ! {do, Deed} || Deed <- Deeds],
             ok = supervisor:terminate_child(Sup, a),
             {'DOWN', Ref, process, A, Reason} = next()
         end).

?PROMISE(auto_shutdown, "supervisor, auto_shutdown, since OTP 24", "the supervisor ends with shutdown when one, or the last, significant child has ended by itself").
auto_shutdown(Config) ->
    compat:since(24),
    Significant = fun(Id) -> (child(Id))#{restart => transient, significant => true} end,
    each([{any_significant, {any_significant, [b]}}, {all_significant, {all_significant, [a, b]}}],
         fun({Kind, Ends}) ->
             Sup = tree(Config, #{auto_shutdown => Kind}, [Significant(a), Significant(b), child(c)]),
             Ref = monitor(process, Sup),
             Pids = pids(Sup),
             [begin
                  none = nothing(),
                  gen_server:cast(maps:get(Id, Pids), {stop, normal})
              end || Id <- Ends],
             {'DOWN', Ref, process, Sup, shutdown} = next()
         end),
    Sup = tree(Config, #{}, []),
    {error, {bad_combination, _}} = supervisor:start_child(Sup, Significant(a)).

?PROMISE(a_child_of_init_that_fails, "supervisor:start_link/2", "the children before it are ended and the start fails with {shutdown, {failed_to_start_child, Id, Reason}}").
a_child_of_init_that_fails(Config) ->
    Name = compat:alive(early),
    Specs = [#{id => early, start => {probe, start_link, [{local, Name}, undefined]}}, #{id => bad, start => {probe, start_link, [{stop, why}]}}],
    {error, {Reason, _}} = supervisor:start_child({tree, ?NODE}, #{id => Name, start => {tree, start_link, [{#{}, Specs}]}, restart => temporary, type => supervisor}),
    ?assertEqual({shutdown, {failed_to_start_child, bad, why}}, Reason),
    {'EXIT', {noproc, _}} = (catch gen_server:call({Name, ?NODE}, {reply, hi})),
    {ok, undefined} = supervisor:start_child({tree, ?NODE}, #{id => Name, start => {tree, start_link, [ignore]}, restart => temporary, type => supervisor}).

?PROMISE(a_restart_that_fails_is_tried_again, "supervisor, restart", "a child whose start fails is tried again, each time counting, until the supervisor gives up").
a_restart_that_fails_is_tried_again(Config) ->
    Name = compat:alive(taken),
    Sup = tree(Config, #{intensity => 20, period => 3600}, [#{id => a, start => {probe, start_link, [{local, Name}, undefined]}}]),
    Ref = monitor(process, Sup),
    #{a := A} = pids(Sup),
    %% It gives its name away before it ends.
    ok = gen_server:call(A, {unregister, Name}),
    {ok, _} = gen_server:call({probe, ?NODE}, {start, Name, undefined}),
    exit(A, kill),
    {'DOWN', Ref, process, Sup, shutdown} = next().

?PROMISE(simple_one_for_one, "supervisor, simple_one_for_one", "children are started with more arguments, known by their pids, and started anew with the same ones").
simple_one_for_one(Config) ->
    Sup = simple(Config, #{}),
    [] = supervisor:which_children(Sup),
    Name = compat:alive(simple),
    {ok, A} = supervisor:start_child(Sup, [undefined]),
    {ok, B} = supervisor:start_child(Sup, [{local, Name}, undefined]),
    each([{which_children, fun() -> ?assertEqual(lists:sort([{undefined, P, worker, [probe]} || P <- [A, B]]), lists:sort(supervisor:which_children(Sup))) end},
          {count_children, fun() -> ?assertEqual([{active, 2}, {specs, 1}, {supervisors, 0}, {workers, 2}], lists:sort(supervisor:count_children(Sup))) end},
          {ignore, fun() -> {ok, undefined} = supervisor:start_child(Sup, [ignore]) end},
          {fails, fun() -> {error, why} = supervisor:start_child(Sup, [{stop, why}]) end},
          {anew, fun() ->
              exit(B, kill),
              until(fun() -> Ps = [P || {_, P, _, _} <- supervisor:which_children(Sup)], length(Ps) =:= 2 andalso not lists:member(B, Ps) end),
              hi = gen_server:call({Name, ?NODE}, {reply, hi})
          end}],
         fun(Check) -> Check() end).

?PROMISE(simple_one_for_one_by_pid, "supervisor:terminate_child/2", "the children of a simple_one_for_one are ended by pid; ids are refused").
simple_one_for_one_by_pid(Config) ->
    Sup = simple(Config, #{}),
    {ok, A} = supervisor:start_child(Sup, [undefined]),
    each([{terminate_child, terminate_child}, {restart_child, restart_child}, {delete_child, delete_child}],
         fun(F) -> {error, simple_one_for_one} = supervisor:F(Sup, x) end),
    {ok, #{id := x, start := {probe, start_link, []}}} = supervisor:get_childspec(Sup, A),
    Ref = monitor(process, A),
    ok = supervisor:terminate_child(Sup, A),
    {'DOWN', Ref, process, A, shutdown} = next(),
    [] = supervisor:which_children(Sup).

?PROMISE(many_children, "supervisor, simple_one_for_one", "hundreds of children end with their supervisor").
many_children(Config) ->
    Sup = simple(Config, #{}),
    Pids = [begin {ok, P} = supervisor:start_child(Sup, [undefined]), P end || _ <- lists:seq(1, 300)],
    300 = length(supervisor:which_children(Sup)),
    Refs = [monitor(process, P) || P <- Pids],
    ok = supervisor:terminate_child({tree, ?NODE}, id(Config, Sup)),
    [receive {'DOWN', Ref, process, _, shutdown} -> ok after 60000 -> error(no_end) end || Ref <- Refs].

?PROMISE(nobody_there, "supervisor, functions", "exit with noproc and with nodedown as a call does").
nobody_there(Config) ->
    {'EXIT', {noproc, {gen_server, call, [{nosuch, _}, which_children, infinity]}}} = (catch supervisor:which_children({nosuch, ?NODE})),
    Nowhere = list_to_atom("nosuch@" ++ compat:host(?NODE)),
    {'EXIT', {{nodedown, Nowhere}, _}} = (catch supervisor:count_children({tree, Nowhere})),
    ok.

?PROMISE(what_is_no_child, "supervisor, exit signals and messages", "exit signals of others, casts to children and messages that it does not know leave it as it is").
what_is_no_child(Config) ->
    Sup = tree(Config, #{}, [child(a)]),
    Before = pids(Sup),
    exit(Sup, shutdown),
    exit(Sup, boom),
    Sup ! {what, is, this},
    ?assertEqual(Before, pids(Sup)).

?PROMISE(a_supervisor_that_is_killed, "supervisor, links", "its children end with it").
a_supervisor_that_is_killed(Config) ->
    Sup = tree(Config, #{}, [child(a)]),
    #{a := A} = pids(Sup),
    Ref = monitor(process, A),
    exit(Sup, kill),
    {'DOWN', Ref, process, A, killed} = next().

?PROMISE(sys_of_a_supervisor, "sys, supervisor", "a supervisor answers the module sys as any gen_server; its callback module is known").
sys_of_a_supervisor(Config) ->
    Sup = tree(Config, #{}, [child(a)]),
    each([{status, fun() -> {status, Sup, {module, gen_server}, [_, running, _, [], Misc]} = sys:get_status(Sup), {data, [{"State", _}]} = lists:last([D || {data, [{"State", _}]} = D <- Misc]) end},
          {state, fun() -> state = element(1, sys:get_state(Sup)) end},
          {callback_module, fun() -> tree = supervisor:get_callback_module(Sup) end},
          {suspend, fun() -> ok = sys:suspend(Sup), ok = sys:resume(Sup), [_] = supervisor:which_children(Sup) end}],
         fun(Check) -> Check() end).

%% ---- trees ----

child(Id) -> #{id => Id, start => {probe, start_link, [undefined]}}.

subtree(Id, Specs) -> #{id => Id, start => {tree, start_link, [{#{}, Specs}]}, type => supervisor}.

simple(Config, Flags) ->
    tree(Config, Flags#{strategy => simple_one_for_one}, [#{id => x, start => {probe, start_link, []}}]).

%% Starts a supervisor below the tree of the node.
tree(Config, Flags, Specs) ->
    {ok, Sup} = supervisor:start_child({tree, ?NODE}, #{id => make_ref(), start => {tree, start_link, [{Flags, Specs}]}, restart => temporary, type => supervisor}),
    Sup.

id(Config, Sup) -> hd([Id || {Id, Pid, _, _} <- supervisor:which_children({tree, ?NODE}), Pid =:= Sup]).

pids(Sup) -> maps:from_list([{Id, Pid} || {Id, Pid, _, _} <- supervisor:which_children(Sup)]).

%% Waits until those of New have other pids, and the rest their old ones.
anew(Sup, Before, New) ->
    until(fun() ->
        Now = pids(Sup),
        [] =:= [Id || Id <- New, not is_pid(maps:get(Id, Now)) orelse maps:get(Id, Now) =:= maps:get(Id, Before)]
    end),
    Now = pids(Sup),
    ?assertEqual(maps:without(New, Before), maps:without(New, Now)),
    Now.
