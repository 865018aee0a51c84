package etf

import (
	"bytes"
	"cmp"
	"slices"
)

// Compare returns -1, 0 or 1 as a comes before b in Erlang's term order, is equal to it under ==, or comes after it:
//
//	number < atom < reference < fun < port < pid < tuple < map < [] < list < bitstring
//
// (Erlang Reference Manual, Term Comparisons). Integers and floats are compared by their exact values. Tuples are
// ordered by size, then by elements; maps by size, then by keys, then by values, where among keys an integer comes
// before every float and -0.0 before 0.0, as in OTP 27. Native records come between tuples and maps, ordered by
// module, name, whether they are exported (not exported first), number of fields, names of the fields and values, as
// in OTP 29, where they are experimental.
func Compare(a, b Term) int { return compare(a, b, false, recursion) }

// Places of the types in the order. There is room between a number and an atom for nothing: nil is no term and comes
// first only so that Compare is defined.
const (
	rankNone = iota
	rankNumber
	rankAtom
	rankRef
	rankFun
	rankExport
	rankPort
	rankPid
	rankTuple
	rankRecord
	rankMap
	rankNil
	rankList
	rankBits
)

func rank(t Term) int {
	switch t := t.(type) {
	case Int, *BigInt, Float:
		return rankNumber
	case Atom:
		return rankAtom
	case Ref:
		return rankRef
	case *Fun:
		return rankFun
	case Export:
		return rankExport
	case Port:
		return rankPort
	case Pid:
		return rankPid
	case Tuple:
		return rankTuple
	case *Record:
		return rankRecord
	case Map, sortedMap:
		return rankMap
	case List:
		if len(t) == 0 {
			return rankNil
		}
		return rankList
	case ImproperList:
		return rankList
	case Binary, Bitstring:
		return rankBits
	default:
		return rankNone
	}
}

// compare is Compare, or with exact the order of map keys, in which only identical terms are equal. depth is how far it
// may still call itself.
func compare(a, b Term, exact bool, depth int) int {
	ra, rb := rank(a), rank(b)
	if ra != rb {
		return cmp.Compare(ra, rb)
	}
	if depth == 0 && hasParts(a) && hasParts(b) {
		return compareDeep(a, b, exact)
	}
	switch ra {
	case rankNumber:
		return compareNumbers(a, b, exact)
	case rankAtom:
		return cmp.Compare(a.(Atom), b.(Atom))
	case rankRef:
		return compareRefs(a.(Ref), b.(Ref))
	case rankFun:
		return compareFuns(a.(*Fun), b.(*Fun), exact, depth)
	case rankExport:
		return compareExports(a.(Export), b.(Export))
	case rankPort:
		return comparePorts(a.(Port), b.(Port))
	case rankPid:
		return comparePids(a.(Pid), b.(Pid))
	case rankTuple:
		a, b := a.(Tuple), b.(Tuple)
		if c := cmp.Compare(len(a), len(b)); c != 0 {
			return c
		}
		return compareAll(a, b, exact, depth)
	case rankRecord:
		return compareRecords(a.(*Record), b.(*Record), exact, depth)
	case rankMap:
		return compareMaps(a, b, exact, depth)
	case rankList:
		return compareLists(a, b, exact, depth)
	case rankBits:
		return compareBits(a, b)
	default:
		return 0
	}
}

// compareAll compares two slices of the same length.
func compareAll(a, b []Term, exact bool, depth int) int {
	for i := range a {
		if c := compare(a[i], b[i], exact, depth-1); c != 0 {
			return c
		}
	}
	return 0
}

func compareNodes(a Atom, ac uint32, b Atom, bc uint32) int {
	return cmp.Or(cmp.Compare(a, b), cmp.Compare(ac, bc))
}

func comparePids(a, b Pid) int {
	return cmp.Or(cmp.Compare(a.Serial, b.Serial), cmp.Compare(a.ID, b.ID),
		compareNodes(a.Node, a.Creation, b.Node, b.Creation))
}

func comparePorts(a, b Port) int {
	return cmp.Or(compareNodes(a.Node, a.Creation, b.Node, b.Creation), cmp.Compare(a.ID, b.ID))
}

