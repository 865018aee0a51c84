package etf

import (
	"encoding/binary"
	"math"
)

// The functions here are fast paths: they decode the most common elements without a call, and stop at the first one
// that is anything else or invalid. The general methods go on from there and report every failure. Half of the time of
// decoding a list of small maps is spent here (docs/adr/0008).

// readPairsFast reads pairs of m from number i on, as long as their keys are references and their values are
// references, integers of 32 bits, floats, or binaries that need no copy, and the chunks have room. It adds the
// references of the keys to refs and returns the number of the first pair that it did not read.
func (d *Decoder) readPairsFast(m Map, i int, refs uint64) (int, uint64) {
	buf, off, atoms, left := d.r.buf, d.r.off, d.Atoms, d.r.left()
loop:
	for ; i < len(m) && left >= maxFastPair; i++ {
		b := (*[maxFastPair]byte)(buf[off:])
		if b[0] != tagAtomCacheRef || int(b[1]) >= len(atoms) || !isAtom(atoms[b[1]]) {
			break
		}
		p, n := &m[i], 0
		switch b[2] {
		case tagAtomCacheRef:
			if int(b[3]) >= len(atoms) || !isAtom(atoms[b[3]]) {
				break loop
			}
			p.Value, n = atoms[b[3]], 4
		case tagSmallInteger:
			p.Value, n = smallInt(b[3]), 4
		case tagInteger:
			if len(d.slab.ints) == 0 {
				break loop
			}
			p.Value, n = d.slab.int(Int(int32(binary.BigEndian.Uint32(b[3:]))), left), 7
		case tagNewFloat:
			bits := binary.BigEndian.Uint64(b[3:])
			if len(d.slab.floats) == 0 || !isFinite(bits) {
				break loop
			}
			p.Value, n = d.slab.float(Float(math.Float64frombits(bits)), left), 11
		case tagBinary:
			size := binary.BigEndian.Uint32(b[3:])
			if !d.Alias || len(d.slab.binaries) == 0 || size == 0 || uint64(size) > uint64(left-7) {
				break loop
			}
			n = 7 + int(size)
			p.Value = d.slab.binary(buf[off+7:off+n:off+n], left, boxSlices)
		default:
			break loop
		}
		p.Key, refs = atoms[b[1]], refs|uint64(b[1])<<(8*i)
		off += n
		left -= n
	}
	d.r.off = off
	return i, refs
}

// readAtomsFast reads elements of a list from number i on, as long as they are references. It returns the number of the
// first element that it did not read.
func (d *Decoder) readAtomsFast(elems []Term, i int) int {
	b := d.r.buf[d.r.off:]
	n := 0
	for ; i < len(elems) && n+2 <= len(b) && b[n] == tagAtomCacheRef; i++ {
		ref := int(b[n+1])
		if ref >= len(d.Atoms) || !isAtom(d.Atoms[ref]) {
			break
		}
		elems[i] = d.Atoms[ref]
		n += 2
	}
	d.r.off += n
	return i
}
