%% The supervisor of the databases that are opened by requests. The same in Go: examples/depo.
-module('Elixir.Depo.Supervisor').
-behaviour(supervisor).
-vsn("1").

-export([start_link/0, init/1]).

start_link() -> supervisor:start_link({local, ?MODULE}, ?MODULE, []).

init([]) ->
    DB = 'Elixir.Depo.DB',
    {ok, {#{strategy => simple_one_for_one}, [#{id => DB, restart => temporary, shutdown => 10000, start => {DB, start_link, []}}]}}.
