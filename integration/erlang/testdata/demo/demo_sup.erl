%% The supervisor at the top of the application demo.
-module(demo_sup).
-behaviour(supervisor).
-behaviour(application).
-vsn(?VSN).
-export([start/2, stop/1, config_change/3, init/1]).

start(_, _) -> supervisor:start_link({local, demo_sup}, ?MODULE, []).

stop(_) -> ok.

config_change(Changed, New, Removed) -> persistent_term:put(demo_config, {lists:sort(Changed), lists:sort(New), lists:sort(Removed)}).

init([]) ->
    {ok, {#{intensity => 0}, [#{id => Name, start => {demo_srv, start_link, [Name]}} || Name <- [srv_a, srv_b, srv_c]]}}.
