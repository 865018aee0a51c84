package etf

import (
	"bytes"
	"math"
	"slices"
)

// Equal says whether a and b are the same term, as Erlang's =:=. The integer 1 is not the float 1.0. Maps are equal
// whatever the order of their pairs. Funs are equal if they are the same fun of the same module with the same free
// variables, whichever process made them. Of references, as in OTP, words that are zero at the end do not count; ==
// of Go tells such references apart, but no node sends one reference in two lengths.
//
// 0.0 and -0.0 are different, as in OTP 27 and later; up to OTP 26 they are the same term.
func Equal(a, b Term) bool { return equal(a, b, recursion) }

// equal is Equal. depth is how far it may still call itself.
func equal(a, b Term, depth int) bool {
	switch a := a.(type) {
	case Atom:
		b, ok := b.(Atom)
		return ok && a == b
	case Int:
		switch b := b.(type) {
		case Int:
			return a == b
		case *BigInt:
			return b != nil && b.Big().IsInt64() && b.Big().Int64() == int64(a)
		}
		return false
	case *BigInt:
		return equalBig(a, b)
	case Float:
		b, ok := b.(Float)
		return ok && math.Float64bits(float64(a)) == math.Float64bits(float64(b))
	case Binary:
		b, ok := b.(Binary)
		return ok && bytes.Equal(a, b)
	case Ref:
		b, ok := b.(Ref)
		return ok && a.Node == b.Node && a.Creation == b.Creation && a.Words == b.Words
	case Bitstring:
		b, ok := b.(Bitstring)
		return ok && a.Bits == b.Bits && bytes.Equal(a.Data, b.Data)
	case Tuple:
		b, ok := b.(Tuple)
		return ok && equalAll(a, b, depth)
	case List:
		b, ok := b.(List)
		return ok && equalAll(a, b, depth)
	case ImproperList:
		b, ok := b.(ImproperList)
		return ok && equalAll(a.Elems, b.Elems, depth) && equalAll([]Term{a.Tail}, []Term{b.Tail}, depth)
	case Map:
		b, ok := b.(Map)
		return ok && equalMaps(a, b, depth)
	case *Fun:
		b, ok := b.(*Fun)
		return ok && equalFuns(a, b, depth)
	case *Record:
		b, ok := b.(*Record)
		return ok && equalRecords(a, b, depth)
	default: // Pid, Port, Export, nil
		return a == b
	}
}

// equalAll compares parts. What is left at the end of the recursion is equal exactly if it comes at the same place in
// the order of keys, which is found without recursion.
func equalAll(a, b []Term, depth int) bool {
	if len(a) != len(b) {
		return false
	}
	if depth == 0 {
		return compareDeep(Tuple(a), Tuple(b), true) == 0
	}
	for i := range a {
		if !equal(a[i], b[i], depth-1) {
			return false
		}
	}
	return true
}

func equalBig(a *BigInt, b Term) bool {
	switch b := b.(type) {
	case Int:
		return Equal(b, a)
	case *BigInt:
		return a == b || a != nil && b != nil && a.Big().Cmp(b.Big()) == 0
	}
	return false
}

func equalMaps(a, b Map, depth int) bool {
	if len(a) != len(b) {
		return false
	}
	if depth == 0 {
		return compareDeep(a, b, true) == 0
	}
	var keys keySet
	if len(a) > smallMap || !keysAreFlat(a) {
		if keys.fillTable(a); len(keys.maps) > 0 {
			// Maps that are keys of maps that are keys would be hashed once more at every level.
			return compareDeep(a, b, true) == 0
		}
	}
	for i := range b {
		j := keys.find(a, b[i].Key, depth-1)
		if j < 0 || !equal(a[j].Value, b[i].Value, depth-1) {
			return false
		}
	}
	return true
}

func equalFuns(a, b *Fun, depth int) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Module == b.Module && a.Index == b.Index && a.Uniq == b.Uniq && a.Arity == b.Arity &&
		Equal(a.OldIndex, b.OldIndex) && Equal(a.OldUniq, b.OldUniq) && equalAll(a.Free, b.Free, depth)
}

func equalRecords(a, b *Record, depth int) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Exported == b.Exported && a.Module == b.Module && a.Name == b.Name &&
		slices.Equal(a.Fields, b.Fields) && equalAll(a.Values, b.Values, depth)
}
