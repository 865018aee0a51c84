%% A supervisor with the flags and children that it is given. The same in Go: tree.go.
-module(tree).
-behaviour(supervisor).

-export([start_link/1, start_link/2, init/1]).

start_link(Args) -> supervisor:start_link(?MODULE, Args).
start_link(Name, Args) -> supervisor:start_link(Name, ?MODULE, Args).

init(ignore) -> ignore;
init({Flags, Specs}) -> {ok, {Flags, Specs}}.
