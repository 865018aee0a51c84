%% A number. The same in Go: examples/counter.
-module(counter).
-behaviour(gen_server).

-export([init/1, handle_call/3, handle_cast/2]).

init(N) when is_integer(N) -> {ok, N};
init(_) -> {ok, 0}.

handle_call(get, _From, N) -> {reply, N, N};
handle_call({add, M}, _From, N) when is_integer(M) -> {reply, N + M, N + M};
handle_call({set, M}, _From, _) when is_integer(M) -> {reply, M, M};
handle_call(_, _From, N) -> {reply, {error, unknown_request}, N}.

handle_cast({add, M}, N) when is_integer(M) -> {noreply, N + M};
handle_cast(reset, _) -> {noreply, 0};
handle_cast(_, N) -> {noreply, N}.