// compareRefs compares the words as one number, the last word most significant. So words that are zero at the end do
// not count, although such a reference is encoded with them.
func compareRefs(a, b Ref) int {
	if c := compareNodes(a.Node, a.Creation, b.Node, b.Creation); c != 0 {
		return c
	}
	for i := MaxRefWords - 1; i >= 0; i-- {
		if c := cmp.Compare(a.Words[i], b.Words[i]); c != 0 {
			return c
		}
	}
	return 0
}

func compareExports(a, b Export) int {
	return cmp.Or(cmp.Compare(a.Module, b.Module), cmp.Compare(a.Function, b.Function), cmp.Compare(a.Arity, b.Arity))
}

func compareFuns(a, b *Fun, exact bool, depth int) int {
	if c := compareFunHeads(a, b); c != 0 || a == nil {
		return c
	}
	return compareAll(a.Free, b.Free, exact, depth)
}

// compareFunHeads compares all but the free variables. Where it yields 0, both have as many, or both are nil.
func compareFunHeads(a, b *Fun) int {
	if a == nil || b == nil {
		return compareNil(a == nil, b == nil)
	}
	return cmp.Or(cmp.Compare(a.Module, b.Module), cmp.Compare(a.Index, b.Index),
		compareNumbers(a.OldUniq, b.OldUniq, true), bytes.Compare(a.Uniq[:], b.Uniq[:]),
		compareNumbers(a.OldIndex, b.OldIndex, true), cmp.Compare(a.Arity, b.Arity),
		cmp.Compare(len(a.Free), len(b.Free)))
}

func compareRecords(a, b *Record, exact bool, depth int) int {
	if c := compareRecordHeads(a, b); c != 0 || a == nil {
		return c
	}
	return compareAll(a.Values, b.Values, exact, depth)
}

// compareRecordHeads compares all but the values. Where it yields 0, both have as many, or both are nil.
func compareRecordHeads(a, b *Record) int {
	if a == nil || b == nil {
		return compareNil(a == nil, b == nil)
	}
	return cmp.Or(cmp.Compare(a.Module, b.Module), cmp.Compare(a.Name, b.Name), compareBools(a.Exported, b.Exported),
		cmp.Compare(len(a.Fields), len(b.Fields)), slices.Compare(a.Fields, b.Fields),
		cmp.Compare(len(a.Values), len(b.Values)))
}

// compareNil puts nil first.
func compareNil(a, b bool) int { return -compareBools(a, b) }

// compareBools puts false first.
func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	default:
		return -1
	}
}

// compareLists compares two lists that have elements, proper or not: element by element, then by what follows.
func compareLists(a, b Term, exact bool, depth int) int {
	ae, at := cells(a)
	be, bt := cells(b)
	n := min(len(ae), len(be))
	if c := compareAll(ae[:n], be[:n], exact, depth); c != 0 {
		return c
	}
	return compare(remainder(ae[n:], at), remainder(be[n:], bt), exact, depth-1)
}

func cells(t Term) (elems []Term, tail Term) {
	switch t := t.(type) {
	case List:
		return t, emptyList
	case ImproperList:
		return t.Elems, t.Tail
	}
	return nil, t
}

// remainder is what stands behind the cells that were compared. Its elements will not be looked at: the other list has
// none left.
func remainder(elems []Term, tail Term) Term {
	if len(elems) == 0 {
		return tail
	}
	return ImproperList{Elems: elems, Tail: tail}
}

func compareBits(a, b Term) int {
	ad, an := bitsOf(a)
	bd, bn := bitsOf(b)
	whole := min(an, bn) / 8
	if c := bytes.Compare(ad[:whole], bd[:whole]); c != 0 {
		return c
	}
	if n := min(an, bn) % 8; n > 0 {
		if c := cmp.Compare(ad[whole]>>(8-n), bd[whole]>>(8-n)); c != 0 {
			return c
		}
	}
	return cmp.Compare(an, bn)
}

func bitsOf(t Term) (data []byte, n int) {
	switch t := t.(type) {
	case Binary:
		return t, 8 * len(t)
	case Bitstring:
		return t.Data, max(0, 8*(len(t.Data)-1)+int(min(t.Bits, 8)))
	}
	return nil, 0
}
