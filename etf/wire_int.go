package etf

import (
	"encoding/binary"
	"math"
	"math/big"
	"math/bits"
)

// External Term Format: SMALL_INTEGER_EXT, INTEGER_EXT, SMALL_BIG_EXT, LARGE_BIG_EXT.

func appendInt(dst []byte, v int64) []byte {
	switch {
	case v >= 0 && v <= math.MaxUint8:
		return append(dst, tagSmallInteger, byte(v))
	case v >= math.MinInt32 && v <= math.MaxInt32:
		return binary.BigEndian.AppendUint32(append(dst, tagInteger), uint32(v))
	}
	var sign byte
	u := uint64(v)
	if v < 0 {
		sign, u = 1, -u
	}
	n := (bits.Len64(u) + 7) / 8
	dst = append(dst, tagSmallBig, byte(n), sign)
	for ; u > 0; u >>= 8 {
		dst = append(dst, byte(u))
	}
	return dst
}

func appendBigInt(dst []byte, v *big.Int) ([]byte, *EncodeError) {
	if v.IsInt64() {
		return appendInt(dst, v.Int64()), nil
	}
	n := (v.BitLen() + 7) / 8
	if err := fits32(n, "an integer of %d bytes"); err != nil {
		return dst, err
	}
	if n <= math.MaxUint8 {
		dst = append(dst, tagSmallBig, byte(n))
	} else {
		dst = binary.BigEndian.AppendUint32(append(dst, tagLargeBig), uint32(n))
	}
	var sign byte
	if v.Sign() < 0 {
		sign = 1
	}
	dst = append(dst, sign)
	for _, w := range v.Bits() {
		for i := 0; i < bits.UintSize/8 && n > 0; i++ {
			dst = append(dst, byte(w))
			w >>= 8
			n--
		}
	}
	return dst, nil
}

func (d *Decoder) smallInteger() Term {
	v := d.r.u8()
	if d.r.err != nil {
		return nil
	}
	return Int(v) // the runtime boxes integers below 256 without an allocation
}

func (d *Decoder) integer() Term {
	v := int32(d.r.u32())
	if d.r.err != nil {
		return nil
	}
	return d.slab.int(Int(v), d.r.left())
}

// bigInt reads an integer of n bytes, least significant first, behind a sign. Any sign but 0 is minus, as in OTP.
func (d *Decoder) bigInt(n uint32) Term {
	neg := d.r.u8() != 0
	b := d.r.bytes(n)
	for len(b) > 0 && b[len(b)-1] == 0 {
		b = b[:len(b)-1]
	}
	if d.r.err == nil && len(b) > d.limits.BigIntBytes {
		d.r.fail(ErrLimit, "an integer larger than Limits.BigIntBytes allows")
	}
	if d.r.err != nil {
		return nil
	}
	if len(b) <= 8 {
		var u uint64
		for i, x := range b {
			u |= uint64(x) << (8 * i)
		}
		switch {
		case !neg && u <= math.MaxInt64:
			return d.slab.int(Int(u), d.r.left())
		case neg && u <= 1<<63:
			return d.slab.int(Int(-u), d.r.left())
		}
	}
	const size = bits.UintSize / 8
	words := make([]big.Word, (len(b)+size-1)/size)
	for i, x := range b {
		words[i/size] |= big.Word(x) << (8 * (i % size))
	}
	v := new(big.Int).SetBits(words)
	if neg {
		v.Neg(v)
	}
	return (*BigInt)(v)
}
