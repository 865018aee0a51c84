%% Three releases of an application: files for the release handler of whoever has the servers.
-module(releases).

-export([files/1, files/2, start/0]).

%% What the applications have: modules, and what the appup of version N does with the server, up and down.
modules(demo) -> [demo_srv, demo_sup];
modules(t__) -> [t__srv, t__sup];
modules(depo) -> ['Elixir.Depo.DB', depo_sup, 'Elixir.Depo.Supervisor'].

registered(demo) -> [];
registered(t__) -> [t__sup, t__srv];
registered(depo) -> ['Elixir.Depo.DB', depo_sup, 'Elixir.Depo.Supervisor'].

extra(t__, 2) -> {[{fallback, "en"}], [{timer_interval, 10000}]};
extra(_, _) -> {[], []}.

%% Makes them in Dir, and returns them for the option files of compat:start_node/2. @DIR@ stands for the directory there.
files(Dir) -> files(Dir, demo).

files(Dir, App) ->
    [application(Dir, App, N) || N <- [1, 2, 3]],
    [rel(Dir, App, N) || N <- [1, 2, 3]],
    Opts = fun(N) -> [{path, [filename:join([Dir, atom_to_list(App) ++ "-*", "ebin"])]}, {outdir, filename:dirname(name(Dir, N))}, silent] end,
    [{ok, systools_make, []} = systools:make_script(name(Dir, N), Opts(N)) || N <- [1, 2, 3]],
    [begin
         From = [name(Dir, N - 1)],
         {ok, _, _, []} = systools:make_relup(name(Dir, N), From, From, Opts(N))
     end || N <- [2, 3]],
    [ok = file:rename(name(Dir, N) ++ ".boot", filename:join(filename:dirname(name(Dir, N)), "start.boot")) || N <- [1, 2, 3]],
    ok = release_handler:create_RELEASES(Dir, filename:join(Dir, "releases"), name(Dir, 1) ++ ".rel", [{App, "1", Dir}]),
    maps:from_list([{unicode:characters_to_binary(string:prefix(F, Dir ++ "/")), text(Dir, F)} || F <- filelib:wildcard(Dir ++ "/**"),
                    filelib:is_regular(F), filename:extension(F) =/= ".script", filename:extension(F) =/= ".boot" orelse filename:basename(F) =:= "start.boot"]).

text(Dir, File) ->
    {ok, Text} = file:read_file(File),
    case filename:basename(File) of
        "RELEASES" -> iolist_to_binary(string:replace(Text, Dir, "@DIR@", all));
        _ -> Text
    end.

name(Dir, N) -> filename:join([Dir, "releases", integer_to_list(N), "demorel"]).

application(Dir, App, N) ->
    Vsn = integer_to_list(N),
    Ebin = filename:join([Dir, atom_to_list(App) ++ "-" ++ Vsn, "ebin"]),
    ok = filelib:ensure_dir(filename:join(Ebin, "x")),
    [Server, Sup | _] = Modules = modules(App),
    [{ok, M} = compile:file(proplists:get_value(source, M:module_info(compile)), [{outdir, Ebin}, {d, 'VSN', Vsn}, {d, 'NUMBER', N}]) || M <- Modules],
    write(filename:join(Ebin, atom_to_list(App) ++ ".app"), {application, App, [{description, "upgrades"}, {vsn, Vsn}, {modules, Modules},
                                            {registered, registered(App)}, {applications, [kernel, stdlib]}, {mod, {Sup, []}}]}),
    Old = integer_to_list(N - 1),
    {Up, Down} = extra(App, N),
    N =:= 1 orelse write(filename:join(Ebin, atom_to_list(App) ++ ".appup"),
                         {Vsn, [{Old, [{update, Server, {advanced, Up}}]}], [{Old, [{update, Server, {advanced, Down}}]}]}).

rel(Dir, App, N) ->
    File = name(Dir, N) ++ ".rel",
    ok = filelib:ensure_dir(File),
    Apps = [begin _ = application:load(A), {ok, V} = application:get_key(A, vsn), {A, V} end || A <- [kernel, stdlib, sasl]],
    write(File, {release, {"demorel", integer_to_list(N)}, {erts, erlang:system_info(version)}, Apps ++ [{App, integer_to_list(N)}]}).

write(File, Term) -> ok = file:write_file(File, io_lib:format("~p.~n", [Term])).

%% Makes this node one of release 1, whose files are in its working directory.
start() ->
    {ok, Dir} = file:get_cwd(),
    _ = application:load(sasl),
    ok = application:set_env(sasl, releases_dir, filename:join(Dir, "releases")),
    ok = logger:set_primary_config(level, none),
    ok = application:start(sasl),
    [App] = [A || A <- [demo, t__, depo], filelib:is_dir(filename:join(Dir, atom_to_list(A) ++ "-1"))],
    true = code:add_patha(filename:join([Dir, atom_to_list(App) ++ "-1", "ebin"])),
    ok = application:start(App).
