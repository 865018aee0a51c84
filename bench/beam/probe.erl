%% The reference: the server of bench/peer as an ordinary gen_server.
-module(probe).
-behaviour(gen_server).
-export([start/0, init/1, handle_call/3, handle_cast/2]).

start() -> {ok, _} = gen_server:start({local, ?MODULE}, ?MODULE, [], []), io:format("ready~n").

init([]) -> {ok, 0}.

handle_call({echo, T}, _From, Sum) -> {reply, T, Sum};
handle_call({servers, N}, _From, Sum) ->
    {Us, Pids} = timer:tc(fun() -> [begin {ok, P} = gen_server:start(?MODULE, [], []), P end || _ <- lists:seq(1, N)] end),
    put(servers, Pids),
    {reply, {Us, Pids}, Sum};
handle_call({busy, Ms}, _From, Sum) -> timer:sleep(Ms), {reply, ok, Sum};
handle_call(collect, _From, Sum) ->
    [erlang:garbage_collect(P) || P <- processes()],
    {reply, ok, Sum};
handle_call(get, _From, Sum) -> {reply, Sum, Sum}.

handle_cast({stop, _}, Sum) ->
    [gen_server:stop(P) || P <- get(servers)],
    erase(servers),
    {noreply, Sum};
handle_cast({add, N}, Sum) -> {noreply, Sum + N}.
