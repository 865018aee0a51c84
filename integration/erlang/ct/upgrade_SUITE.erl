%% Code change, server by server, and by the release handler.
-module(upgrade_SUITE).
-include("compat.hrl").

init_per_suite(Config) -> compat:init(Config).
end_per_suite(Config) -> compat:done(Config).

?PROMISE(code_change, "gen_server, Module:code_change/3", "the suspended server gets the old version and the extra term, and goes on with what it returns").
code_change(Config) ->
    each([{title(Vsn, Extra), {Vsn, Extra}} || {Vsn, Extra} <- [{undefined, []}, {"1", extra}, {{down, "2"}, #{a => [1]}}, {17, <<"x">>}]],
         fun({Vsn, Extra}) ->
             Probe = compat:probe(?NODE),
             Probe ! before,
             ok = sys:suspend(Probe),
             ok = sys:change_code(Probe, probe, Vsn, Extra),
             ok = sys:resume(Probe),
             ?assertEqual(#{seen => [{info, before}], watcher => undefined, changed => {Vsn, Extra}}, sys:get_state(Probe))
         end).

title(Vsn, Extra) -> lists:flatten(io_lib:format("~0p ~0p", [Vsn, Extra])).

?PROMISE(a_code_change_that_fails, "sys:change_code/4", "{error, Reason}, and the state is what it was").
a_code_change_that_fails(Config) ->
    each([{error, {{fail, too_old}, fun({error, too_old}) -> ok; ({error, {error, too_old}}) -> ok end}},
          {raise, {{raise, error, boom}, fun({error, {'EXIT', {boom, [_ | _]}}}) -> ok end}},
          {exit, {{raise, exit, gone}, fun({error, {'EXIT', gone}}) -> ok end}}],
         fun({Extra, Check}) ->
             Probe = compat:probe(?NODE),
             Probe ! before,
             ok = sys:suspend(Probe),
             ok = Check(sys:change_code(Probe, probe, "1", Extra)),
             ok = sys:resume(Probe),
             ?assertEqual(#{seen => [{info, before}], watcher => undefined, changed => undefined}, sys:get_state(Probe)),
             alive = gen_server:call(Probe, {reply, alive})
         end).

?PROMISE(messages_wait_for_the_new_code, "sys:suspend/1", "what comes during a change is handled by the new code, in order").
messages_wait_for_the_new_code(Config) ->
    Probe = compat:probe(?NODE),
    ok = sys:suspend(Probe),
    [gen_server:cast(Probe, I) || I <- lists:seq(1, 50)],
    ok = sys:change_code(Probe, probe, "1", during),
    [gen_server:cast(Probe, I) || I <- lists:seq(51, 100)],
    ok = sys:resume(Probe),
    ?assertEqual([{cast, I} || I <- lists:seq(1, 100)], gen_server:call(Probe, seen)),
    #{changed := {"1", during}} = sys:get_state(Probe).

?PROMISE(calls_wait_for_the_new_code, "sys:suspend/1", "a call that comes during a change is answered by the new code, a late answer to one that has given up is dropped").
calls_wait_for_the_new_code(Config) ->
    Probe = compat:probe(?NODE),
    ok = sys:suspend(Probe),
    Id = gen_server:send_request(Probe, {reply, hi}),
    {'EXIT', {timeout, _}} = (catch gen_server:call(Probe, {reply, late}, 50)),
    ok = sys:change_code(Probe, probe, "1", x),
    timeout = gen_server:wait_response(Id, 50),
    ok = sys:resume(Probe),
    {reply, hi} = gen_server:wait_response(Id, 20000),
    compat:release() < 24 orelse begin none = nothing() end.

?PROMISE(changes_one_after_another, "sys:change_code/4", "a suspended server may be changed several times, and is the same process with the same links and monitors").
changes_one_after_another(Config) ->
    Probe = compat:probe(?NODE),
    Ref = monitor(process, Probe),
    ok = sys:suspend(Probe),
    each([{up, {"1", up}}, {further, {"2", further}}, {down, {{down, "1"}, down}}],
         fun({Vsn, Extra}) -> ok = sys:change_code(Probe, probe, Vsn, Extra), #{changed := {Vsn, Extra}} = sys:get_state(Probe) end),
    {status, Probe, _, [_, suspended | _]} = sys:get_status(Probe),
    ok = sys:resume(Probe),
    ok = gen_server:stop(Probe),
    {'DOWN', Ref, process, Probe, normal} = next().

?PROMISE(after_a_change_that_failed, "sys:change_code/4", "the server stays suspended, keeps what has come, and may be changed again").
after_a_change_that_failed(Config) ->
    Probe = compat:probe(?NODE),
    ok = sys:suspend(Probe),
    [gen_server:cast(Probe, N) || N <- [1, 2]],
    {error, _} = sys:change_code(Probe, probe, "1", {fail, too_old}),
    gen_server:cast(Probe, 3),
    {status, Probe, _, [_, suspended | _]} = sys:get_status(Probe),
    ok = sys:change_code(Probe, probe, "1", again),
    ok = sys:resume(Probe),
    ?assertEqual([{cast, N} || N <- [1, 2, 3]], gen_server:call(Probe, seen)).

?PROMISE(a_suspended_server_can_be_ended, "exit/2, gen_server, parents", "exit signals end a suspended server").
a_suspended_server_can_be_ended(Config) ->
    each([{exit, {enough, enough}}, {kill, {kill, killed}}],
         fun({Signal, Reason}) ->
             Probe = compat:probe(?NODE),
             ok = sys:suspend(Probe),
             Ref = monitor(process, Probe),
             exit(Probe, Signal),
             {'DOWN', Ref, process, Probe, Reason} = next()
         end).

?PROMISE(a_supervisor_changes, "supervisor, code_change", "the code of a supervisor is changed as that of any server, and its children stay").
a_supervisor_changes(Config) ->
    {ok, Sup} = supervisor:start_child({tree, ?NODE}, #{id => changes, start => {tree, start_link, [{#{}, [#{id => a, start => {probe, start_link, [undefined]}}]}]},
                                                        restart => temporary, type => supervisor}),
    [{a, A, worker, [probe]}] = supervisor:which_children(Sup),
    ok = sys:suspend(Sup),
    ok = sys:change_code(Sup, tree, "1", []),
    ok = sys:resume(Sup),
    [{a, A, worker, [probe]}] = supervisor:which_children(Sup).

%% ---- the release handler ----

?PROMISE(releases_up_and_down, "release_handler", "unpack, check, install, make permanent, install the one before: no call is lost, no process is replaced").
releases_up_and_down(Config) ->
    Node = upgradable(Config),
    Pids = [rpc:call(Node, erlang, whereis, [Name]) || Name <- [demo_a, demo_b]],
    {1, 5} = gen_server:call({demo_a, Node}, {add, 5}),
    Load = spawn_link(fun() -> load({demo_b, Node}, 0) end),
    each([{which_releases, fun() -> [{"demorel", "1", [_, _, _, "demo-1"], permanent}] = handler(Node, which_releases, []) end},
          {not_unpacked, fun() -> {error, {no_such_release, "2"}} = handler(Node, install_release, ["2"]) end},
          {set_unpacked, fun() -> {ok, "2"} = unpacked(Node, "2"), {error, {existing_release, "2"}} = unpacked(Node, "2") end},
          {unpacked, fun() -> [{"demorel", "2", [_, _, _, "demo-2"], unpacked}] = handler(Node, which_releases, [unpacked]) end},
          {check_install_release, fun() -> {ok, "1", []} = handler(Node, check_install_release, ["2"]) end},
          {not_yet_permanent, fun() -> {error, {bad_status, unpacked}} = handler(Node, make_permanent, ["2"]) end},
          {install_release, fun() -> {ok, "1", []} = handler(Node, install_release, ["2"]), {2, 5} = gen_server:call({demo_a, Node}, get) end},
          {current, fun() -> [{"demorel", "2", _, current}] = handler(Node, which_releases, [current]) end},
          {installed, fun() -> {error, {already_installed, "2"}} = handler(Node, install_release, ["2"]) end},
          {make_permanent, fun() -> ok = handler(Node, make_permanent, ["2"]), [{"demorel", "1", _, old}] = handler(Node, which_releases, [old]) end},
          {in_use, fun() -> {error, {permanent, "2"}} = handler(Node, remove_release, ["2"]) end},
          {down, fun() -> {ok, "1", []} = handler(Node, install_release, ["1"]), {1, 6} = gen_server:call({demo_a, Node}, {add, 1}) end},
          {up_again, fun() -> {ok, "1", []} = handler(Node, install_release, ["2"]), {2, 6} = gen_server:call({demo_a, Node}, get) end},
          {the_same_processes, fun() -> Pids = [rpc:call(Node, erlang, whereis, [Name]) || Name <- [demo_a, demo_b]] end},
          {no_call_is_lost, fun() -> Load ! {stop, self()}, {made, N} = next(), {2, N} = gen_server:call({demo_b, Node}, get), true = N > 0 end}],
         fun(Step) -> Step() end),
    compat:kill_node(Node).

?PROMISE(a_release_that_fails, "release_handler:install_release/2, {error, Reason}",
         "a code_change that fails undoes the installation: all servers run the old code with their states (by design of gonode; a BEAM restarts itself with the permanent release instead)").
a_release_that_fails(Config) ->
    Node = upgradable(Config),
    {ok, "2"} = unpacked(Node, "2"),
    {ok, "1", []} = handler(Node, install_release, ["2"]),
    ok = handler(Node, make_permanent, ["2"]),
    {ok, "3"} = unpacked(Node, "3"),
    {2, 2000} = gen_server:call({demo_b, Node}, {add, 2000}),
    {2, 7} = gen_server:call({demo_a, Node}, {add, 7}),
    Pids = [rpc:call(Node, erlang, whereis, [Name]) || Name <- [demo_a, demo_b]],
    erlang:monitor_node(Node, true),
    Answer = handler(Node, install_release, ["3"]),
    case compat:tested() of
        {gonode, _} ->
            [_, B] = Pids,
            each([{reason, fun() -> {error, {code_change_failed, B, demo_srv, "2", {error, {too_large, 2000}}}} = Answer end},
                  {processes, fun() -> Pids = [rpc:call(Node, erlang, whereis, [Name]) || Name <- [demo_a, demo_b]] end},
                  {states, fun() -> [{2, 2000}, {2, 8}] = [gen_server:call({demo_b, Node}, get), gen_server:call({demo_a, Node}, {add, 1})] end},
                  {permanent, fun() -> [{"demorel", "2", _, permanent}] = handler(Node, which_releases, [permanent]), [] = handler(Node, which_releases, [current]) end},
                  {connected, fun() -> none = nothing(), erlang:monitor_node(Node, false) end},
                  {later, fun() -> {2, 0} = gen_server:call({demo_b, Node}, {add, -2000}), {ok, "2", []} = handler(Node, install_release, ["3"]), {3, 8} = gen_server:call({demo_a, Node}, get) end}],
                 fun(Check) -> Check() end);
        {beam, _} ->
            {nodedown, Node} = next()
    end,
    compat:kill_node(Node).

upgradable(Config) ->
    Dir = filename:join(?config(priv_dir, Config), integer_to_list(erlang:unique_integer([positive]))),
    compat:start_node(upgradable, #{files => releases:files(Dir)}).

handler(Node, Function, Args) -> rpc:call(Node, release_handler, Function, Args, 60000).

%% Paths are those below the directory of the installation; a BEAM wants them in full.
unpacked(Node, Vsn) ->
    Dir = case rpc:call(Node, file, get_cwd, []) of {ok, Cwd} -> Cwd; _ -> "." end,
    handler(Node, set_unpacked, [filename:join([Dir, "releases", Vsn, "demorel.rel"]), [{demo, Vsn, Dir}]]).

load(Server, N) ->
    receive {stop, Pid} -> Pid ! {made, N}
    after 0 -> {_, Made} = gen_server:call(Server, {add, 1}, 60000), Made = N + 1, load(Server, Made)
    end.
