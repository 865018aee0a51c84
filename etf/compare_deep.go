package etf

import "cmp"

// comparison is parts of two terms that are still to be compared: every step-th one from next on. There are as many of
// both.
type comparison struct {
	a, b       []Term
	next, step int
	exact      bool
}

// comparisons is what compareDeep has still to do, the next one on top.
type comparisons struct{ stack[comparison] }

// compareDeep is compare with a stack on the heap.
func compareDeep(a, b Term, exact bool) int {
	var s comparisons
	c := s.compare(a, b, exact)
	for c == 0 && s.n > 0 {
		p := s.peek()
		if p.next >= len(p.a) {
			s.pop()
			continue
		}
		a, b, exact := p.a[p.next], p.b[p.next], p.exact
		if p.next += p.step; p.next >= len(p.a) {
			s.pop() // before its last part, so that a list in a list in a list takes no room
		}
		c = s.compare(a, b, exact)
	}
	return c
}

// compare compares what can be compared of two terms without looking at their parts, and leaves those for later.
func (s *comparisons) compare(a, b Term, exact bool) int {
	ra, rb := rank(a), rank(b)
	if ra != rb {
		return cmp.Compare(ra, rb)
	}
	switch ra {
	case rankTuple:
		a, b := a.(Tuple), b.(Tuple)
		if c := cmp.Compare(len(a), len(b)); c != 0 {
			return c
		}
		s.push(comparison{a, b, 0, 1, exact})
	case rankList:
		s.lists(a, b, exact)
	case rankMap:
		am, bm, c := sortedPairs(a, b)
		if c != 0 {
			return c
		}
		s.push(comparison{pairTerms(am), pairTerms(bm), 1, 2, exact}) // the values, after the keys
		s.push(comparison{pairTerms(am), pairTerms(bm), 0, 2, true})
	case rankFun:
		a, b := a.(*Fun), b.(*Fun)
		if c := compareFunHeads(a, b); c != 0 || a == nil {
			return c
		}
		s.push(comparison{a.Free, b.Free, 0, 1, exact})
	case rankRecord:
		a, b := a.(*Record), b.(*Record)
		if c := compareRecordHeads(a, b); c != 0 || a == nil {
			return c
		}
		s.push(comparison{a.Values, b.Values, 0, 1, exact})
	default:
		return compare(a, b, exact, recursion)
	}
	return 0
}

func (s *comparisons) lists(a, b Term, exact bool) {
	ae, at := cells(a)
	be, bt := cells(b)
	n := min(len(ae), len(be))
	if ra, rb := remainder(ae[n:], at), remainder(be[n:], bt); rank(ra) != rankNil || rank(rb) != rankNil {
		s.push(comparison{[]Term{ra}, []Term{rb}, 0, 1, exact})
	}
	s.push(comparison{ae[:n], be[:n], 0, 1, exact})
}
