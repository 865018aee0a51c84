%% Answers what the emulator prints, parses and consults, over a socket: one term a frame, each request one answer.
-module(text_bridge).
-export([start/1]).

start(Port) ->
    {ok, S} = gen_tcp:connect({127,0,0,1}, Port, [binary, {packet,4}, {active,false}]),
    loop(S).

loop(S) ->
    case gen_tcp:recv(S, 0) of
        {ok, Frame} ->
            ok = gen_tcp:send(S, term_to_binary(answer(binary_to_term(Frame)))),
            loop(S);
        {error, closed} ->
            halt(0)
    end.

answer({release, _}) ->
    [list_to_integer(erlang:system_info(otp_release))];
answer({print, Encoded}) ->
    [print(binary_to_term(B)) || B <- Encoded];
answer({parse, Texts}) ->
    [parse(unicode:characters_to_list(T)) || T <- Texts];
answer({consult, Files}) ->
    [consult(F) || F <- Files];
answer({places, Texts}) ->
    [places(unicode:characters_to_list(T)) || T <- Texts].

print(T) ->
    {text("~0tp", T), text("~tw", T), term_to_binary(T)}.

text(Format, T) ->
    Chars = lists:flatten(io_lib:format(Format, [T])),
    <<_/binary>> = unicode:characters_to_binary(Chars).

parse(Text) ->
    case erl_scan:string(Text ++ "\n.", {1,1}) of
        {ok, Tokens, _} ->
            case erl_parse:parse_term(Tokens) of
                {ok, T} -> {ok, term_to_binary(T)};
                {error, E} -> problem(E)
            end;
        {error, E, _} ->
            problem(E)
    end.

%% What file:consult/1 answers; where the problem is comes from reading the file once more with columns, which
%% file:consult/1 does not give.
consult(File) ->
    Position = positions(File),
    try file:consult(File) of
        {ok, Terms} ->
            ok = Position,
            {ok, term_to_binary(Terms)};
        {error, {Line, Module, _}} ->
            {error, Where, Module, _} = Position,
            Line = case Where of {L, _} -> L; L -> L end,
            Position;
        {error, tokens} -> % in OTP 27; OTP 25 raises a case_clause instead
            Position
    catch
        error:{case_clause, {error, tokens}} ->
            Position
    end.

positions(File) ->
    {ok, Fd} = file:open(File, [read]),
    _ = epp:set_encoding(Fd),
    R = positions(Fd, {1,1}),
    ok = file:close(Fd),
    R.

positions(Fd, From) ->
    case io:read(Fd, '', From) of
        {ok, _, To} -> positions(Fd, To);
        {eof, _} -> ok;
        {error, E, _} -> problem(E);
        {error, tokens} -> {error, 0, crash, <<>>} % erl_scan:tokens/3 raised an exception
    end.

problem({Where, Module, What}) ->
    {error, Where, Module, unicode:characters_to_binary(io_lib:format("~tp", [Module:format_error(What)]))}.

%% Where the term of a text and all its parts stand, a term before its parts.
places(Text) ->
    {ok, Tokens, _} = erl_scan:string(Text ++ "\n.", {1,1}),
    {ok, [Expr]} = erl_parse:parse_exprs(Tokens),
    lists:flatten([place(Expr)]).

place({tuple, A, Es}) ->
    [at(A) | [place(E) || E <- Es]];
place({cons, A, H, T}) ->
    [at(A) | elements(H, T)];
place({map, A, Pairs}) ->
    [at(A) | [[place(K), place(V)] || {map_field_assoc, _, K, V} <- Pairs]];
place(Leaf) ->
    [at(element(2, Leaf))].

elements(H, {cons, _, H1, T}) -> [place(H) | elements(H1, T)];
elements(H, {nil, _}) -> [place(H)];
elements(H, {string, A, Chars}) -> [place(H) | [at(A) || _ <- Chars]];
elements(H, T) -> [place(H), place(T)].

at(Anno) -> erl_anno:location(Anno).
