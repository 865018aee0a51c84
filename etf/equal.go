package etf

import (
	"bytes"
	"math"
	"slices"
)

// Equal says whether a and b are the same term, as Erlang's =:=. The integer 1 is not the float 1.0. Maps are equal
// whatever the order of their pairs. Funs are equal if they are the same fun of the same module with the same free
// variables, whichever process made them. Of references, as in OTP, words that are zero at the end do not count; == of Go
// tells such references apart, but no node sends one reference in two lengths.
//
// 0.0 and -0.0 are different, as in OTP 27 and later; up to OTP 26 they are the same term.
func Equal(a, b Term) bool {
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
		return ok && equalAll(a, b)
	case List:
		b, ok := b.(List)
		return ok && equalAll(a, b)
	case ImproperList:
		b, ok := b.(ImproperList)
		return ok && equalAll(a.Elems, b.Elems) && Equal(a.Tail, b.Tail)
	case Map:
		b, ok := b.(Map)
		return ok && equalMaps(a, b)
	case *Fun:
		b, ok := b.(*Fun)
		return ok && equalFuns(a, b)
	case *Record:
		b, ok := b.(*Record)
		return ok && equalRecords(a, b)
	default: // Pid, Port, Export, nil
		return a == b
	}
}

func equalAll(a, b []Term) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !Equal(a[i], b[i]) {
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

func equalMaps(a, b Map) bool {
	if len(a) != len(b) {
		return false
	}
	var keys keySet
	if len(a) > smallMap || !flatKeys(a) {
		keys.fill(a)
	}
	for i := range b {
		j := keys.find(a, b[i].Key)
		if j < 0 || !Equal(a[j].Value, b[i].Value) {
			return false
		}
	}
	return true
}

func equalFuns(a, b *Fun) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Module == b.Module && a.Index == b.Index && a.Uniq == b.Uniq && a.Arity == b.Arity &&
		Equal(a.OldIndex, b.OldIndex) && Equal(a.OldUniq, b.OldUniq) && equalAll(a.Free, b.Free)
}

func equalRecords(a, b *Record) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Exported == b.Exported && a.Module == b.Module && a.Name == b.Name &&
		slices.Equal(a.Fields, b.Fields) && equalAll(a.Values, b.Values)
}
