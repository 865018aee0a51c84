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
func compareMaps(a, b Term, exact bool, depth int) int {
	am, bm, c := sortedPairs(a, b)
	if c != 0 {
		return c
	}
	for i := range am {
		if c := compare(am[i].Key, bm[i].Key, true, depth-1); c != 0 {
			return c
		}
	}
	for i := range am {
		if c := compare(am[i].Value, bm[i].Value, exact, depth-1); c != 0 {
			return c
		}
	}
	return 0
}

// sortedPairs returns the pairs of two maps of the same size in the order of their keys, or says which map is smaller.
func sortedPairs(a, b Term) (am, bm Map, c int) {
	am, aSorted := pairsOf(a)
	bm, bSorted := pairsOf(b)
	if c := cmp.Compare(len(am), len(bm)); c != 0 {
		return nil, nil, c
	}
	if !aSorted {
		am = sortedByKey(am)
	}
	if !bSorted {
		bm = sortedByKey(bm)
	}
	return am, bm, 0
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
	if !keysAreFlat(m) {
		return Map(deepSorted(m).(sortedMap))
	}
	if slices.IsSortedFunc(m, byKey) {
		return m
	}
	m = slices.Clone(m)
	slices.SortFunc(m, byKey)
	return m
}

func byKey(a, b MapPair) int { return compare(a.Key, b.Key, true, recursion) }

// deepSorted returns t, which has parts, with all maps in it sorted.
func deepSorted(t Term) Term {
	var w walk[[]Term] // the parts of the new term
	w.enter(t, roomFor(t))
	for {
		part, more := w.next()
		switch {
		case !more:
			left, parts := w.leave()
			if part = rebuilt(left, parts); w.open.n == 0 {
				return part
			}
		case hasParts(part):
			w.enter(part, roomFor(part))
			continue
		}
		v := w.open.peek()
		v.state[v.next-1] = part
	}
}

func roomFor(t Term) []Term {
	n := len(partsOf(t))
	if _, ok := t.(ImproperList); ok {
		n++
	}
	return make([]Term, n)
}

// rebuilt returns t with other parts, a map with the pairs in order.
func rebuilt(t Term, parts []Term) Term {
	switch t := t.(type) {
	case Tuple:
		return Tuple(parts)
	case List:
		return List(parts)
	case ImproperList:
		last := len(parts) - 1
		return ImproperList{Elems: parts[:last], Tail: parts[last]}
	case *Fun:
		f := *t
		f.Free = parts
		return &f
	case *Record:
		r := *t
		r.Values = parts
		return &r
	}
	m := make(Map, len(parts)/2)
	copy(pairTerms(m), parts)
	slices.SortFunc(m, byKey)
	return sortedMap(m)
}
