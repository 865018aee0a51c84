package etf

// Decode reads one term with its version byte, as term_to_binary writes it, compressed or not. The term owns its
// memory. Bytes behind the term are an error. The error is a *DecodeError. Default Limits apply.
//
// Differs from OTP: binary_to_term/1 ignores bytes behind the term.
func Decode(b []byte) (Term, error) {
	var d Decoder
	return d.Decode(b)
}

// Decoder decodes terms within bounds. Its zero value is ready to use. It keeps a small table of atoms, so that one
// Decoder per connection allocates nothing for atoms that come again and again; the table is bounded, and nothing else
// is kept. A Decoder must not be used by two goroutines at once.
type Decoder struct {
	// Limits bound the cost of one call.
	Limits Limits
	// Alias makes binaries and bitstrings slices of the input (with their capacity cut off) instead of copies. The input
	// must then not change as long as any of the terms is in use.
	Alias bool
	// Atoms is the table behind ATOM_CACHE_REF: the atoms of the frame by the index in its header. The elements are Atoms;
	// they are kept as Terms because an Atom that is a Term already costs nothing to put into the result. Where it is nil,
	// ATOM_CACHE_REF is refused.
	Atoms []Term

	r             reader
	elementsLeft  int // elements that may still be claimed
	heapDepth     int // levels that may stand below those that are read by recursion
	limits        Limits
	slab          slab
	atoms         *internTable
	uncachedAtoms int // atoms read before there was a table
	keys          keySet
	shapes        shapes
}

// Decode reads one term with its version byte, as the function Decode does, under the Limits and with the table of d.
func (d *Decoder) Decode(b []byte) (Term, error) {
	d.start(b)
	t := d.versionedTerm()
	if d.r.left() > 0 {
		d.r.failAt(d.r.off, d.r.peekTag(), ErrRefused, "bytes behind the term")
	}
	_, err := d.finish()
	if err != nil {
		return nil, err
	}
	return t, nil
}

// Term reads one term without a version byte, as it stands in a distribution frame, and returns the number of bytes it
// took. A compressed term is refused. The error is a *DecodeError; n is zero then.
func (d *Decoder) Term(b []byte) (t Term, n int, err error) {
	d.start(b)
	t = d.topTerm()
	n, err = d.finish()
	if err != nil {
		return nil, 0, err
	}
	return t, n, nil
}

func (d *Decoder) start(b []byte) {
	d.limits = d.Limits.withDefaults()
	d.heapDepth = d.limits.Depth - min(d.limits.Depth, recursion)
	d.setInput(b)
}

// topTerm reads a term that is not part of another one.
func (d *Decoder) topTerm() Term { return d.term(min(d.limits.Depth, recursion)) }

// setInput makes b the input. An element takes at least one byte, so all lists and tuples in b together can have no
// more elements than b has bytes.
func (d *Decoder) setInput(b []byte) {
	d.r = reader{buf: b}
	d.shapes.begin()
	d.elementsLeft = min(d.limits.Elements, len(b))
}

// finish drops the input and all memory that belongs to the term. It returns the number of bytes read, or the first
// failure.
func (d *Decoder) finish() (n int, err error) {
	n = d.r.off
	if d.r.err != nil {
		n, err = 0, d.r.err
	}
	d.r = reader{}
	d.slab = slab{}
	d.keys.forget()
	return n, err
}

func (d *Decoder) versionedTerm() Term {
	if v := d.r.readTag(); v != version {
		d.r.fail(ErrMalformed, "a term starts with the version byte 131")
		return nil
	}
	if d.r.peekTag() == tagCompressed {
		return d.compressed()
	}
	return d.topTerm()
}

// claimElements takes n elements from those that the input can still hold. It is called before anything of that size is
// allocated.
func (d *Decoder) claimElements(n uint64) bool {
	switch {
	case n > uint64(d.r.left()):
		d.r.fail(ErrTruncated, "more elements announced than bytes left")
		return false
	case n > uint64(d.elementsLeft):
		d.failClaim()
		return false
	}
	d.elementsLeft -= int(n)
	return true
}

// claimReadElements is claimElements for n elements of one byte each that were read already.
func (d *Decoder) claimReadElements(n int) bool {
	if n > d.elementsLeft {
		d.failClaim()
		return false
	}
	d.elementsLeft -= n
	return true
}

func (d *Decoder) failClaim() {
	if d.limits.Elements < len(d.r.buf) {
		d.r.fail(ErrLimit, "more elements than Limits.Elements allows")
		return
	}
	d.r.fail(ErrTruncated, "the lists and tuples announce more elements than there are bytes")
}

func (d *Decoder) tooDeep() { d.r.fail(ErrLimit, "nested deeper than Limits.Depth allows") }

// term reads one term. It returns nil exactly if it failed; d.r.err is set then. depth is how many levels it may still
// recurse.
//
// The most common tags come first: a compare costs less than a jump through the table.
func (d *Decoder) term(depth int) Term {
	switch d.r.readTag() {
	case tagSmallInteger:
		return d.smallInteger()
	case tagAtomCacheRef, tagSmallAtomUTF8, tagAtomUTF8, tagSmallAtom, tagAtom:
		return d.atom()
	case tagSmallTuple:
		return d.tuple(uint32(d.r.u8()), depth)
	case tagInteger:
		return d.integer()
	case tagBinary:
		return d.binary()
	case tagMap:
		return d.mapTerm(depth)
	case tagList:
		return d.list(depth)
	case tagNil:
		return emptyList
	case tagString:
		return d.str(depth)
	case tagNewFloat:
		return d.float()
	case tagNewPid, tagPid:
		return d.pid()
	case tagNewerReference, tagNewReference, tagReference:
		return d.ref()
	case tagV4Port, tagNewPort, tagPort:
		return d.port()
	case tagLargeTuple:
		return d.tuple(d.r.u32(), depth)
	case tagSmallBig:
		return d.bigInt(uint32(d.r.u8()))
	case tagLargeBig:
		return d.bigInt(d.r.u32())
	case tagBitBinary:
		return d.bitstring()
	case tagNewFun:
		return d.fun(depth)
	case tagExport:
		return d.export()
	case tagRecord:
		return d.record(depth)
	case tagFloat:
		return d.floatText()
	default:
		d.refuseTag()
		return nil
	}
}

// refuseTag records why the tag that was read last is not decoded.
func (d *Decoder) refuseTag() {
	if d.r.err != nil {
		return
	}
	switch d.r.tag {
	case tagFun:
		d.r.fail(ErrRefused, "the fun format of releases before R8, which OTP does not decode since 23")
	case tagLocal:
		d.r.fail(ErrRefused, "a term that only the node that wrote it can read")
	case tagCompressed:
		d.r.fail(ErrRefused, "a compressed term stands only behind a version byte, never in a frame or in another term")
	case version:
		d.r.fail(ErrMalformed, "a version byte inside a term")
	default:
		d.r.fail(ErrMalformed, "unknown tag")
	}
}
