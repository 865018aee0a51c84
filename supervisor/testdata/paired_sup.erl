%% Runs scenarios against a supervisor of this node or of a Go node, and returns what happened in every step.
-module(paired_sup).
-behaviour(gen_server).
-export([start/0, init/1, handle_call/3, handle_cast/2]).

start() ->
    _ = logger:remove_handler(default),
    ok = logger:set_primary_config(level, debug),
    ok = logger:add_handler(director, director, #{level => debug}),
    {ok, _} = gen_server:start({local, ?MODULE}, ?MODULE, [], []),
    ok.

init([]) -> {ok, none}.

handle_call({run, Where, Steps}, _, S) -> {reply, run(Where, Steps), S}.

handle_cast(_, S) -> {noreply, S}.

run(Where, Steps) ->
    Director = director:start(),
    Starter = case Where of local -> starter:start(); Node -> erpc:call(Node, paired, starter, []) end,
    {All, {_, _, Sup}} = lists:mapfoldl(fun(Step, Acc) -> step(Step, Acc) end, {Director, Starter, none}, Steps),
    is_pid(Sup) andalso exit(Sup, kill),
    ok = gen_server:call(Director, {dead, all}, infinity),
    gen_server:stop(Director),
    gen_server:stop(Starter),
    {Director, All}.

step(Step, {D, Starter, Sup0}) ->
    {Answer, Sup} = act(with(D, Step), D, Starter, Sup0),
    settle(D, Sup),
    {Answer ++ gen_server:call(D, events, infinity), {D, Starter, Sup}}.

act({start, Name, Init}, D, Starter, _) ->
    ok = gen_server:call(D, {init, Init}),
    case gen_server:call(Starter, {start, Name, D}, infinity) of
        {ok, Sup} -> ok = gen_server:call(D, {watch, 'Sup', Sup}), {[{answer, {ok, Sup}}], Sup};
        Other -> {[{answer, Other}], none}
    end;
act({script, Id, Outcomes}, D, _, Sup) -> ok = gen_server:call(D, {script, Id, Outcomes}), {[], Sup};
act({call, Request}, D, _, Sup) ->
    {[try {answer, gen_server:call(Sup, child_pid(D, Request), infinity)} catch exit:{Reason, _} -> {exits, Reason} end], Sup};
act({send, Request}, _, _, Sup) -> _ = gen_server:send_request(Sup, Request), {[], Sup};
act({sys, state}, _, _, Sup) -> {[{answer, without_time(sys:get_state(Sup))}], Sup};
act({sys, status}, _, _, Sup) ->
    {status, Sup, {module, Module}, [Dictionary, Running, _Parent, Debug, Misc]} = sys:get_status(Sup),
    Shown = [case M of {data, [{"State", S}]} -> {data, [{"State", without_time(S)}]}; {data, L} -> {data, lists:keydelete("Parent", 1, L)}; _ -> M end || M <- tl(Misc)],
    %% OTP 27 does not show the callback module any more, though get_callback_module/1 still looks for it.
    Callback = case lists:keymember(supervisor, 1, Misc) of true -> []; false -> [{supervisor, [{"Callback", supervisor:get_callback_module(Sup)}]}] end,
    {[{answer, {Module, proplists:get_value('$initial_call', Dictionary), Running, Debug, Shown ++ Callback}}], Sup};
act({sys, callback}, _, _, Sup) -> {[{answer, supervisor:get_callback_module(Sup)}], Sup};
act({change, Init}, D, _, Sup) ->
    ok = gen_server:call(D, {init, Init}),
    ok = sys:suspend(Sup),
    Answer = sys:change_code(Sup, scripted_sup, undefined, []),
    ok = sys:resume(Sup),
    {[{answer, Answer}], Sup};
act({exit, Reason}, D, Starter, Sup) ->
    true = gen_server:call(Starter, {exit, Sup, Reason}),
    ok = gen_server:call(D, {dead, [Sup]}, infinity),
    {[], Sup};
act({kill, Id}, D, _, Sup) ->
    Pid = gen_server:call(D, {pid, Id}),
    exit(Pid, kill),
    ok = gen_server:call(D, {dead, [Pid]}, infinity),
    {[], Sup};
act({release, Id}, D, _, Sup) -> ok = gen_server:call(D, {release, Id}), {[], Sup};
act({info, Message}, _, _, Sup) -> Sup ! Message, {[], Sup};
act({stall, Id, What, Held}, D, _, Sup) ->
    gen_server:cast(gen_server:call(D, {pid, Id}), What),
    ok = gen_server:call(D, {stalls, Held}, infinity),
    {[], Sup};
act({tell, Id, What}, D, _, Sup) ->
    Pid = gen_server:call(D, {pid, Id}),
    gen_server:cast(Pid, case What of unlink -> {unlink, Sup}; _ -> What end),
    case What of
        {exit, _} -> ok = gen_server:call(D, {dead, [Pid]}, infinity);
        _ -> ok = gen_server:call(Pid, served)
    end,
    {[], Sup}.

%% Waits until the supervisor has dealt with everything, or everybody is dead.
settle(_, none) -> ok;
settle(D, Sup) ->
    case gen_server:call(D, held) of
        true -> ok;
        false ->
            try quiet(Sup) catch exit:_ -> gen_server:call(D, {dead, all}, infinity) end
    end.

quiet(Sup) ->
    _ = sys:get_state(Sup, infinity),
    case restarting(sys:get_state(Sup, infinity)) of
        true -> quiet(Sup);
        false -> ok
    end.

%% Tells whether a child waits for its restart.
restarting({restarting, _}) -> true;
restarting(T) when is_tuple(T) -> restarting(tuple_to_list(T));
restarting([H | T]) -> restarting(H) orelse restarting(T);
restarting(M) when is_map(M) -> restarting(maps:to_list(M));
restarting(_) -> false.

%% A request may name the process of a child: {terminate_child, {pid, Id}}.
child_pid(D, {What, {pid, Id}}) -> {What, gen_server:call(D, {pid, Id})};
child_pid(_, Request) -> Request.

%% The times of restarts are only counted. OTP 28 has a few fields more.
without_time(State) when tuple_size(State) =:= 16 ->
    without_time(list_to_tuple([element(I, State) || I <- [1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 15, 16]]));
without_time(State) -> setelement(8, State, length(element(8, State))).

%% Puts the director where a scenario says 'Director'.
with(D, 'Director') -> D;
with(D, [H | T]) -> [with(D, H) | with(D, T)];
with(D, T) when is_tuple(T) -> list_to_tuple(with(D, tuple_to_list(T)));
with(D, M) when is_map(M) -> maps:from_list(with(D, maps:to_list(M)));
with(_, T) -> T.
