%% Runs the suites that lie beside this module, which have been compiled. README.md says how, and what comes of it.
-module(compat_run).

-export([start/0, reference/0, on/0]).

start() ->
    Status = try run() catch C:R:S -> io:format("~tp:~tp~n~tp~n", [C, R, S]), 2 end,
    init:stop(Status).

run() ->
    os:getenv("COMPAT_CONTROL") =/= false orelse reference(),
    %% Common Test changes the working directory.
    Dir = filename:absname(filename:dirname(code:which(?MODULE))),
    true = code:add_patha(Dir),
    Out = filename:absname(os:getenv("COMPAT_OUT", "compat.tsv")),
    Logs = Out ++ ".logs",
    ok = filelib:ensure_dir(filename:join(Logs, "x")),
    [Release, Tested] = on(),
    io:format("testing ~ts from OTP ~ts~n", [Tested, Release]),
    case ct:run_test([{dir, Dir}, {suite, suites(Dir)}, {auto_compile, false}, {logdir, Logs}, {basic_html, true},
                      {ct_hooks, [{compat_hook, {Out, [Release, Tested]}}]}]) of
        {_, 0, _} -> 0;
        {_, Failed, _} when is_integer(Failed) -> 1;
        Error -> io:format("~tp~n", [Error]), 2
    end.

suites(Dir) ->
    case os:getenv("COMPAT_SUITES") of
        Names when Names =/= false, Names =/= "" -> [list_to_atom(N ++ "_SUITE") || N <- string:lexemes(Names, " ,")];
        _ -> [list_to_atom(filename:basename(F, ".beam")) || F <- lists:sort(filelib:wildcard(filename:join(Dir, "*_SUITE.beam")))]
    end.

%% Who tests whom: the release of this node to the patch level, and what the other side says it is.
on() ->
    {What, Version} = compat:tested(),
    [testbed:release(), unicode:characters_to_list([atom_to_list(What), " ", Version])].

%% Starts the node of the reference.
reference() ->
    {ok, Beam} = beam:start(#{alive => compat:alive(reference), hidden => true, init => {testbed, start, []}}),
    os:putenv("COMPAT_CONTROL", atom_to_list(beam:name(Beam))).
