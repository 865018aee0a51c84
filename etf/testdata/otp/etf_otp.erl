%% What OTP thinks of terms: the side of the tests of package etf that runs in a real emulator.
%%
%%   record [File]       writes the vectors, one a line: name, source, options, bytes in hexadecimal
%%   check [In, Out]     In holds [{Source, Bytes}] of terms Go encoded, Out [{Same, Bytes}]: whether the bytes decode to
%%                       exactly what the source says, and what term_to_binary makes of it
%%   accept [In, Out]    In holds [Bytes], Out [true | false]: whether binary_to_term takes them
%%   release [Out]       writes the release
%%   phash2 [In, Out]    In holds terms, Out their erlang:phash2/2 with all of its 32 bits
%%   order [In, Out]     In holds [{A, B}], Out [{Order, Exact}]: -1, 0 or 1 by <, == and >, and A =:= B
-module(etf_otp).
-export([record/1, check/1, accept/1, order/1, release/1, phash2/1]).

check([In, Out]) -> transform(In, Out, fun check_one/1).

check_one({Source, Bytes}) ->
    Want = eval(binary_to_list(Source)),
    Got = binary_to_term(Bytes),
    {Got =:= Want, term_to_binary(Got)}.

accept([In, Out]) ->
    transform(In, Out, fun(Bytes) ->
        try binary_to_term(Bytes) of _ -> true catch error:badarg -> false end
    end).

order([In, Out]) -> transform(In, Out, fun({A, B}) -> {order(A, B), A =:= B} end).

phash2([In, Out]) -> transform(In, Out, fun(T) -> erlang:phash2(T, 1 bsl 32) end).

order(A, B) when A < B -> -1;
order(A, B) when A > B -> 1;
order(A, B) when A == B -> 0.

release([Out]) -> ok = file:write_file(Out, erlang:system_info(otp_release)).

transform(In, Out, F) ->
    {ok, Bin} = file:read_file(In),
    ok = file:write_file(Out, term_to_binary([F(X) || X <- binary_to_term(Bin)])).

%% ---------------------------------------------------------------- source

%% A source is an Erlang expression. What has no literal is built by the functions below, byte by byte.
eval(Source) ->
    {ok, Tokens, _} = erl_scan:string(Source ++ "."),
    {ok, Exprs} = erl_parse:parse_exprs(Tokens),
    {value, V, _} = erl_eval:exprs(Exprs, [], {value, fun build/2}),
    V.

build(a, [Text]) -> binary_to_atom(Text, utf8);
build(f, [Bits]) -> <<F:64/float>> = <<Bits:64>>, F;
build(pid, [Node, Id, Serial, Creation]) ->
    binary_to_term(<<131, 88, (name(Node))/binary, Id:32, Serial:32, Creation:32>>);
build(port, [Node, Id, Creation]) when Id < 1 bsl 28 ->
    binary_to_term(<<131, 89, (name(Node))/binary, Id:32, Creation:32>>);
build(port, [Node, Id, Creation]) ->
    binary_to_term(<<131, 120, (name(Node))/binary, Id:64, Creation:32>>);
build(ref, [Node, Creation, Words]) ->
    binary_to_term(<<131, 90, (length(Words)):16, (name(Node))/binary, Creation:32, << <<W:32>> || W <- Words >>/binary>>);
build(fn, [Arity, Uniq, Index, Module, OldIndex, OldUniq, Pid, Free]) ->
    Rest = [Uniq, <<Index:32, (length(Free)):32>>, name(Module), bare(OldIndex), bare(OldUniq), bare(Pid), [bare(T) || T <- Free]],
    binary_to_term(iolist_to_binary([131, 112, <<(iolist_size(Rest) + 5):32>>, Arity, Rest]));
