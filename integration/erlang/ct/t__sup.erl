%% The application t__ and its supervisor. The same in Go: examples/tsrv.
-module(t__sup).
-behaviour(supervisor).
-behaviour(application).
-vsn("1").

-export([start/2, stop/1, start_link/1, init/1]).

start(_, Options) -> start_link(Options).
stop(_) -> ok.

start_link(Options) -> supervisor:start_link({local, ?MODULE}, ?MODULE, Options).

init(Options) -> {ok, {#{intensity => 10}, [#{id => t__srv, start => {t__srv, start_link, [Options]}}]}}.
