%% Erlang nodes in processes of their own, which are told what to do over their standard input: the connections between
%% nodes are what is tested, so that none of them may be needed for it.
-module(beam).
-behaviour(gen_server).

-export([start/1, name/1, call/4, call/5, stop/1, signal/2, log/1]).
-export([serve/0]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2, terminate/2]).

%% Starts a node. Options, all but the first with the default in brackets:
%%
%%   alive => a             its name in front of the @
%%   names => short | long  [those of this node]
%%   host => "h"            the part behind the @ [that of this node, as short or long as it has to be]
%%   hidden => true         [visible]
%%   connect_all => true    [false, since a mesh of all releases cannot be]
%%   ticktime => Seconds    [60]
%%   cookie => a            [that of this node]
%%   dir => "d"             its working directory [this one]
%%   args => ["-x", "y"]    more arguments
%%   init => {M, F, A}      what it applies before it is ready
start(Opts) ->
    case gen_server:start(?MODULE, Opts, [{timeout, 60000}]) of
        {ok, Server} -> {ok, Server};
        {error, Reason} -> {error, Reason}
    end.

%% The full name of the node.
name(Server) -> gen_server:call(Server, name, infinity).

%% Applies a function on the node and returns what it does, or raises what it raises.
call(Server, M, F, A) -> call(Server, M, F, A, 60000).

call(Server, M, F, A, Timeout) ->
    case gen_server:call(Server, {apply, M, F, A}, Timeout) of
        {ok, Value} -> Value;
        {raised, Class, Reason, Stack} -> erlang:raise(Class, Reason, Stack);
        {ended, Status} -> error({node_has_ended, Status})
    end.

%% Ends the node in order, and returns when it has.
stop(Server) -> gen_server:call(Server, stop, infinity).

%% Sends the node a signal: "KILL", after which it returns when the node has ended, "STOP" or "CONT".
signal(Server, Signal) -> gen_server:call(Server, {signal, Signal}, infinity).

%% What the node has printed.
log(Server) -> gen_server:call(Server, log, infinity).

%% ---- the side that starts ----

-record(s, {port, pid, name, asked = queue:new(), ended, stoppers = [], said = [], part = []}).

init(Opts) ->
    process_flag(trap_exit, true),
    {Name, Args} = args(Opts),
    Port = open_port({spawn_executable, os:find_executable("erl")},
                     [{args, Args}, {line, 65536}, exit_status, stderr_to_stdout, hide | [{cd, maps:get(dir, Opts)} || is_map_key(dir, Opts)]]),
    {os_pid, Pid} = erlang:port_info(Port, os_pid),
    S0 = #s{port = Port, pid = Pid, name = Name},
    ask(Port, maps:get(init, Opts, {erlang, node, []})),
    case ready(S0) of
        {ok, S} -> {ok, S};
        {error, Why} -> {stop, Why}
    end.

