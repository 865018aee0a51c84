%% A gen_server that does not show its state.
-module(secretive).
-behaviour(gen_server).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2, format_status/1]).

init(Args) -> scripted:init(Args).
handle_call(Request, From, State) -> scripted:handle_call(Request, From, State).
handle_cast(Request, State) -> scripted:handle_cast(Request, State).
handle_info(Msg, State) -> scripted:handle_info(Msg, State).

format_status(#{state := crash}) -> error(crash);
format_status(#{state := strange} = Status) -> Status#{message => a, reason => b, strange => c};
format_status(#{state := {secret, _}} = Status) ->
    maps:map(fun(state, _) -> secret; (log, Log) -> [length(Log)]; (Key, _) -> {shown, Key} end, Status).
