package etf

import (
	"math/big"
	"slices"
)

// Term is any Erlang term. The set of implementations is closed: Atom, Int, *BigInt, Float, Binary, Bitstring, List,
// ImproperList, Tuple, Map, Pid, Port, Ref, *Fun, Export and *Record. A nil Term is no term: encoding one is an error.
//
// Terms are values: nothing in this module changes a term after it was built, and a term received from a peer may be
// kept, shared between goroutines and sent on. Do not change the elements of a term that somebody else holds.
//
// Compare terms with Equal, and with an atom by IsAtom. The operator == of Go panics at run time ("comparing
// uncomparable type") if both terms are of one type that has no ==: Binary, Bitstring, List, ImproperList, Tuple or
// Map. A *BigInt, *Fun or *Record is under == the pointer and not the value. The rules are those of interface values in
// Go.
type Term interface{ term() }

// Atom is an Erlang atom: at most 255 Unicode characters, UTF-8 encoded, without the quotes of the source syntax.
type Atom string

// Int is an integer that fits into 64 bits. Decoding yields Int for every integer in that range and *BigInt only
// outside of it, so that == compares what it should.
type Int int64

// BigInt is an integer of any size. Build one with NewBigInt, which keeps the canonical form described at Int.
type BigInt big.Int

// Float is an Erlang float: finite, so neither NaN nor an infinity can be encoded. -0.0 is kept.
type Float float64

// Binary is an Erlang binary: whole bytes.
type Binary []byte

// Bitstring is an Erlang bitstring whose length is not a multiple of eight. Of the last byte of Data only the top Bits
// (1 to 7) count; the others are zero. A bitstring of whole bytes is a Binary.
type Bitstring struct {
	Data []byte
	Bits uint8
}

// List is a proper list. Its nil and its empty value are both [].
type List []Term

// ImproperList is a list whose last tail is not a list, such as [alias|Ref]. Elems has at least one element and Tail is
// neither a List nor an ImproperList.
type ImproperList struct {
	Elems []Term
	Tail  Term
}

// Tuple is an Erlang tuple.
type Tuple []Term

// Map is an Erlang map as its pairs, in the order in which they were written or received; that order carries no
// meaning. Keys are distinct under Equal.
type Map []MapPair

// MapPair is one association of a Map.
type MapPair struct{ Key, Value Term }

// Pid is a process identifier. All its words are kept as received; two pids are the same process exactly if they are
// equal under ==. Erlang External Term Format, NEW_PID_EXT.
type Pid struct {
	Node     Atom
	ID       uint32
	Serial   uint32
	Creation uint32
}

// Port is a port identifier. Erlang External Term Format, V4_PORT_EXT.
type Port struct {
	Node     Atom
	ID       uint64
	Creation uint32
}

// MaxRefWords is the largest number of 32-bit words of a reference (DFLAG_V4_NC, OTP 24).
const MaxRefWords = 5

// Ref is a reference of Len words, 1 to MaxRefWords; the words behind Len are zero, so that == compares references.
// Erlang External Term Format, NEWER_REFERENCE_EXT.
type Ref struct {
	Node     Atom
	Creation uint32
	Len      uint8
	Words    [MaxRefWords]uint32
}

// Fun is a local fun (NEW_FUN_EXT). It cannot be called from Go; all its parts are kept so that it goes back to its
// node as the fun that it was.
type Fun struct {
	Arity    uint8
	Uniq     [16]byte
	Index    uint32
	Module   Atom
	OldIndex Term
	OldUniq  Term
	Pid      Pid
	Free     []Term
}

// Export is an external fun, fun Module:Function/Arity (EXPORT_EXT).
type Export struct {
	Module   Atom
	Function Atom
	Arity    uint8
}

// Record is a native record of OTP 29 (RECORD_EXT, experimental there). Fields and Values have the same length.
type Record struct {
	Exported bool
	Module   Atom
	Name     Atom
	Fields   []Atom
	Values   []Term
}

func (Atom) term()         {}
func (Int) term()          {}
func (*BigInt) term()      {}
func (Float) term()        {}
func (Binary) term()       {}
func (Bitstring) term()    {}
func (List) term()         {}
func (ImproperList) term() {}
func (Tuple) term()        {}
func (Map) term()          {}
func (Pid) term()          {}
func (Port) term()         {}
func (Ref) term()          {}
func (*Fun) term()         {}
func (Export) term()       {}
func (*Record) term()      {}

// NewAtom returns s as an atom, or an error if s is longer than 255 characters or not valid UTF-8. A conversion does
// not check that; encoding the atom does.
func NewAtom(s string) (Atom, error) {
	if detail := checkAtom(s); detail != "" {
		return "", badTerm("%s", detail)
	}
	return Atom(s), nil
}

// NewList returns the list of elems that ends in tail: a List if tail is one, else an ImproperList, or tail itself if
// there are no elements. It is [E1, E2 | Tail] of Erlang source. The result may share memory with its arguments.
func NewList(elems []Term, tail Term) Term {
	if len(elems) == 0 {
		return tail
	}
	switch tail := tail.(type) {
	case List:
		return append(List(elems[:len(elems):len(elems)]), tail...)
	case ImproperList:
		return ImproperList{Elems: append(elems[:len(elems):len(elems)], tail.Elems...), Tail: tail.Tail}
	default:
		return ImproperList{Elems: elems, Tail: tail}
	}
}

// NewBitstring returns the first n bits of data: a Binary if n is a multiple of eight, else a Bitstring whose unused
// bits are zero. The result holds a copy. It panics if data has fewer bits.
func NewBitstring(data []byte, n int) Term {
	data = slices.Clone(data[:(n+7)/8])
	if n%8 == 0 {
		return Binary(data)
	}
	data[len(data)-1] &= 0xff << (8 - n%8)
	return Bitstring{Data: data, Bits: uint8(n % 8)}
}

// Get returns the value under the given key, compared with Equal. It looks at one pair after the other, so reading all
// keys of a map of n pairs with it takes time that grows with n². For more than a few keys of a large map use Index.
func (m Map) Get(key Term) (value Term, ok bool) {
	for i := range m {
		if Equal(m[i].Key, key) {
			return m[i].Value, true
		}
	}
	return nil, false
}

// NewBigInt returns v as a term: an Int if it fits into 64 bits, else a *BigInt holding a copy of v.
func NewBigInt(v *big.Int) Term {
	if v.IsInt64() {
		return Int(v.Int64())
	}
	return (*BigInt)(new(big.Int).Set(v))
}

// Big returns the value of b. The result shares b's memory and must not be changed.
func (b *BigInt) Big() *big.Int { return (*big.Int)(b) }

// Charlist returns s as a list of its code points, which is what "s" means in Erlang source. In Elixir it is ~c"s"
// ('s' in older releases).
func Charlist(s string) List {
	list := make(List, 0, len(s))
	for _, r := range s {
		list = append(list, Int(r))
	}
	return list
}
