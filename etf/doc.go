// Package etf is Erlang's terms in Go: their types, the External Term Format as OTP 23 to 29 write and read it, their
// order and equality, and their text.
//
// # Terms
//
// A Term is a value of one of these types; what is none of them does not compile as a Term.
//
//	Erlang                    Go
//	ok, 'hello world'         Atom("ok"), Atom("hello world")
//	42                        Int(42)
//	1 bsl 80                  *BigInt, made by NewBigInt; only outside of 64 bits
//	1.5                       Float(1.5)
//	<<"abc">>                 Binary("abc")
//	<<5:3>>                   Bitstring{Data: []byte{0xa0}, Bits: 3}
//	[1, 2]                    List{Int(1), Int(2)}
//	"abc"                     Charlist("abc"), a List
//	[alias | Ref]             ImproperList{Elems: []Term{Atom("alias")}, Tail: ref}
//	{ok, 1}                   Tuple{Atom("ok"), Int(1)}
//	#{k => v}                 Map{{Key: Atom("k"), Value: Atom("v")}}
//	<0.1.2>, #Port<>, #Ref<>  Pid, Port, Ref
//	fun m:f/1                 Export{Module: "m", Function: "f", Arity: 1}
//	fun(X) -> X end           *Fun, to be sent back as it came
//	#m:r{}                    *Record, native records of OTP 29
//
// Compare terms with Equal, not with ==, which panics for lists, tuples, maps and binaries. IsAtom, AsTuple and Verb
// test what a term is and take it apart; AsInt, AsBig, AsText, AsCharlist and AsAtoms return Go values; Bool, Charlist,
// Atoms and Tagged make terms. Map.Index is for many lookups in a large map.
//
// # Encoding and decoding
//
// Append and Decode are term_to_binary and binary_to_term. Encoder and Decoder are the same for frames of the
// distribution protocol: without a version byte, with the connection's atom cache, and with memory that is kept from
// term to term.
//
// What cannot be encoded is an *EncodeError with the path to the bad part, and nothing is written. What is not a
// term, or costs more than Limits allow, is a *DecodeError with offset and tag. No input makes the decoder panic,
// recurse without bound, or take more memory than some 64 times the input, so it may be fed by strangers. Where it
// refuses what OTP takes, or takes what OTP refuses, the code says so: bytes behind a term, references without words,
// identifiers of a node without a name, and funs whose size is wrong are refused.
//
// Identifiers keep all their words. A reference, a pid or a fun that came from a node goes back to it as it was.
//
// # Ownership
//
// Decoded terms own their memory, except with Decoder.Alias, where binaries are slices of the input. Terms are never
// changed by this module and may be shared between goroutines; whoever builds one must not change its parts afterwards.
//
// See https://www.erlang.org/doc/apps/erts/erl_ext_dist.html and
// https://www.erlang.org/doc/system/expressions.html#term-comparisons.
package etf
