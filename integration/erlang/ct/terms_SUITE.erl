%% Every kind of term there and back, as a request, a message and an exit reason.
-module(terms_SUITE).
-include("compat.hrl").

init_per_suite(Config) -> compat:init(Config).
end_per_suite(Config) -> compat:done(Config).

%% =:= of OTP 25 does not tell -0.0 from 0.0, so that what is canonical is compared by its bytes as well.
same(Config, Terms) ->
    each([{title(T), T} || T <- Terms],
         fun(T) ->
             Back = gen_server:call({echo, ?NODE}, T, 60000),
             ?assert(T =:= Back),
             is_float(T) andalso ?assertEqual(term_to_binary(T), term_to_binary(Back))
         end).

title(T) -> lists:flatten(io_lib:format("~0tP", [T, 8])).

around(N) -> [N - 1, N, N + 1, -N - 1, -N, -N + 1].

?PROMISE(integers, "external term format, SMALL_INTEGER_EXT to LARGE_BIG_EXT", "integers around every border of the format").
integers(Config) -> same(Config, lists:usort(lists:append([around(1 bsl B) || B <- [0, 7, 8, 15, 16, 27, 28, 31, 32, 59, 63, 64, 127, 2040, 5000]]))).

?PROMISE(floats, "external term format, NEW_FLOAT_EXT", "floats, with the smallest, the largest and the sign of zero").
floats(Config) ->
    same(Config, [0.0, -0.0, 1.0, -1.5, 3.141592653589793, 1.7976931348623157e308, 2.2250738585072014e-308, 5.0e-324, -5.0e-324, 1.0e23]).

?PROMISE(atoms, "external term format, SMALL_ATOM_UTF8_EXT and ATOM_UTF8_EXT", "atoms of every length and of all letters").
atoms(Config) ->
    same(Config, [list_to_atom(lists:duplicate(K, C)) || K <- [0, 1, 127, 128, 255], C <- [$a, $\x{e9}, $\x{20ac}, $\x{1f600}], K > 0 orelse C =:= $a]
             ++ [true, false, undefined, nil, 'a b', '\'', '\\', '\n', 'Elixir.Foo', '$gen_call', '']).

