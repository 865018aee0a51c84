%% The application depo and its supervisor. The same in Go: examples/depo.
-module(depo_sup).
-behaviour(supervisor).
-behaviour(application).
-vsn("1").

-export([start/2, stop/1, init/1]).

start(_, _) -> supervisor:start_link({local, ?MODULE}, ?MODULE, []).
stop(_) -> ok.

init([]) ->
    DB = 'Elixir.Depo.DB',
    Sup = 'Elixir.Depo.Supervisor',
    {ok, {#{}, [#{id => DB, restart => transient, shutdown => 10000, start => {DB, start, [DB, memory]}},
                #{id => Sup, type => supervisor, start => {Sup, start_link, []}}]}}.
