package etf

import "hash/maphash"

// internTable is a small cache of atoms as Terms: two places a slot, the newer first. Peers choose what stands in it,
// so it is bounded in entries and in the length of each, 40 kB in all.
type internTable [internSlots][2]Term

const (
	internSlots   = 256
	maxInternText = 64
	// internAfter is the number of atoms after which a Decoder gets a table: the table would cost more than a single
	// small term gains by it.
	internAfter = 16
)

var internSeed = maphash.MakeSeed()

// find returns the atom with the text b, or nil.
func (t *internTable) find(b []byte) Term {
	if t == nil || len(b) > maxInternText {
		return nil
	}
	slot := &t[maphash.Bytes(internSeed, b)%internSlots]
	for i, term := range slot {
		if a, ok := term.(Atom); ok && string(a) == string(b) {
			if i == 1 {
				slot[0], slot[1] = slot[1], slot[0]
			}
			return term
		}
	}
	return nil
}

// add puts a into the table and returns it as a Term.
func (t *internTable) add(a Atom) Term {
	var term Term = a
	if len(a) <= maxInternText {
		slot := &t[maphash.String(internSeed, string(a))%internSlots]
		slot[0], slot[1] = term, slot[0]
	}
	return term
}
