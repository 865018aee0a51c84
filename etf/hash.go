package etf

import (
	"hash/maphash"
	"math"
	"math/bits"
)

// Secrets of this process, so that nobody outside can choose keys whose hashes collide.
var (
	hashSeed    = maphash.MakeSeed()
	hashSecret0 = maphash.String(hashSeed, "0") | 1
	hashSecret1 = maphash.String(hashSeed, "1")
)

func mix(h, x uint64) uint64 {
	hi, lo := bits.Mul64(h^hashSecret0, x^hashSecret1)
	return hi ^ lo
}

// hasher hashes terms, and remembers the hashes of the maps in them. Otherwise a map that is a key of a map that is a
// key of a map would be hashed again for every map around it, in time that grows with the square of the depth.
type hasher struct{ maps map[mapPlace]uint64 }

// mapPlace tells maps apart as long as they are kept.
type mapPlace struct {
	first *MapPair
	n     int
}

// forget drops the remembered hashes. It must be called before the terms may change or be freed.
func (h *hasher) forget() {
	if len(h.maps) > 0 {
		h.clear()
	}
}

func (h *hasher) clear() {
	if len(h.maps) > maxKeptKeys {
		h.maps = nil
	}
	clear(h.maps)
}

// hash returns equal numbers for terms that are equal under Equal. The terms must not change before forget.
func (h *hasher) hash(t Term) uint64 { return h.term(t, recursion) }

// term is hash. depth is how far it may still call itself.
func (h *hasher) term(t Term, depth int) uint64 {
	switch t := t.(type) {
	case Atom:
		return hashAtom(t)
	case Int:
		return mix(2, uint64(t))
	case *BigInt:
		return hashBig(t)
	case Float:
		return mix(3, math.Float64bits(float64(t)))
	case Binary:
		return mix(4, maphash.Bytes(hashSeed, t))
	case Bitstring:
		return mix(5+uint64(t.Bits)<<8, maphash.Bytes(hashSeed, t.Data))
	case Map:
		return h.mapping(t, depth)
	case Tuple, List, ImproperList, *Fun, *Record:
		if !hasParts(t) {
			return 0 // a nil *Fun or *Record
		}
		if depth == 0 {
			return h.hashDeep(t)
		}
		sum := hashHead(t)
		for _, part := range partsOf(t) {
			sum = mix(sum, h.term(part, depth-1))
		}
		if l, ok := t.(ImproperList); ok {
			sum = mix(sum, h.term(l.Tail, depth-1))
		}
		return sum
	case Ref:
		t.Len = 0
		return mix(12, maphash.Comparable(hashSeed, t))
	default: // Pid, Port, Export, nil: comparable
		return mix(12, maphash.Comparable(hashSeed, t))
	}
}

func hashAtom(a Atom) uint64 { return mix(1, maphash.String(hashSeed, string(a))) }

func (h *hasher) mapping(m Map, depth int) uint64 {
	if len(m) == 0 {
		return hashPairs(0)
	}
	if sum, ok := h.maps[mapPlace{&m[0], len(m)}]; ok {
		return sum
	}
	if depth == 0 {
		return h.hashDeep(m)
	}
	var sum uint64
	for i := range m {
		sum += mix(h.term(m[i].Key, depth-1), h.term(m[i].Value, depth-1))
	}
	return h.remember(m, hashPairs(sum))
}

// hashPairs is the hash of a map, from the sum of the hashes of its pairs, whose order does not matter.
func hashPairs(sum uint64) uint64 { return mix(9, sum) }

func (h *hasher) remember(m Map, sum uint64) uint64 {
	if h.maps == nil {
		h.maps = map[mapPlace]uint64{}
	}
	h.maps[mapPlace{&m[0], len(m)}] = sum
	return sum
}

// hashHead is what the hash of a term that has parts begins with.
func hashHead(t Term) uint64 {
	kind := uint64(0)
	switch t := t.(type) {
	case Map:
		return 0
	case Tuple:
		kind = 6
	case List:
		kind = 7
	case ImproperList:
		kind = 8
	case *Fun:
		kind = mix(10, hashAtom(t.Module))
	case *Record:
		kind = mix(11, hashAtom(t.Name))
	}
	return mix(kind, uint64(len(partsOf(t))))
}

// hashing is how far the hash of a term with parts has come.
type hashing struct{ sum, key uint64 }

// hashDeep is term with a stack on the heap, for what has parts.
func (h *hasher) hashDeep(t Term) uint64 {
	var w walk[hashing]
	w.enter(t, hashing{sum: hashHead(t)})
	for {
		var sum uint64
		switch part, more := w.next(); {
		case !more:
			left, s := w.leave()
			sum = s.sum
			if m, ok := left.(Map); ok {
				sum = h.remember(m, hashPairs(sum))
			}
			if w.open.n == 0 {
				return sum
			}
		case !hasParts(part) || h.hasHash(part):
			sum = h.term(part, recursion)
		default:
			w.enter(part, hashing{sum: hashHead(part)})
			continue
		}
		v := w.open.peek()
		if _, ok := v.term.(Map); !ok {
			v.state.sum = mix(v.state.sum, sum)
		} else if v.next%2 == 1 {
			v.state.key = sum
		} else {
			v.state.sum += mix(v.state.key, sum)
		}
	}
}

// hasHash reports whether t is a map whose hash is known without hashing its parts.
func (h *hasher) hasHash(t Term) bool {
	m, ok := t.(Map)
	if !ok || len(m) == 0 {
		return ok
	}
	_, ok = h.maps[mapPlace{&m[0], len(m)}]
	return ok
}

func hashBig(t *BigInt) uint64 {
	switch {
	case t == nil:
		return 0
	case t.Big().IsInt64():
		return mix(2, uint64(t.Big().Int64()))
	}
	h := uint64(13 + t.Big().Sign())
	for _, w := range t.Big().Bits() {
		h = mix(h, uint64(w))
	}
	return h
}
