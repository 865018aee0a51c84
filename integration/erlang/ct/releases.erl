%% Three releases of the application demo: files for the release handler of whoever has the servers.
-module(releases).

-export([files/1, start/0]).

%% Makes them in Dir, and returns them for the option files of compat:start_node/2. @DIR@ stands for the directory there.
files(Dir) ->
    [application(Dir, N) || N <- [1, 2, 3]],
    [rel(Dir, N) || N <- [1, 2, 3]],
    Opts = fun(N) -> [{path, [filename:join([Dir, "demo-*", "ebin"])]}, {outdir, filename:dirname(name(Dir, N))}, silent] end,
    [{ok, systools_make, []} = systools:make_script(name(Dir, N), Opts(N)) || N <- [1, 2, 3]],
    [begin
         From = [name(Dir, N - 1)],
         {ok, _, _, []} = systools:make_relup(name(Dir, N), From, From, Opts(N))
     end || N <- [2, 3]],
    [ok = file:rename(name(Dir, N) ++ ".boot", filename:join(filename:dirname(name(Dir, N)), "start.boot")) || N <- [1, 2, 3]],
    ok = release_handler:create_RELEASES(Dir, filename:join(Dir, "releases"), name(Dir, 1) ++ ".rel", [{demo, "1", Dir}]),
    maps:from_list([{unicode:characters_to_binary(string:prefix(F, Dir ++ "/")), text(Dir, F)} || F <- filelib:wildcard(Dir ++ "/**"),
                    filelib:is_regular(F), filename:extension(F) =/= ".script", filename:extension(F) =/= ".boot" orelse filename:basename(F) =:= "start.boot"]).

text(Dir, File) ->
    {ok, Text} = file:read_file(File),
    case filename:basename(File) of
        "RELEASES" -> iolist_to_binary(string:replace(Text, Dir, "@DIR@", all));
        _ -> Text
    end.

name(Dir, N) -> filename:join([Dir, "releases", integer_to_list(N), "demorel"]).

application(Dir, N) ->
    Vsn = integer_to_list(N),
    Ebin = filename:join([Dir, "demo-" ++ Vsn, "ebin"]),
    ok = filelib:ensure_dir(filename:join(Ebin, "x")),
    [{ok, M} = compile:file(proplists:get_value(source, M:module_info(compile)), [{outdir, Ebin}, {d, 'VSN', Vsn}, {d, 'NUMBER', N}]) || M <- [demo_srv, demo_sup]],
    write(filename:join(Ebin, "demo.app"), {application, demo, [{description, "upgrades"}, {vsn, Vsn}, {modules, [demo_srv, demo_sup]},
                                            {registered, []}, {applications, [kernel, stdlib]}, {mod, {demo_sup, []}}]}),
    Old = integer_to_list(N - 1),
    Update = [{update, demo_srv, {advanced, []}}],
    N =:= 1 orelse write(filename:join(Ebin, "demo.appup"), {Vsn, [{Old, Update}], [{Old, Update}]}).

rel(Dir, N) ->
    File = name(Dir, N) ++ ".rel",
    ok = filelib:ensure_dir(File),
    Apps = [begin _ = application:load(A), {ok, V} = application:get_key(A, vsn), {A, V} end || A <- [kernel, stdlib, sasl]],
    write(File, {release, {"demorel", integer_to_list(N)}, {erts, erlang:system_info(version)}, Apps ++ [{demo, integer_to_list(N)}]}).

write(File, Term) -> ok = file:write_file(File, io_lib:format("~p.~n", [Term])).

%% Makes this node one of release 1, whose files are in its working directory.
start() ->
    {ok, Dir} = file:get_cwd(),
    _ = application:load(sasl),
    ok = application:set_env(sasl, releases_dir, filename:join(Dir, "releases")),
    ok = logger:set_primary_config(level, none),
    ok = application:start(sasl),
    true = code:add_patha(filename:join(Dir, "demo-1/ebin")),
    ok = application:start(demo).
