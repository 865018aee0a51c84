%% Kills processes of another node in the middle of what they do, and tells what came of it. The servers are called spout0,
%% spout1 ...
-module(reaper).
-export([behind/3, linked/3, linking/3]).

pid(N, I) -> rpc:call(N, erlang, whereis, [list_to_atom("spout" ++ integer_to_list(I))]).

sync(N) -> yes = gen_server:call({net_kernel, N}, {is_auth, node()}).

%% How many messages of the processes came behind their DOWN.
behind(N, From, To) -> lists:sum([behind(N, pid(N, I)) || I <- lists:seq(From, To)]).

behind(N, Pid) ->
    M = monitor(process, Pid),
    Pid ! {tell, self(), 3000},
    Last = rand:uniform(500),
    receive {told, Last, _} -> exit(Pid, kill) end,
    receive {'DOWN', M, process, Pid, killed} -> ok end,
    {messages, Before} = process_info(self(), messages),
    drop(length(Before)),
    sync(N),
    drop(1000000).

drop(Max) -> drop(Max, 0).
drop(Max, Max) -> Max;
drop(Max, Had) -> receive _ -> drop(Max, Had + 1) after 0 -> Had end.

%% With which of the processes this one is still linked, although they have been killed while they linked themselves.
linked(N, From, To) ->
    {links, Before} = process_info(self(), links),
    process_flag(trap_exit, true),
    [linked(N, pid(N, I)) || I <- lists:seq(From, To)],
    {links, After} = process_info(self(), links),
    drop(1000000),
    After -- Before.

linked(N, Pid) ->
    M = monitor(process, Pid),
    Pid ! {link, self(), 3000},
    until_linked(Pid),
    spin(rand:uniform(500)),
    exit(Pid, kill),
    receive {'DOWN', M, process, Pid, killed} -> ok end,
    sync(N).

until_linked(Pid) ->
    {links, L} = process_info(self(), links),
    lists:member(Pid, L) orelse until_linked(Pid).

spin(0) -> ok;
spin(K) -> erlang:yield(), spin(K - 1).

%% This one links itself with processes that somebody else kills.
linking(N, From, To) ->
    process_flag(trap_exit, true),
    length([linking(pid(N, I)) || I <- lists:seq(From, To)]).

linking(Pid) ->
    Pid ! {tell, self(), 200},
    spawn(fun() -> spin(rand:uniform(50)), exit(Pid, kill) end),
    spin(rand:uniform(50)),
    link(Pid),
    receive {'EXIT', Pid, _} -> drop(1000000) after 10000 -> exit({no_exit, Pid}) end.
