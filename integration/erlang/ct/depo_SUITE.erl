%% The server Depo.DB: a database that processes of any node teach, write, read, stream from and share by transactions.
%% In Go it is examples/depo on SQLite, in Erlang Elixir.Depo.DB.erl.
-module(depo_SUITE).
-include("compat.hrl").

-define(DB, 'Elixir.Depo.DB').
-define(SUP, 'Elixir.Depo.Supervisor').

init_per_suite(Config) ->
    Node = start(Config),
    [{node, Node} | Config].

end_per_suite(Config) -> compat:done(Config).

%% A node with release 1 of the application.
start(Config) ->
    Dir = filename:join(?config(priv_dir, Config), integer_to_list(erlang:unique_integer([positive]))),
    compat:start_node(depo, #{depo => true, files => releases:files(Dir, depo)}).

%% ---- what Depo does, on the wire ----

open(Config) -> {ok, Db} = supervisor:start_child({?SUP, ?NODE}, [memory]), Db.

%% With a table of numbers and two statements.
numbers(Config) -> Db = open(Config), taught(Db), Db.

taught(Db) ->
    {ok, 0} = ask(Db, {write, <<"CREATE TABLE t (n UNIQUE)">>}),
    ok = ask(Db, {teach, #{add => <<"INSERT INTO t VALUES (?1)">>, all => <<"SELECT n FROM t">>}}).

ask(Db, Request) -> gen_server:call(Db, Request, 60000).
add(Db, N) -> gen_server:cast(Db, {write, add, [N], self()}).
content(Db) -> lists:sort([N || {N} <- ask(Db, {read, {values, all}})]).

transact(Db, Fun) ->
    ok = ask(Db, 'begin'),
    try Fun() of _ -> ask(Db, commit) catch C:R:S -> ask(Db, rollback), erlang:raise(C, R, S) end.

rows(Stream, N) -> [receive {Stream, Row} -> Row after 60000 -> error(no_row) end || _ <- lists:seq(1, N)].

ended(Pid) -> Ref = monitor(process, Pid), receive {'DOWN', Ref, _, _, Why} -> Why after 60000 -> alive end.

title(T) -> lists:flatten(io_lib:format("~0p", [T])).
titles(Terms) -> [{title(T), T} || T <- Terms].

%% ---- opening ----

?PROMISE(part_of_a_supervision_tree, "supervisor:which_children/1", "a database is registered as Depo.DB, beside the supervisor of those that are opened by requests").
part_of_a_supervision_tree(Config) ->
    Children = supervisor:which_children({depo_sup, ?NODE}),
    {?DB, Db, worker, [?DB]} = lists:keyfind(?DB, 1, Children),
    {?SUP, Sup, supervisor, [?SUP]} = lists:keyfind(?SUP, 1, Children),
    [Db, Sup] = [rpc:call(?NODE, erlang, whereis, [N]) || N <- [?DB, ?SUP]],
    ?assertEqual(?NODE, node(Db)),
    7 = ask({?DB, ?NODE}, {read, {single, <<"SELECT 7 AS n">>}}).

?PROMISE(opened_and_closed, "Depo.open/1, Depo.close/1", "a database for each who opens one, until it is closed").
opened_and_closed(Config) ->
    A = numbers(Config), B = numbers(Config),
    add(A, 1),
    {[1], []} = {content(A), content(B)},
    ok = gen_server:stop(A),
    {'EXIT', {noproc, _}} = (catch ask(A, {read, all})),
    [] = content(B).

?PROMISE(not_opened, "Depo.DB, init/1, {stop, Reason}", "the reason why it cannot be opened is the answer").
not_opened(Config) ->
    each([{<<"no such file">>, no_such_file}, {7, {bad_open, 7}}, {[{delete, <<"x">>}], bad_open}],
         fun(Reason) ->
             What = case Reason of no_such_file -> <<"no such file">>; {bad_open, W} -> W; bad_open -> [{delete, <<"x">>}] end,
             {error, Why} = supervisor:start_child({?SUP, ?NODE}, [What]),
             true = Why =:= Reason orelse element(1, Why) =:= Reason
         end).

?PROMISE(ends_with_its_owner, "Depo.start_link/1", "a database that is linked to a process ends with it").
ends_with_its_owner(Config) ->
    Owner = spawn(fun() -> receive stop -> exit(gone) end end),
    {ok, Db} = supervisor:start_child({?SUP, ?NODE}, [memory, Owner]),
    7 = ask(Db, {read, {single, <<"SELECT 7 AS n">>}}),
    Owner ! stop,
    gone = ended(Db).

%% ---- teach, write, read ----

?PROMISE(shapes_of_rows, "Depo.read/2", "rows are maps, {values, Command} makes tuples of them, {single, Command} the first value of the first one, or nil").
shapes_of_rows(Config) ->
    Db = open(Config),
    {ok, 0} = ask(Db, {write, <<"CREATE TABLE g (id, phrase)">>}),
    [{ok, 1} = ask(Db, {write, <<"INSERT INTO g VALUES (?1, ?2)">>, [I, P]}) || {I, P} <- [{1, <<"hola">>}, {2, <<"今日は"/utf8>>}]],
    All = <<"SELECT * FROM g">>, One = <<"SELECT phrase FROM g WHERE id = ?1">>,
    each([{maps, {{read, All}, [#{id => 1, phrase => <<"hola">>}, #{id => 2, phrase => <<"今日は"/utf8>>}]}},
          {tuples, {{read, {values, All}}, [{1, <<"hola">>}, {2, <<"今日は"/utf8>>}]}},
          {single, {{read, {single, One}, [2]}, <<"今日は"/utf8>>}},
          {a_value_alone, {{read, {single, One}, 1}, <<"hola">>}},
          {none, {{read, {single, One}, [9]}, nil}},
          {no_rows, {{read, One, [9]}, []}},
          {total, {{read, {single, <<"SELECT count(*) FROM g">>}}, 2}}],
         fun({Request, Answer}) -> ?assertEqual(Answer, ask(Db, Request)) end).

?PROMISE(values, "Depo.write/3", "integers, floats and binaries come back as they are, true and false as 1 and 0, nil and undefined as nil, other atoms as text").
values(Config) ->
    Db = open(Config),
    {ok, 0} = ask(Db, {write, <<"CREATE TABLE v (k, v)">>}),
    each([{title(V), {V, Back}} || {V, Back} <- [{V, V} || V <- [0, -1, 1 bsl 62, -(1 bsl 63), 1.5, -0.25, <<>>, <<"ä"/utf8>>, nil]] ++
              [{true, 1}, {false, 0}, {undefined, nil}, {word, <<"word">>}, {{blob, <<0, 255>>}, <<0, 255>>}]],
         fun({V, Back}) ->
             Key = erlang:unique_integer([positive]),
             {ok, 1} = ask(Db, {write, <<"INSERT INTO v VALUES (?1, ?2)">>, [Key, V]}),
             ?assertEqual(Back, ask(Db, {read, {single, <<"SELECT v FROM v WHERE k = ?1">>}, Key}))
         end),
    each(titles([[[1]], 1 bsl 70, self(), {a, 1}, #{}]), fun(Bad) -> {error, {bad_value, _}} = ask(Db, {write, <<"INSERT INTO v VALUES (?1, 1)">>, [Bad]}) end).

?PROMISE(errors_are_replies, "Depo.read/2, Depo.write_sync/2, Depo.teach/2", "what is wrong with a request is the answer, and the server lives on").
errors_are_replies(Config) ->
    Db = numbers(Config),
    {ok, 1} = ask(Db, {write, add, [1]}),
    each([{no_sql, {{read, <<"SELEC 1">>}, sqlite_error}}, {no_table, {{write, <<"INSERT INTO none VALUES (1)">>}, sqlite_error}},
          {constraint, {{write, add, 1}, constraint}}, {not_taught, {{read, what}, unknown_statement}},
          {missing_value, {{write, add}, sqlite_error}}],
         fun({Request, Kind}) -> {error, {Kind, _}} = ask(Db, Request) end),
    {error, {bad, {sqlite_error, _}}} = ask(Db, {teach, [{good, <<"SELECT 1 AS n">>}, {bad, <<"SELECT n FROM none">>}]}),
    {error, {unknown_statement, good}} = ask(Db, {read, good}),
    each(titles([what, {read}, {read, 1, 2, 3}]), fun(Request) -> {error, unknown_request} = ask(Db, Request) end),
    [{error, no_transaction} = ask(Db, V) || V <- [commit, rollback]],
    [gen_server:cast(Db, C) || C <- [nonsense, {write, none}]],
    Db ! what,
    [1] = content(Db).

?PROMISE(casts_are_in_order, "Depo.write/3", "what a process writes is done in order, and before what it asks for afterwards").
casts_are_in_order(Config) ->
    Db = numbers(Config),
    [begin add(Db, N), N = ask(Db, {read, {single, <<"SELECT count(*) FROM t">>}}) end || N <- lists:seq(1, 50)],
    [add(Db, N) || N <- lists:seq(51, 500)],
    ?assertEqual(lists:seq(1, 500), content(Db)).

?PROMISE(status, "sys:get_status/1, Module:format_status/2", "the status has the names of the statements and no SQL").
status(Config) ->
    Db = open(Config),
    ok = ask(Db, {teach, [{b, <<"SELECT 424242 AS n">>}, {a, <<"SELECT 1 AS n">>}]}),
    {status, Db, {module, gen_server}, [_, _, _, _, Misc]} = sys:get_status(Db),
    Shown = lists:flatten(io_lib:format("~p", [Misc])),
    ?assertMatch({_, _, nomatch}, {string:find(Shown, "cache => [a,b]"), Shown, string:find(Shown, "424242")}),
    true = string:find(Shown, "cache => [a,b]") =/= nomatch.

%% ---- transactions ----

?PROMISE(committed_or_not, "Depo.transact/2", "all of a transaction, or nothing when it raises").
committed_or_not(Config) ->
    Db = numbers(Config),
    ok = transact(Db, fun() -> add(Db, 1), add(Db, 2) end),
    {'EXIT', changed_my_mind} = (catch transact(Db, fun() -> add(Db, 3), [1, 2, 3] = content(Db), exit(changed_my_mind) end)),
    [1, 2] = content(Db).

?PROMISE(nested, "Depo.transact/2, SAVEPOINT", "a transaction within is undone alone, or with the one around it").
nested(Config) ->
    Db = numbers(Config),
    ok = transact(Db, fun() ->
        add(Db, 1),
        ok = transact(Db, fun() -> add(Db, 2), catch transact(Db, fun() -> add(Db, 3), exit(no) end), [1, 2] = content(Db) end),
        catch transact(Db, fun() -> ok = transact(Db, fun() -> add(Db, 4) end), exit(no) end)
    end),
    [1, 2] = content(Db),
    {'EXIT', no} = (catch transact(Db, fun() -> ok = transact(Db, fun() -> add(Db, 5) end), exit(no) end)),
    [1, 2] = content(Db).

?PROMISE(an_error_within, "Depo.transact/2", "an error in a transaction, also of a cast, is its result, and what comes after it is refused").
an_error_within(Config) ->
    Db = numbers(Config),
    {ok, 1} = ask(Db, {write, add, 1}),
    {error, {constraint, _}} = transact(Db, fun() ->
        add(Db, 2), add(Db, 1),
        {error, {aborted, {constraint, _}}} = ask(Db, {write, add, 3}),
        {error, {aborted, _}} = ask(Db, {read, all}),
        {error, {aborted, _}} = ask(Db, 'begin')
    end),
    [1] = content(Db),
    ok = transact(Db, fun() -> {error, {constraint, _}} = transact(Db, fun() -> add(Db, 4), add(Db, 1) end), add(Db, 5) end),
    [1, 5] = content(Db).

?PROMISE(others_wait, "Depo.transact/2", "what other processes ask for is done after the transaction, in order").
others_wait(Config) ->
    Db = numbers(Config), Self = self(),
    ok = transact(Db, fun() ->
        add(Db, 1),
        [begin
             Pid = spawn_link(fun() -> Id = gen_server:send_request(Db, {write, add, N}), Self ! {sent, self()}, Self ! {N, gen_server:wait_response(Id, 60000)} end),
             receive {sent, Pid} -> ok end
         end || N <- [2, 3]],
        gen_server:cast(Db, {write, add, [4]}),
        [1] = content(Db),
        none = receive {_, _} = M -> M after 50 -> none end,
        add(Db, 5)
    end),
    [receive {N, {reply, {ok, 1}}} -> ok end || N <- [2, 3]],
    [1, 2, 3, 4, 5] = content(Db).

?PROMISE(waits_for_some_time, "Depo.transact/3", "who waits for a transaction with a time-out is told when it is over").
waits_for_some_time(Config) ->
    Db = numbers(Config), Self = self(),
    ok = transact(Db, fun() ->
        spawn_link(fun() -> Self ! {other, ask(Db, {'begin', 20})} end),
        {other, {error, timeout}} = next(),
        spawn_link(fun() -> Self ! {other, ask(Db, commit)} end),
        {other, {error, no_transaction}} = next()
    end),
    ok = transact(Db, fun() -> add(Db, 1) end).

?PROMISE(the_caller_dies, "monitor/2", "a transaction whose process is killed is rolled back, and others go on").
the_caller_dies(Config) ->
    Db = numbers(Config), Self = self(),
    Pid = spawn(fun() -> transact(Db, fun() -> add(Db, 1), transact(Db, fun() -> add(Db, 2), content(Db), Self ! here, receive never -> ok end end) end) end),
    receive here -> ok end,
    Id = gen_server:send_request(Db, {write, add, 3}),
    exit(Pid, kill),
    {reply, {ok, 1}} = gen_server:wait_response(Id, 60000),
    [3] = content(Db).

?PROMISE(the_node_of_the_caller_dies, "monitor/2, noconnection", "a transaction of a process whose node is killed is rolled back").
the_node_of_the_caller_dies(Config) ->
    Db = numbers(Config),
    Beam = compat:beam(#{alive => compat:alive(caller)}),
    ok = beam:call(Beam, ?MODULE, leave_open, [Db]),
    Id = gen_server:send_request(Db, {write, add, 3}),
    ok = beam:signal(Beam, "KILL"),
    {reply, {ok, 1}} = gen_server:wait_response(Id, 60000),
    [3] = content(Db).

leave_open(Db) ->
    Self = self(),
    spawn(fun() -> ok = ask(Db, 'begin'), add(Db, 1), [1] = content(Db), Self ! open, receive never -> ok end end),
    receive open -> ok end.

?PROMISE(totals_are_exact, "Depo.transact/2", "16 processes move what belongs to one into another, read meanwhile, and the sum stays").
totals_are_exact(Config) ->
    Db = open(Config),
    {ok, 0} = ask(Db, {write, <<"CREATE TABLE acc (id, n)">>}),
    [{ok, 1} = ask(Db, {write, <<"INSERT INTO acc VALUES (?1, 1000)">>, I}) || I <- lists:seq(0, 15)],
    ok = ask(Db, {teach, [{give, <<"UPDATE acc SET n = n + ?2 WHERE id = ?1">>}, {sum, <<"SELECT sum(n) FROM acc">>}]}),
    Give = fun(Who, N) -> gen_server:cast(Db, {write, give, [Who, N], self()}) end,
    Work = fun(Who) ->
        [begin
             catch transact(Db, fun() -> Give(Who, -5), exit(no) end),
             ok = transact(Db, fun() -> Give(Who, -3), ok = transact(Db, fun() -> Give((Who + I) rem 16, 3) end) end),
             16000 = ask(Db, {read, {single, sum}})
         end || I <- lists:seq(1, 20)]
    end,
    Workers = [spawn_monitor(fun() -> Work(Who) end) || Who <- lists:seq(0, 15)],
    [receive {'DOWN', Ref, _, Pid, Why} -> ?assertEqual(normal, Why) end || {Pid, Ref} <- Workers],
    16000 = ask(Db, {read, {single, sum}}).

%% ---- streams ----

?PROMISE(streamed, "Depo.stream/3", "a process of its own sends each row, in order, and ends").
streamed(Config) ->
    Db = numbers(Config),
    [add(Db, N) || N <- lists:seq(1, 1000)],
    Stream = ask(Db, {stream, self(), {values, all}}),
    ?assertEqual([{N} || N <- lists:seq(1, 1000)], lists:sort(rows(Stream, 1000))),
    ?assert(lists:member(ended(Stream), [normal, noproc])),
    none = nothing().

?PROMISE(paced, "Depo.rows/4", "no more rows come than were asked for, then what has become of it").
paced(Config) ->
    Db = numbers(Config),
    [add(Db, N) || N <- lists:seq(1, 10)],
    Stream = ask(Db, {stream, self(), {values, all}, [], 3}),
    First = rows(Stream, 3),
    none = nothing(),
    Stream ! {more, 2},
    Second = rows(Stream, 2),
    none = nothing(),
    Stream ! {more, 50},
    ?assertEqual([{N} || N <- lists:seq(1, 10)], lists:sort(First ++ Second ++ rows(Stream, 5))),
    {Stream, done} = next().

?PROMISE(ends_with_its_receiver, "monitor/2", "a stream ends with the process that it sends to").
ends_with_its_receiver(Config) ->
    Db = numbers(Config),
    [add(Db, N) || N <- lists:seq(1, 10)],
    Receiver = spawn(fun() -> receive stop -> ok end end),
    Stream = ask(Db, {stream, Receiver, {values, all}, [], 1}),
    true = is_pid(Stream),
    Receiver ! stop,
    ?assert(lists:member(ended(Stream), [normal, noproc])),
    {error, {sqlite_error, _}} = ask(Db, {stream, self(), <<"SELECT n FROM none">>}).

%% ---- releases ----

handler(Node, F, Args) -> rpc:call(Node, release_handler, F, Args, 60000).

install(Node, Vsn) -> {ok, _, _} = handler(Node, install_release, [Vsn]), ok.

%% The files of releases 2 and 3 lie on the node already.
known(Node) ->
    Dir = case rpc:call(Node, file, get_cwd, []) of {ok, Cwd} -> Cwd; _ -> "." end,
    [{ok, V} = handler(Node, set_unpacked, [filename:join([Dir, "releases", V, "demorel.rel"]), [{depo, V, Dir}]]) || V <- ["2", "3"]],
    ok.

?PROMISE(a_column_is_added, "Module:code_change/3, {update, Depo.DB, {advanced, []}}", "an upgrade that adds a column to the state keeps database, statements, an open transaction and a stream; the downgrade too").
a_column_is_added(Config) ->
    Node = start(Config),
    ok = known(Node),
    {ok, Opened} = supervisor:start_child({?SUP, Node}, [memory]),
    Named = rpc:call(Node, erlang, whereis, [?DB]),
    [taught(Db) || Db <- [Opened, Named]],
    each([{registered, Named}, {opened, Opened}], fun(Db) ->
        {error, unknown_request} = ask(Db, stats),
        [add(Db, N) || N <- [1, 2]],
        Stream = ask(Db, {stream, self(), {values, all}, [], 1}),
        [_] = rows(Stream, 1),
        ok = transact(Db, fun() ->
            add(Db, 3),
            ok = install(Node, "2"),
            [1, 2, 3] = content(Db),
            #{requests := N} = ask(Db, stats),
            true = N > 0,
            catch transact(Db, fun() -> add(Db, 4), ok = install(Node, "1"), exit(no) end),
            {error, unknown_request} = ask(Db, stats),
            add(Db, 5)
        end),
        [1, 2, 3, 5] = content(Db),
        Stream ! {more, 9},
        _ = rows(Stream, 2)
    end),
    Named = rpc:call(Node, erlang, whereis, [?DB]),
    compat:kill_node(Node).

?PROMISE(a_version_that_refuses, "Module:code_change/3, {error, Reason}", "the upgrade fails and the old release goes on with its open transaction (a BEAM restarts itself with the permanent release instead)").
a_version_that_refuses(Config) ->
    Node = start(Config),
    ok = known(Node),
    Db = rpc:call(Node, erlang, whereis, [?DB]),
    taught(Db),
    ok = install(Node, "2"),
    ok = handler(Node, make_permanent, ["2"]),
    ok = ask(Db, 'begin'),
    add(Db, 1),
    [1] = content(Db),
    erlang:monitor_node(Node, true),
    Answer = handler(Node, install_release, ["3"]),
    case compat:tested() of
        {gonode, _} ->
            {error, {code_change_failed, Db, ?DB, _, {error, transaction_open}}} = Answer,
            erlang:monitor_node(Node, false),
            add(Db, 2),
            ok = ask(Db, commit),
            [1, 2] = content(Db),
            [{_, "2", _, permanent}] = handler(Node, which_releases, [permanent]),
            ok = install(Node, "3"),
            [1, 2] = content(Db);
        {beam, _} ->
            receive {nodedown, Node} -> ok after 60000 -> error(no_restart) end
    end,
    compat:kill_node(Node).

?PROMISE(calls_go_on, "sys:suspend/1, sys:resume/1", "while the server is upgraded and downgraded, the transactions of 6 processes lose nothing").
calls_go_on(Config) ->
    Node = start(Config),
    ok = known(Node),
    Db = rpc:call(Node, erlang, whereis, [?DB]),
    taught(Db),
    Self = self(),
    Callers = [spawn_link(fun() -> caller(Self, Db, I * 1000000) end) || I <- lists:seq(1, 6)],
    Made = fun() -> [receive {made, C} -> ok after 60000 -> error({no_progress, C}) end || C <- Callers] end,
    Made(),
    each([{title(Vsn), Vsn} || Vsn <- ["2", "1", "2", "1"]], fun(Vsn) -> ok = install(Node, Vsn), Made() end),
    [C ! stop || C <- Callers],
    Written = lists:sort(lists:append([receive {done, C, Ns} -> Ns after 60000 -> error({no_answer, C}) end || C <- Callers])),
    ?assertEqual(Written, content(Db)),
    compat:kill_node(Node).

%% Writes two numbers in each transaction until it is told to stop.
caller(To, Db, N) -> caller(To, Db, N, []).
caller(To, Db, N, Written) ->
    receive
        stop -> To ! {done, self(), Written}
    after 0 ->
        ok = transact(Db, fun() -> add(Db, N), add(Db, N + 1) end),
        To ! {made, self()},
        caller(To, Db, N + 2, [N, N + 1 | Written])
    end.
