package etf

import (
	"encoding/binary"
	"math"
	"math/big"
	"slices"
	"unicode/utf16"
	"unicode/utf8"
)

// bitWriter collects the bits of a binary. The bits of the last byte behind the end are zero.
type bitWriter struct {
	data []byte
	bits int
}

// write appends the first n bits of data.
func (w *bitWriter) write(data []byte, n int) {
	data = data[:(n+7)/8]
	used := w.bits % 8
	if used == 0 {
		w.data = append(w.data, data...)
	} else {
		for _, c := range data {
			w.data[len(w.data)-1] |= c >> used
			w.data = append(w.data, c<<(8-used))
		}
	}
	w.bits += n
	w.data = w.data[:(w.bits+7)/8]
	if rest := w.bits % 8; rest != 0 {
		w.data[len(w.data)-1] &= 0xFF << (8 - rest)
	}
}

func (w *bitWriter) term() Term {
	if w.bits%8 == 0 {
		return Binary(append([]byte{}, w.data...))
	}
	return Bitstring{Data: w.data, Bits: uint8(w.bits % 8)}
}

// integerBits returns the lowest n bits of an integer from the top of its result on, nil if t is no integer. In little
// endian order the bytes come from the lowest to the highest, the last of them with the bits that are left.
func integerBits(t Term, n int, little bool) []byte {
	v := new(big.Int)
	switch t := t.(type) {
	case Int:
		if n == 8 {
			return []byte{byte(t)}
		}
		v.SetInt64(int64(t))
	case *BigInt:
		v.Set(t.Big())
	default:
		return nil
	}
	size := (n + 7) / 8
	mask := new(big.Int).Lsh(big.NewInt(1), uint(n))
	v.And(v, mask.Sub(mask, big.NewInt(1)))
	if little {
		data := v.FillBytes(make([]byte, size))
		slices.Reverse(data)
		if n%8 != 0 {
			data[size-1] <<= 8 - n%8
		}
		return data
	}
	v.Lsh(v, uint(size*8-n))
	return v.FillBytes(make([]byte, size))
}

// floatBits returns a number as a float of 16, 32 or 64 bits, nil if t is no number or no float is that large. In the
// smaller sizes what is too large becomes an infinity, as in OTP.
func floatBits(t Term, n int, little bool) []byte {
	var f float64
	switch t := t.(type) {
	case Float:
		f = float64(t)
	case Int:
		f = float64(t)
	case *BigInt:
		// The result is rounded, as in OTP, so the accuracy does not matter.
		if f, _ = new(big.Float).SetInt(t.Big()).Float64(); math.IsInf(f, 0) {
			return nil
		}
	default:
		return nil
	}
	var data []byte
	switch n {
	case 16:
		data = binary.BigEndian.AppendUint16(nil, float16(f))
	case 32:
		data = binary.BigEndian.AppendUint32(nil, math.Float32bits(float32(f)))
	default:
		data = binary.BigEndian.AppendUint64(nil, math.Float64bits(f))
	}
	if little {
		slices.Reverse(data)
	}
	return data
}

// float16 returns f as IEEE 754 binary16, rounded to nearest, ties to even.
func float16(f float64) uint16 {
	var sign uint16
	if f == 0 {
		return uint16(math.Float64bits(f) >> 48)
	}
	if math.Signbit(f) {
		sign, f = 1<<15, -f
	}
	// A step is the distance of two neighbours: 2^-24 below 2^-14, else the 1024th part of the power of two below.
	_, exp := math.Frexp(f) // f < 2^exp
	exp = max(exp, -13)
	steps := math.RoundToEven(math.Ldexp(f, 11-exp))
	// Of the numbers above 2^-14 the steps have an eleventh bit, which counts up the exponent field by one.
	bits := steps + float64(exp+13)*1024
	if bits >= 31*1024 {
		return sign | 31<<10
	}
	return sign | uint16(bits)
}

// utfBits returns a character in one of the Unicode encodings, nil if t is none.
func utfBits(t Term, kind string, little bool) []byte {
	n, ok := t.(Int)
	if !ok || n < 0 || n > utf8.MaxRune || !utf8.ValidRune(rune(n)) {
		return nil
	}
	var order binary.AppendByteOrder = binary.BigEndian
	if little {
		order = binary.LittleEndian
	}
	switch c := rune(n); kind {
	case "utf8":
		return utf8.AppendRune(nil, c)
	case "utf32":
		return order.AppendUint32(nil, uint32(c))
	default:
		var data []byte
		for _, unit := range utf16.AppendRune(nil, c) {
			data = order.AppendUint16(data, unit)
		}
		return data
	}
}
