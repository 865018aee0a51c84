package etf

import "math"

// PHash2 is erlang:phash2(T, 4294967296): the portable hash of a term, the same on every node, release and machine.
// erlang:phash2(T) is PHash2(T) & (1<<27 - 1); for a smaller range see PHash2Range. Equal terms have equal hashes, and
// 0.0 has that of -0.0. The number is no secret and is easily collided with: do not use it as the hash of a table that
// strangers fill.
//
// The algorithm is make_hash2 of erl_term_hashing.c of ERTS (utils.c up to OTP 26), which mixes words as Bob Jenkins'
// hash does. Depth costs memory on the heap, not on the stack.
//
// Differs from OTP: a native record, which is experimental in OTP 29, has a hash of our own. That of OTP 29.1 is the
// same on each node, and depends on module, name, whether it is exported, the names of the fields in their order, and
// perhaps the values; how these are mixed is not known. OTP 23 takes only 15 bits of a pid and 28 of a port; those
// that a node of it made have no more.
func PHash2(t Term) uint32 {
	h := portableHasher{}
	h.pending.push(portableStep{term: t})
	for h.pending.n > 0 {
		switch s := h.pending.pop(); s.kind {
		case hashTerm:
			h.term(s.term)
		case hashList:
			h.list(s.rest, s.term)
		case hashPair:
			h.pairs ^= h.hash
			h.hash = 0
		case hashMapEnd:
			h.hash = s.hash
			h.mix(h.pairs, 0, 19)
			h.pairs = s.pairs
		}
	}
	return h.hash
}

// PHash2Range is erlang:phash2(T, Range): a number from 0 to n-1. It panics if n is 0.
func PHash2Range(t Term, n uint32) uint32 { return PHash2(t) % n }

// portableHasher is the state of make_hash2: the hash so far, the hashes of the pairs of the map that is being hashed,
// which do not depend on the order of the pairs, and what is left to do.
type portableHasher struct {
	hash, pairs uint32
	pending     stack[portableStep]
}

const (
	hashTerm   = iota
	hashList   // the rest of a list and its tail
	hashPair   // the end of a pair of a map
	hashMapEnd // the end of a map: what to go on with
)

type portableStep struct {
	kind        int
	term        Term
	rest        []Term
	hash, pairs uint32
}

// golden is HCONST of ERTS, the golden ratio.
const golden uint32 = 0x9e3779b9

// hconst is HCONST_n of ERTS.
func hconst(n uint32) uint32 { return n * golden }

// mix is UINT32_HASH_2 of ERTS with HCONST_n.
func (h *portableHasher) mix(x, y, n uint32) {
	_, _, h.hash = jenkins(hconst(n)+x, hconst(n)+y, h.hash)
}

// jenkins is MIX of ERTS.
func jenkins(a, b, c uint32) (uint32, uint32, uint32) {
	a = (a - b - c) ^ (c >> 13)
	b = (b - c - a) ^ (a << 8)
	c = (c - a - b) ^ (b >> 13)
	a = (a - b - c) ^ (c >> 12)
	b = (b - c - a) ^ (a << 16)
	c = (c - a - b) ^ (b >> 5)
	a = (a - b - c) ^ (c >> 3)
	b = (b - c - a) ^ (a << 10)
	c = (c - a - b) ^ (b >> 15)
	return a, b, c
}

func (h *portableHasher) term(t Term) {
	switch t := t.(type) {
	case Atom:
		h.atom(t)
	case Int:
		h.integer(int64(t))
	case *BigInt:
		h.big(t)
	case Float:
		if t == 0 {
			t = 0 // -0.0
		}
		bits := math.Float64bits(float64(t))
		h.mix(uint32(bits>>32), uint32(bits), 12)
	case Binary:
		h.bytes(t, 0)
	case Bitstring:
		h.bytes(t.Data, t.Bits)
	case List:
		h.list(t, nil)
	case ImproperList:
		h.list(t.Elems, t.Tail)
	case Tuple:
		h.mix(uint32(len(t)), 0, 9)
		h.pushTerms(t)
	case Map:
		h.mapping(t)
	default:
		h.identifier(t)
	}
}

// pushTerms has terms hashed in their order, before all else that is pending.
func (h *portableHasher) pushTerms(terms []Term) {
	for i := len(terms) - 1; i >= 0; i-- {
		h.pending.push(portableStep{term: terms[i]})
	}
}

// atom hashes the text of an atom. An atom alone is not mixed.
func (h *portableHasher) atom(a Atom) {
	if h.hash == 0 {
		h.hash = atomHash(a)
		return
	}
	h.mix(atomHash(a), 0, 3)
}

// atomHash is atom_hash of ERTS: hashpjw over the characters of an atom, where those of Latin-1 count as one byte.
func atomHash(a Atom) uint32 {
	var h uint32
	for i := 0; i < len(a); i++ {
		v := a[i]
		if i+1 < len(a) && v&0xfe == 0xc2 && a[i+1]&0xc0 == 0x80 {
			i++
			v = v<<6 | a[i]&0x3f
		}
		h = h<<4 + uint32(v)
		if g := h & 0xf0000000; g != 0 {
			h ^= g >> 24
			h ^= g
		}
	}
	return h
}

