package etf

import "encoding/binary"

// External Term Format: MAP_EXT.

var emptyMap Term = Map{}

func (e *Encoder) mapTerm(dst []byte, m Map, depth int) ([]byte, *EncodeError) {
	if depth <= 0 {
		return e.appendDeep(dst, m)
	}
	dst, err := appendMapHeader(dst, len(m))
	if err != nil {
		return dst, err
	}
	var refs uint64
	var cached bool
	if e.refs != nil && len(m) <= smallMap {
		dst, refs, cached, err = e.cachedPairs(dst, m, depth-1)
	} else {
		dst, err = e.pairs(dst, m, depth-1)
	}
	if err != nil || cached && e.refs.shapes.contains(len(m), refs) {
		return dst, err
	}
	if err := e.distinctKeys(m); err != nil {
		return dst, err
	}
	if cached {
		e.refs.shapes.add(len(m), refs)
	}
	return dst, nil
}

func appendMapHeader(dst []byte, n int) ([]byte, *EncodeError) {
	if err := fits32(n, "a map of %d pairs"); err != nil {
		return dst, err
	}
	return binary.BigEndian.AppendUint32(append(dst, tagMap), uint32(n)), nil
}

// distinctKeys is to be called only when all keys were appended, and so turned out to be terms that have an end.
func (e *Encoder) distinctKeys(m Map) *EncodeError {
	if i, j, ok := e.keys.duplicate(m); ok {
		return badTerm("a map in which the keys of pairs %d and %d are equal", i+1, j+1)
	}
	return nil
}

// pairs appends the pairs of m.
func (e *Encoder) pairs(dst []byte, m Map, depth int) (out []byte, err *EncodeError) {
	for i := range m {
		if dst, err = e.term(dst, m[i].Key, depth); err != nil {
			return dst, err.in("#{%d:key}", i+1)
		}
		if dst, err = e.term(dst, m[i].Value, depth); err != nil {
			return dst, err.in("#{%s}", keyName(m[i].Key, i))
		}
	}
	return dst, nil
}

// cachedPairs appends the pairs of m, which are few. If all its keys went out as references, cached is true and refs
// has them, as a shape does.
func (e *Encoder) cachedPairs(dst []byte, m Map, depth int) (out []byte, refs uint64, cached bool, err *EncodeError) {
	cached = true
	for i := 0; i < len(m); i++ {
		if cached {
			if dst, i, refs = e.appendPairsFast(dst, m, i, refs); i == len(m) {
				break
			}
		}
		at := len(dst)
		if dst, err = e.element(dst, m[i].Key, depth); err != nil {
			return dst, 0, false, err.in("#{%d:key}", i+1)
		}
		if cached = cached && dst[at] == tagAtomCacheRef; cached {
			refs |= uint64(dst[at+1]) << (8 * i)
		}
		if dst, err = e.element(dst, m[i].Value, depth); err != nil {
			return dst, 0, false, err.in("#{%s}", keyName(m[i].Key, i))
		}
	}
	return dst, refs, cached, nil
}

func (d *Decoder) mapTerm(depth int) Term {
	if depth <= 0 {
		return d.readDeep()
	}
	at := d.r.at
	n := d.r.u32()
	if d.r.err != nil || !d.claimElements(2*uint64(n)) {
		return nil
	}
	if n == 0 {
		return emptyMap
	}
	m := Map(d.slab.mapPairs(int(n), depth, d.r.left()))
	refs, cached, ok := d.pairs(m, depth-1)
	if !ok {
		return nil
	}
	if cached && d.shapes.contains(len(m), refs) {
		return d.slab.mapping(m, depth, d.r.left())
	}
	t := d.mapEnd(m, at, depth)
	if cached && t != nil {
		d.shapes.add(len(m), refs)
	}
	return t
}

// mapEnd makes a term of pairs that were read, and whose keys have to be distinct. at is where the map begins.
func (d *Decoder) mapEnd(m Map, at, depth int) Term {
	if _, _, twice := d.keys.duplicate(m); twice {
		d.r.failAt(at, tagMap, ErrMalformed, "a map with two equal keys")
		return nil
	}
	return d.slab.mapping(m, depth, d.r.left())
}

// pairs reads the pairs of m. If all its keys came as references, cached is true and refs has them, as a shape does.
// ok is false after a failure.
func (d *Decoder) pairs(m Map, depth int) (refs uint64, cached, ok bool) {
	cached = len(d.Atoms) > 0 && len(m) <= smallMap
	for i := 0; i < len(m); i++ {
		if cached {
			if i, refs = d.readPairsFast(m, i, refs); i == len(m) {
				break
			}
		}
		ref, t := d.r.peekRef(d.Atoms)
		if cached = cached && t != nil; cached {
			m[i].Key, refs = t, refs|uint64(ref)<<(8*i)
			d.r.off += 2
		} else if m[i].Key = d.term(depth); m[i].Key == nil {
			return 0, false, false
		}
		if m[i].Value = d.term(depth); m[i].Value == nil {
			return 0, false, false
		}
	}
	return refs, cached, true
}
