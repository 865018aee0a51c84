%% The application demo and its supervisor.
-module(demo_sup).
-behaviour(supervisor).
-behaviour(application).
-ifndef(VSN).
-define(VSN, "1").
-endif.
-vsn(?VSN).

-export([start/2, stop/1, init/1]).

start(_, _) -> supervisor:start_link({local, demo_sup}, ?MODULE, []).
stop(_) -> ok.

init([]) -> {ok, {#{}, [#{id => Name, start => {demo_srv, start_link, [Name]}} || Name <- [demo_a, demo_b]]}}.
