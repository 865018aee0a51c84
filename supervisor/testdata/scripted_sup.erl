%% A supervisor whose init returns what the director says.
-module(scripted_sup).
-behaviour(supervisor).
-export([init/1]).

init(Director) -> gen_server:call(Director, init, infinity).
