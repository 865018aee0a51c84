package etf

import (
	"encoding/binary"
	"math"
)

// External Term Format: NEW_FUN_EXT, EXPORT_EXT.

func (e *Encoder) fun(dst []byte, f *Fun, depth int) ([]byte, *EncodeError) {
	if depth <= 0 && f != nil {
		c := *f // f itself may lie on the stack of a caller
		return e.appendDeep(dst, &c)
	}
	dst, size, err := e.funHead(dst, f)
	if err != nil {
		return dst, err
	}
	for i, t := range f.Free {
		if dst, err = e.term(dst, t, depth-1); err != nil {
			return dst, err.in(".Free[%d]", i+1)
		}
	}
	return dst, setFunSize(dst, size)
}

// setFunSize ends a fun whose size is to stand at dst[size:].
func setFunSize(dst []byte, size int) *EncodeError {
	n := len(dst) - size
	if err := fits32(n, "a fun of %d bytes"); err != nil {
		return err
	}
	binary.BigEndian.PutUint32(dst[size:], uint32(n))
	return nil
}

// funHead appends all that stands in front of the free variables of f. The size of f goes to dst[size:].
func (e *Encoder) funHead(dst []byte, f *Fun) (out []byte, size int, err *EncodeError) {
	if f == nil {
		return dst, 0, badTerm("a nil *Fun")
	}
	if err := fits32(len(f.Free), "a fun with %d free variables"); err != nil {
		return dst, 0, err
	}
	if _, ok := f.OldIndex.(Int); !ok {
		return dst, 0, badTerm("a fun whose OldIndex is not an Int")
	}
	if _, ok := f.OldUniq.(Int); !ok {
		return dst, 0, badTerm("a fun whose OldUniq is not an Int")
	}
	size = len(dst) + 1
	dst = append(dst, tagNewFun, 0, 0, 0, 0, f.Arity)
	dst = append(dst, f.Uniq[:]...)
	dst = binary.BigEndian.AppendUint32(dst, f.Index)
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(f.Free)))
	if dst, err = e.atom(dst, f.Module); err != nil {
		return dst, 0, err.in(".Module")
	}
	dst = appendInt(dst, int64(f.OldIndex.(Int)))
	dst = appendInt(dst, int64(f.OldUniq.(Int)))
	if dst, err = e.pid(dst, f.Pid); err != nil {
		return dst, 0, err.in(".Pid")
	}
	return dst, size, nil
}

func (e *Encoder) export(dst []byte, x Export) ([]byte, *EncodeError) {
	dst, err := e.atom(append(dst, tagExport), x.Module)
	if err != nil {
		return dst, err.in(".Module")
	}
	if dst, err = e.atom(dst, x.Function); err != nil {
		return dst, err.in(".Function")
	}
	return append(dst, tagSmallInteger, x.Arity), nil
}

// intInside reads an integer that is a part of another term.
func (d *Decoder) intInside() Int {
	switch d.r.readTag() {
	case tagSmallInteger:
		return Int(d.r.u8())
	case tagInteger:
		return Int(int32(d.r.u32()))
	case tagSmallBig:
		if v, ok := d.bigInt(uint32(d.r.u8())).(Int); ok {
			return v
		}
	}
	d.r.fail(ErrMalformed, "a small integer is expected here")
	return 0
}

func (d *Decoder) fun(depth int) Term {
	if depth <= 0 {
		return d.readDeep()
	}
	at := d.r.at
	f, end := d.funHead(depth)
	if f == nil {
		return nil
	}
	for i := range f.Free {
		if f.Free[i] = d.term(depth - 1); f.Free[i] == nil {
			return nil
		}
	}
	return d.funEnd(f, at, end)
}

// funEnd checks that f, which begins at at and says that it goes up to end, was read up to there.
func (d *Decoder) funEnd(f *Fun, at, end int) Term {
	if d.r.off != end {
		d.r.failAt(at, tagNewFun, ErrMalformed, "a fun whose size is not the one announced")
		return nil
	}
	return f
}

// funHead reads all that stands in front of the free variables, and makes room for those. It returns nil if it failed.
func (d *Decoder) funHead(depth int) (f *Fun, end int) {
	start := d.r.off
	size := d.r.u32()
	f = &Fun{Arity: d.r.u8()}
	copy(f.Uniq[:], d.r.bytes(uint32(len(f.Uniq))))
	f.Index = d.r.u32()
	free := d.r.u32()
	if d.r.err != nil || !d.claimElements(uint64(free)) {
		return nil, 0
	}
	f.Module = d.atomValue()
	f.OldIndex = d.intInside()
	f.OldUniq = d.intInside()
	if tag := d.r.readTag(); tag != tagNewPid && tag != tagPid {
		d.r.fail(ErrMalformed, "a pid is expected here")
	}
	f.Pid = d.pidValue()
	if d.r.err != nil {
		return nil, 0
	}
	if free > 0 {
		f.Free = d.slab.elems(int(free), depth, d.r.left())
	}
	return f, start + int(size)
}

func (d *Decoder) export() Term {
	x := Export{Module: d.atomValue(), Function: d.atomValue()}
	arity := d.intInside()
	if d.r.err == nil && (arity < 0 || arity > math.MaxUint8) {
		d.r.fail(ErrMalformed, "an arity above 255")
	}
	if d.r.err != nil {
		return nil
	}
	x.Arity = uint8(arity)
	return x
}
