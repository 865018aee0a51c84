%% A gen_server in two versions, for upgrades beside those of a Go node. VSN and NUMBER come from the compiler.
-module(demo_srv).
-behaviour(gen_server).
-vsn(?VSN).
-export([nodes/0, start_link/1, init/1, handle_call/3, handle_cast/2, code_change/3]).

%% Whom an upgrade waits for. A parameter of the application would not survive until then.
nodes() -> persistent_term:get(demo_nodes).

start_link(Name) -> gen_server:start_link({local, Name}, ?MODULE, Name, []).

init(Name) -> {ok, {?NUMBER, Name, 0}}.

handle_call(get, _, State) -> {reply, State, State}.

handle_cast({hold, Ms}, State) -> timer:sleep(Ms), {noreply, State}.

code_change(OldVsn, {_, Name, N}, Extra) ->
    case Extra of
        {error, Name, Reason} -> {error, Reason};
        {crash, Name, Reason} -> error(Reason);
        {exit, Name, Reason} -> exit(Reason);
        {hang, Name, Ms} -> timer:sleep(Ms), {ok, {to(OldVsn), Name, N}};
        _ -> {ok, {to(OldVsn), Name, N}}
    end.

to({down, _}) -> 1;
to(_) -> 2.
