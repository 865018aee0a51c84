%% A gen_server in two versions, the twin of that in upgrade_beside_erl_test.go. The text is compiled under several names:
%% NAME. VSN and NUMBER come from the compiler.
-module('NAME').
-behaviour(gen_server).
-vsn(?VSN).
-export([start_link/1, init/1, handle_call/3, handle_cast/2, code_change/3]).

start_link(Name) -> gen_server:start_link({local, Name}, ?MODULE, Name, []).

%% The state is {Version that made it, Name, Number of calls of add}.
init(Name) -> {ok, {?NUMBER, Name, 0}}.

handle_call(get, _, {V, _, N} = State) -> {reply, {?NUMBER, V, N}, State};
handle_call(add, _, {V, Name, N}) -> {reply, N + 1, {V, Name, N + 1}};
handle_call({walk, Calls}, _, State) ->
    [gen_server:call(To, {walk, More}, infinity) || {To, More} <- Calls],
    {reply, ok, State};
handle_call({walk_behind, Who, Calls}, From, State) ->
    twin_lab:await_suspended(Who),
    handle_call({walk, Calls}, From, State);
handle_call({round, To}, From, {_, Name, _} = State) ->
    gen_server:cast(To, {back, Name, From}),
    {noreply, State};
handle_call(block, _, State) ->
    twin_lab:inside(),
    receive go_on -> {reply, ok, State} end.

handle_cast({back, To, From}, State) ->
    twin_lab:await_suspended(To),
    ok = gen_server:call(To, {walk, []}, infinity),
    gen_server:reply(From, ok),
    {noreply, State}.

code_change(OldVsn, {_, Name, N}, Extra) ->
    case Extra of
        {error, Name, Reason} -> {error, Reason};
        {crash, Name, Reason} -> error(Reason);
        {exit, Name, Reason} -> exit(Reason);
        {throw, Name, Reason} -> throw(Reason);
        {hang, Name} -> receive never -> ok end;
        {share, Name} -> ets:update_counter(twin_shared, n, 1), {error, nope};
        {open, Name} -> open_port({spawn, "cat"}, []), {ok, {to(OldVsn), Name, N}};
        {peek, Name, Other} ->
            persistent_term:put(twin_peek, sys:get_state(Other)),
            {ok, {to(OldVsn), Name, N}};
        _ -> {ok, {to(OldVsn), Name, N}}
    end.

to({down, _}) -> 1;
to(_) -> 2.
