%% The reference: what the Go program integration/erlang/testbed is, on a BEAM. The suites hold against this one first.
%%
%% A node whose server testbed starts, pauses, kills and stops other nodes of this host, which have the servers echo, counter
%% and probe, and the supervisors tree and t__sup. The requests are described in control.go; the options of nodes are those of beam:start/1.
-module(testbed).
-behaviour(gen_server).

-export([start/0, servers/0, servers/1, upgradable/0, release/0, log/2]).
-export([init/1, handle_call/3, handle_cast/2]).

%% Makes this node a control node.
start() -> {ok, _} = gen_server:start({local, ?MODULE}, ?MODULE, [], []), ok.

%% What each of the nodes has.
servers() ->
    [{ok, _} = gen_server:start({local, Name}, Name, Args, []) || {Name, Args} <- [{echo, []}, {counter, 0}, {probe, undefined}]],
    {ok, Tree} = tree:start_link({local, tree}, {#{}, []}),
    unlink(Tree),
    is_pid(whereis(t__sup)) orelse begin {ok, Sup} = t__sup:start_link([]), unlink(Sup) end,
    ok.

%% What each of those with the option logger_node has.
servers(Logger) ->
    ok = logger:add_handler(?MODULE, ?MODULE, #{config => Logger, level => info}),
    servers().

%% A handler that sends reports to the logger of another node.
log(#{level := Level, msg := {report, Report}, meta := Meta}, #{config := Logger}) ->
    {logger, Logger} ! {log, Level, Report, maps:without([gl, mfa, file, line, report_cb], Meta)};
log(_, _) -> ok.

%% What each of those with the option files has.
upgradable() -> ok = releases:start(), servers().

init([]) -> {ok, #{}}.

handle_call(about, _From, Nodes) -> {reply, {beam, unicode:characters_to_binary(release())}, Nodes};
handle_call({start_node, Opts}, From, Nodes) ->
    Self = self(),
    spawn(fun() -> gen_server:reply(From, started(Self, beam:start(options(Opts)))) end),
    {noreply, Nodes};
handle_call({started, Server}, _From, Nodes) -> {reply, ok, Nodes#{beam:name(Server) => Server}};
handle_call({Verb, Node}, From, Nodes) when is_map_key(Node, Nodes) ->
    #{Node := Server} = Nodes,
    spawn(fun() -> gen_server:reply(From, signal(Verb, Server)) end),
    {noreply, case Verb =:= stop_node orelse Verb =:= kill_node of true -> maps:remove(Node, Nodes); false -> Nodes end};
handle_call(Request, _From, Nodes) ->
    {reply, {error, unicode:characters_to_binary(io_lib:format("~p: there is no such request or node", [Request]))}, Nodes}.

handle_cast(_, Nodes) -> {noreply, Nodes}.

options(Opts) ->
    Host = maps:map(fun(host, H) -> binary_to_list(H) end, maps:with([host], Opts)),
    maps:merge(Host#{hidden => not maps:get(visible, Opts, false), init => {?MODULE, servers, [L || #{logger_node := L} <- [Opts]]}, args => carrier(Opts)},
               maps:merge(maps:without([visible, proto, tls, host, files, logger_node, depo], Opts), files(Opts))).

%% The directory of its release handler.
files(#{files := Files}) ->
    Dir = temporary(),
    [begin
         Name = filename:join(Dir, unicode:characters_to_list(Path)),
         ok = filelib:ensure_dir(Name),
         ok = file:write_file(Name, binary:replace(Text, <<"@DIR@">>, list_to_binary(Dir), [global]))
     end || {Path, Text} <- maps:to_list(Files)],
    #{dir => Dir, init => {?MODULE, upgradable, []}};
files(_) -> #{}.

temporary() ->
    filename:join(os:getenv("TMPDIR", "/tmp"), lists:concat(["compat.", os:getpid(), ".", erlang:unique_integer([positive])])).

%% What carries its connections.
carrier(#{tls := Tls} = Opts) ->
    ["-ssl_dist_optfile", certs:write(temporary(), Tls) | carrier(maps:remove(tls, Opts))];
carrier(#{proto := Proto}) -> ["-proto_dist", atom_to_list(Proto)];
carrier(_) -> [].

started(Control, {ok, Server}) ->
    ok = gen_server:call(Control, {started, Server}, infinity),
    {ok, beam:name(Server)};
started(_, {error, Reason}) -> {error, unicode:characters_to_binary(io_lib:format("~tp", [Reason]))}.

signal(stop_node, Server) -> ended(Server, beam:stop(Server));
signal(kill_node, Server) -> ended(Server, beam:signal(Server, "KILL"));
signal(pause_node, Server) -> beam:signal(Server, "STOP");
signal(resume_node, Server) -> beam:signal(Server, "CONT").

ended(Server, ok) -> gen_server:stop(Server).

%% The release to the patch level, such as "25.2.3".
release() ->
    Release = erlang:system_info(otp_release),
    case file:read_file(filename:join([code:root_dir(), "releases", Release, "OTP_VERSION"])) of
        {ok, Version} -> string:trim(Version);
        {error, _} -> Release
    end.