func (h *portableHasher) integer(n int64) {
	switch {
	case n < -1<<27 || n >= 1<<27:
		magnitude, sign := uint64(n), uint32(11)
		if n < 0 {
			magnitude, sign = -magnitude, 10
		}
		h.mix(uint32(magnitude), uint32(magnitude>>32), sign)
	case n < 0:
		h.mix(uint32(-n), 0, 1)
		fallthrough
	default:
		h.mix(uint32(n), 0, 1)
	}
}

// big hashes the digits of a bignum, 64 bits each, the least significant one first.
func (h *portableHasher) big(b *BigInt) {
	v := b.Big()
	sign := uint32(11)
	if v.Sign() < 0 {
		sign = 10
	}
	magnitude := v.Bytes()
	for end := len(magnitude); end > 0; end -= 8 {
		var digit uint64
		for _, c := range magnitude[max(0, end-8):end] {
			digit = digit<<8 | uint64(c)
		}
		h.mix(uint32(digit), uint32(digit>>32), sign)
	}
}

// bytes hashes a binary or, with bits in its last byte, a bitstring.
func (h *portableHasher) bytes(data []byte, bits uint8) {
	whole := data
	if bits > 0 {
		whole = data[:len(data)-1]
	}
	start := h.hash + hconst(13)
	if len(data) == 0 {
		h.hash = start
		return
	}
	h.hash = blockHash(whole, start)
	if bits > 0 {
		h.mix(uint32(bits), uint32(data[len(data)-1]>>(8-bits)), 15)
	}
}

// blockHash is block_hash of ERTS.
func blockHash(data []byte, c uint32) uint32 {
	a, b, n := golden, golden, uint32(len(data))
	for ; len(data) >= 12; data = data[12:] {
		a, b, c = jenkins(a+word(data), b+word(data[4:]), c+word(data[8:]))
	}
	// The lowest byte of c is for the length.
	var rest [13]byte
	copy(rest[:8], data)
	if len(data) > 8 {
		copy(rest[9:], data[8:])
	}
	_, _, c = jenkins(a+word(rest[:]), b+word(rest[4:]), c+n+word(rest[8:]))
	return c
}

func word(b []byte) uint32 {
	return uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24
}

// list hashes the rest of a list and its tail, nil for []. Bytes at the front are hashed four at a time.
func (h *portableHasher) list(elems []Term, tail Term) {
	var four, n uint32
	for len(elems) > 0 {
		b, ok := elems[0].(Int)
		if !ok || b < 0 || b > 255 {
			break
		}
		elems = elems[1:]
		four, n = four<<8+uint32(b), n+1
		if n == 4 {
			h.mix(four, 0, 4)
			four, n = 0, 0
		}
	}
	if n > 0 {
		h.mix(four, 0, 4)
	}
	switch {
	case len(elems) > 0:
		h.pending.push(portableStep{kind: hashList, rest: elems[1:], term: tail})
		h.pending.push(portableStep{term: elems[0]})
	case tail != nil:
		h.term(tail)
	case h.hash == 0:
		h.hash = 3468870702
	default:
		h.mix(nilWord, 0, 2)
	}
}

// nilWord is NIL_DEF of ERTS, the word for [].
const nilWord = 2

func (h *portableHasher) mapping(m Map) {
	h.mix(uint32(len(m)), 0, 16)
	if len(m) == 0 {
		return
	}
	h.pending.push(portableStep{kind: hashMapEnd, hash: h.hash, pairs: h.pairs})
	h.hash, h.pairs = 0, 0
	for i := len(m) - 1; i >= 0; i-- {
		h.pending.push(portableStep{kind: hashPair})
		h.pending.push(portableStep{term: m[i].Value})
		h.pending.push(portableStep{term: m[i].Key})
	}
}

// identifier hashes pids, ports, references and funs. Which node they belong to does not count.
func (h *portableHasher) identifier(t Term) {
	switch t := t.(type) {
	case Pid:
		h.mix(t.ID, 0, 5)
	case Port:
		h.mix(uint32(t.ID), uint32(t.ID>>32), 6)
	case Ref:
		h.mix(t.Words[0], 0, 7)
	case Export:
		h.mix(uint32(t.Arity), atomHash(t.Module), 1)
		h.mix(atomHash(t.Function), 0, 14)
	case *Fun:
		uniq, _ := t.OldUniq.(Int)
		h.mix(uint32(len(t.Free)), atomHash(t.Module), 1)
		h.mix(t.Index, uint32(uniq), 1)
		h.pushTerms(t.Free)
	case *Record:
		h.atom(t.Module)
		h.atom(t.Name)
		h.pushTerms(t.Values)
	}
}
