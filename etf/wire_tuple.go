package etf

import (
	"encoding/binary"
	"math"
)

// External Term Format: SMALL_TUPLE_EXT, LARGE_TUPLE_EXT.

var emptyTuple Term = Tuple{}

func appendTupleHeader(dst []byte, n int) ([]byte, *EncodeError) {
	switch {
	case n <= math.MaxUint8:
		return append(dst, tagSmallTuple, byte(n)), nil
	case n <= maxTupleArity:
		return binary.BigEndian.AppendUint32(append(dst, tagLargeTuple), uint32(n)), nil
	default:
		return dst, badTerm("a tuple of %d elements", n)
	}
}

func (e *Encoder) tuple(dst []byte, t Tuple, depth int) ([]byte, *EncodeError) {
	if depth <= 0 {
		return e.appendDeep(dst, t)
	}
	dst, err := appendTupleHeader(dst, len(t))
	if err != nil {
		return dst, err
	}
	for i, x := range t {
		if dst, err = e.term(dst, x, depth-1); err != nil {
			return dst, err.in("{%d}", i+1)
		}
	}
	return dst, nil
}

// tupleFits claims the elements of a tuple.
func (d *Decoder) tupleFits(n uint32) bool {
	if d.r.err == nil && n > maxTupleArity {
		d.r.fail(ErrMalformed, "a tuple with more elements than OTP can hold")
	}
	return d.r.err == nil && d.claimElements(uint64(n))
}

func (d *Decoder) tuple(n uint32, depth int) Term {
	if depth <= 0 {
		return d.readDeep()
	}
	if !d.tupleFits(n) {
		return nil
	}
	if n == 0 {
		return emptyTuple
	}
	t, header := d.newTuple(int(n), depth)
	for i := range t {
		if i == 1 && n == 3 && t[0] == genCallAtom {
			t[1] = d.genCallFrom(depth - 1)
		} else {
			t[i] = d.term(depth - 1)
		}
		if t[i] == nil {
			return nil
		}
	}
	if header != nil {
		return boxTuple(t, header)
	}
	return d.slab.tuple(t, depth, d.r.left())
}
