package etf

import "encoding/binary"

// External Term Format: NIL_EXT, LIST_EXT.

var emptyList Term = List{}

func (e *Encoder) list(dst []byte, l List, depth int) ([]byte, *EncodeError) {
	if len(l) == 0 {
		return append(dst, tagNil), nil
	}
	if isString(l) {
		return appendString(dst, l), nil
	}
	if depth <= 0 {
		return e.appendDeep(dst, l)
	}
	dst, err := e.cells(dst, l, depth)
	if err != nil {
		return dst, err
	}
	return append(dst, tagNil), nil
}

func appendListHeader(dst []byte, n int) ([]byte, *EncodeError) {
	if err := fits32(n, "a list of %d elements"); err != nil {
		return dst, err
	}
	return binary.BigEndian.AppendUint32(append(dst, tagList), uint32(n)), nil
}

func (e *Encoder) improperList(dst []byte, l ImproperList, depth int) ([]byte, *EncodeError) {
	if !l.valid() {
		return dst, l.fault()
	}
	if depth <= 0 {
		return e.appendDeep(dst, l)
	}
	dst, err := e.cells(dst, l.Elems, depth)
	if err != nil {
		return dst, err
	}
	if dst, err = e.term(dst, l.Tail, depth-1); err != nil {
		return dst, err.in("[|]")
	}
	return dst, nil
}

func (l *ImproperList) valid() bool {
	switch l.Tail.(type) {
	case List, ImproperList:
		return false
	}
	return len(l.Elems) > 0
}

// fault says why l is not valid.
func (l *ImproperList) fault() *EncodeError {
	if len(l.Elems) == 0 {
		return badTerm("an improper list without elements")
	}
	return badTerm("an improper list whose tail is a list")
}

func (e *Encoder) cells(dst []byte, elems []Term, depth int) ([]byte, *EncodeError) {
	err := fits32(len(elems), "a list of %d elements")
	if err != nil {
		return dst, err
	}
	dst = binary.BigEndian.AppendUint32(append(dst, tagList), uint32(len(elems)))
	for i := 0; i < len(elems); i++ {
		if v, ok := elems[i].(Int); ok {
			dst = appendInt(dst, int64(v))
			continue
		}
		if !isAtom(elems[i]) || e.refs == nil {
			dst, err = e.term(dst, elems[i], depth-1)
		} else if dst, i = e.refs.appendAtomsFast(dst, elems, i); i < len(elems) {
			dst, err = e.element(dst, elems[i], depth-1)
		}
		if err != nil {
			return dst, err.in("[%d]", i+1)
		}
	}
	return dst, nil
}

// list reads a LIST_EXT behind its tag. Its tail may be another list, also one without elements of its own, and so on;
// the result is one List or ImproperList whatever pieces it came in, and none of them costs depth.
func (d *Decoder) list(depth int) Term {
	if depth <= 0 {
		return d.readDeep()
	}
	if d.r.left() <= smallInput && d.r.peek32() == 1 {
		return d.shortList(depth)
	}
	return d.listRest(d.listElems(nil, depth), depth)
}

// listRest reads what comes behind the first elements of a list.
func (d *Decoder) listRest(elems []Term, depth int) Term {
	for d.r.err == nil {
		switch tail := d.r.readTag(); tail {
		case tagList:
			elems = d.listElems(elems, depth)
			continue
		case tagString:
			elems = d.strElems(elems, depth)
			if d.r.err != nil {
				return nil
			}
		case tagNil:
		default:
			d.r.off = d.r.at // the tail is a term of its own
			if tail == 0 && d.r.err != nil {
				return nil
			}
			return d.improper(elems, depth)
		}
		if len(elems) == 0 {
			return emptyList
		}
		return d.slab.list(elems, depth, d.r.left())
	}
	return nil
}

func (d *Decoder) improper(elems []Term, depth int) Term {
	tail := d.term(depth - 1)
	if tail == nil || len(elems) == 0 {
		return tail
	}
	return ImproperList{Elems: elems, Tail: tail}
}

// listElems reads the count and the elements of a LIST_EXT and adds them to elems.
func (d *Decoder) listElems(elems []Term, depth int) []Term {
	n := d.r.u32()
	if d.r.err != nil || !d.claimElements(uint64(n)) {
		return nil
	}
	at := len(elems)
	if elems == nil {
		elems = d.slab.elems(int(n), depth, d.r.left())
	} else {
		elems = append(elems, make([]Term, n)...)
	}
	for i := at; i < len(elems); i++ {
		if v, ok := d.r.smallInt(); ok {
			elems[i] = d.slab.int(v, d.r.left())
			continue
		}
		if d.r.peekTag() == tagAtomCacheRef {
			if i = d.readAtomsFast(elems, i); i == len(elems) {
				break
			}
		}
		if elems[i] = d.term(depth - 1); elems[i] == nil {
			return nil
		}
	}
	return elems
}
