%% A server for translations, in three versions: NUMBER comes from the compiler. The same in Go, with a description of the
%% requests and options, is examples/tsrv. Version 2 has no vsn of its own: the checksum of its code takes the place.
-module(t__srv).
-behaviour(gen_server).
-ifndef(NUMBER).
-define(NUMBER, 1).
-define(VSN, "1").
-endif.
-if(?NUMBER =/= 2).
-vsn(?VSN).
-endif.

-include_lib("kernel/include/file.hrl").

-export([start_link/1, start_link/2]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2, terminate/2, code_change/3]).

%% The tables stand beside what sys:get_state shows, in the process dictionary: #{{App, Repository} => #{{Language, Message} => Text}}.
%% Versions 2 and 3 have two fields more, Changes and Fallback, behind these.
-record(t__srv_state, {configs = [], dev_count = 0, timer_ref = undefined, timer_interval = 10000, idle = infinity, notify = undefined, waiting = []}).
-define(FIELDS, 8).

start_link(Options) -> start_link({local, ?MODULE}, Options).
start_link(Name, Options) -> gen_server:start_link(Name, ?MODULE, Options, []).

%% ---- callbacks ----

init(Options) when is_list(Options) -> options(Options, Options, #t__srv_state{});
init(Options) -> {stop, {bad_options, Options}}.

options([{enabled, false} | _], _, _) -> ignore;
options([trap_exit | T], All, S) -> process_flag(trap_exit, true), options(T, All, S);
options([O | T], All, S) ->
    case option(O, S) of
        {ok, S1} -> options(T, All, S1);
        false -> {stop, {bad_option, O}}
    end;
options([], All, S) ->
    S1 = changed(S),
    tell({init, self(), All}, S1),
    idle({ok, grow(S1)}, S1).

handle_call(Request, From, Whole) ->
    {S, More} = split(Whole),
    case extra_call(Request, S, More) of
        {reply, Reply} -> idle({reply, Reply, Whole}, S);
        no ->
            case call(Request, From, S) of
                {reply, Reply, S1} -> idle({reply, Reply, join(S1, count(Request, Reply, More))}, S1);
                {noreply, S1} -> idle({noreply, join(S1, More)}, S1);
                {stop, Reason, Reply} -> {stop, Reason, Reply, Whole};
                {stop, Reason} -> {stop, Reason, Whole}
            end
    end.

handle_cast(Request, Whole) ->
    {S, More} = split(Whole),
    case {refused(Request), Request} of
        {true, _} -> idle({noreply, Whole}, S);
        {_, {stop, Reason}} -> {stop, Reason, Whole};
        {_, {crash, Term}} -> error(Term);
        {_, {Verb, _, _}} when Verb =:= config_set -> configure(Request, S, More);
        {_, {config_delete, _}} -> configure(Request, S, More);
        _ -> idle({noreply, Whole}, S)
    end.

configure(Request, S, More) ->
    {reply, Reply, S1} = call(Request, none, S),
    idle({noreply, join(S1, count(Request, Reply, More))}, S1).

handle_info(Message, Whole) ->
    {S, More} = split(Whole),
    S1 = case Message of monitor -> changed(stop_timer(S)); _ -> S end,
    tell({info, Message}, S1),
    idle({noreply, join(S1, More)}, S1).

terminate(Reason, Whole) ->
    {S, _} = split(Whole),
    tell({terminate, Reason}, stop_timer(S)).

code_change(Vsn, Old, Extra) when tuple_size(Old) >= ?FIELDS ->
    {S, More} = split(Old),
    tell({code_change, Vsn, Extra}, S),
    %% The way down is gone in the newer code.
    Number = case Vsn of {down, _} when tuple_size(Old) > ?FIELDS -> ?NUMBER - 1; _ -> ?NUMBER end,
    case extra(Extra, S, more(Number, More)) of
        {ok, #t__srv_state{dev_count = N, configs = C}, _} when ?NUMBER =:= 3, N > 0, not is_tuple(Vsn) ->
            {error, {dev_mode, [App || {App, Config} <- C, element(3, Config)]}};
        {ok, S1, More1} -> {ok, join(S1, More1)};
        Error -> Error
    end.

more(1, _) -> [];
more(_, []) -> [#{}, undefined];
more(_, More) -> More.

extra(Options, _, _) when not is_list(Options) -> {error, {bad_options, Options}};
extra([{fallback, F} | T], S, [Changes, _]) when is_list(F); is_binary(F); is_atom(F) -> extra(T, S, [Changes, F]);
extra([O | T], S, More) ->
    case option(O, S) of
        {ok, S1} -> extra(T, S1, More);
        false -> {error, {bad_option, O}}
    end;
extra([], S, More) -> {ok, S, More}.

%% ---- the state of each version ----

grow(S) -> join(S, more(?NUMBER, [])).

split(Whole) ->
    {S, More} = lists:split(?FIELDS, tuple_to_list(Whole)),
    {list_to_tuple(S), More}.

join(S, More) -> list_to_tuple(tuple_to_list(S) ++ More).

%% What a callback returns behind the state.
idle(Result, #t__srv_state{idle = infinity}) -> Result;
idle(Result, #t__srv_state{idle = Idle}) -> erlang:append_element(Result, Idle).

tell(Event, #t__srv_state{notify = Pid}) -> is_pid(Pid) andalso (Pid ! {?MODULE, self(), Event}).

option({timer_interval, Ms}, S) when is_integer(Ms), Ms > 0 -> {ok, S#t__srv_state{timer_interval = Ms}};
option({idle, I}, S) when is_integer(I), I >= 0; I =:= infinity; I =:= hibernate -> {ok, S#t__srv_state{idle = I}};
option({notify, Pid}, S) when is_pid(Pid) -> {ok, S#t__srv_state{notify = Pid}};
option({configs, [{App, Config} | T]}, S) ->
    case config(App, Config) of
        {ok, C} -> option({configs, T}, set(App, C, S));
        false -> false
    end;
option({configs, []}, S) -> {ok, S};
option(_, _) -> false.

%% ---- requests ----

extra_call({changes, App}, _, [Changes, _]) -> {reply, maps:get(App, Changes, 0)};
extra_call({translate, App, Repository, Language, Text}, S, [_, Fallback]) when Fallback =/= undefined ->
    {reply, translate(App, Repository, Language, Text, [text(Fallback)], S)};
extra_call(Request, _, _) ->
    case refused(Request) of
        true -> {reply, {error, no_dev_mode}};
        false -> no
    end.

%% Version 3 has no developer mode.
-if(?NUMBER =:= 3).
refused({config_set, App, Config}) ->
    case config(App, Config) of {ok, {t__config, _, true, _}} -> true; _ -> false end;
refused(_) -> false.
-else.
refused(_) -> false.
-endif.

count({Verb, App, _}, ok, [Changes, F]) when Verb =:= config_set -> [maps:update_with(App, fun(N) -> N + 1 end, 1, Changes), F];
count({config_delete, App}, ok, [Changes, F]) -> [maps:update_with(App, fun(N) -> N + 1 end, 1, Changes), F];
count(_, _, More) -> More.

call({config_set, App, Config}, _, S) ->
    case config(App, Config) of
        {ok, C} -> {reply, ok, answer(App, changed(set(App, C, S)))};
        false -> {reply, error, S}
    end;
call({config_delete, App}, _, #t__srv_state{configs = Configs} = S) when is_atom(App) ->
    case lists:keytake(App, 1, Configs) of
        {value, _, Rest} -> {reply, ok, changed(S#t__srv_state{configs = Rest})};
        false -> {reply, {error, not_found}, S}
    end;
call({config_await, App}, From, #t__srv_state{configs = Configs, waiting = Waiting} = S) when is_atom(App) ->
    case lists:keyfind(App, 1, Configs) of
        {App, Config} -> {reply, {ok, Config}, S};
        false -> tell({waiting, App, From}, S), {noreply, S#t__srv_state{waiting = Waiting ++ [{App, From}]}}
    end;
call({translate, App, Repository, Language, Text}, _, S) -> {reply, translate(App, Repository, Language, Text, [], S), S};
call(tables, _, S) -> {reply, [{App, unicode:characters_to_binary(Name), map_size(T)} || {{App, Name}, T} <- lists:sort(maps:to_list(tables()))], S};
call(dev_count, _, S) -> {reply, S#t__srv_state.dev_count, S};
call({stop, Reason}, _, _) -> {stop, Reason, stopping};
call({abort, Reason}, From, _) -> gen_server:reply(From, aborting), {stop, Reason};
call({crash, Term}, _, _) -> error(Term);
call(_, _, S) -> {reply, error, S}.

set(App, Config, #t__srv_state{configs = Configs} = S) -> S#t__srv_state{configs = [{App, Config} | lists:keydelete(App, 1, Configs)]}.

answer(App, #t__srv_state{configs = Configs, waiting = Waiting} = S) ->
    {App, Config} = lists:keyfind(App, 1, Configs),
    {Now, Later} = lists:partition(fun({A, _}) -> A =:= App end, Waiting),
    [gen_server:reply(From, {ok, Config}) || {_, From} <- Now],
    S#t__srv_state{waiting = Later}.

config(App, {t__config, Language, Dev, Repositories}) when is_atom(App), is_boolean(Dev), is_list(Repositories) ->
    Good = fun({t__repository, Name, Directory, _}) -> text(Name) =/= none andalso text(Directory) =/= none; (_) -> false end,
    case text(Language) =/= none andalso lists:all(Good, Repositories) of
        true -> {ok, {t__config, Language, Dev, [{t__repository, N, D, undefined} || {t__repository, N, D, _} <- Repositories]}};
        false -> false
    end;
config(_, _) -> false.

text(T) when is_atom(T) -> atom_to_list(T);
text(T) when is_binary(T) -> unicode:characters_to_list(T);
text(T) when is_list(T) -> case io_lib:char_list(T) of true -> T; false -> none end;
text(_) -> none.

translate(App, Repository, Language, Text, Fallback, S) ->
    case {is_atom(App), text(Repository), text(Language), message(Text)} of
        {true, Name, L, {Message, Else}} when is_list(Name), is_list(L) ->
            Table = maps:get({App, Name}, tables(), #{}),
            case [T || Of <- [language(App, Language, S) | Fallback], #{{Of, Message} := T} <- [Table]] of
                [T | _] -> T;
                [] -> Else
            end;
        _ -> error
    end.

message({Context, Text}) ->
    case {text(Context), text(Text)} of {C, T} when is_list(C), is_list(T) -> {{C, T}, Text}; _ -> none end;
message(Text) ->
    case text(Text) of none -> none; T -> {T, Text} end.

language(App, undefined, #t__srv_state{configs = Configs}) ->
    case lists:keyfind(App, 1, Configs) of
        {App, {t__config, L, _, _}} when L =/= undefined -> text(L);
        _ -> "en"
    end;
language(_, Language, _) -> text(Language).

%% ---- tables and the timer ----

tables() -> case get(tables) of undefined -> #{}; T -> T end.

changed(#t__srv_state{configs = Configs} = S) ->
    Old = tables(),
    Read = [{App, Config, [repository(App, R, Old) || R <- element(4, Config)]} || {App, Config} <- Configs],
    put(tables, maps:from_list([{Id, Table} || {_, _, Rs} <- Read, {Id, Table, _} <- Rs])),
    New = [{App, setelement(4, Config, [R || {_, _, R} <- Rs])} || {App, Config, Rs} <- Read],
    timer(S#t__srv_state{configs = New, dev_count = length([x || {_, {t__config, _, true, _}} <- New])}).

timer(#t__srv_state{dev_count = 0} = S) -> stop_timer(S);
timer(#t__srv_state{timer_ref = undefined, timer_interval = Ms} = S) -> S#t__srv_state{timer_ref = erlang:send_after(Ms, self(), monitor)};
timer(S) -> S.

stop_timer(#t__srv_state{timer_ref = undefined} = S) -> S;
stop_timer(#t__srv_state{timer_ref = Ref} = S) -> erlang:cancel_timer(Ref), S#t__srv_state{timer_ref = undefined}.

repository(App, {t__repository, Name, Directory, Files} = R, Old) ->
    Id = {App, text(Name)},
    case {files(text(Directory)), Old} of
        {undefined, _} -> {Id, #{}, setelement(4, R, undefined)};
        {Files, #{Id := Table}} -> {Id, Table, R};
        {New, _} -> {Id, lists:foldl(fun({F, _, _}, T) -> maps:merge(T, read(F)) end, #{}, New), setelement(4, R, New)}
    end.

%% Directories outside of the working directory have no files.
files(Directory) ->
    case filename:pathtype(Directory) =:= relative andalso file:list_dir(Directory) of
        {ok, Names} ->
            Files = [filename:join(Directory, N) || N <- lists:sort(Names), filename:extension(N) =:= ".po"],
            [{F, Size, Time} || F <- Files, {ok, #file_info{type = regular, size = Size, mtime = Time}} <- [file:read_file_info(F, [{time, posix}])]];
        _ -> undefined
    end.

%% The texts of a PO file; none if it is no such file.
read(File) ->
    try
        {ok, Bytes} = file:read_file(File),
        Lines = string:split(unicode:characters_to_list(Bytes), "\n", all),
        Entries = entries([string:trim(L) || L <- Lines], #{}),
        Header = proplists:get_value("", Entries, ""),
        Of = case [string:trim(V) || "Language:" ++ V <- string:split(Header, "\n", all)] of
            [L | _] -> L;
            [] -> filename:basename(File, ".po")
        end,
        maps:from_list([{{Of, M}, unicode:characters_to_binary(T)} || {M, T} <- Entries, M =/= "", T =/= ""])
    catch _:_ -> #{}
    end.

entries([], E) -> entry(E);
entries(["#," ++ Flags | T], E) ->
    Fuzzy = string:find(Flags, "fuzzy") =/= nomatch,
    entry(E) ++ entries(T, #{fuzzy => Fuzzy});
entries([[] | T], E) -> entries(T, E);
entries(["#" ++ _ | T], E) -> entries(T, E);
entries(["\"" ++ _ = S | T], #{into := Key} = E) -> entries(T, E#{Key => maps:get(Key, E) ++ string(S)});
entries([Line | T], E) ->
    [Keyword, S] = string:split(Line, " "),
    Key = key(Keyword),
    case (Key =:= context orelse Key =:= id) andalso is_map_key(text, E) of
        true -> entry(E) ++ entries(T, #{Key => string(S), into => Key});
        false -> entries(T, E#{Key => string(S), into => Key})
    end.

key("msgctxt") -> context;
key("msgid") -> id;
key("msgid_plural") -> other;
key("msgstr") -> text;
key("msgstr[0]") -> text;
key("msgstr[" ++ _) -> other.

string(S) ->
    {ok, [{string, _, Text}], _} = erl_scan:string(string:trim(S)),
    Text.

entry(#{fuzzy := true}) -> [];
entry(#{context := C, id := I, text := T}) -> [{{C, I}, T}];
entry(#{id := I, text := T}) -> [{I, T}];
entry(_) -> [].
