%% A gen_statem that servers call.
-module(sceptic_statem).
-behaviour(gen_statem).
-export([callback_mode/0, init/1, handle_event/4]).
callback_mode() -> handle_event_function.
init([]) -> {ok, on, 0}.
handle_event(cast, _, _, N) -> {keep_state, N + 1};
handle_event({call, From}, count, _, N) -> {keep_state_and_data, [{reply, From, N}]};
handle_event({call, From}, R, _, _) -> {keep_state_and_data, [{reply, From, {statem, R}}]}.
