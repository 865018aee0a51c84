package erlang

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/gonodetest/beam"
)

// zoo builds terms around every border of the external term format. bad(S, Ts) calls S with each of them and returns
// those that did not come back =:= equal; in OTP 25 =:= does not tell -0.0 from 0.0, so the bytes are compared too
// where they are canonical.
const zoo = `
-module(zoo).
-export([bad/1, terms/0]).

bad(S) -> [short(T) || T <- terms(), not same(T, gen_server:call(S, T, 60000))].

same(T, R) -> T =:= R andalso (not is_float(T) orelse term_to_binary(T) =:= term_to_binary(R)).

short(T) -> lists:flatten(io_lib:format("~P", [T, 10])).

terms() -> ints() ++ floats() ++ atoms() ++ bits() ++ lists() ++ tuples() ++ maps() ++ ids() ++ funs() ++ [deep(100), big()].

around(N) -> [N-1, N, N+1, -N-1, -N, -N+1].
ints() -> lists:append([around(1 bsl B) || B <- [0, 1, 7, 8, 15, 16, 24, 27, 28, 31, 32, 59, 60, 63, 64, 127, 128, 2040, 2048, 5000]]).

floats() -> [0.0, -0.0, 1.0, -1.5, 3.141592653589793, 1.7976931348623157e308, 2.2250738585072014e-308, 5.0e-324, -5.0e-324, 1.0e23].

atoms() -> [list_to_atom(lists:duplicate(K, C)) || K <- [0, 1, 127, 128, 254, 255], C <- [$a, $\x{e9}, $\x{20ac}, $\x{1f600}]]
	++ [true, false, undefined, nil, 'a b', '\'', '\\', '\n', 'Elixir.Foo'].

bits() -> [<<16#a5b6c7d8e9:K/bitstring-unit:1>> || K <- []] ++
	[begin <<B:K/bitstring, _/bitstring>> = <<16#0123456789abcdef:64>>, B end || K <- lists:seq(0, 64)] ++
	[binary:copy(<<"x">>, K) || K <- [255, 256, 63*1024, 64*1024, 65*1024, 1000000]].

lists() -> [[], [[]], "abc", lists:seq(0, 255), lists:duplicate(65535, 1), lists:duplicate(65536, 1), lists:duplicate(70000, a),
	[1|2], [a,b|c], [[a|b]|c], [1,2,3|<<"t">>], [-1], [256], [1,2,256], [$\x{1f600}], [alias|make_ref()], [[alias|make_ref()]|make_ref()]].

tuples() -> [{}, {a}, list_to_tuple(lists:seq(1, 255)), list_to_tuple(lists:seq(1, 256)), {{{}}}, list_to_tuple(lists:duplicate(70000, x))].

maps() -> [#{}, #{a => 1}, #{1 => a, 1.0 => b}, #{<<"k">> => #{x => [#{}]}}, maps:from_list([{K, K * K} || K <- lists:seq(1, 32)]),
	maps:from_list([{K, K} || K <- lists:seq(1, 33)]), maps:from_list([{{k, K}, integer_to_binary(K)} || K <- lists:seq(1, 10000)])].

%% Ids of this node, of other nodes that were never met, and with every word in use.
%% Those of OTP 24 and later have more bits, and aliases.
ids() -> [self(), whereis(init), make_ref(), hd(erlang:ports())] ++ [binary_to_term(B) || B <- [
		<<131,88,119,3,"a@b",1:32,0:32,1:32>>,
		<<131,90,1:16,119,3,"a@b",9:32,5:32>>,
		<<131,90,3:16,119,3,"a@b",9:32,5:32,6:32,7:32>>]] ++
	case erlang:function_exported(erlang, alias, 0) of true -> large_ids(); false -> [] end.

large_ids() -> [erlang:alias()] ++
	[binary_to_term(B) || B <- [
		<<131,88,119,3,"a@b",16#ffffffff:32,16#ffffffff:32,16#fffffffe:32>>,
		<<131,89,119,3,"a@b",16#fffffff:28/unit:1,7:4,3:32>>,
		<<131,120,119,3,"a@b",16#ffffffffffffffff:64,77:32>>,
		<<131,90,5:16,119,3,"a@b",9:32,1:32,2:32,3:32,4:32,5:32>>]].

funs() -> X = {captured, self()}, [fun lists:map/2, fun erlang:node/0, fun(A) -> {A, X} end, fun() -> ok end, fun ?MODULE:terms/0].

deep(0) -> bottom;
deep(N) -> [{N, #{N => deep(N - 1)}}].

big() -> binary:copy(<<"0123456789abcdef">>, 10 * 1024 * 64).
`

func TestEveryKindOfTermComesBackAsItWas(t *testing.T) {
	n := startSamples(t)
	e := beam.StartErl(t)
	e.Compile(t, "zoo", zoo)
	require.Equal(t, "[]", e.Eval(t, at(n, "zoo:bad({echo,'gonode@host'})")))
}
