package etf

import "encoding/binary"

// External Term Format: STRING_EXT.

// isString says whether l goes out as STRING_EXT, as every list of 1 to 65535 bytes does in OTP.
func isString(l List) bool {
	if len(l) > maxStringLen {
		return false
	}
	for _, t := range l {
		if i, ok := t.(Int); !ok || i < 0 || i > maxStringElem {
			return false
		}
	}
	return true
}

func appendString(dst []byte, l List) []byte {
	dst = binary.BigEndian.AppendUint16(append(dst, tagString), uint16(len(l)))
	for _, t := range l {
		dst = append(dst, byte(t.(Int)))
	}
	return dst
}

func (d *Decoder) str(depth int) Term {
	elems := d.strElems(nil, depth)
	if d.r.err != nil {
		return nil
	}
	if len(elems) == 0 {
		return emptyList
	}
	return d.slab.list(elems, depth, d.r.left())
}

// strElems reads a STRING_EXT behind its tag and adds its bytes to elems.
func (d *Decoder) strElems(elems []Term, depth int) []Term {
	b := d.r.bytes(uint32(d.r.u16()))
	if d.r.err != nil || !d.claimReadElements(len(b)) {
		return nil
	}
	if elems == nil {
		elems = d.slab.elems(len(b), depth, d.r.left())[:0]
	}
	for _, c := range b {
		elems = append(elems, Int(c))
	}
	return elems
}
