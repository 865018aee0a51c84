package etf

import "unsafe"

// Near the end of the input chunks do not pay: a small tuple or a list of one element is one allocation together with
// its header, and keeping it keeps nothing else alive.

// smallInput is the number of bytes left in the input below which no chunks are used.
const smallInput = 128

type tuple1 struct {
	header Tuple
	elems  [1]Term
}

type tuple2 struct {
	header Tuple
	elems  [2]Term
}

type tuple3 struct {
	header Tuple
	elems  [3]Term
}

type tuple4 struct {
	header Tuple
	elems  [4]Term
}

// newTuple returns the elements of a tuple and the place of its header, nil if box has to find one.
func (d *Decoder) newTuple(n, depth int) (elems []Term, header *Tuple) {
	if d.r.left() > smallInput {
		return d.slab.elems(n, depth, d.r.left()), nil
	}
	switch n {
	case 1:
		t := new(tuple1)
		return t.elems[:], &t.header
	case 2:
		t := new(tuple2)
		return t.elems[:], &t.header
	case 3:
		t := new(tuple3)
		return t.elems[:], &t.header
	case 4:
		t := new(tuple4)
		return t.elems[:], &t.header
	}
	return d.slab.elems(n, depth, d.r.left()), nil
}

func boxTuple(t Tuple, header *Tuple) Term {
	*header = t
	return box(protoTuple, unsafe.Pointer(header))
}

type list1 struct {
	header List
	elems  [1]Term
}

type improper1 struct {
	header ImproperList
	elems  [1]Term
}

// shortList reads a list with a count of one, such as [alias|Ref] in every gen_server call.
func (d *Decoder) shortList(depth int) Term {
	d.r.u32()
	if !d.claimElements(1) {
		return nil
	}
	elem := d.term(depth - 1)
	if elem == nil {
		return nil
	}
	switch d.r.peekTag() {
	case tagList, tagString:
		return d.listRest([]Term{elem}, depth)
	case tagNil:
		d.r.readTag()
		l := &list1{elems: [1]Term{elem}}
		l.header = l.elems[:]
		return box(protoList, unsafe.Pointer(&l.header))
	}
	if tail := d.term(depth - 1); tail != nil {
		return new(improper1).box(elem, tail)
	}
	return nil
}

func (l *improper1) box(elem, tail Term) Term {
	l.elems[0] = elem
	l.header = ImproperList{Elems: l.elems[:], Tail: tail}
	return box(protoImproper, unsafe.Pointer(&l.header))
}

// genCallAtom begins every call of a gen_server: {'$gen_call', {Pid, [alias|Ref]}, Request}, or {Pid, Ref} before OTP
// 24. The second element has the same parts each time and lives as long as the call, so it is one allocation.
var genCallAtom Term = Atom("$gen_call")

type fromTuple struct {
	tuple tuple2
	pid   Pid
	alias improper1
	ref   Ref
}

// genCallFrom reads the second element of a call. Anything but {Pid, Tag} is read like any other term.
func (d *Decoder) genCallFrom(depth int) Term {
	if depth <= 1 || d.r.left() < 3 || [3]byte(d.r.buf[d.r.off:]) != [3]byte{tagSmallTuple, 2, tagNewPid} {
		return d.term(depth)
	}
	d.r.readTag()
	d.r.u8()
	if !d.claimElements(2) {
		return nil
	}
	d.r.readTag()
	f := new(fromTuple)
	f.pid = d.pidValue()
	tag := d.genCallTag(f, depth-1)
	if d.r.err != nil {
		return nil
	}
	f.tuple.elems = [2]Term{box(protoPid, unsafe.Pointer(&f.pid)), tag}
	return boxTuple(f.tuple.elems[:], &f.tuple.header)
}

func (d *Decoder) genCallTag(f *fromTuple, depth int) Term {
	switch d.r.peekTag() {
	case tagNewerReference:
		return d.genCallRef(f)
	case tagList:
		return d.genCallAlias(f, depth)
	}
	return d.term(depth)
}

func (d *Decoder) genCallAlias(f *fromTuple, depth int) Term {
	d.r.readTag()
	if d.r.peek32() != 1 {
		return d.list(depth)
	}
	d.r.u32()
	if !d.claimElements(1) {
		return nil
	}
	elem := d.term(depth - 1)
	switch {
	case elem == nil:
		return nil
	case d.r.peekTag() != tagNewerReference:
		return d.listRest([]Term{elem}, depth)
	}
	if ref := d.genCallRef(f); ref != nil {
		return f.alias.box(elem, ref)
	}
	return nil
}

func (d *Decoder) genCallRef(f *fromTuple) Term {
	d.r.readTag()
	if f.ref = d.refValue(); d.r.err != nil {
		return nil
	}
	return box(protoRef, unsafe.Pointer(&f.ref))
}
