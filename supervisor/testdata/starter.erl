%% The parent of the supervisor.
-module(starter).
-behaviour(gen_server).
-export([start/0, init/1, handle_call/3, handle_cast/2, handle_info/2]).

start() ->
    {ok, Pid} = gen_server:start(?MODULE, [], []),
    Pid.

init([]) -> process_flag(trap_exit, true), {ok, none}.

handle_call({start, '', Director}, _, S) -> {reply, supervisor:start_link(scripted_sup, Director), S};
handle_call({start, Name, Director}, _, S) -> {reply, supervisor:start_link({local, Name}, scripted_sup, Director), S};
handle_call({exit, Sup, Reason}, _, S) -> {reply, exit(Sup, Reason), S}.

handle_cast(_, S) -> {noreply, S}.

handle_info(_, S) -> {noreply, S}.
