%% The release handler of a Go node whose disk is full, and has room again. The release 2 of examples/upgrade lies there.
-module(handler).
-export([full/1, free/1]).

%% What has to be written is refused with a reason, and is as it was, in memory and on disk. Installing a release writes nothing, as in OTP:
%% a node that restarts runs the permanent one.
full([Node]) ->
    check(fun() ->
        {ok, "2"} = handler(Node, set_unpacked, ["releases/2/calc.rel", []]),
        5 = gen_server:call({counter, Node}, {add, 5}),
        {ok, Before} = gen_server:call({disk, Node}, read),
        {ok, Bytes} = gen_server:call({disk, Node}, fill),
        true = Bytes > 0,
        {error, Why} = handler(Node, set_unpacked, ["releases/3/calc.rel", []]),
        [permanent, unpacked] = states(Node),
        {ok, "1", []} = handler(Node, install_release, ["2"]),
        {error, Why2} = handler(Node, make_permanent, ["2"]),
        io:format("refused: ~0tp, ~0tp~n", [Why, Why2]),
        #{n := 5, adds := 0} = gen_server:call({counter, Node}, get),
        {ok, Before} = gen_server:call({disk, Node}, read),
        [permanent, current] = states(Node)
    end).

%% What was refused works.
free([Node]) ->
    check(fun() ->
        {ok, ok} = gen_server:call({disk, Node}, free),
        ok = handler(Node, make_permanent, ["2"]),
        #{n := 6, adds := 1} = gen_server:call({counter, Node}, {add, 1}),
        [old, permanent] = states(Node),
        {ok, _} = gen_server:call({disk, Node}, read)
    end).

handler(Node, Function, Args) -> rpc:call(Node, release_handler, Function, Args).

states(Node) -> [State || {_, _, _, State} <- lists:keysort(2, handler(Node, which_releases, []))].

check(Fun) ->
    Status = try Fun(), 0 catch C:R:S -> io:format("wrong ~0tp:~0tp ~0tp~n", [C, R, S]), 3 end,
    halt(Status).