ready(#s{port = Port} = S) ->
    receive
        {Port, {data, Data}} ->
            case line(Data, S) of
                {{answer, {ok, _}}, S1} -> {ok, S1};
                {{answer, Other}, _} -> {error, Other};
                {more, S1} -> ready(S1)
            end;
        {Port, {exit_status, Status}} -> {error, {Status, said(S)}}
    after 60000 -> kill(S, "KILL"), {error, {not_ready, said(S)}}
    end.

args(#{alive := Alive} = Opts) ->
    [_, Here] = string:split(atom_to_list(node()), "@"),
    Names = maps:get(names, Opts, kind(Here)),
    Host = maps:get(host, Opts, host(kind(Here), Names, Here)),
    Name = atom_to_list(Alive) ++ "@" ++ Host,
    Cookie = atom_to_list(maps:get(cookie, Opts, erlang:get_cookie())),
    {list_to_atom(Name),
     ["-noshell", case Names of long -> "-name"; short -> "-sname" end, Name, "-setcookie", Cookie,
      "-pa", filename:absname(filename:dirname(code:which(?MODULE)))] ++
     ["-hidden" || maps:get(hidden, Opts, false)] ++
     ["-connect_all", atom_to_list(maps:get(connect_all, Opts, false))] ++
     lists:append([["-kernel", "net_ticktime", integer_to_list(T)] || #{ticktime := T} <- [Opts]]) ++
     maps:get(args, Opts, []) ++ ["-s", "beam", "serve"]}.

%% Long names have a dot or a colon behind the @.
kind(Host) ->
    case lists:any(fun(C) -> C =:= $. orelse C =:= $: end, Host) of true -> long; false -> short end.

host(Kind, Kind, Host) -> Host;
host(long, short, Host) -> hd(string:split(Host, "."));
host(short, long, _) -> "127.0.0.1".

ask(Port, What) -> port_command(Port, [base64:encode(term_to_binary(What)), $\n]).

handle_call(name, _From, S) -> {reply, S#s.name, S};
handle_call(log, _From, S) -> {reply, said(S), S};
handle_call(stop, _From, #s{ended = Status} = S) when Status =/= undefined -> {reply, ok, S};
handle_call(stop, From, S) ->
    ask(S#s.port, {init, stop, []}),
    {noreply, S#s{stoppers = [From | S#s.stoppers], asked = queue:in(nobody, S#s.asked)}};
handle_call({signal, _}, _From, #s{ended = Status} = S) when Status =/= undefined -> {reply, ok, S};
handle_call({signal, "KILL"}, From, S) -> kill(S, "KILL"), {noreply, S#s{stoppers = [From | S#s.stoppers]}};
handle_call({signal, Signal}, _From, S) -> kill(S, Signal), {reply, ok, S};
handle_call({apply, _, _, _}, _From, #s{ended = Status} = S) when Status =/= undefined -> {reply, {ended, Status}, S};
handle_call({apply, M, F, A}, From, S) -> ask(S#s.port, {M, F, A}), {noreply, S#s{asked = queue:in(From, S#s.asked)}}.

handle_cast(_, S) -> {noreply, S}.

handle_info({Port, {data, Data}}, #s{port = Port} = S) ->
    case line(Data, S) of
        {{answer, Answer}, S1} ->
            {{value, From}, Asked} = queue:out(S1#s.asked),
            From =:= nobody orelse gen_server:reply(From, Answer),
            {noreply, S1#s{asked = Asked}};
        {more, S1} -> {noreply, S1}
    end;
handle_info({Port, {exit_status, Status}}, #s{port = Port} = S) ->
    [gen_server:reply(From, {ended, Status}) || From <- queue:to_list(S#s.asked), From =/= nobody],
    [gen_server:reply(From, ok) || From <- S#s.stoppers],
    {noreply, S#s{ended = Status, asked = queue:new(), stoppers = []}};
handle_info({'EXIT', _, Reason}, S) when S#s.ended =:= undefined -> {stop, Reason, S};
handle_info(_, S) -> {noreply, S}.

terminate(_, #s{ended = undefined} = S) -> kill(S, "KILL");
terminate(_, _) -> ok.

kill(#s{pid = Pid}, Signal) -> os:cmd("kill -" ++ Signal ++ " " ++ integer_to_list(Pid)).

%% A line is an answer, or something that the node prints.
line({noeol, Text}, S) -> {more, S#s{part = [Text | S#s.part]}};
line({eol, Text}, S0) ->
    S = S0#s{part = []},
    case lists:append(lists:reverse([Text | S0#s.part])) of
        "=answer " ++ Coded -> {{answer, binary_to_term(base64:decode(Coded))}, S};
        Other -> {more, S#s{said = [Other | S#s.said]}}
    end.

said(#s{said = Said}) -> lists:flatten(lists:join("\n", lists:reverse(Said))).

%% ---- the side that was started ----

%% Started by erl -s.
serve() -> spawn(fun loop/0).

loop() ->
    case io:get_line("") of
        Line when is_list(Line) ->
            {M, F, A} = binary_to_term(base64:decode(string:trim(Line))),
            Answer = try {ok, apply(M, F, A)} catch C:R:Stack -> {raised, C, R, Stack} end,
            io:put_chars(["=answer ", base64:encode_to_string(term_to_binary(Answer)), $\n]),
            loop();
        _ -> halt(0)
    end.
