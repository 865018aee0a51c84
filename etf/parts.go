package etf

// Reading a term part by part, without building it: what a distribution node does with a control message, whose shape
// it knows. After Begin, each of these methods reads the next term or, for TupleHeader, the beginning of one. The
// first failure sticks: all later reads yield zero values, and End reports it.
//
//	d.Begin(frame)
//	d.TupleHeader()        // {6, FromPid, '', ToName}
//	op, from := d.Int(), d.Pid()
//	d.Atom()
//	to := d.Atom()
//	n, err := d.End()      // frame[n:] is the message

// Begin makes b the input of the methods that read parts.
func (d *Decoder) Begin(b []byte) { d.start(b) }

// End ends what Begin began. It returns the number of bytes read, or the first failure, a *DecodeError.
func (d *Decoder) End() (n int, err error) { return d.finish() }

// Any reads one term, as Term does; nil after a failure.
func (d *Decoder) Any() Term {
	d.shapes.begin()
	return d.topTerm()
}

// TupleHeader reads the beginning of a tuple and returns the number of its elements, which follow.
func (d *Decoder) TupleHeader() int {
	var n uint32
	switch d.r.readTag() {
	case tagSmallTuple:
		n = uint32(d.r.u8())
	case tagLargeTuple:
		n = d.r.u32()
	default:
		d.r.fail(ErrMalformed, "a tuple is expected here")
	}
	if d.r.err != nil || !d.claimElements(uint64(n)) {
		return 0
	}
	return int(n)
}

// Int reads an integer of at most 64 bits.
func (d *Decoder) Int() Int { return d.intInside() }

// Atom reads an atom.
func (d *Decoder) Atom() Atom { return d.atomValue() }

// Pid reads a pid.
func (d *Decoder) Pid() Pid {
	if tag := d.r.readTag(); tag != tagNewPid && tag != tagPid {
		d.r.fail(ErrMalformed, "a pid is expected here")
	}
	p := d.pidValue()
	if d.r.err != nil {
		return Pid{}
	}
	return p
}

// Ref reads a reference.
func (d *Decoder) Ref() Ref {
	if tag := d.r.readTag(); tag != tagNewerReference && tag != tagNewReference && tag != tagReference {
		d.r.fail(ErrMalformed, "a reference is expected here")
	}
	r := d.refValue()
	if d.r.err != nil {
		return Ref{}
	}
	return r
}

// AppendTupleHeader appends the beginning of a tuple of n elements, which the caller appends next. As with all methods
// that append a part, the error is an *EncodeError, and what was appended before it is the caller's to cut off.
func (e *Encoder) AppendTupleHeader(dst []byte, n int) ([]byte, error) {
	return exportError(appendTupleHeader(dst, n))
}

// AppendInt appends an integer.
func (e *Encoder) AppendInt(dst []byte, v Int) []byte { return appendInt(dst, int64(v)) }

// AppendAtom appends an atom, as a reference into the table where that has it.
func (e *Encoder) AppendAtom(dst []byte, a Atom) ([]byte, error) { return exportError(e.atom(dst, a)) }

// AppendPid appends a pid.
func (e *Encoder) AppendPid(dst []byte, p Pid) ([]byte, error) { return exportError(e.pid(dst, p)) }

// AppendRef appends a reference.
func (e *Encoder) AppendRef(dst []byte, r Ref) ([]byte, error) { return exportError(e.ref(dst, r)) }

func exportError(dst []byte, err *EncodeError) ([]byte, error) {
	if err != nil {
		return dst, err.finish()
	}
	return dst, nil
}
