%% The far end of the evaluation channel of gonodetest. It is sent to the node as text and compiled there, so that one
%% file serves every release. Frames have a four byte length, then
%%   in:   Id:32, $e (Erlang) | $x (Elixir), Session:32, Source
%%         Id:32, $c                       stop the evaluation Id
%%   out:  Id:32, $v, Value                the printed value
%%         Id:32, $r, three texts, each after its length in 32 bits: class, reason, stack
%% Each session is a process with bindings of its own; the bindings survive whatever happens to the process.
-module(gonodetest_driver).
-export([run/1, compile/3]).

run(Port) ->
    _ = io:setopts(user, [{encoding, unicode}]),
    reply(Port, 0, {value, io_lib:format("~ts ~ts", [node(), erlang:system_info(otp_release)])}),
    loop(Port, #{}).

loop(Port, Sessions) ->
    receive
        {Port, {data, <<Id:32, $c>>}} ->
            loop(Port, maps:map(fun(_, S) -> cancel(Id, S) end, Sessions));
        {Port, {data, <<Id:32, Lang, Key:32, Source/binary>>}} ->
            Session = ready(maps:get(Key, Sessions, #{pid => none, id => none, bindings => #{}})),
            #{pid := {Pid, _}, bindings := Bindings} = Session,
            Pid ! {gonodetest_driver, Id, Lang, Source, maps:get(Lang, Bindings, [])},
            loop(Port, Sessions#{Key => Session#{id := Id}});
        {Port, eof} ->
            erlang:halt(0);
        {gonodetest_driver, Id, Answer, Lang, Bound} ->
            Done = fun(_, #{id := I, bindings := Bs} = S) when I =:= Id ->
                           S#{id := none, bindings := Bs#{Lang => Bound}};
                      (_, S) -> S
                   end,
            reply(Port, Id, Answer),
            loop(Port, maps:map(Done, Sessions));
        {'DOWN', Mon, process, Pid, Reason} ->
            loop(Port, maps:map(fun(_, S) -> down(Port, {Pid, Mon}, Reason, S) end, Sessions));
        _ ->
            loop(Port, Sessions)
    end.

ready(#{pid := none} = Session) ->
    Owner = self(),
    Session#{pid := spawn_monitor(fun() -> evaluator(Owner) end)};
ready(Session) ->
    Session.

cancel(Id, #{id := Id, pid := {Pid, Mon}} = Session) ->
    demonitor(Mon, [flush]),
    exit(Pid, kill),
    Session#{pid := none, id := none};
cancel(_, Session) ->
    Session.

down(Port, Which, Reason, #{pid := Which, id := Id} = Session) ->
    Id =:= none orelse reply(Port, Id, {raised, "EXIT", erlang_text(Reason), ""}),
    Session#{pid := none, id := none};
down(_, _, _, Session) ->
    Session.

evaluator(Owner) ->
    receive
        {gonodetest_driver, Id, Lang, Source, Bindings} ->
            {Answer, Bound} = evaluate(Lang, Source, Bindings),
            Owner ! {gonodetest_driver, Id, Answer, Lang, Bound},
            evaluator(Owner)
    end.

evaluate(Lang, Source, Bindings) ->
    try
        {Value, Bound} = run(Lang, Source, Bindings),
        {{value, text(Lang, Value)}, Bound}
    catch
        throw:{gonodetest_driver, Class, Reason} -> {{raised, Class, Reason, ""}, Bindings};
        Class:Reason:Stack -> {raised(Lang, Class, Reason, Stack), Bindings}
    end.

run($e, Source, Bindings) ->
    Exprs = parse(unicode:characters_to_list(Source)),
    {value, Value, Bound} = erl_eval:exprs(Exprs, Bindings),
    {Value, Bound};
run($x, Source, Bindings) ->
    'Elixir.Code':eval_string(Source, Bindings, [{file, <<"gonodetest">>}]).

parse(Source) ->
    Tokens = case erl_scan:string(Source, {1, 1}) of
                 {ok, [], _} -> syntax("there is no expression");
                 {ok, Ts, End} -> with_dot(Ts, End);
                 {error, {At, Mod, What}, _} -> syntax(At, Mod, What)
             end,
    case erl_parse:parse_exprs(Tokens) of
        {ok, Exprs} -> Exprs;
        {error, {Where, Module, Wrong}} -> syntax(Where, Module, Wrong)
    end.

with_dot(Tokens, End) ->
    case element(1, lists:last(Tokens)) of
        dot -> Tokens;
        _ -> Tokens ++ [{dot, End}]
    end.

syntax({Line, Column}, Module, What) ->
    syntax(io_lib:format("~b:~b: ~ts", [Line, Column, Module:format_error(What)]));
syntax(_, Module, What) ->
    syntax(Module:format_error(What)).

syntax(Text) ->
    throw({gonodetest_driver, "syntax", Text}).

raised($x, Class, Reason, Stack) ->
    Known = 'Elixir.Exception':normalize(Class, Reason, Stack),
    {raised, atom_to_list(Class), text($x, Known), 'Elixir.Exception':format_stacktrace(Stack)};
raised($e, Class, Reason, Stack) ->
    {raised, atom_to_list(Class), erlang_text(Reason), io_lib:format("~tp", [Stack])}.

text($e, Value) ->
    erlang_text(Value);
text($x, Value) ->
    'Elixir.Kernel':inspect(Value, [{limit, infinity}, {printable_limit, infinity}, {width, infinity}]).

erlang_text(Term) ->
    io_lib:format("~0tp", [Term]).

reply(Port, Id, {value, Text}) ->
    port_command(Port, [<<Id:32, $v>>, utf8(Text)]);
reply(Port, Id, {raised, Class, Reason, Stack}) ->
    Texts = [utf8(T) || T <- [Class, Reason, Stack]],
    port_command(Port, [<<Id:32, $r>> | [[<<(byte_size(T)):32>>, T] || T <- Texts]]).

utf8(Text) ->
    case unicode:characters_to_binary(Text) of
        Binary when is_binary(Binary) -> Binary;
        {_, Good, _} -> Good
    end.

%% Compiles the source of an Erlang module and loads it in place of an older version.
compile(Dir, Module, Source) ->
    Base = filename:join(Dir, Module),
    ok = filelib:ensure_dir(Base),
    ok = file:write_file(Base ++ ".erl", Source),
    case compile:file(Base, [{outdir, Dir}, debug_info, return]) of
        {ok, Name, _Warnings} ->
            code:purge(Name),
            {module, Name} = code:load_abs(Base),
            Name;
        {error, Errors, _Warnings} ->
            Lines = [[Mod:format_error(What), $\n] || {_, Es} <- Errors, {_, Mod, What} <- Es],
            throw({gonodetest_driver, "compile", string:trim(Lines)})
    end.
