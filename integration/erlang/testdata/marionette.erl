%% A gen_server that does what it is asked to, one operation after the other, and keeps what else comes. call_compare_test.go has the
%% same in Go.
-module(marionette).
-behaviour(gen_server).
-export([start/1, init/1, handle_call/3, handle_cast/2, handle_info/2, terminate/2]).

start(undefined) -> gen_server:start(?MODULE, [], []);
start(Name) -> gen_server:start({local, Name}, ?MODULE, [], []).

init([]) -> {ok, []}.
handle_call({do, Ops}, _, S) -> {reply, [act(Op) || Op <- Ops], S};
handle_call(seen, _, S) -> {reply, lists:reverse(S), S};
handle_call(hibernate, _, S) -> {reply, hibernates, S, hibernate};
handle_call({timeout, T}, _, S) -> {reply, ok, S, T};
handle_call({hand, To}, From, S) -> catch (To ! {from, From}), {noreply, S};
handle_call({end_with, R}, _, S) -> {stop, R, S};
handle_call(silence, _, S) -> {noreply, S};
handle_call(Other, _, S) -> {reply, {other, Other}, S}.
handle_cast({do, Ops}, S) -> [act(Op) || Op <- Ops], {noreply, S};
handle_cast(R, S) -> {noreply, [R | S]}.
handle_info(M, S) -> {noreply, [M | S]}.
terminate(_, _) -> case get(linger) of undefined -> ok; {T, Pid} -> Pid ! {lingers, self()}, receive after T -> ok end end.

act(Op) -> try op(Op) catch _:R -> {failed, why(R)} end.

why({R, {gen_server, _, _}}) -> why(R);
why({R, {sys, _, _}}) -> why(R);
why({nodedown, _}) -> noconnection;
why(R) -> R.

op({return, T}) -> T;
op({sleep, T}) -> receive after T -> ok end;
op({await, M}) -> receive M -> ok end;
op({linger, T, Pid}) -> put(linger, {T, Pid}), ok;
op({monitor, X}) -> monitor(process, X);
op({demonitor, R}) -> demonitor(R, [flush]), ok;
op({link, P}) -> link(P), ok;
op({unlink, P}) -> unlink(P), ok;
op({trap, On}) -> process_flag(trap_exit, On), ok;
op({exit, P, R}) -> exit(P, R), ok;
op({send, To, M}) -> To ! M, ok;
op({send_after, T, To, M}) -> erlang:send_after(T, To, M), ok;
op({reply, From, R}) -> gen_server:reply(From, R), ok;
op({register, N}) -> register(N, self()), ok;
op({unregister, N}) -> unregister(N), ok;
op({put, K, V}) -> put(K, V);
op({get, K}) -> get(K);
op({erase, K}) -> erase(K);
op(alias) -> erlang:alias();
op({unalias, R}) -> erlang:unalias(R), ok;
op({is_alive, P}) -> is_process_alive(P);
op({call, To, R, T}) -> gen_server:call(To, R, T);
op({cast, To, R}) -> gen_server:cast(To, R);
op({stop, To, R, T}) -> gen_server:stop(To, R, T);
op({start_link, undefined}) -> gen_server:start_link(?MODULE, [], []);
op({start_link, N}) -> gen_server:start_link({local, N}, ?MODULE, [], []).
