package etf

import (
	"cmp"
	"slices"
)

// sortedMap is a map whose pairs are in the order of their keys, and so are all maps in it. It exists only while terms
// are compared.
type sortedMap Map

func (sortedMap) term() {}

// compareMaps compares by size, then by keys in their order, then by values in the order of the keys.
func compareMaps(a, b Term, exact bool) int {
	am, aSorted := pairsOf(a)
	bm, bSorted := pairsOf(b)
	if c := cmp.Compare(len(am), len(bm)); c != 0 {
		return c
	}
	if !aSorted {
		am = sortedByKey(am)
	}
	if !bSorted {
		bm = sortedByKey(bm)
	}
	for i := range am {
		if c := compare(am[i].Key, bm[i].Key, true); c != 0 {
			return c
		}
	}
	for i := range am {
		if c := compare(am[i].Value, bm[i].Value, exact); c != 0 {
			return c
		}
	}
	return 0
}

func pairsOf(t Term) (pairs Map, sorted bool) {
	if m, ok := t.(sortedMap); ok {
		return Map(m), true
	}
	m, _ := t.(Map)
	return m, false
}

// sortedByKey returns the pairs of m in the order of their keys. Keys in which there may be maps are sorted first, all
// the way down and once: comparing them as they are would sort the innermost map again for every map around it and for
// every comparison there.
func sortedByKey(m Map) Map {
	if !flatKeys(m) {
		return Map(deepSorted(m).(sortedMap))
	}
	if slices.IsSortedFunc(m, byKey) {
		return m
	}
	m = slices.Clone(m)
	slices.SortFunc(m, byKey)
	return m
}

func byKey(a, b MapPair) int { return compare(a.Key, b.Key, true) }

// deepSorted returns t with all maps in it sorted.
func deepSorted(t Term) Term {
	switch t := t.(type) {
	case Tuple:
		return Tuple(allDeepSorted(t))
	case List:
		return List(allDeepSorted(t))
	case ImproperList:
		return ImproperList{Elems: allDeepSorted(t.Elems), Tail: deepSorted(t.Tail)}
	case Map:
		m := make(Map, len(t))
		for i := range t {
			m[i] = MapPair{Key: deepSorted(t[i].Key), Value: deepSorted(t[i].Value)}
		}
		slices.SortFunc(m, byKey)
		return sortedMap(m)
	default: // funs and records may hold maps too; those are sorted whenever they are compared
		return t
	}
}

func allDeepSorted(terms []Term) []Term {
	sorted := make([]Term, len(terms))
	for i, t := range terms {
		sorted[i] = deepSorted(t)
	}
	return sorted
}
