%% Says what becomes of puppets, and notes what happens.
-module(director).
-behaviour(gen_server).
-export([start/0, init/1, handle_call/3, handle_cast/2, handle_info/2, log/2]).

-record(s, {init, scripts = #{}, alive = #{}, queued = [], held = [], waiting = [], stalls = [], events = []}).

start() -> {ok, Pid} = gen_server:start({local, ?MODULE}, ?MODULE, [], []), Pid.

init([]) -> {ok, #s{}}.

handle_call({init, Value}, _, S) -> {reply, ok, S#s{init = Value}};
handle_call(init, _, S) -> {reply, S#s.init, S};
handle_call({script, Id, Outcomes}, _, S) -> {reply, ok, S#s{scripts = (S#s.scripts)#{Id => Outcomes}}};
handle_call({starting, Id, Pid}, From, S) ->
    case maps:is_key(Id, S#s.alive) of
        true -> {noreply, S#s{queued = S#s.queued ++ [{Id, Pid, From}]}};
        false -> {noreply, admit(Id, Pid, From, S)}
    end;
handle_call({watch, Id, Pid}, _, S) -> {reply, ok, watch(Id, Pid, S)};
handle_call({pid, Id}, _, S) -> {Pid, _} = maps:get(Id, S#s.alive), {reply, Pid, S};
handle_call({release, Id}, _, S) ->
    {value, {Id, Pid, From}, Held} = lists:keytake(Id, 1, S#s.held),
    S1 = watch(Id, Pid, S#s{held = Held}),
    gen_server:reply(From, ok),
    {reply, ok, S1};
handle_call({stalls, Id}, From, S) -> {noreply, stalled(S#s{stalls = [{Id, From} | S#s.stalls]})};
handle_call(held, _, S) -> {reply, S#s.held =/= [], S};
handle_call({dead, Pids}, From, S) -> {noreply, answer(S#s{waiting = [{Pids, From} | S#s.waiting]})};
handle_call(events, _, S0) ->
    S = lists:foldl(fun settle/2, S0, maps:values(S0#s.alive)),
    {reply, lists:reverse(S#s.events), S#s{events = []}}.

handle_cast(_, S) -> {noreply, S}.

handle_info({'DOWN', Ref, process, Pid, Reason}, S) -> {noreply, down(Ref, Pid, Reason, S)};
handle_info({report, _, _} = Report, S) -> {noreply, note(Report, S)}.

note(Event, S) -> S#s{events = [Event | S#s.events]}.

admit(Id, Pid, From, S0) ->
    S = note({init, Id, Pid}, S0),
    {Outcome, Rest} = case maps:get(Id, S#s.scripts, []) of [O | Os] -> {O, Os}; [] -> {ok, []} end,
    S1 = S#s{scripts = (S#s.scripts)#{Id => Rest}},
    case Outcome of
        hold -> stalled(S1#s{held = [{Id, Pid, From} | S1#s.held]});
        ok -> S2 = watch(Id, Pid, S1), gen_server:reply(From, ok), S2;
        _ -> gen_server:reply(From, Outcome), S1
    end.

%% Answers those who wait for a child to be held in its init.
stalled(S) ->
    {Done, Stalls} = lists:partition(fun({Id, _}) -> lists:keymember(Id, 1, S#s.held) end, S#s.stalls),
    [gen_server:reply(From, ok) || {_, From} <- Done],
    S#s{stalls = Stalls}.

watch(Id, Pid, S) -> S#s{alive = (S#s.alive)#{Id => {Pid, monitor(process, Pid)}}}.

down(Ref, Pid, Reason, S0) ->
    [Id] = [I || {I, {_, R}} <- maps:to_list(S0#s.alive), R =:= Ref],
    S = answer(note({ended, Id, Pid, Reason}, S0#s{alive = maps:remove(Id, S0#s.alive)})),
    case lists:keytake(Id, 1, S#s.queued) of
        {value, {Id, Next, From}, Queued} -> admit(Id, Next, From, S#s{queued = Queued});
        false -> S
    end.

%% Answers those who wait for an end that has come. The atom all stands for everybody.
answer(S) ->
    Alive = [P || {P, _} <- maps:values(S#s.alive)],
    {Done, Waiting} = lists:partition(
        fun({all, _}) -> Alive =:= []; ({Pids, _}) -> [P || P <- Pids, lists:member(P, Alive)] =:= [] end, S#s.waiting),
    [gen_server:reply(From, ok) || {_, From} <- Done],
    S#s{waiting = Waiting}.

%% The DOWN of a process of this node that is dead may still be on its way.
settle({Pid, Ref}, S) when node(Pid) =:= node() ->
    case is_process_alive(Pid) of
        true -> S;
        false -> receive {'DOWN', Ref, process, Pid, Reason} -> down(Ref, Pid, Reason, S) end
    end;
settle(_, S) -> S.

%% Logger handler: passes supervisor reports on.
log(#{msg := {report, #{label := {supervisor, Context}, report := Report}}}, _) -> catch ?MODULE ! {report, Context, Report};
log(_, _) -> ok.
