%% What the suites need: nodes to test, waiting, and checks that are counted one by one.
-module(compat).

-export([promises/1, control/0, tested/0]).
-export([start_node/1, start_node/2, stop_node/1, kill_node/1, pause_node/1, resume_node/1, init/1, init/2, done/1]).
-export([beam/1, alive/1, host/1, connect/1, probe/1, probe/2, release/0, since/1]).
-export([next/0, next/1, nothing/0, flush/0, until/1, each/2]).

%% Test functions of a suite, in the order in which they are written.
promises(Suite) ->
    Exports = Suite:module_info(exports),
    [F || {F, 1} <- Exports, F =/= module_info, lists:member({F, 0}, Exports)].

%% The control node that the run was pointed at: a Go program, or the reference.
control() -> list_to_atom(os:getenv("COMPAT_CONTROL")).

%% What it is that is tested: {gonode, Version} or {beam, Version}.
tested() -> gen_server:call({testbed, control()}, about, 30000).

%% ---- the nodes that are tested ----

%% Starts a node beside the control node; Alive is what its name begins with, for the options see control.go.
start_node(Alive) -> start_node(Alive, #{}).

start_node(Alive, Opts) ->
    {ok, Node} = gen_server:call({testbed, control()}, {start_node, maps:merge(#{alive => alive(Alive)}, Opts)}, 120000),
    Node.

%% These return when it has happened.
stop_node(Node) -> tell(stop_node, Node).
kill_node(Node) -> tell(kill_node, Node).
pause_node(Node) -> tell(pause_node, Node).
resume_node(Node) -> tell(resume_node, Node).

tell(What, Node) -> ok = gen_server:call({testbed, control()}, {What, Node}, 60000).

%% init_per_suite and end_per_suite of a suite that needs one node.
init(Config) -> init(Config, #{}).
init(Config, Opts) -> [{node, start_node(tested, Opts)} | Config].

done(Config) -> tell(kill_node, proplists:get_value(node, Config)).

%% A name in front of the @ that nobody else has.
alive(Prefix) ->
    [Mine | _] = string:split(atom_to_list(node()), "@"),
    list_to_atom(lists:concat([Prefix, "_", Mine, "_", erlang:unique_integer([positive])])).

%% What stands behind the @.
host(Node) ->
    [_, Host] = string:split(atom_to_list(Node), "@"),
    Host.

%% ---- nodes of our own ----

%% Starts another BEAM, which ends with the test; see beam:start/1.
beam(Opts) ->
    {ok, Beam} = beam:start(maps:merge(#{alive => alive(beam)}, Opts)),
    Owner = self(),
    spawn(fun() ->
        Ref = monitor(process, Owner),
        receive {'DOWN', Ref, _, _, _} -> gen_server:stop(Beam) end
    end),
    Beam.

connect(Node) ->
    true = net_kernel:connect_node(Node),
    until(fun() -> lists:member(Node, nodes(connected)) end).

%% Starts a probe on the node, which is linked to nobody.
probe(Node) -> probe(Node, undefined).

probe(Node, Args) ->
    {ok, Pid} = gen_server:call({probe, Node}, {start, undefined, Args}, 30000),
    Pid.

%% ---- releases ----

release() -> list_to_integer(erlang:system_info(otp_release)).

%% Ends the test as skipped on older releases than this.
since(Release) -> release() >= Release orelse throw({skip, lists:concat(["since OTP ", Release])}).

%% ---- what comes, and when ----

%% The next message of this process. Use: {'DOWN', Ref, process, _, noproc} = next().
next() -> next(60000).

next(Timeout) -> receive Message -> Message after Timeout -> error({no_message_within, Timeout}) end.

%% none if no message comes for a while, else the message.
nothing() -> receive Message -> Message after 200 -> none end.

flush() -> receive _ -> flush() after 0 -> ok end.

%% Waits until Fun returns true. Fails after a minute.
until(Fun) -> until(Fun, erlang:monotonic_time(millisecond) + 60000).

until(Fun, End) ->
    case Fun() of
        true -> ok;
        Other ->
            erlang:monotonic_time(millisecond) < End orelse error({never_true, Other}),
            timer:sleep(20),
            until(Fun, End)
    end.

%% ---- checks ----

%% Applies Fun to each of the cases {Title, Case}, and counts each for itself.
each(Cases, Fun) ->
    Failed = [Title || {Title, Case} <- Cases, not check(Title, Fun, Case)],
    Failed =:= [] orelse ct:fail({failed, Failed}).

check(Title, Fun, Case) ->
    try Fun(Case) of
        _ -> compat_hook:checked(Title, ok), true
    catch
        throw:{skip, Why} -> compat_hook:checked(Title, {skipped, Why}), true;
        Class:Reason:Stack ->
            compat_hook:checked(Title, {failed, {Class, Reason, Stack}}),
            ct:pal("~ts: ~tp:~tp~n~tp", [Title, Class, Reason, Stack]),
            false
    end.