build(record, [Exported, Module, Name, Fields]) -> apply(records, create, [Module, Name, Fields, #{is_exported => Exported}]);
%% What only the running node knows.
build(own_pid, []) -> self();
build(own_ref, []) -> make_ref();
build(own_alias, []) -> erlang:alias();
build(own_port, []) -> hd(erlang:ports());
build(own_fun, []) -> X = {own_fun(), "free"}, fun(Y) -> {X, Y} end;
build(own_fun0, []) -> own_fun().

own_fun() -> fun(A, B) -> A + B end.

name(Atom) ->
    Text = atom_to_binary(Atom, utf8),
    <<118, (byte_size(Text)):16, Text/binary>>.

bare(Term) ->
    <<131, Bytes/binary>> = term_to_binary(Term),
    Bytes.

%% ---------------------------------------------------------------- vectors

record([File]) ->
    Head = ["# Written by OTP ", erlang:system_info(otp_release), ", erts ", erlang:system_info(version), "; see etf_otp.erl.\n"],
    ok = file:write_file(File, [Head | [line(V) || V <- vectors()]]).

%% A release has no line for what it cannot make: OTP 23 no long references, none but OTP 29 records.
line({Name, Source}) -> line({Name, Source, [{minor_version, 2}]});
line({Name, Source, Options}) ->
    try eval(Source) of
        Term ->
            Hex = [io_lib:format("~2.16.0b", [B]) || <<B>> <= term_to_binary(Term, Options)],
            io_lib:format("~s\t~s\t~w\t~s~n", [Name, Source, Options, Hex])
    catch
        error:_ -> []
    end.

vectors() ->
    integers() ++ floats() ++ atoms() ++ binaries() ++ compounds() ++ identifiers() ++ records() ++ old_forms().

integers() ->
    [{"int " ++ S, S} || S <- ["0", "1", "255", "256", "-1", "-128", "65535", "2147483647", "-2147483648", "2147483648", "-2147483649",
        "1 bsl 40", "1 bsl 59 - 1", "1 bsl 59", "-(1 bsl 59)", "-(1 bsl 59) - 1", "1 bsl 63 - 1", "1 bsl 63", "-(1 bsl 63)",
        "-(1 bsl 63) - 1", "1 bsl 64 - 1", "1 bsl 64", "1 bsl 2040 - 1", "1 bsl 2040", "-(1 bsl 2040)"]].

floats() ->
    [{"float " ++ S, S} || S <- ["0.0", "f(1 bsl 63)", "1.0", "1.5", "-2.25", "0.1", "1.7976931348623157e308", "5.0e-324", "2.2250738585072014e-308"]].

atoms() ->
    [{"atom " ++ S, S} || S <- ["ok", "''", "'hello world'", "'Elixir.GenServer'", "a(<<195,169>>)", "a(<<240,159,152,128>>)",
        "a(binary:copy(<<\"x\">>, 255))", "a(binary:copy(<<195,169>>, 255))", "a(binary:copy(<<240,159,152,128>>, 255))"]].

binaries() ->
    [{"binary " ++ S, S} || S <- ["<<>>", "<<\"abc\">>", "<<0,255>>", "<<1:1>>", "<<0:7>>", "<<255,5:3>>", "<<1,2,3,63:6>>"]].

compounds() ->
    [{"term " ++ S, S} || S <- ["[]", "[1,2,3]", "\"text\"", "[255]", "[256]", "[0,-1]", "[a,b]", "[[]]", "[1|2]", "[alias|ok]", "[1,2|<<>>]",
        "{}", "{a}", "{1,{2,{3,[]}}}", "list_to_tuple(lists:duplicate(255, []))",
        "list_to_tuple(lists:duplicate(256, []))", "#{}", "#{a => 1}", "#{1 => int,1.0 => float}", "#{[] => #{},{} => []}",
        "maps:from_list([{I, I * I} || I <- lists:seq(1, 33)])", "fun lists:map/2", "fun a:b/255"]].

identifiers() ->
    [{"fixed pid", "pid('a@b', 1, 2, 3)"}, {"fixed pid large", "pid('a@b', 4294967295, 4294967294, 4294967293)"},
     {"fixed port", "port('a@b', 7, 3)"}, {"fixed port 28 bit", "port('a@b', 268435455, 3)"}, {"fixed port large", "port('a@b', 1 bsl 63, 3)"}]
    ++ [{"fixed ref " ++ integer_to_list(N), lists:flatten(io_lib:format("ref('a@b', 9, ~w)", [lists:seq(1, N)]))} || N <- [1, 2, 3, 4, 5]]
    ++ [{"own pid", "own_pid()"}, {"own ref", "own_ref()"}, {"own alias", "own_alias()"}, {"own port", "own_port()"},
        {"own fun", "own_fun()"}, {"own fun without free variables", "own_fun0()"},
        {"call", "{'$gen_call',{own_pid(),[alias|own_alias()]},{add,1}}"}].

records() ->
    [{"record", "record(true, m, r, [{x,1},{y,[]}])"}, {"record inside", "record(false, m, r, [])"}].

%% Forms that no release writes unless asked.
old_forms() ->
    [{"text float 1.5", "1.5", [{minor_version, 0}]}, {"text float -0.1", "-0.1", [{minor_version, 0}]},
     {"latin1 atom ok", "ok", [{minor_version, 1}]}, {"latin1 atom", "a(<<195,169>>)", [{minor_version, 1}]},
     {"compressed", "lists:duplicate(40, {a,1})", [compressed, {minor_version, 2}]},
     {"compressed binary", "binary:copy(<<\"0123456789\">>, 1000)", [{compressed, 9}, {minor_version, 2}]},
     {"not worth compressing", "ok", [compressed, {minor_version, 2}]}].
