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

// hash returns equal numbers for terms that are equal under Equal.
func hash(t Term) uint64 {
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
	case Tuple:
		return hashAll(6, t)
	case List:
		return hashAll(7, t)
	case ImproperList:
		return mix(hashAll(8, t.Elems), hash(t.Tail))
	case Map:
		var sum uint64 // of the pairs, so that their order does not matter
		for i := range t {
			sum += mix(hash(t[i].Key), hash(t[i].Value))
		}
		return mix(9, sum)
	case *Fun:
		if t == nil {
			return 0
		}
		return hashAll(mix(10, hashAtom(t.Module)), t.Free)
	case *Record:
		if t == nil {
			return 0
		}
		return hashAll(mix(11, hashAtom(t.Name)), t.Values)
	case Ref:
		t.Len = 0
		return mix(12, maphash.Comparable(hashSeed, t))
	default: // Pid, Port, Export, nil: comparable
		return mix(12, maphash.Comparable(hashSeed, t))
	}
}

func hashAtom(a Atom) uint64 { return mix(1, maphash.String(hashSeed, string(a))) }

func hashAll(h uint64, terms []Term) uint64 {
	h = mix(h, uint64(len(terms)))
	for _, t := range terms {
		h = mix(h, hash(t))
	}
	return h
}

func hashBig(t *BigInt) uint64 {
	switch {
	case t == nil:
		return 0
	case t.Big().IsInt64():
		return hash(Int(t.Big().Int64()))
	}
	h := uint64(13 + t.Big().Sign())
	for _, w := range t.Big().Bits() {
		h = mix(h, uint64(w))
	}
	return h
}
