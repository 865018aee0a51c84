%% A gen_server that does what its messages say and tells whoever started it about every callback. The Go servers of
%% scripted_test.go do the same.
-module(scripted).
-behaviour(gen_server).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2, handle_continue/2, terminate/2, code_change/3]).
-export([note/1, act/1]).

init(Args) -> note({init, [Args]}), act(Args).

handle_call(Request, From, State) ->
    put(from, From),
    note({handle_call, [Request, State]}),
    act(Request).

handle_cast(Request, State) -> note({handle_cast, [Request, State]}), act(Request).

handle_info(timeout, State) -> note({handle_info, [timeout, State]}), {noreply, State};
handle_info(Msg, State) -> note({handle_info, [Msg, State]}), act(Msg, State).

handle_continue(Term, State) -> note({handle_continue, [Term, State]}), act(Term).

terminate(Reason, State) ->
    note({terminate, [Reason, State]}),
    case State of
        {ending, What} -> act(What);
        _ -> ok
    end.

code_change(OldVsn, State, Extra) -> note({code_change, [OldVsn, State, Extra]}), act(Extra).

note(Event) ->
    case get('$ancestors') of
        [Pid | _] when is_pid(Pid) -> Pid ! {event, Event};
        _ -> ok
    end.

act({return, Value}) -> Value;
act({throw, Value}) -> throw(Value);
act({error, Reason}) -> erlang:error(Reason);
act({exit, Reason}) -> exit(Reason);
act({trap, Then}) -> process_flag(trap_exit, true), act(Then);
act({to_self, Msg, Then}) -> self() ! Msg, act(Then);
act({answer, Reply, Then}) -> gen_server:reply(get(from), Reply), act(Then);
act({put, Key, Value, Then}) -> put(Key, Value), act(Then).

act(What, State) ->
    try act(What) catch error:function_clause -> {noreply, State} end.
