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
	for i := range m {
		var err *EncodeError
		if dst, err = e.term(dst, m[i].Key, depth-1); err != nil {
			return dst, err.in("#{%d:key}", i+1)
		}
		if dst, err = e.term(dst, m[i].Value, depth-1); err != nil {
			return dst, err.in("#{%s}", keyName(m[i].Key, i))
		}
	}
	// Only now: looking at the keys is safe once all of them turned out to be terms of a limited depth.
	if i, j, ok := e.keys.duplicate(m); ok {
		return dst, badTerm("a map in which the keys of pairs %d and %d are equal", i+1, j+1)
	}
	return dst, nil
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
	for i := range m {
		d.keyDepth++
		m[i].Key = d.term(depth - 1)
		d.keyDepth--
		if m[i].Key == nil {
			return nil
		}
		if m[i].Value = d.term(depth - 1); m[i].Value == nil {
			return nil
		}
	}
	if _, _, ok := d.keys.duplicate(m); ok {
		d.r.failAt(at, tagMap, ErrMalformed, "a map with two equal keys")
		return nil
	}
	return d.slab.mapping(m, depth, d.r.left())
}
