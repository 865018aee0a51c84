%% A Common Test hook that writes a line for each check, as README.md describes it. A function whose checks are counted one
%% by one has no line of its own, unless it fails apart from them.
-module(compat_hook).

-export([id/1, init/2, pre_init_per_testcase/4, post_end_per_testcase/5, on_tc_fail/4, on_tc_skip/4, terminate/1]).
-export([checked/2]).

-record(s, {file, on}).

id(_) -> ?MODULE.

%% The table and the file belong to a process that stays until the end.
init(_, {File, On}) ->
    Starter = self(),
    Keeper = spawn(fun() ->
        ets:new(?MODULE, [named_table, public, bag]),
        {ok, Device} = file:open(File, [write, {encoding, utf8}]),
        Starter ! {self(), Device},
        receive stop -> file:close(Device) end
    end),
    receive {Keeper, Device} -> {ok, #s{file = Device, on = On}} end.

%% Told by compat:each/2, in the process of the test.
checked(Title, Outcome) -> ets:insert(?MODULE, {check, erlang:unique_integer([monotonic]), Title, Outcome}).

pre_init_per_testcase(_Suite, _Function, Config, S) ->
    ets:delete_all_objects(?MODULE),
    {Config, S}.

post_end_per_testcase(Suite, Function, _Config, Return, S) ->
    Checks = lists:sort(ets:lookup(?MODULE, check)),
    [line(S, Suite, Function, Title, Outcome) || {check, _, Title, Outcome} <- Checks],
    Checks =:= [] andalso passed(Return) andalso line(S, Suite, Function, "", ok),
    {Return, S}.

passed({skip, _}) -> false;
passed({skipped, _}) -> false;
passed({failed, _}) -> false;
passed({fail, _}) -> false;
passed({error, _}) -> false;
passed({'EXIT', _}) -> false;
passed({timetrap_timeout, _}) -> false;
passed(_) -> true.

on_tc_fail(Suite, Function, Reason, S) ->
    Counted = [ok || {check, _, _, {failed, _}} <- ets:lookup(?MODULE, check)],
    Counted =:= [] andalso line(S, Suite, Function, "", {failed, Reason}),
    ets:delete_all_objects(?MODULE),
    S.

on_tc_skip(_Suite, Function, _Reason, S) when Function =:= init_per_suite; Function =:= end_per_suite -> S;
on_tc_skip(Suite, Function, Reason, S) -> line(S, Suite, Function, "", {skipped, Reason}), S.

terminate(#s{file = Device}) -> file:close(Device).

line(#s{file = Device, on = On}, Suite, Function, Title, Outcome) ->
    {Word, Why} = case Outcome of ok -> {ok, ""}; {W, R} -> {W, why(R)} end,
    Name = case Function of {F, Group} -> [atom_to_list(F), $/, atom_to_list(Group)]; _ -> atom_to_list(Function) end,
    {Place, Promise} = text(Suite, Function),
    io:put_chars(Device, lists:join($\t, [section(Suite), Name, one_line(Title), atom_to_list(Word), Place, Promise, one_line(Why) | On])),
    io:put_chars(Device, "\n").

section(Suite) -> string:replace(atom_to_list(Suite), "_SUITE", "").

text(Suite, Function) ->
    try
        Data = proplists:get_value(userdata, Suite:Function()),
        {proplists:get_value(place, Data), proplists:get_value(promise, Data)}
    catch _:_ -> {"", ""}
    end.

why({tc_user_skip, Why}) -> why(Why);
why({tc_auto_skip, Why}) -> why(Why);
why(Why) when is_list(Why) -> Why;
why(Why) -> io_lib:format("~tP", [Why, 60]).

one_line(Text) ->
    Chars = case catch unicode:characters_to_list(Text) of
        [_ | _] = L -> case io_lib:printable_unicode_list(L) of true -> L; false -> io_lib:format("~0tp", [Text]) end;
        [] -> "";
        _ -> io_lib:format("~0tp", [Text])
    end,
    lists:flatten(lists:join(" ", string:lexemes(lists:flatten(Chars), " \t\n\r"))).
