%% Servers that call each other, the same as those of upgrade_relay_live_test.go, and their callers. The text is compiled
%% under several names, one for each server: RELAY.
-module('RELAY').
-behaviour(gen_server).
-export([start_link/1, start/1, init/1, handle_call/3, handle_cast/2, code_change/3]).
-export([application/1, stop_application/0, run/1, callers/2, stop/1]).

%% A server calls all of Next one after the other before it answers; {cast, Server} gets the request instead, and
%% answers.
start_link(Next) -> gen_server:start_link({local, ?MODULE}, ?MODULE, Next, []).
start(Next) -> gen_server:start({local, ?MODULE}, ?MODULE, Next, []).

init({supervisor, Specs}) -> {ok, {{one_for_one, 0, 1}, Specs}};
init(Next) -> {ok, {1, Next, 0}}.

handle_call(get, _, {V, _, N} = State) -> {reply, {V, N}, State};
handle_call(work, From, {V, {cast, To}, N}) ->
    gen_server:cast(To, {work, From, {V, N + 1}}),
    {noreply, {V, {cast, To}, N + 1}};
handle_call(work, _, {V, Next, N}) ->
    [gen_server:call(P, work, 30000) || P <- Next],
    {reply, {V, N + 1}, {V, Next, N + 1}}.

handle_cast({work, From, Answer}, {V, {back, To}, N}) ->
    {_, _} = gen_server:call(To, get, 30000),
    gen_server:reply(From, Answer),
    {noreply, {V, {back, To}, N + 1}}.

code_change(_, {_, Next, N}, V) when is_integer(V) -> {ok, {V, Next, N}};
code_change(_, State, _) -> {ok, State}.

%% The servers as children of an application, in the order of the list: [{Module, Next}].
application(List) ->
    Specs = [{M, {M, start_link, [Next]}, permanent, 5000, worker, [M]} || {M, Next} <- List],
    ok = application:load({application, relays, [{vsn, "1"}, {modules, []}, {registered, []},
                                                 {applications, [kernel, stdlib]}, {mod, {relay_app, {supervisor, Specs}}}]}),
    ok = application:start(relays).

stop_application() -> application:stop(relays), application:unload(relays).

%% A script of release_handler, with the time that it took.
run(Script) ->
    {Time, Result} = timer:tc(release_handler_1, eval_script, [Script]),
    {Time div 1000, Result}.

%% Count processes call a server, each again and again. What they return is how many answers each of them has got, and what
%% was none.
callers(To, Count) -> [spawn_link(fun() -> caller(To, 0, []) end) || _ <- lists:seq(1, Count)].

caller(To, Answers, Wrong) ->
    receive
        {stop, From} -> From ! {done, self(), Answers, Wrong}
    after 0 ->
        case catch gen_server:call(To, work, 60000) of
            {_, N} when is_integer(N) -> caller(To, Answers + 1, Wrong);
            Other -> caller(To, Answers, [Other | Wrong])
        end
    end.

stop(Callers) ->
    [C ! {stop, self()} || C <- Callers],
    Results = [receive {done, C, Answers, Wrong} -> {Answers, Wrong} end || C <- Callers],
    {lists:sum([A || {A, _} <- Results]), lists:append([W || {_, W} <- Results])}.
