package etf

import "encoding/binary"

// reader walks over the input. Its first failure sticks: it moves to the end, so that every later read fails too and
// yields zero, and the caller needs to look at err only where it is about to allocate, to loop or to return.
type reader struct {
	buf []byte
	off int
	at  int  // offset of the tag of the term being read
	tag byte // its tag
	err *DecodeError
}

func (r *reader) left() int { return len(r.buf) - r.off }

// failAt records that the term with the given tag at the given offset is bad. Only the first failure counts.
func (r *reader) failAt(at int, tag byte, kind error, detail string) {
	if r.err == nil {
		r.err = &DecodeError{Offset: at, Tag: tag, Kind: kind, Detail: detail}
	}
	r.off = len(r.buf)
}

// fail records that the term whose tag was read last is bad.
func (r *reader) fail(kind error, detail string) { r.failAt(r.at, r.tag, kind, detail) }

func (r *reader) failTruncated() { r.fail(ErrTruncated, "") }

// readTag reads a tag.
func (r *reader) readTag() byte {
	if r.off >= len(r.buf) {
		if r.err == nil {
			r.at, r.tag = r.off, 0
			r.failTruncated()
		}
		return 0
	}
	r.at, r.tag = r.off, r.buf[r.off]
	r.off++
	return r.tag
}

// peekTag returns the next tag without reading it, 0 at the end.
func (r *reader) peekTag() byte {
	if r.off >= len(r.buf) {
		return 0
	}
	return r.buf[r.off]
}

// peekRef is the index of the ATOM_CACHE_REF that comes next and the atom there, nil if there is none, without
// reading it.
func (r *reader) peekRef(atoms []Term) (ref uint8, t Term) {
	if r.left() < 2 || r.buf[r.off] != tagAtomCacheRef {
		return 0, nil
	}
	ref = r.buf[r.off+1]
	if int(ref) >= len(atoms) || !isAtom(atoms[ref]) {
		return 0, nil
	}
	return ref, atoms[ref]
}

// smallInt reads an INTEGER_EXT, which long lists are often made of. It reads nothing if the next term is another one.
func (r *reader) smallInt() (v Int, ok bool) {
	if r.left() < 5 || r.buf[r.off] != tagInteger {
		return 0, false
	}
	r.at, r.tag = r.off, tagInteger
	v = Int(int32(binary.BigEndian.Uint32(r.buf[r.off+1:])))
	r.off += 5
	return v, true
}

func (r *reader) u8() byte {
	if r.left() < 1 {
		r.failTruncated()
		return 0
	}
	v := r.buf[r.off]
	r.off++
	return v
}

func (r *reader) u16() uint16 {
	if r.left() < 2 {
		r.failTruncated()
		return 0
	}
	v := binary.BigEndian.Uint16(r.buf[r.off:])
	r.off += 2
	return v
}

func (r *reader) u32() uint32 {
	if r.left() < 4 {
		r.failTruncated()
		return 0
	}
	v := binary.BigEndian.Uint32(r.buf[r.off:])
	r.off += 4
	return v
}

// peek32 is u32 without reading it, 0 if there is none.
func (r *reader) peek32() uint32 {
	if r.left() < 4 {
		return 0
	}
	return binary.BigEndian.Uint32(r.buf[r.off:])
}

func (r *reader) u64() uint64 {
	if r.left() < 8 {
		r.failTruncated()
		return 0
	}
	v := binary.BigEndian.Uint64(r.buf[r.off:])
	r.off += 8
	return v
}

// bytes returns the next n bytes of the input itself, with full capacity cut off so that nobody appends into it.
func (r *reader) bytes(n uint32) []byte {
	if uint64(n) > uint64(r.left()) {
		r.failTruncated()
		return nil
	}
	end := r.off + int(n)
	v := r.buf[r.off:end:end]
	r.off = end
	return v
}
