%% Runs scripts on a node with the application demo and tells which system messages its servers got.
-module(demo_lab).
-export([build/1, start/1, eval/4, release/1, name/2]).

%% Compiles both versions into Dir/demo-1 and Dir/demo-2.
build(Dir) ->
    [build(Dir, Vsn, M) || Vsn <- [1, 2], M <- [demo_srv, demo_sup]],
    [application_file(Dir, Vsn) || Vsn <- [1, 2]],
    ok.

build(Dir, Vsn, M) ->
    Out = ebin(Dir, Vsn),
    ok = filelib:ensure_dir(filename:join(Out, "x")),
    {ok, M} = compile:file(filename:join(Dir, atom_to_list(M) ++ ".erl"),
                           [{outdir, Out}, {d, 'VSN', integer_to_list(Vsn)}, {d, 'NUMBER', Vsn}]).

application_file(Dir, Vsn) ->
    App = {application, demo, [{description, "d"}, {vsn, integer_to_list(Vsn)}, {modules, [demo_srv, demo_sup]},
                               {registered, []}, {applications, [kernel, stdlib]}, {mod, {demo_sup, []}}, {env, [{same, 1}, {vsn, Vsn}, {list_to_atom("only_" ++ integer_to_list(Vsn)), x}]}]},
    ok = file:write_file(filename:join(ebin(Dir, Vsn), "demo.app"), io_lib:format("~p.~n", [App])).

ebin(Dir, Vsn) -> filename:join([Dir, "demo-" ++ integer_to_list(Vsn), "ebin"]).

start(Dir) ->
    _ = application:start(sasl),
    true = code:add_patha(ebin(Dir, 1)),
    ok = application:start(demo),
    ok.

%% Returns the result of the script, and what the servers got, in order.
eval(Dir, Vsn, Script, Opts) ->
    Self = self(),
    Tracer = spawn_link(fun() -> collect([]) end),
    Names = [demo_sup, srv_a, srv_b, srv_c],
    Pids = [{whereis(N), N} || N <- Names],
    [erlang:trace(P, true, ['receive', {tracer, Tracer}]) || {P, _} <- Pids],
    Libs = [{demo, Vsn, filename:join(Dir, "demo-" ++ Vsn)}],
    Result = release_handler_1:eval_script(Script, [], Libs, Libs, Opts),
    [erlang:trace(P, false, ['receive']) || {P, _} <- Pids, is_process_alive(P)],
    Ref = erlang:trace_delivered(all),
    receive {trace_delivered, all, Ref} -> ok end,
    Tracer ! {get, Self},
    receive {events, Events} -> ok end,
    {name(Pids, Result), [{N, name(Pids, R)} || {P, {system, _, R}} <- Events, {Q, N} <- Pids, P =:= Q, step(R)]}.

step(suspend) -> true;
step(resume) -> true;
step({change_code, _, _, _}) -> true;
step(_) -> false.

collect(Events) ->
    receive
        {trace, Pid, 'receive', Msg} -> collect([{Pid, Msg} | Events]);
        {get, Pid} -> Pid ! {events, lists:reverse(Events)}
    end.

%% Pids become names, and stacks the word stack.
name(Pids, P) when is_pid(P) -> proplists:get_value(P, Pids, P);
name(_, {Reason, [{M, F, _, L} | _]}) when is_atom(M), is_atom(F), is_list(L) -> {Reason, stack};
name(Pids, T) when is_tuple(T) -> list_to_tuple([name(Pids, E) || E <- tuple_to_list(T)]);
name(Pids, [H | T]) -> [name(Pids, H) | name(Pids, T)];
name(_, T) -> T.

%% Makes the node one of release 1 of demorel, whose files are in Dir/releases, with release 2 unpacked there. Both demos wait
%% for the nodes that demo_srv:nodes/0 names before the last step of an upgrade.
release(Dir) ->
    Releases = filename:join(Dir, "releases"),
    [rel(Dir, Vsn) || Vsn <- ["1", "2"]],
    ok = file:write_file(filename:join(ebin(Dir, 2), "demo.appup"), io_lib:format("~p.~n", [appup()])),
    Path = [filename:join([Dir, "demo-*", "ebin"])],
    [R1, R2] = [filename:join([Releases, Vsn, "demorel"]) || Vsn <- ["1", "2"]],
    [begin
         ok = systools:make_script(R, [{path, Path}, {outdir, filename:dirname(R)}]),
         ok = file:rename(R ++ ".boot", filename:join(filename:dirname(R), "start.boot"))
     end || R <- [R1, R2]],
    ok = systools:make_relup(R2, [R1], [R1], [{path, Path}, {outdir, filename:dirname(R2)}]),
    _ = application:load(sasl),
    ok = application:set_env(sasl, releases_dir, Releases),
    ok = release_handler:create_RELEASES(code:root_dir(), Releases, R1 ++ ".rel", [{demo, "1", Dir}]),
    ok = application:start(sasl),
    true = code:add_patha(ebin(Dir, 1)),
    ok = application:start(demo),
    {ok, "2"} = release_handler:set_unpacked(R2 ++ ".rel", [{demo, "2", Dir}]),
    ok.

rel(Dir, Vsn) ->
    File = filename:join([Dir, "releases", Vsn, "demorel.rel"]),
    ok = filelib:ensure_dir(File),
    Apps = [begin _ = application:load(A), {ok, V} = application:get_key(A, vsn), {A, V} end || A <- [kernel, stdlib, sasl]],
    Rel = {release, {"demorel", Vsn}, {erts, erlang:system_info(version)}, Apps ++ [{demo, Vsn}]},
    ok = file:write_file(File, io_lib:format("~p.~n", [Rel])).

appup() ->
    Update = [{update, demo_srv, {advanced, x}}, {sync_nodes, {demo, 2}, {demo_srv, nodes, []}}],
    {"2", [{"1", Update}], [{"1", Update}]}.
