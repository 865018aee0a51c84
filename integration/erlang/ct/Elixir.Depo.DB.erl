%% The reference of Depo.DB: what examples/depo is, on a BEAM. Its engine is in memory and knows the few statements of
%% depo_SUITE; a driver of SQLite is no part of Erlang. The requests are described in examples/depo/doc.go.
-module('Elixir.Depo.DB').
-behaviour(gen_server).

-ifndef(NUMBER).
-define(NUMBER, 1).
-define(VSN, "1").
-endif.
-vsn(?VSN).

-export([start_link/1, start_link/2, start/2]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2, code_change/3, format_status/1, format_status/2]).

%% What waits while tx is open is in waiting, in order. levels are the tables at the begin of each level, and what has
%% failed in it. Version 2 has {Db, Requests} as its state, version 1 Db alone.
-record(db, {tables = #{}, cache = #{}, owner, levels = [], watch, waiting = []}).

start_link(What) -> gen_server:start_link(?MODULE, What, []).
start_link(What, Pid) -> gen_server:start_link(?MODULE, [What, Pid], []).
start(Name, What) -> gen_server:start_link({local, Name}, ?MODULE, What, []).

init([What, Pid]) when is_pid(Pid) -> link(Pid), init(What);
init(memory) -> {ok, state(#db{}, 0)};
init(Path) when is_binary(Path) -> {stop, no_such_file};
init(Other) -> {stop, {bad_open, Other}}.

-if(?NUMBER =:= 1).
state(Db, _) -> Db.
parts(Db) -> {Db, 0}.
-else.
state(Db, N) -> {Db, N}.
parts({Db, N}) -> {Db, N}.
-endif.

handle_call(stats, _, {_, N} = S) -> {reply, #{requests => N}, S};
handle_call(Request, {Pid, _} = From, S) -> request({call, Request, From, Pid}, S).

handle_cast({write, Command, Values, Pid}, S) -> request({cast, {write, Command, Values}, none, Pid}, S);
handle_cast(Request, S) -> request({cast, Request, none, none}, S).

handle_info({'DOWN', Ref, _, _, _}, S) ->
    case parts(S) of
        {#db{watch = Ref} = Db, N} -> {noreply, state(next(ended(rolled_back(lists:last(Db#db.levels), Db))), N)};
        _ -> {noreply, S}
    end;
handle_info({expire, From}, S) ->
    {#db{waiting = Waiting} = Db, N} = parts(S),
    {Late, Rest} = lists:partition(fun({_, _, F, _}) -> F =:= From end, Waiting),
    [gen_server:reply(From, {error, timeout}) || _ <- Late],
    {noreply, state(Db#db{waiting = Rest}, N)};
handle_info(_, S) -> {noreply, S}.

format_status(#{state := S} = Status) -> Status#{state := shown(S)}.
format_status(_, [_, S]) -> [{data, [{"State", shown(S)}]}].

shown(S) -> {#db{cache = Cache}, _} = parts(S), #{cache => lists:sort(maps:keys(Cache))}.

-if(?NUMBER =:= 3).
code_change({down, _}, S, _) -> {ok, S};
code_change(_, {#db{owner = undefined}, _} = S, _) -> {ok, S};
code_change(_, _, _) -> {error, transaction_open}.
-elif(?NUMBER =:= 2).
code_change({down, "1"}, {Db, _}, _) -> {ok, Db};
code_change(_, #db{} = Db, _) -> {ok, {Db, 0}};
code_change(_, S, _) -> {ok, S}.
-else.
code_change(_, S, _) -> {ok, S}.
-endif.

%% ---- who is next ----

request(Job, S) -> {Db, N} = parts(S), {noreply, state(next(accept(Job, Db)), N + 1)}.

accept({_, _, _, Pid} = Job, #db{owner = Owner} = Db) when Owner =:= undefined; Owner =:= Pid -> do(Job, Db);
accept({call, Verb, From, _}, Db) when Verb =:= commit; Verb =:= rollback ->
    gen_server:reply(From, {error, no_transaction}),
    Db;
accept({_, Request, From, _} = Job, Db) ->
    case Request of {'begin', Time} -> erlang:send_after(Time, self(), {expire, From}); _ -> ok end,
    Db#db{waiting = Db#db.waiting ++ [Job]}.

next(#db{owner = undefined, waiting = [Job | Rest]} = Db) -> next(do(Job, Db#db{waiting = Rest}));
next(Db) -> Db.

do({Kind, Request, From, Pid}, Db) ->
    {Reply, Db1} = try work(Request, Pid, Db) catch throw:Reason -> {{error, Reason}, spoilt(Reason, Db)} end,
    Kind =:= cast orelse gen_server:reply(From, Reply),
    Db1.

%% ---- transactions ----

work(commit, _, #db{levels = []}) -> throw(no_transaction);
work(rollback, _, #db{levels = []}) -> throw(no_transaction);
work(commit, _, #db{levels = [{_, ok}]} = Db) -> {ok, ended(Db)};
work(commit, _, #db{levels = [{_, ok} | Outer]} = Db) -> {ok, Db#db{levels = Outer}};
work(commit, _, #db{levels = [{_, {failed, Reason}} | _]} = Db) -> {{error, Reason}, rolled_back(Db)};
work(rollback, _, Db) -> {ok, rolled_back(Db)};
work({'begin', _}, Pid, Db) -> work('begin', Pid, Db);
work(_, _, #db{levels = [{_, {failed, Reason}} | _]}) -> throw({aborted, Reason});
work('begin', Pid, #db{levels = []} = Db) ->
    {ok, Db#db{owner = Pid, watch = monitor(process, Pid), levels = [{Db#db.tables, ok}]}};
work('begin', _, #db{levels = Levels} = Db) -> {ok, Db#db{levels = [{Db#db.tables, ok} | Levels]}};
work({write, Command}, Pid, Db) -> work({write, Command, []}, Pid, Db);
work({write, Command, Values}, _, Db) ->
    {_, _, Changed, Tables} = run(find(Command, Db), values(Values), Db#db.tables),
    {{ok, Changed}, Db#db{tables = Tables}};
work({read, Command}, Pid, Db) -> work({read, Command, []}, Pid, Db);
work({read, Command, Values}, _, Db) -> {rows(Command, Values, Db), Db};
work({teach, Named}, _, Db) when is_map(Named) -> {ok, taught(maps:to_list(Named), Db)};
work({teach, Named}, _, Db) when is_list(Named) -> {ok, taught(Named, Db)};
work({stream, To, Command}, Pid, Db) -> work({stream, To, Command, []}, Pid, Db);
work({stream, To, Command, Values}, Pid, Db) -> work({stream, To, Command, Values, infinity}, Pid, Db);
work({stream, To, Command, Values, Demand}, _, Db) when is_pid(To) ->
    Rows = case rows(Command, Values, Db) of List when is_list(List) -> List; One -> [One] end,
    {depo_stream:start(To, Rows, Demand), Db};
work(_, _, _) -> throw(unknown_request).

rolled_back(#db{levels = [Level]} = Db) -> ended(rolled_back(Level, Db));
rolled_back(#db{levels = [Level | Outer]} = Db) -> (rolled_back(Level, Db))#db{levels = Outer}.
rolled_back({Tables, _}, Db) -> Db#db{tables = Tables}.

ended(Db) -> demonitor(Db#db.watch, [flush]), Db#db{owner = undefined, watch = undefined, levels = []}.

spoilt(_, #db{levels = [{_, {failed, _}} | _]} = Db) -> Db;
spoilt(no_transaction, Db) -> Db;
spoilt(unknown_request, Db) -> Db;
spoilt(Reason, #db{levels = [{Tables, ok} | Outer]} = Db) -> Db#db{levels = [{Tables, {failed, Reason}} | Outer]};
spoilt(_, Db) -> Db.

%% ---- statements ----

taught(Named, Db) ->
    New = [{Name, try prepare(Sql, Db#db.tables) catch throw:Reason -> throw({Name, Reason}) end} || {Name, Sql} <- Named],
    Db#db{cache = maps:merge(Db#db.cache, maps:from_list(New))}.

find(Name, #db{cache = Cache}) when is_atom(Name) ->
    case Cache of #{Name := Statement} -> Statement; _ -> throw({unknown_statement, Name}) end;
find(Sql, Db) -> prepare(Sql, Db#db.tables).

rows({values, Command}, Values, Db) -> [list_to_tuple(Row) || Row <- element(2, selected(Command, Values, Db))];
rows({single, Command}, Values, Db) ->
    case selected(Command, Values, Db) of {_, [[First | _] | _]} -> First; _ -> nil end;
rows(Command, Values, Db) ->
    {Columns, Rows} = selected(Command, Values, Db),
    [maps:from_list(lists:zip(Columns, Row)) || Row <- Rows].

selected(Command, Values, Db) ->
    {Columns, Rows, _, _} = run(find(Command, Db), values(Values), Db#db.tables),
    {[binary_to_atom(C, utf8) || C <- Columns], Rows}.

values(List) when is_list(List) -> [value(V) || V <- List];
values(One) -> [value(One)].

value(nil) -> nil;
value(undefined) -> nil;
value(true) -> 1;
value(false) -> 0;
value(V) when is_integer(V), V >= -(1 bsl 63), V < 1 bsl 63 -> V;
value(V) when is_float(V); is_binary(V) -> V;
value(V) when is_atom(V) -> atom_to_binary(V, utf8);
value({blob, V}) when is_binary(V) -> V;
value(V) -> throw({bad_value, iolist_to_binary(io_lib:format("~0p", [V]))}).

prepare(Sql, Tables) ->
    Forms = [{create, "^CREATE TABLE (\\w+) \\((.*)\\)$"},
             {insert, "^INSERT INTO (\\w+) VALUES \\((.*)\\)$"},
             {update, "^UPDATE (\\w+) SET (\\w+) = \\2 \\+ (\\S+) WHERE (\\w+) = (\\S+)$"},
             {constant, "^SELECT (\\S+) AS (\\w+)$"},
             {total, "^SELECT (count|sum)\\((\\*|\\w+)\\) FROM (\\w+)(?: WHERE (\\w+) = (\\S+))?$"},
             {select, "^SELECT (\\*|\\w+) FROM (\\w+)(?: WHERE (\\w+) = (\\S+))?$"}],
    case [{Kind, Parts} || {Kind, Form} <- Forms, {match, Parts} <- [re:run(Sql, Form, [{capture, all_but_first, binary}])]] of
        [{Kind, Parts} | _] -> known(Kind, Parts, Tables), {Kind, Parts};
        [] -> throw({sqlite_error, <<"syntax error">>})
    end.

known(create, [Name, _], Tables) -> not is_map_key(Name, Tables) orelse throw({sqlite_error, <<"table exists">>});
known(constant, _, _) -> true;
known(total, [_, _, Name | _], Tables) -> table(Name, Tables);
known(select, [_, Name | _], Tables) -> table(Name, Tables);
known(_, [Name | _], Tables) -> table(Name, Tables).

table(Name, Tables) -> case Tables of #{Name := Table} -> Table; _ -> throw({sqlite_error, <<"no such table">>}) end.

%% Columns, rows, how many have changed, and the tables.
run({create, [Name, Columns]}, [], Tables) ->
    Named = [string:split(C, " ") || C <- string:split(Columns, ", ", all)],
    {[], [], 0, Tables#{Name => {[C || [C | _] <- Named], [length(Rest) > 0 || [_ | Rest] <- Named], []}}};
run({insert, [Name, Args]}, Values, Tables) ->
    {Columns, Unique, Rows} = table(Name, Tables),
    Row = arguments(string:split(Args, ", ", all), Values),
    length(Row) =:= length(Columns) orelse throw({sqlite_error, <<"wrong number of values">>}),
    Taken = [V || Old <- Rows, {true, V, V} <- lists:zip3(Unique, Old, Row)],
    Taken =:= [] orelse throw({constraint, <<"UNIQUE constraint failed">>}),
    {[], [], 1, Tables#{Name := {Columns, Unique, Rows ++ [Row]}}};
run({update, [Name, Set, By, Where, Is]}, Values, Tables) ->
    {Columns, Unique, Rows} = table(Name, Tables),
    [Add, Wanted] = arguments([By, Is], Values),
    Changed = [case column(Where, Columns, Row) of
                   Wanted -> {1, [case C of Set -> V + Add; _ -> V end || {C, V} <- lists:zip(Columns, Row)]};
                   _ -> {0, Row}
               end || Row <- Rows],
    {[], [], lists:sum([N || {N, _} <- Changed]), Tables#{Name := {Columns, Unique, [Row || {_, Row} <- Changed]}}};
run({constant, [Value, As]}, Values, Tables) -> {[As], [arguments([Value], Values)], 0, Tables};
run({total, [What, Column, Name | Where]}, Values, Tables) ->
    {Columns, _, _} = Table = table(Name, Tables),
    Found = filter(Table, Where, Values),
    Total = case What of <<"count">> -> length(Found); <<"sum">> -> lists:sum([column(Column, Columns, Row) || Row <- Found]) end,
    {[What], [[Total]], 0, Tables};
run({select, [<<"*">>, Name | Where]}, Values, Tables) ->
    {Columns, _, _} = Table = table(Name, Tables),
    {Columns, filter(Table, Where, Values), 0, Tables};
run({select, [Column, Name | Where]}, Values, Tables) ->
    {Columns, _, _} = Table = table(Name, Tables),
    {[Column], [[column(Column, Columns, Row)] || Row <- filter(Table, Where, Values)], 0, Tables}.

filter({_, _, Rows}, [], _) -> Rows;
filter({Columns, _, Rows}, [Column, Is], Values) ->
    [Wanted] = arguments([Is], Values),
    [Row || Row <- Rows, column(Column, Columns, Row) =:= Wanted].

column(Column, Columns, Row) ->
    case [V || {C, V} <- lists:zip(Columns, Row), C =:= Column] of
        [V] -> V;
        [] -> throw({sqlite_error, <<"no such column">>})
    end.

arguments(Args, Values) ->
    [case A of
         <<"?", N/binary>> ->
             I = binary_to_integer(N),
             I =< length(Values) orelse throw({sqlite_error, <<"missing argument">>}),
             lists:nth(I, Values);
         _ -> binary_to_integer(A)
     end || A <- Args].
