package etf

// unread is a term that has been read in part.
type unread struct {
	elems []Term // of a map its keys and values in turn
	next  int    // number of the one to be read
	kind  unreadKind
}

type unreadKind uint8

const (
	unreadTuple unreadKind = iota
	unreadList
	unreadTail // all elements of the list were read, and its tail is a term of its own
	unreadMap
	unreadFun
	unreadRecord
)

// origin is what the end of a map, fun or record needs besides the elements.
type origin struct {
	at, end int
	term    Term
}

// deepReader reads a term with a stack on the heap. The methods of Decoder use it at the end of their recursion, and it
// yields what they would.
type deepReader struct {
	*Decoder
	open    stack[unread]
	origins stack[origin] // of the maps, funs and records in open
}

// readDeep reads the term whose tag was just read. At most its size may have been read behind the tag.
func (d *Decoder) readDeep() Term {
	d.r.off = d.r.at
	r := deepReader{Decoder: d}
	t := r.beginTerm()
	for d.r.err == nil {
		if t != nil {
			if r.open.n == 0 {
				return t
			}
			if u := r.open.peek(); u.kind == unreadTail {
				t = r.improperList(t)
				continue
			} else {
				u.elems[u.next] = t
				u.next++
			}
		}
		if u := r.open.peek(); u.next < len(u.elems) || u.kind == unreadTail {
			t = r.beginTerm()
		} else {
			t = r.endTerm(u)
		}
	}
	return nil
}

// beginTerm reads a term that has no parts, or the beginning of one that has; then it returns nil.
func (r *deepReader) beginTerm() Term {
	d := r.Decoder
	switch d.r.peekTag() {
	case tagSmallTuple, tagLargeTuple:
		n := uint32(0)
		if d.r.readTag() == tagSmallTuple {
			n = uint32(d.r.u8())
		} else {
			n = d.r.u32()
		}
		if !d.tupleFits(n) || !r.checkDepth() {
			return nil
		}
		if n == 0 {
			return emptyTuple
		}
		r.push(unreadTuple, d.slab.elems(int(n), r.open.n, d.r.left()))
	case tagList:
		d.r.readTag()
		if n := d.r.u32(); d.r.err == nil && r.checkDepth() && d.claimElements(uint64(n)) {
			r.push(unreadList, d.slab.elems(int(n), r.open.n, d.r.left()))
		}
	case tagMap:
		d.r.readTag()
		at := d.r.at
		n := d.r.u32()
		if d.r.err != nil || !r.checkDepth() || !d.claimElements(2*uint64(n)) {
			return nil
		}
		if n == 0 {
			return emptyMap
		}
		m := Map(d.slab.mapPairs(int(n), r.open.n, d.r.left()))
		r.origins.push(origin{at: at, term: m})
		r.push(unreadMap, pairTerms(m))
	case tagNewFun:
		d.r.readTag()
		at := d.r.at
		if f, end := d.funHead(r.open.n); f != nil && r.checkDepth() {
			r.origins.push(origin{at, end, f})
			r.push(unreadFun, f.Free)
		}
	case tagRecord:
		d.r.readTag()
		at := d.r.at
		if rec := d.recordHead(r.open.n); rec != nil && r.checkDepth() {
			r.origins.push(origin{at: at, term: rec})
			r.push(unreadRecord, rec.Values)
		}
	default:
		return d.term(1 + r.open.n)
	}
	return nil
}

func (r *deepReader) push(kind unreadKind, elems []Term) {
	r.open.push(unread{elems: elems, kind: kind})
}

// checkDepth reports whether one more level may be opened, and fails if not.
func (r *deepReader) checkDepth() bool {
	if r.open.n >= r.heapDepth {
		r.tooDeep()
		return false
	}
	return true
}

// endTerm ends the term on the stack, whose elements were all read. It returns nil if a list goes on.
func (r *deepReader) endTerm(u *unread) Term {
	d, depth := r.Decoder, r.open.n-1
	switch u.kind {
	case unreadList:
		return r.endList(u, depth)
	case unreadTuple:
		return d.slab.tuple(r.open.pop().elems, depth, d.r.left())
	}
	r.open.pop()
	o := r.origins.pop()
	switch t := o.term.(type) {
	case Map:
		return d.mapEnd(t, o.at, depth)
	case *Fun:
		return d.funEnd(t, o.at, o.end)
	default:
		return d.recordEnd(t.(*Record), o.at)
	}
}

// endList reads what comes behind elements of a list, as listRest does.
func (r *deepReader) endList(u *unread, depth int) Term {
	d := r.Decoder
	switch tail := d.r.readTag(); tail {
	case tagList:
		if n := d.r.u32(); d.r.err == nil && d.claimElements(uint64(n)) {
			u.elems = append(u.elems, make([]Term, n)...)
		}
		return nil
	case tagString:
		if u.elems = d.strElems(u.elems, depth); d.r.err != nil {
			return nil
		}
	case tagNil:
	default:
		d.r.off = d.r.at // the tail is a term of its own
		if tail != 0 || d.r.err == nil {
			u.kind = unreadTail
		}
		return nil
	}
	elems := r.open.pop().elems
	if len(elems) == 0 {
		return emptyList
	}
	return d.slab.list(elems, depth, d.r.left())
}

// improperList ends the list on the stack with a tail.
func (r *deepReader) improperList(tail Term) Term {
	elems := r.open.pop().elems
	if len(elems) == 0 {
		return tail
	}
	return ImproperList{Elems: elems, Tail: tail}
}
