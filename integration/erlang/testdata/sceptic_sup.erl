%% A supervisor without children.
-module(sceptic_sup).
-behaviour(supervisor).
-export([init/1]).
init([]) -> {ok, {#{}, []}}.
