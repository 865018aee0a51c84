%% Answers any request with the request. The same in Go: examples/echo.
-module(echo).
-behaviour(gen_server).

-export([init/1, handle_call/3, handle_cast/2]).

init(_) -> {ok, []}.
handle_call(Request, _From, S) -> {reply, Request, S}.
handle_cast(_, S) -> {noreply, S}.
