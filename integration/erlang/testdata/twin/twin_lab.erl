%% Runs scripts on a node with the application twin, and looks at what they leave, here and on a Go node.
-module(twin_lab).
-export([build/1, reset/2, eval/3, short/1, look/2, status/2, ports/1, purge/1, give_up/0, children/1, started/1]).
-export([await_suspended/1, inside/0, enter/1, call/2, over/1, relay/0]).
-export([fail/0, ok/0, late_start/0]).

%% Compiles both versions into Dir/twin-1 and Dir/twin-2.
build(Dir) ->
    {ok, Text} = file:read_file(filename:join(Dir, "twin_srv.erl")),
    [ok = file:write_file(source(Dir, M), string:replace(Text, "NAME", atom_to_list(M), all)) || M <- servers()],
    [build(Dir, Vsn, M) || Vsn <- [1, 2], M <- modules()],
    ok.

build(Dir, Vsn, M) ->
    Out = ebin(Dir, Vsn),
    ok = filelib:ensure_dir(filename:join(Out, "x")),
    {ok, M} = compile:file(source(Dir, M), [{outdir, Out}, {d, 'VSN', integer_to_list(Vsn)}, {d, 'NUMBER', Vsn}]).

servers() -> [ta, tb, tc, td].

modules() -> [twin_sup | servers()].

source(Dir, M) -> filename:join(Dir, atom_to_list(M) ++ ".erl").

ebin(Dir, Vsn) -> filename:join([Dir, "twin-" ++ integer_to_list(Vsn), "ebin"]).

%% Whatever the last case has left, version 1 runs afresh.
reset(Dir, Type) ->
    started(node()) =:= permanent andalso application:stop(twin),
    [kill(whereis(N)) || N <- [twin_sup, tn, te | servers()]],
    _ = application:stop(twin),
    _ = application:unload(twin),
    [begin code:purge(M), code:delete(M), code:purge(M), {module, M} = code:load_abs(filename:join(ebin(Dir, 1), M)) end
     || M <- modules()],
    ok = application:load({application, twin, [{vsn, "1"}, {modules, modules()}, {registered, []},
                                               {applications, [kernel, stdlib]}, {mod, {twin_sup, []}}]}),
    ok = application:start(twin, Type),
    ok = supervisor:terminate_child(twin_sup, tn),
    share(),
    [1 = gen_server:call(N, add) || N <- servers()],
    ok.

kill(undefined) -> ok;
kill(Pid) ->
    Ref = monitor(process, Pid),
    exit(Pid, kill),
    receive {'DOWN', Ref, _, _, _} -> ok end.

%% A table that code changes alter; it belongs to a process that lives on.
share() ->
    Self = self(),
    ets:whereis(twin_shared) =:= undefined andalso begin
        spawn(fun() -> ets:new(twin_shared, [public, named_table]), Self ! shared, receive never -> ok end end),
        receive shared -> ok end
    end,
    ets:insert(twin_shared, {n, 1}).

%% The release handler of the node executes a script.
eval(Dir, Script, Opts) ->
    Libs = [{twin, "2", filename:join(Dir, "twin-2")}],
    Names = [{whereis(N), N} || N <- [twin_sup | servers()]],
    short(name(Names, release_handler_1:eval_script(Script, [], Libs, Libs, Opts))).

name(Names, P) when is_pid(P) -> proplists:get_value(P, Names, pid);
name(Names, T) when is_tuple(T) -> list_to_tuple([name(Names, E) || E <- tuple_to_list(T)]);
name(Names, [H | T]) -> [name(Names, H) | name(Names, T)];
name(_, T) -> T.

%% Results without pids, versions and stacks.
short({'EXIT', {'EXIT', Reason}}) -> short({'EXIT', Reason});
short({'EXIT', {code_change_failed, _, M, _, Reason}}) -> {code_change_failed, M, bare(Reason)};
short({'EXIT', {timeout, {sys, change_code, [_, M | _]}}}) -> {timeout, M};
short({'EXIT', {supervised_processes, M, _}}) -> {supervised_processes, M};
short({'EXIT', {Reason, stack}}) -> Reason;
short({'EXIT', {Reason, [T | _]}}) when is_tuple(T) -> Reason;
short({error, {W, T}}) when is_tuple(T) -> {error, {W, element(1, T)}};
short(T) -> T.

bare({'EXIT', {Reason, stack}}) -> {'EXIT', Reason};
bare({'EXIT', {Reason, [_ | _]}}) -> {'EXIT', Reason};
bare(Reason) -> Reason.

%% {Version of the code, Version of the state, Number}, or what else became of a server.
look(Node, Name) ->
    case rpc:call(Node, erlang, whereis, [Name]) of
        undefined -> gone;
        Pid ->
            case status(Node, Name) of
                running -> gen_server:call(Pid, get, infinity);
                suspended -> suspended
            end
    end.

status(Node, Name) ->
    {status, _, _, [_, Status | _]} = sys:get_status({Name, Node}, infinity),
    Status.

%% How many ports a server owns.
ports(Name) ->
    {links, Links} = process_info(whereis(Name), links),
    length([P || P <- Links, is_port(P)]).

%% Purges the code of ta, and tells how the process called ta ended.
purge(Node) ->
    Ref = monitor(process, rpc:call(Node, erlang, whereis, [ta])),
    Purged = rpc:call(Node, code, purge, [ta]),
    receive {'DOWN', Ref, _, _, Why} -> {Purged, Why} end.

%% How the supervisor ends after the next message to ta, on a node that loads no code by itself, as in embedded mode.
give_up() ->
    true = code:del_path(twin),
    Ref = monitor(process, twin_sup),
    catch gen_server:call(ta, get),
    receive {'DOWN', Ref, _, _, Why} -> {twin_sup, Why} end.

children(Node) -> lists:sort([Id || {Id, Pid, _, _} <- supervisor:which_children({twin_sup, Node}), is_pid(Pid)]).

started(Node) ->
    case lists:keyfind(twin, 1, proplists:get_value(started, rpc:call(Node, application, info, []))) of
        {twin, Type} -> Type;
        false -> stopped
    end.

%% In a callback: waits until another server is suspended.
await_suspended(Who) -> inside(), await_suspended_1(Who).

await_suspended_1(Who) ->
    case status(node(), Who) of
        suspended -> ok;
        running -> await_suspended_1(Who)
    end.

inside() -> persistent_term:put(twin_inside, true).

%% A call that somebody else makes; it is in its callback when this returns.
enter(Request) ->
    persistent_term:put(twin_inside, false),
    {_, Ref} = spawn_monitor(fun() -> gen_server:call(element(1, Request), element(2, Request), infinity) end),
    await_inside(),
    Ref.

await_inside() -> persistent_term:get(twin_inside) orelse begin erlang:yield(), await_inside() end.

call(Server, Request) ->
    {_, Ref} = spawn_monitor(fun() -> gen_server:call(Server, Request, infinity) end),
    Ref.

%% Such a call has been answered.
over(Ref) -> receive {'DOWN', Ref, _, _, normal} -> ok end.

%% A process of no supervisor that passes calls on.
relay() ->
    register(twin_relay, spawn(fun relay_loop/0)),
    ok.

relay_loop() ->
    receive
        {'$gen_call', From, {walk, Calls}} ->
            [gen_server:call(To, {walk, More}, infinity) || {To, More} <- Calls],
            gen_server:reply(From, ok)
    end,
    relay_loop().

%% What scripts apply.
fail() -> error(boom).
ok() -> ok.
late_start() -> {ok, _} = supervisor:restart_child(twin_sup, tn).
