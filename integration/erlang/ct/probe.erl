%% A gen_server that does what it is told, and keeps what has happened to it. The clauses are those of probe.go and do.go.
-module(probe).
-behaviour(gen_server).

-export([init/1, handle_call/3, handle_cast/2, handle_info/2, handle_continue/2, terminate/2, code_change/3]).
-export([start_link/1, start_link/2, make/2]).

%% As the children of tree.erl are started.
start_link(Args) -> gen_server:start_link(?MODULE, Args, []).
start_link(Name, Args) -> gen_server:start_link(Name, ?MODULE, Args, []).

init(Args) ->
    S = #{seen => [], watcher => undefined, changed => undefined},
    case Args of
        ignore -> ignore;
        {stop, Reason} -> {stop, Reason};
        {raise, Class, Term} -> raise(Class, Term);
        {continue, Term} -> {ok, S, {continue, Term}};
        {timeout, Ms} -> {ok, S, Ms};
        trap_exit -> process_flag(trap_exit, true), {ok, S};
        _ -> {ok, S}
    end.

handle_call(seen, _From, #{seen := Seen} = S) -> {reply, Seen, S};
handle_call(clear, _From, S) -> {reply, ok, S#{seen := []}};
handle_call({watch, Pid}, _From, S) -> {reply, ok, S#{watcher := Pid}};
handle_call({reply, Term}, _From, S) -> {reply, Term, S};
handle_call(noreply, _From, S) -> {noreply, S};
handle_call({hold, Term}, From, S) -> put(held, [{From, Term} | held()]), {noreply, S};
handle_call(release, _From, S) -> [gen_server:reply(From, Term) || {From, Term} <- lists:reverse(held())], erase(held), {reply, ok, S};
handle_call({later, Ms, Term}, From, S) -> erlang:send_after(Ms, self(), {'$later', From, Term}), {noreply, S};
handle_call({other, Term}, From, S) -> spawn(fun() -> gen_server:reply(From, Term) end), {noreply, S};
handle_call({twice, Term}, From, S) -> gen_server:reply(From, Term), {reply, Term, S};
handle_call({forward, To, Request}, From, S) -> To ! {'$gen_call', From, Request}, {noreply, S};
handle_call({stop, Reason, Reply}, _From, S) -> {stop, Reason, Reply, S};
handle_call(Request, _From, S) ->
    case control(Request, {reply, ok}, S) of
        no -> {reply, do(Request), S};
        Result -> Result
    end.

handle_cast(Request, S) -> event(cast, Request, S).

handle_info({'$later', From, Term}, S) -> gen_server:reply(From, Term), {noreply, S};
handle_info({'EXIT', _, {do, Deed}}, S) -> do(Deed), {noreply, S};
handle_info({'DOWN', _, _, _, {do, Deed}}, S) -> do(Deed), {noreply, S};
handle_info(Message, S) -> event(info, Message, S).

handle_continue(Term, S) -> {noreply, note({continue, Term}, S)}.

terminate(Reason, S) -> note({terminate, Reason}, S).

code_change(_, _, {fail, Reason}) -> {error, Reason};
code_change(_, _, {raise, Class, Term}) -> raise(Class, Term);
code_change(OldVsn, S, Extra) -> {ok, S#{changed := {OldVsn, Extra}}}.

raise(error, Term) -> error(Term);
raise(exit, Term) -> exit(Term).

%% What a call, a cast and a message have in common: how the callback ends.
control({stop, Reason}, _, S) -> {stop, Reason, S};
control({raise, Class, Term}, _, _) -> raise(Class, Term);
control(bad_return, _, _) -> bad_return;
control({timeout, Ms}, Next, S) -> next(Next, S, Ms);
control(hibernate, Next, S) -> next(Next, S, hibernate);
control({continue, Term}, Next, S) -> next(Next, S, {continue, Term});
control(_, _, _) -> no.

next({reply, Reply}, S, Action) -> {reply, Reply, S, Action};
next(noreply, S, Action) -> {noreply, S, Action}.

event(Kind, What, S) ->
    case {control(What, noreply, S), What} of
        {no, {do, Deed}} -> do(Deed), {noreply, S};
        {no, _} -> {noreply, note({Kind, What}, S)};
        {Result, _} -> Result
    end.

%% The calls whose answers are held back until release.
held() -> case get(held) of undefined -> []; Held -> Held end.

note(What, #{seen := Seen, watcher := Watcher} = S) ->
    Watcher =:= undefined orelse (Watcher ! {probe, self(), What}),
    S#{seen := Seen ++ [What]}.

do(self) -> self();
do(make_ref) -> make_ref();
do({monitor, To}) -> monitor(process, To);
do({demonitor, Ref}) -> demonitor(Ref, [flush]), ok;
do({link, Pid}) -> link(Pid), ok;
do({unlink, Pid}) -> unlink(Pid), ok;
do({trap_exit, On}) -> process_flag(trap_exit, On), ok;
do({exit, Pid, Reason}) -> exit(Pid, Reason), ok;
do({send, To, Message}) -> To ! Message, ok;
do({cast, To, Request}) -> gen_server:cast(To, Request);
do({call, To, Request, Timeout}) ->
    try {ok, gen_server:call(To, Request, Timeout)}
    catch exit:{Reason, {gen_server, call, _}} -> {exit, Reason}
    end;
do(alias) -> erlang:alias();
do({alias, priority}) -> erlang:alias([priority]);
do({monitor, To, priority}) -> erlang:monitor(process, To, [priority]);
do({link, Pid, priority}) -> apply(erlang, link, [Pid, [priority]]), ok;
do({send, To, Message, priority}) -> erlang:send(To, Message, [priority]), ok;
do({exit, To, Reason, priority}) -> apply(erlang, exit, [To, Reason, [priority]]), ok;
do({unalias, Ref}) -> erlang:unalias(Ref), ok;
do({register, Name}) -> register(Name, self()), ok;
do({unregister, Name}) -> unregister(Name), ok;
do({is_alive, Pid}) -> is_process_alive(Pid);
do({put, Key, Value}) -> put(Key, Value), ok;
do({sleep, Ms}) -> timer:sleep(Ms), ok;
do({start, undefined, Args}) -> gen_server:start(?MODULE, Args, []);
do({start, Name, Args}) -> gen_server:start({local, Name}, ?MODULE, Args, []);
do({start_link, undefined, Args}) -> gen_server:start_link(?MODULE, Args, []);
do({start_link, Name, Args}) -> gen_server:start_link({local, Name}, ?MODULE, Args, []);
do({start_link, t__srv, Name, Args}) -> gen_server:start_link({local, Name}, t__srv, Args, []);
do({flood, To, N, Size}) ->
    B = binary:copy(<<"x">>, Size),
    lists:foreach(fun(I) -> To ! {flood, I, B} end, lists:seq(1, N));
do({make, Kind, N}) -> make(Kind, N);
do({all, Deeds}) -> [do(Deed) || Deed <- Deeds];
do({'after', Ms, Deed}) -> erlang:send_after(Ms, self(), {do, Deed}), ok;
do({child, Deed}) -> {ok, Pid} = gen_server:start(?MODULE, undefined, []), Pid ! {do, Deed}, ok;
do({die, Reason}) -> exit(Reason);
do({request, wait, To, Request, Timeout}) -> gen_server:wait_response(gen_server:send_request(To, Request), Timeout);
do({request, 'receive', To, Request, Timeout}) -> gen_server:receive_response(gen_server:send_request(To, Request), Timeout);
do({request, again, To, Request, Timeout}) ->
    Id = gen_server:send_request(To, Request),
    {gen_server:wait_response(Id, Timeout), gen_server:wait_response(Id, infinity)};
do({requests, Requests, Timeout}) ->
    responses(lists:foldl(fun({To, Request, Label}, Ids) -> gen_server:send_request(To, Request, Label, Ids) end,
                          gen_server:reqids_new(), Requests), Timeout);
do(_) -> error(badarg).

%% What comes, in the order in which it does.
responses(Ids, Timeout) ->
    case gen_server:receive_response(Ids, Timeout, true) of
        {Response, Label, More} -> [{Label, Response} | responses(More, Timeout)];
        Other -> [Other]
    end.

make(binary, N) -> binary:copy(<<"x">>, N);
make(integers, N) -> lists:seq(1, N);
make(atoms, N) -> [list_to_atom("made_" ++ integer_to_list(I)) || I <- lists:seq(1, N)];
make(tuple, N) -> list_to_tuple(lists:seq(1, N));
make(map, N) -> maps:from_list([{I, {I, integer_to_binary(I)}} || I <- lists:seq(1, N)]);
make(nested, N) -> lists:foldl(fun(_, T) -> [T] end, [], lists:seq(1, N));
make(floats, N) -> [I / 8 || I <- lists:seq(1, N)];
make(now, _) -> erlang:system_time(millisecond).
