package etf

import (
	"encoding/binary"
	"math"
	"strconv"
)

// External Term Format: NEW_FLOAT_EXT, FLOAT_EXT.

func appendFloat(dst []byte, v float64) ([]byte, *EncodeError) {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return dst, badTerm("%v is not an Erlang float", v)
	}
	return binary.BigEndian.AppendUint64(append(dst, tagNewFloat), math.Float64bits(v)), nil
}

// isFinite says whether these are the bits of a float that is neither infinite nor no number.
func isFinite(bits uint64) bool { return bits>>52&0x7ff != 0x7ff }

func (d *Decoder) float() Term {
	return d.finiteFloat(math.Float64frombits(d.r.u64()))
}

// floatText reads the text that sprintf("%.20e") writes, filled up with zero bytes.
func (d *Decoder) floatText() Term {
	b := d.r.bytes(floatTextLen)
	for len(b) > 0 && b[len(b)-1] == 0 {
		b = b[:len(b)-1]
	}
	if d.r.err == nil && !isFloatText(b) {
		d.r.fail(ErrMalformed, "not the text of a float")
	}
	if d.r.err != nil {
		return nil
	}
	v, err := strconv.ParseFloat(string(b), 64)
	if err != nil {
		v = math.Inf(1)
	}
	return d.finiteFloat(v)
}

func (d *Decoder) finiteFloat(v float64) Term {
	if d.r.err == nil && (math.IsNaN(v) || math.IsInf(v, 0)) {
		d.r.fail(ErrMalformed, "not a finite float")
	}
	if d.r.err != nil {
		return nil
	}
	return d.slab.float(Float(v), d.r.left())
}

// isFloatText holds the grammar of sys_chars_to_double: sign, digits, point, digits, and perhaps an exponent.
func isFloatText(b []byte) bool {
	digits := func() bool {
		n := 0
		for n < len(b) && '0' <= b[n] && b[n] <= '9' {
			n++
		}
		b = b[n:]
		return n > 0
	}
	one := func(set ...byte) bool {
		for _, c := range set {
			if len(b) > 0 && b[0] == c {
				b = b[1:]
				return true
			}
		}
		return false
	}
	one('+', '-')
	if !digits() || !one('.') || !digits() {
		return false
	}
	if one('e', 'E') {
		one('+', '-')
		return digits() && len(b) == 0
	}
	return len(b) == 0
}
