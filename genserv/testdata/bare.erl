%% A gen_server with only the callbacks that every one has to have.
-module(bare).
-behaviour(gen_server).
-export([init/1, handle_call/3]).

init(Args) -> scripted:init(Args).
handle_call(Request, From, State) -> scripted:handle_call(Request, From, State).
