%% Runs the scenarios of testdata/*.txt against real gen_servers. run/1 takes [[Step]] and returns [[[Event]]]: for every
%% scenario the events after each of its steps, in order. Pids and funs are replaced by atoms.
-module(paired).
-export([run/1, log/2]).

run(Scenarios) ->
    logger:remove_handler(default),
    logger:add_handler(?MODULE, ?MODULE, #{}),
    %% Those with a registered name take turns, the others run at the same time.
    Started = [case named(Steps) of true -> Steps; false -> start(Steps) end || Steps <- Scenarios],
    Result = [result(case is_tuple(S) of true -> S; false -> start(S) end) || S <- Started],
    logger:remove_handler(?MODULE),
    Result.

named(Steps) -> [x || {start, _, _, Options} <- Steps, lists:keymember(name, 1, Options)] =/= [].

start(Steps) -> spawn_monitor(fun() -> exit({done, begin_steps(Steps)}) end).

result({Pid, Ref}) ->
    receive {'DOWN', Ref, process, Pid, Reason} -> element(2, {done, _} = Reason) end.

begin_steps(Steps) ->
    process_flag(trap_exit, true),
    steps(Steps, #{pid => none, tag => 1, bare => [], reported => false}).

steps([], #{pid := Pid}) ->
    is_pid(Pid) andalso begin unlink(Pid), exit(Pid, kill) end,
    [];
steps([Step | Rest], S0) ->
    S1 = step(pids(Step), S0),
    settle(maps:get(pid, S1)),
    {Events, S2} = events(S1),
    [replace(Events, S2) | steps(Rest, S2)].

step({start, Module, Args, Options}, S) ->
    {Name, Opts} = case lists:keytake(name, 1, Options) of
                       {value, {name, N}, O} -> {[{local, N}], O};
                       false -> {[], Options}
                   end,
    Start = case lists:member(nolink, Opts) of true -> start; false -> start_link end,
    Ack = apply(gen_server, Start, Name ++ [Module, Args, lists:delete(nolink, Opts)]),
    self() ! {event, {ack, [Ack]}},
    case Ack of
        {ok, Pid} ->
            Start =:= start andalso monitor(process, Pid),
            S#{pid := Pid};
        _ -> S
    end;
step({call, Request}, S) -> send('$gen_call', Request, S);
step({system, get_state}, #{tag := Tag, bare := Bare} = S) -> send(system, get_state, S#{bare := [Tag | Bare]});
step({system, Request}, S) -> send(system, Request, S);
step({cast, Request}, #{pid := Pid} = S) -> gen_server:cast(Pid, Request), S;
step({info, Msg}, #{pid := Pid} = S) -> Pid ! Msg, S;
step({exit, Reason}, #{pid := Pid} = S) -> exit(Pid, Reason), S;
step({together, Msgs}, #{pid := Pid} = S) ->
    erlang:suspend_process(Pid),
    Out = lists:foldl(fun step/2, S, Msgs),
    erlang:resume_process(Pid),
    Out;
step({timeout}, S) ->
    %% It may have come before the last step was looked at.
    receive {event, {handle_info, _}} = E -> self() ! E after 2000 -> ok end,
    S;
step({ring}, S) -> step({timeout}, S);
step({late}, S) -> step({quiet}, S);
step({quiet}, S) ->
    receive after 1200 -> S end.

send(Label, Request, #{pid := Pid, tag := Tag} = S) ->
    Pid ! {Label, {self(), Tag}, Request},
    S#{tag := Tag + 1}.

%% settle waits until the process is dead or waits for a message and has none that it would take.
settle(Pid) -> settle(Pid, none).

settle(Pid, Last) when is_pid(Pid) ->
    Now = process_info(Pid, [status, message_queue_len, current_function]),
    case Now of
        undefined -> ok;
        [{status, waiting}, {message_queue_len, N}, {current_function, {M, _, _}}]
          when Now =:= Last, M =:= gen_server orelse M =:= erlang orelse M =:= sys, N =:= 0 orelse M =/= gen_server -> ok;
        _ -> receive after 2 -> settle(Pid, Now) end
    end;
settle(none, _) -> receive after 2 -> ok end.

%% events takes what arrived: callbacks, log events and replies come from the server, so in the order in which it did them.
events(#{pid := Pid} = S) ->
    Asleep = is_pid(Pid) andalso case process_info(Pid, current_function) of
        {current_function, {erlang, hibernate, _}} -> [{hibernate, []}];
        {current_function, {gen_server, loop_hibernate, _}} -> [{hibernate, []}];
        _ -> []
    end,
    {Events, S2} = take(S),
    {Events ++ case Asleep of false -> []; _ -> Asleep end, S2}.

take(#{reported := Reported} = S) ->
    receive
        {event, {init, _} = E} -> more(E, S);
        {event, E} -> more(E, S);
        {log, {crash, _}} when Reported -> take(S);
        {log, E} -> more(E, S#{reported := true});
        {'EXIT', _, Reason} -> more({exit, [Reason]}, S);
        {'DOWN', _, process, _, Reason} -> more({exit, [Reason]}, S);
        {Tag, Reply} when is_integer(Tag) -> more({reply, [Tag, state(Tag, Reply, S)]}, S)
    after 0 -> {[], S}
    end.

%% state makes the answer to get_state what it is since stdlib 5.1 (OTP 26.1).
state(Tag, Reply, #{bare := Bare}) ->
    case lists:member(Tag, Bare) andalso erlang:system_info(otp_release) =< "25" of
        true -> {ok, Reply};
        false -> Reply
    end.

more(Event, S) ->
    {Rest, S2} = take(S),
    {[Event | Rest], S2}.

%% pids puts the pid of this process where a scenario says Client.
pids('Client') -> self();
pids([H | T]) -> [pids(H) | pids(T)];
pids(T) when is_tuple(T) -> list_to_tuple(pids(tuple_to_list(T)));
pids(Term) -> Term.

replace(Term, #{pid := Server} = S) ->
    case Term of
        Server -> 'Self';
        _ when is_pid(Term), Term =:= self() -> 'Client';
        _ when is_pid(Term) -> 'Pid';
        _ when is_function(Term) -> 'Fun';
        [{'$ancestors', A}, {'$initial_call', I} | T] -> [replace({'$initial_call', I}, S), replace({'$ancestors', A}, S) | replace(T, S)];
        [H | T] -> [replace(H, S) | replace(T, S)];
        _ when is_tuple(Term) -> list_to_tuple(replace(tuple_to_list(Term), S));
        _ when is_map(Term) -> maps:from_list(replace(maps:to_list(Term), S));
        _ -> Term
    end.

%% log is the logger handler. It runs in the process that logs.
log(#{msg := {report, #{label := {gen_server, terminate}} = R}}, _) ->
    #{last_message := Last, state := State, log := Log, reason := Reason, client_info := Client} = R,
    note({report, [Last, State, Log, Reason, case Client of {Pid, _} -> Pid; _ -> Client end]});
log(#{msg := {report, #{label := {gen_server, no_handle_info}, message := Msg}}}, _) ->
    scripted:note({no_handle_info, [Msg]});
log(#{msg := {report, #{label := {proc_lib, crash}, report := [Info | _]}}}, _) ->
    {error_info, {Class, Reason, _}} = lists:keyfind(error_info, 1, Info),
    note({crash, [Class, Reason]});
log(_, _) -> ok.

%% The server that logs was started by the process that runs the scenario.
note(Event) ->
    case get('$ancestors') of
        [Pid | _] when is_pid(Pid) -> Pid ! {log, Event};
        _ -> ok
    end.
