package etf

import (
	"encoding/binary"
	"math"
)

// The functions here are fast paths: they append the most common elements without a call or a check, and stop at the
// first one that is anything else or invalid. The general methods go on from there and report every failure. Half of
// the time of encoding a list of small maps is spent here (docs/adr/0008).

const (
	maxFastPair   = 16  // a reference and the largest number fit in
	maxFastBinary = 256 // larger ones may have to stand apart
)

// appendPairsFast appends pairs of m from number i on, as long as their keys are atoms that were seen, and their values
// are such atoms, integers of 32 bits, floats, or short binaries. It adds the references of the keys to refs and
// returns the number of the first pair that it did not append.
func (e *Encoder) appendPairsFast(dst []byte, m Map, i int, refs uint64) ([]byte, int, uint64) {
	c := e.refs
	for ; i < len(m); i++ {
		p, n := &m[i], len(dst)
		if cap(dst)-n < maxFastPair || !isAtom(p.Key) {
			break
		}
		ref, ok := c.find(atomIn(p.Key))
		if !ok {
			if ref, ok = c.findEvicted(atomIn(p.Key)); !ok {
				break
			}
		}
		b := (*[maxFastPair]byte)(dst[n : n+maxFastPair])
		binary.LittleEndian.PutUint16(b[:], tagAtomCacheRef|uint16(ref)<<8)
		if isAtom(p.Value) {
			v, ok := c.find(atomIn(p.Value))
			if !ok {
				if v, ok = c.findEvicted(atomIn(p.Value)); !ok {
					break
				}
			}
			binary.LittleEndian.PutUint16(b[2:], tagAtomCacheRef|uint16(v)<<8)
			n += 4
		} else if isInt(p.Value) {
			v := intIn(p.Value)
			if uint64(v) <= math.MaxUint8 {
				binary.LittleEndian.PutUint16(b[2:], tagSmallInteger|uint16(v)<<8)
				n += 4
			} else if v == Int(int32(v)) {
				b[2] = tagInteger
				binary.BigEndian.PutUint32(b[3:], uint32(v))
				n += 7
			} else {
				break
			}
		} else if isBinary(p.Value) {
			v := binaryIn(p.Value)
			if len(v) > maxFastBinary || cap(dst)-n-7 < len(v) || e.Apart > 0 && len(v) >= e.Apart {
				break
			}
			b[2] = tagBinary
			binary.BigEndian.PutUint32(b[3:], uint32(len(v)))
			n += 7 + copy(dst[n+7:n+7+len(v)], v)
		} else if isFloat(p.Value) {
			bits := math.Float64bits(float64(floatIn(p.Value)))
			if !isFinite(bits) {
				break
			}
			b[2] = tagNewFloat
			binary.BigEndian.PutUint64(b[3:], bits)
			n += 11
		} else {
			break
		}
		dst, refs = dst[:n], refs|uint64(ref)<<(8*i)
	}
	return dst, i, refs
}

// appendAtomsFast appends elements of l from number i on, as long as they are atoms that were seen. It returns the
// number of the first one that it did not append.
func (c *refCache) appendAtomsFast(dst []byte, l []Term, i int) ([]byte, int) {
	for ; i < len(l) && isAtom(l[i]); i++ {
		ref, ok := c.find(atomIn(l[i]))
		if !ok {
			if ref, ok = c.findEvicted(atomIn(l[i])); !ok {
				break
			}
		}
		dst = append(dst, tagAtomCacheRef, ref)
	}
	return dst, i
}
