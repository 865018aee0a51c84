package etf

// keySet finds keys of one map. It keeps its memory from map to map. While it is empty, find looks at every key of the
// map.
type keySet struct {
	lastAtoms [smallMap]Atom // the keys of a map of atoms that was in order: the next one often has the same
	lastLen   int
	hashes    []uint64
	table     []uint32 // 1 + index of the pair, open addressing
	filled    bool
	hasher
}

// smallMap is the size up to which comparing keys each with each is cheaper than a table.
const smallMap = 8

// maxKeptKeys is the size of a map above which the table is not kept.
const maxKeptKeys = 1 << 12

// duplicate returns the indexes of two pairs with equal keys, i < j.
//
// Keys that have no parts are compared each with each while there are few. All others go through a table, also when
// there are only two: comparing keys that are maps themselves each with each would square the work at every level.
func (s *keySet) duplicate(m Map) (i, j int, found bool) {
	if len(m) < 2 {
		return 0, 0, false
	}
	if len(m) <= smallMap {
		if s.sameKeysAsLast(m) {
			return 0, 0, false
		}
		if keysAreFlat(m) {
			return s.compareEach(m)
		}
	}
	i, j, found = s.fillTable(m)
	if len(m) > maxKeptKeys {
		*s = keySet{hasher: s.hasher}
	}
	return i, j, found
}

// sameKeysAsLast reports whether m has the keys of lastAtoms in the same order.
func (s *keySet) sameKeysAsLast(m Map) bool {
	if len(m) != s.lastLen {
		return false
	}
	for i := range m {
		if a, ok := m[i].Key.(Atom); !ok || a != s.lastAtoms[i] {
			return false
		}
	}
	return true
}

// compareEach is duplicate for a few keys without parts: it compares each with each. It keeps the keys if they are all
// atoms.
func (s *keySet) compareEach(m Map) (i, j int, found bool) {
	atoms := 0
	for j := range m {
		for i := range j {
			if Equal(m[i].Key, m[j].Key) {
				return i, j, true
			}
		}
		if a, ok := m[j].Key.(Atom); ok && atoms == j {
			s.lastAtoms[j] = a
			atoms++
		}
	}
	if s.lastLen = 0; atoms == len(m) {
		s.lastLen = atoms
	}
	return 0, 0, false
}

// fillTable fills the table with the keys of m. It stops at the first two that are equal.
func (s *keySet) fillTable(m Map) (i, j int, found bool) {
	s.reset(len(m))
	mask := len(s.table) - 1
	for j := range m {
		h := s.hash(m[j].Key)
		s.hashes[j] = h
		p := int(h) & mask
		for ; s.table[p] != 0; p = (p + 1) & mask {
			if i := int(s.table[p] - 1); s.hashes[i] == h && Equal(m[i].Key, m[j].Key) {
				return i, j, true
			}
		}
		s.table[p] = uint32(j) + 1
	}
	return 0, 0, false
}

// find returns the index of the pair of m with the given key, or -1. If s is not empty, it was filled with m.
// depth is that of equal.
func (s *keySet) find(m Map, key Term, depth int) int {
	if !s.filled {
		for i := range m {
			if equal(m[i].Key, key, depth) {
				return i
			}
		}
		return -1
	}
	return s.lookup(m, s.hash(key), key, depth)
}

// lookup is find for an s that is filled. h is the hash of key.
func (s *keySet) lookup(m Map, h uint64, key Term, depth int) int {
	mask := len(s.table) - 1
	for p := int(h) & mask; s.table[p] != 0; p = (p + 1) & mask {
		if i := int(s.table[p] - 1); s.hashes[i] == h && equal(m[i].Key, key, depth) {
			return i
		}
	}
	return -1
}

func (s *keySet) reset(n int) {
	size := 16
	for size < 2*n {
		size *= 2
	}
	if cap(s.table) < size {
		s.table = make([]uint32, size)
		s.hashes = make([]uint64, size/2)
	}
	s.table = s.table[:size]
	s.hashes = s.hashes[:size/2]
	s.filled = true
	clear(s.table)
}

// keysAreFlat reports whether no key has parts.
func keysAreFlat(m Map) bool {
	for i := range m {
		switch m[i].Key.(type) {
		case Tuple, List, ImproperList, Map, *Fun, *Record:
			return false
		}
	}
	return true
}
