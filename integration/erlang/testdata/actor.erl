%% A gen_server that does what its messages say and tells a watcher about every callback. call_contract_test.go has the same in Go.
-module(actor).
-behaviour(gen_server).
-export([start/3, init/1, handle_call/3, handle_cast/2, handle_info/2, handle_continue/2, terminate/2, code_change/3]).

start(Name, Watcher, What) -> gen_server:start({local, Name}, ?MODULE, {Watcher, What}, []).

init({Watcher, What}) -> put(watcher, Watcher), note({init, What}), act(What).
handle_call(Request, From, State) -> put(from, From), note({handle_call, Request, State}), act(Request).
handle_cast(Request, State) -> note({handle_cast, Request, State}), act(Request).
handle_info(Msg, State) ->
    note({handle_info, Msg, State}),
    try act(Msg) catch error:function_clause -> {noreply, State} end.
handle_continue(Term, State) -> note({handle_continue, Term, State}), act(Term).
terminate(Reason, State) ->
    note({terminate, Reason, State}),
    case State of {ending, What} -> act(What); _ -> ok end.
code_change(_, _, Extra) -> act(Extra).

note(Event) -> get(watcher) ! {callback, Event}.

act({return, Value}) -> Value;
act({throw, Value}) -> throw(Value);
act({error, Reason}) -> erlang:error(Reason);
act({exit, Reason}) -> exit(Reason);
act({trap, Then}) -> process_flag(trap_exit, true), act(Then);
act({to_self, Msg, Then}) -> self() ! Msg, act(Then);
act({answer, Reply, Then}) -> gen_server:reply(get(from), Reply), act(Then);
act({put, Key, Value, Then}) -> put(Key, Value), act(Then).
