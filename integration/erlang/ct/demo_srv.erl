%% A server in three versions, for upgrades. NUMBER comes from the compiler. The same in Go: demo.go.
-module(demo_srv).
-behaviour(gen_server).
-ifndef(NUMBER).
-define(NUMBER, 1).
-define(VSN, "1").
-endif.
-vsn(?VSN).

-export([start_link/1, init/1, handle_call/3, handle_cast/2, code_change/3]).

start_link(Name) -> gen_server:start_link({local, Name}, ?MODULE, Name, []).

init(_) -> {ok, {?NUMBER, 0}}.

handle_call(get, _From, S) -> {reply, S, S};
handle_call({add, M}, _From, {V, N}) -> {reply, {V, N + M}, {V, N + M}}.

handle_cast({add, M}, {V, N}) -> {noreply, {V, N + M}}.

%% Version 3 does not count beyond a thousand.
code_change({down, _}, {_, N}, _) -> {ok, {?NUMBER - 1, N}};
code_change(_, {_, N}, _) when ?NUMBER =:= 3, N > 1000 -> {error, {too_large, N}};
code_change(_, {_, N}, _) -> {ok, {?NUMBER, N}}.
