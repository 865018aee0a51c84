%% gen_server:multi_call.
-module(multi_call_SUITE).
-include("compat.hrl").

init_per_suite(Config) ->
    {ok, Here} = gen_server:start({local, echo}, echo, [], []),
    [{second, compat:start_node(second)}, {here, Here} | compat:init(Config)].

end_per_suite(Config) ->
    gen_server:stop(?config(here, Config)),
    compat:kill_node(?config(second, Config)),
    compat:done(Config).

?PROMISE(all_answer, "gen_server:multi_call/3", "returns {Replies, BadNodes} with a reply of each node").
all_answer(Config) ->
    Nodes = [?NODE, ?config(second, Config), node()],
    {Replies, []} = gen_server:multi_call(Nodes, echo, hi),
    ?assertEqual(lists:sort([{N, hi} || N <- Nodes]), lists:sort(Replies)),
    none = nothing().

?PROMISE(one_node_alone, "gen_server:multi_call/3", "one node is asked as many are").
one_node_alone(Config) -> {[{_, [1, 2]}], []} = gen_server:multi_call([?NODE], echo, [1, 2]).

?PROMISE(none_at_all, "gen_server:multi_call/3", "no nodes, no replies").
none_at_all(_) -> {[], []} = gen_server:multi_call([], echo, x).

?PROMISE(nobody_of_that_name, "gen_server:multi_call/3", "a node without such a server is among the bad ones, long before the time-out").
nobody_of_that_name(Config) ->
    {Time, {[], [_]}} = timer:tc(fun() -> gen_server:multi_call([?NODE], nosuch, x, 60000) end),
    ?assert(Time < 10000000).

?PROMISE(a_node_that_is_not_there, "gen_server:multi_call/3", "a node that is not there is among the bad ones; the others answer").
a_node_that_is_not_there(Config) ->
    Nowhere = list_to_atom("nosuch@" ++ compat:host(?NODE)),
    {[{_, hi}], [Nowhere]} = gen_server:multi_call([?NODE, Nowhere], echo, hi, 60000).

?PROMISE(too_slow, "gen_server:multi_call/4", "who does not answer in time is among the bad ones, and its late reply is dropped").
too_slow(Config) ->
    {Replies, Bad} = gen_server:multi_call([?NODE, ?config(second, Config)], probe, {hold, late}, 20),
    ?assertEqual(2, length(Replies) + length(Bad)),
    ?assertEqual([], Replies),
    [ok = gen_server:call({probe, Node}, release) || Node <- [?NODE, ?config(second, Config)]],
    none = nothing().

?PROMISE(one_fails, "gen_server:multi_call/3", "a server that ends instead of answering makes its node a bad one").
one_fails(Config) ->
    Name = doomed,
    {ok, _} = gen_server:call({probe, ?NODE}, {start, Name, undefined}),
    ?assertEqual({[], [?NODE]}, gen_server:multi_call([?NODE], Name, {raise, error, boom}, 10000)).

?PROMISE(one_node_dies, "gen_server:multi_call/3", "a node that dies meanwhile is a bad one").
one_node_dies(Config) ->
    Node = compat:start_node(mortal),
    Self = self(),
    ok = gen_server:cast({probe, Node}, {do, {sleep, infinity}}),
    spawn_link(fun() -> Self ! gen_server:multi_call([?NODE, Node], probe, {reply, alive}, 60000) end),
    none = nothing(),
    compat:kill_node(Node),
    ?assertEqual({[{?NODE, alive}], [Node]}, compat:next()).

?PROMISE(many_at_once, "gen_server:multi_call/3", "each of many callers gets its own replies").
many_at_once(Config) ->
    Nodes = [?NODE, ?config(second, Config)],
    Callers = [spawn_monitor(fun() ->
                   [begin {R, []} = gen_server:multi_call(Nodes, echo, {C, I}, 60000), [{C, I}, {C, I}] = [A || {_, A} <- R] end || I <- lists:seq(1, 20)]
               end) || C <- lists:seq(1, 20)],
    [{'DOWN', Ref, process, Pid, normal} = receive {'DOWN', Ref, _, _, _} = Down -> Down end || {Pid, Ref} <- Callers].

?PROMISE(any_request, "gen_server:multi_call/3", "request and reply are any terms").
any_request(Config) ->
    each([{integer, 1 bsl 100}, {binary, binary:copy(<<"x">>, 200000)}, {map, #{[] => {}}}, {pid, self()}, {function, fun lists:map/2}],
         fun(Request) -> {[{_, Request}], []} = gen_server:multi_call([?NODE], echo, Request) end).
