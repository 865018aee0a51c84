%% The supervisor at the top of the application twin. Version 2 has one child more, te.
-module(twin_sup).
-behaviour(supervisor).
-behaviour(application).
-vsn(?VSN).
-export([start/2, stop/1, init/1]).

start(_, _) -> supervisor:start_link({local, twin_sup}, ?MODULE, []).

stop(_) -> ok.

init([]) ->
    {ok, {#{intensity => 1},
          [#{id => Name, start => {M, start_link, [Name]}, modules => [M], shutdown => brutal_kill}
           || {Name, M} <- [{ta, ta}, {tb, tb}, {tc, tc}, {td, td}, {tn, ta}] ++ new(?NUMBER)]}}.

new(1) -> [];
new(2) -> [{te, tb}].
