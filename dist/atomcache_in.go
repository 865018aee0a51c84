package dist

import (
	"encoding/binary"

	"github.com/gonode-otp/gonode/etf"
)

// atomCacheIn is the atom cache of what is received. The elements are Atoms, kept as Terms as the decoder wants them.
type atomCacheIn struct {
	slots [cacheSlots]etf.Term
	table [maxFrameAtoms]etf.Term // of the frame read last
}

// readTable reads the table of a frame, brings the cache up to date and returns the atoms by their index. They are
// valid until the next call. n is the length of the table in b. reason says what is wrong with it, "" if nothing is.
func (c *atomCacheIn) readTable(b []byte) (atoms []etf.Term, n int, reason string) {
	if len(b) == 0 {
		return nil, 0, endsInHeader
	}
	count := int(b[0])
	atoms = c.table[:count]
	if count == 0 {
		return atoms, 1, ""
	}
	at := 1 + count/2 + 1
	if len(b) < at {
		return nil, len(b), endsInHeader
	}
	flags := b[1:at]
	lengthSize := 1
	if halfByte(flags, count)&longAtoms != 0 {
		lengthSize = 2
	}
	for i := range atoms {
		if at == len(b) {
			return nil, at, endsInHeader
		}
		half := halfByte(flags, i)
		slot := int(half&segmentBits)<<8 | int(b[at])
		at++
		if half&newAtom != 0 {
			size, why := c.storeAtom(slot, b[at:], lengthSize)
			if at += size; why != "" {
				return nil, at, why
			}
		}
		if atoms[i] = c.slots[slot]; atoms[i] == nil {
			return nil, at, "a reference to an empty slot of the atom cache"
		}
	}
	return atoms, at, ""
}

const endsInHeader = "the frame ends inside the distribution header"

// halfByte returns flag number i; even ones are the lower halves.
func halfByte(flags []byte, i int) byte { return flags[i/2] >> (i % 2 * 4) }

// storeAtom puts the atom that stands at the beginning of b into a slot. n is what it takes in b.
func (c *atomCacheIn) storeAtom(slot int, b []byte, lengthSize int) (n int, reason string) {
	if len(b) < lengthSize {
		return len(b), endsInHeader
	}
	size := int(b[0])
	if lengthSize == 2 {
		size = int(binary.BigEndian.Uint16(b))
	}
	n = lengthSize + size
	if len(b) < n {
		return len(b), endsInHeader
	}
	text := b[lengthSize:n]
	if a, ok := c.slots[slot].(etf.Atom); ok && string(a) == string(text) {
		return n, ""
	}
	s := string(text)
	if !isAtom(s) {
		return n, "the text of an atom that is too long or not UTF-8"
	}
	c.slots[slot] = etf.Atom(s)
	return n, ""
}