?PROMISE(binaries, "external term format, BINARY_EXT and BIT_BINARY_EXT", "binaries and bitstrings of every number of bits").
binaries(Config) ->
    same(Config, [begin <<B:K/bitstring, _/bitstring>> = <<16#0123456789abcdef:64>>, B end || K <- lists:seq(0, 24) ++ [31, 32, 33, 63, 64]]
             ++ [binary:copy(<<"x">>, K) || K <- [255, 256, 65535, 65536, 1000000]]).

?PROMISE(lists, "external term format, NIL_EXT, STRING_EXT and LIST_EXT", "lists, strings and improper lists").
lists(Config) ->
    same(Config, [[], [[]], "abc", lists:seq(0, 255), lists:duplicate(65535, 1), lists:duplicate(65536, 1), lists:duplicate(70000, a),
                  [1 | 2], [a, b | c], [[a | b] | c], [1, 2, 3 | <<"t">>], [-1], [256], [1, 2, 256], [$\x{1f600}], [alias | make_ref()]]).

?PROMISE(tuples, "external term format, SMALL_TUPLE_EXT and LARGE_TUPLE_EXT", "tuples, empty, small and large").
tuples(Config) ->
    same(Config, [{}, {a}, list_to_tuple(lists:seq(1, 255)), list_to_tuple(lists:seq(1, 256)), {{{}}}, list_to_tuple(lists:duplicate(70000, x))]).

?PROMISE(maps, "external term format, MAP_EXT", "maps, with keys of all kinds, below and above 32 of them").
maps(Config) ->
    same(Config, [#{}, #{a => 1}, #{1 => a, 1.0 => b}, #{<<"k">> => #{x => [#{}]}}, #{[] => {}, {} => []}, #{#{} => #{}},
                  maps:from_list([{K, K * K} || K <- lists:seq(1, 32)]), maps:from_list([{K, K} || K <- lists:seq(1, 33)]),
                  maps:from_list([{{k, K}, integer_to_binary(K)} || K <- lists:seq(1, 10000)])]).

?PROMISE(identifiers, "external term format, NEW_PID_EXT, V4_PORT_EXT, NEWER_REFERENCE_EXT", "pids, ports and references of this node and of others").
identifiers(Config) ->
    same(Config, [self(), whereis(init), make_ref(), hd(erlang:ports()), gen_server:call({probe, ?NODE}, self), gen_server:call({probe, ?NODE}, make_ref)]
             ++ [binary_to_term(B) || B <- [<<131, 88, 119, 3, "a@b", 1:32, 0:32, 1:32>>, <<131, 90, 1:16, 119, 3, "a@b", 9:32, 5:32>>,
                                            <<131, 90, 3:16, 119, 3, "a@b", 9:32, 5:32, 6:32, 7:32>>]]).

?PROMISE(large_identifiers, "external term format, DFLAG_V4_NC, since OTP 24", "pids, ports and references that use every bit").
large_identifiers(Config) ->
    compat:since(24),
    same(Config, [erlang:alias() | [binary_to_term(B) || B <- [
        <<131, 88, 119, 3, "a@b", 16#ffffffff:32, 16#ffffffff:32, 16#fffffffe:32>>,
        <<131, 120, 119, 3, "a@b", 16#ffffffffffffffff:64, 77:32>>,
        <<131, 90, 5:16, 119, 3, "a@b", 9:32, 1:32, 2:32, 3:32, 4:32, 5:32>>]]]).

?PROMISE(functions, "external term format, NEW_FUN_EXT and EXPORT_EXT", "functions come back as what they were, and can be called").
functions(Config) ->
    X = {captured, self()},
    same(Config, [fun lists:map/2, fun erlang:node/0, fun ?MODULE:all/0]),
    each([{closure, fun(A) -> {A, X} end}, {two, fun(A) -> {X, A, X} end}],
         fun(F) ->
             Back = gen_server:call({echo, ?NODE}, F),
             ?assert(F =:= Back),
             ?assertEqual(F(1), Back(1))
         end).

?PROMISE(nested, "external term format", "deep terms, and wide ones").
nested(Config) ->
    Deep = fun D(0) -> bottom; D(N) -> [{N, #{N => D(N - 1)}}] end,
    same(Config, [Deep(100), Deep(1000), [{I, [I | #{I => {I}}]} || I <- lists:seq(1, 20000)]]).

?PROMISE(as_messages, "signal delivery", "terms arrive the same as messages, by pid, by name and from there").
as_messages(Config) ->
    Probe = compat:probe(?NODE),
    ok = gen_server:call(Probe, {watch, self()}),
    each([{title(T), T} || T <- [a, 1.5, "string", <<"binary">>, [a | b], {}, #{}, self(), make_ref(), 1 bsl 100, fun lists:map/2, <<5:3>>]],
         fun(T) ->
             Probe ! T,
             {probe, Probe, {info, T}} = next(),
             ok = gen_server:call(Probe, {send, self(), {back, T}}),
             {back, T} = next()
         end).

?PROMISE(made_there, "external term format, from there", "terms that are made there are what they should be").
made_there(Config) ->
    each([{title({K, N}), {K, N}} || {K, N} <- [{binary, 0}, {binary, 1000000}, {integers, 0}, {integers, 300}, {integers, 100000}, {atoms, 1}, {atoms, 3000},
                                                {tuple, 0}, {tuple, 255}, {tuple, 256}, {map, 0}, {map, 32}, {map, 33}, {map, 5000}, {nested, 500}, {floats, 1000}]],
         fun({Kind, N}) -> ?assert(probe:make(Kind, N) =:= gen_server:call({probe, ?NODE}, {make, Kind, N}, 60000)) end).

?PROMISE(counted, "integers of any size", "arithmetic there is that of here").
counted(Config) ->
    each([{title(N), N} || N <- [0, -1, 1 bsl 62, 1 bsl 63, 1 bsl 64, -(1 bsl 63), -(1 bsl 64), 1 bsl 200, -(1 bsl 2048)]],
         fun(N) ->
             N = gen_server:call({counter, ?NODE}, {set, N}),
             ?assertEqual(N + 1, gen_server:call({counter, ?NODE}, {add, 1})),
             ?assertEqual(N, gen_server:call({counter, ?NODE}, {add, -1}))
         end).
