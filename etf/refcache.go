package etf

import "unsafe"

// refCache remembers the answers of the table of atoms while one term is appended. It finds an atom by the address of
// its text, which is the same each time for constants and for atoms that a Decoder read. It keeps the texts alive, so
// that no other text gets such an address, and keeps nothing else.
type refCache struct {
	seen    [seenAtoms]seenAtom
	evicted [seenAtoms]seenAtom // by those at the same places
	shapes  shapes
}

type seenAtom struct {
	text  *byte
	size  uint16
	index uint8
	gen   uint32
}

const (
	seenBits  = 7
	seenAtoms = 1 << seenBits
)

// beginRefs begins a new term.
func (e *Encoder) beginRefs() {
	if e.refs == nil {
		if e.Atoms == nil {
			return
		}
		e.refs = new(refCache)
	}
	if e.refs.shapes.begin(); e.refs.shapes.gen == 1 {
		clear(e.refs.seen[:])
		clear(e.refs.evicted[:])
	}
}

// refSlot is the slot of a in a refCache. Short texts lie close together, several in 16 bytes, so every bit of the
// address counts.
func refSlot(a Atom) uint64 {
	return uint64(uintptr(unsafe.Pointer(unsafe.StringData(string(a))))) * 0x9e3779b97f4a7c15 >> (64 - seenBits)
}

// find returns the reference to a, if a is remembered and was not evicted.
func (c *refCache) find(a Atom) (index uint8, ok bool) {
	s := &c.seen[refSlot(a)]
	return s.index, s.text == unsafe.StringData(string(a)) && s.gen == c.shapes.gen && int(s.size) == len(a)
}

// findEvicted returns the reference to a, if a is remembered and was evicted.
//
//go:noinline
func (c *refCache) findEvicted(a Atom) (index uint8, ok bool) {
	s := &c.evicted[refSlot(a)]
	return s.index, s.text == unsafe.StringData(string(a)) && s.gen == c.shapes.gen && int(s.size) == len(a)
}

func (c *refCache) remember(a Atom, index uint8) {
	p := refSlot(a)
	c.evicted[p] = c.seen[p]
	c.seen[p] = seenAtom{text: unsafe.StringData(string(a)), size: uint16(len(a)), index: index, gen: c.shapes.gen}
}

// element appends an element of a list or small map. Only for those are atoms remembered: terms with many atoms are
// made of them, and a small message would gain nothing.
func (e *Encoder) element(dst []byte, t Term, depth int) ([]byte, *EncodeError) {
	a, ok := t.(Atom)
	if !ok || e.Atoms == nil {
		return e.term(dst, t, depth)
	}
	i, ok := e.refs.find(a)
	if !ok {
		i, ok = e.refs.findEvicted(a)
	}
	if ok {
		return append(dst, tagAtomCacheRef, i), nil
	}
	at := len(dst)
	dst, err := e.atom(dst, a)
	if err == nil && dst[at] == tagAtomCacheRef {
		e.refs.remember(a, dst[at+1])
	}
	return dst, err
}
