%% The reference: the server of bench/peer as an ordinary gen_server.
-module(probe).
-behaviour(gen_server).
-export([start/0, init/1, handle_call/3, handle_cast/2]).

start() -> {ok, _} = gen_server:start({local, ?MODULE}, ?MODULE, [], []), io:format("ready~n").

init([]) -> {ok, 0}.

handle_call({echo, T}, _From, Sum) -> {reply, T, Sum};
handle_call(get, _From, Sum) -> {reply, Sum, Sum}.

handle_cast({add, N}, Sum) -> {noreply, Sum + N}.
