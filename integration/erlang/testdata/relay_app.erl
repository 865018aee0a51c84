-module(relay_app).
-export([start/2, stop/1, init/1]).
start(_, Specs) -> supervisor:start_link(relay_app, Specs).
stop(_) -> ok.
init({supervisor, Specs}) -> {ok, {{one_for_one, 0, 1}, Specs}}.
