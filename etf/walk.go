package etf

// walk visits the parts of a term, and theirs, in order and without recursion. S is what the visitor keeps for each of
// the terms around the one that it visits.
type walk[S any] struct {
	open  stack[visit[S]] // the terms that were entered and not left
	parts []Term          // of the innermost of them, without the tail of a list

	cycleMark  *Term // where the parts of one of them begin, and how many there are
	cycleLen   int
	cycleDepth int // its depth
}

type visit[S any] struct {
	term  Term
	next  int // number of the next part
	state S
}

// enter makes t, which has parts, the term whose parts next returns. It returns false if t is a part of itself, which
// it notices late but in linear time: it compares the terms it enters with one of the terms around, and takes a term
// twice as deep for that after a while (Brent's algorithm).
func (w *walk[S]) enter(t Term, state S) bool {
	parts := partsOf(t)
	if n := len(parts); n > 0 {
		first := &parts[0]
		if first == w.cycleMark && n == w.cycleLen {
			return false
		}
		if depth := w.open.n; depth&(depth-1) == 0 {
			w.cycleMark, w.cycleLen, w.cycleDepth = first, n, depth
		}
	}
	w.parts = parts
	w.open.push(visit[S]{term: t, state: state})
	return true
}

// next returns the next part of the term entered last. The tail of an improper list is its last one.
func (w *walk[S]) next() (part Term, more bool) {
	v := w.open.peek()
	i := v.next
	if i < len(w.parts) {
		v.next++
		return w.parts[i], true
	}
	if l, ok := v.term.(ImproperList); ok && i == len(w.parts) {
		v.next++
		return l.Tail, true
	}
	return nil, false
}

// leave leaves the term entered last.
func (w *walk[S]) leave() (t Term, state S) {
	v := w.open.pop()
	if w.open.n > 0 {
		w.parts = partsOf(w.open.peek().term)
	}
	if w.open.n <= w.cycleDepth {
		w.cycleMark = nil
	}
	return v.term, v.state
}

// hasParts reports whether t is a term that can be entered.
func hasParts(t Term) bool {
	switch t := t.(type) {
	case Tuple, List, ImproperList, Map, sortedMap:
		return true
	case *Fun:
		return t != nil
	case *Record:
		return t != nil
	}
	return false
}

// partsOf returns the terms in t: elements, keys and values in turn, free variables, values of fields. The tail of an
// improper list is left out.
func partsOf(t Term) []Term {
	switch t := t.(type) {
	case Tuple:
		return t
	case List:
		return t
	case ImproperList:
		return t.Elems
	case Map:
		return pairTerms(t)
	case sortedMap:
		return pairTerms(Map(t))
	case *Fun:
		return t.Free
	case *Record:
		return t.Values
	}
	return nil
}
