package etf

import "encoding/binary"

// External Term Format: MAP_EXT.

var emptyMap Term = Map{}

func (e *Encoder) mapTerm(dst []byte, m Map, depth int) ([]byte, *EncodeError) {
	if depth <= 0 {
		return dst, e.tooDeep()
	}
	if err := fits32(len(m), "a map of %d pairs"); err != nil {
		return dst, err
	}
	dst = binary.BigEndian.AppendUint32(append(dst, tagMap), uint32(len(m)))
	var refs uint64
	var cached bool
	var err *EncodeError
	if e.refs != nil && len(m) <= smallMap {
		dst, refs, cached, err = e.cachedPairs(dst, m, depth-1)
	} else {
		dst, err = e.pairs(dst, m, depth-1)
	}
	if err != nil || cached && e.refs.shapes.knows(len(m), refs) {
		return dst, err
	}
	// Only now: looking at the keys is safe once all of them turned out to be terms of a limited depth.
	if i, j, ok := e.keys.duplicate(m); ok {
		return dst, badTerm("a map in which the keys of pairs %d and %d are equal", i+1, j+1)
	}
	if cached {
		e.refs.shapes.learn(len(m), refs)
	}
	return dst, nil
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

// cachedPairs appends the pairs of m, which are few. If all its keys went out as references, cached is true and refs has them, as a
// shape does.
func (e *Encoder) cachedPairs(dst []byte, m Map, depth int) (out []byte, refs uint64, cached bool, err *EncodeError) {
	cached = true
	for i := 0; i < len(m); i++ {
		if cached {
			if dst, i, refs = e.knownPairs(dst, m, i, refs); i == len(m) {
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
	at := d.r.at
	n := d.r.u32()
	if d.r.err != nil || !d.deeper(depth) || !d.claim(2*uint64(n)) {
		return nil
	}
	if n == 0 {
		return emptyMap
	}
	if d.keyDepth == maxKeyNesting {
		d.r.fail(ErrLimit, "maps as keys of maps nested too deep")
		return nil
	}
	m := Map(d.slab.mapPairs(int(n), depth, d.r.left()))
	refs, cached, ok := d.pairs(m, depth-1)
	if !ok {
		return nil
	}
	if !cached || !d.shapes.knows(len(m), refs) {
		if _, _, twice := d.keys.duplicate(m); twice {
			d.r.failAt(at, tagMap, ErrMalformed, "a map with two equal keys")
			return nil
		}
		if cached {
			d.shapes.learn(len(m), refs)
		}
	}
	return d.slab.mapping(m, depth, d.r.left())
}

// pairs reads the pairs of m. If all its keys came as references, cached is true and refs has them, as a shape does. ok is
// false after a failure.
func (d *Decoder) pairs(m Map, depth int) (refs uint64, cached, ok bool) {
	cached = len(d.Atoms) > 0 && len(m) <= smallMap
	for i := 0; i < len(m); i++ {
		if cached {
			if i, refs = d.knownPairs(m, i, refs); i == len(m) {
				break
			}
		}
		ref, t := d.r.peekRef(d.Atoms)
		if cached = cached && t != nil; cached {
			m[i].Key, refs = t, refs|uint64(ref)<<(8*i)
			d.r.off += 2
		} else if m[i].Key = d.key(depth); m[i].Key == nil {
			return 0, false, false
		}
		if m[i].Value = d.term(depth); m[i].Value == nil {
			return 0, false, false
		}
	}
	return refs, cached, true
}

func (d *Decoder) key(depth int) Term {
	d.keyDepth++
	key := d.term(depth)
	d.keyDepth--
	return key
}
