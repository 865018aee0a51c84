%% A child whose start, work and end are told to it. Its director is asked at every start what shall become of it.
-module(puppet).
-behaviour(gen_server).
-export([start_link/2, start_link/3, start_info/2, start_error/1, start_exit/1, start_crash/1]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2, terminate/2]).

start_link(Director, Id) -> start_link(Director, Id, []).

start_link(Director, Id, Options) -> gen_server:start_link(?MODULE, {Director, Id, Options}, []).

start_info(Director, Id) ->
    {ok, Pid} = start_link(Director, Id),
    {ok, Pid, {info, Id}}.

start_error(Reason) -> {error, Reason}.

start_exit(Reason) -> exit(Reason).

start_crash(Reason) -> error(Reason).

init({Director, Id, Options}) ->
    process_flag(trap_exit, Options =/= []),
    case gen_server:call(Director, {starting, Id, self()}, infinity) of
        ok -> {ok, Options};
        Other -> Other
    end.

handle_call(_, _, Options) -> {reply, ok, Options}.

handle_cast({exit, Reason}, Options) -> {stop, Reason, Options};
handle_cast({unlink, Pid}, Options) -> unlink(Pid), {noreply, Options}.

handle_info(_, Options) -> {noreply, Options}.

terminate(shutdown, [deaf]) -> receive never -> ok end;
terminate(shutdown, [{leaves, Reason}]) -> exit(Reason);
terminate(_, _) -> ok.
