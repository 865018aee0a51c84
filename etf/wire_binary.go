package etf

import "encoding/binary"

// External Term Format: BINARY_EXT, BIT_BINARY_EXT.

var emptyBinary Term = Binary{}

func (e *Encoder) binary(dst []byte, b Binary) ([]byte, *EncodeError) {
	if err := fits32(len(b), "a binary of %d bytes"); err != nil {
		return dst, err
	}
	dst = binary.BigEndian.AppendUint32(append(dst, tagBinary), uint32(len(b)))
	if e.Apart > 0 && len(b) >= e.Apart {
		e.Parts = append(e.Parts, Part{len(dst), b})
		return dst, nil
	}
	return append(dst, b...), nil
}

func appendBitstring(dst []byte, b Bitstring) ([]byte, *EncodeError) {
	n := len(b.Data)
	switch {
	case b.Bits < 1 || b.Bits > 7:
		return dst, badTerm("a bitstring with %d bits in its last byte instead of 1 to 7", b.Bits)
	case n == 0:
		return dst, badTerm("a bitstring without data")
	case b.Data[n-1]<<b.Bits != 0:
		return dst, badTerm("a bitstring whose unused bits are not zero")
	}
	if err := fits32(n, "a bitstring of %d bytes"); err != nil {
		return dst, err
	}
	dst = binary.BigEndian.AppendUint32(append(dst, tagBitBinary), uint32(n))
	return append(append(dst, b.Bits), b.Data...), nil
}

func (d *Decoder) binary() Term {
	b := d.r.bytes(d.r.u32())
	if d.r.err != nil {
		return nil
	}
	return d.boxBinary(b)
}

func (d *Decoder) boxBinary(b []byte) Term {
	switch {
	case len(b) == 0:
		return emptyBinary
	case d.Alias:
		return d.slab.binary(b, d.r.left(), boxSlices)
	default:
		return d.slab.binary(d.slab.copyOf(b, d.r.left()), d.r.left(), boxHeaders)
	}
}

// bitstring reads a bitstring and clears its unused bits, which OTP does not look at.
func (d *Decoder) bitstring() Term {
	n := d.r.u32()
	bits := d.r.u8()
	b := d.r.bytes(n)
	if d.r.err == nil && (bits > 8 || (n == 0) != (bits == 0)) {
		d.r.fail(ErrMalformed, "a wrong number of bits in the last byte")
	}
	if d.r.err != nil {
		return nil
	}
	if bits == 0 || bits == 8 {
		return d.boxBinary(b)
	}
	dirty := b[n-1]<<bits != 0
	if !d.Alias || dirty {
		b = d.slab.copyOf(b, d.r.left())
		b[n-1] &= 0xff << (8 - bits)
	}
	return Bitstring{Data: b, Bits: bits}
}
