package dist

import (
	"hash/maphash"
	"unicode/utf8"
	"unsafe"

	"github.com/gonode-otp/gonode/etf"
)

// Sizes of the atom cache. Distribution Protocol, "Distribution Header".
const (
	cacheSlots    = 2048 // 8 segments of 256, per direction
	maxFrameAtoms = 255  // of one frame
	maxAtomChars  = 255
	maxShortAtom  = 255 // bytes, before the header needs 16-bit lengths
)

// atomCacheOut is the atom cache of what is sent. It follows the rule of OTP: an atom has one slot, and a new atom
// replaces the old one there. Of two atoms of a frame with the same slot the second is written out, and so are all
// after the 255th. OTP takes the number of the atom in its table for the slot; here it is a hash of the text, with a
// random seed so that a peer cannot choose atoms that collide.
//
// The atoms of a frame enter the cache only when its header is written. A message that cannot be encoded leaves nothing
// behind: the peer never sees its atoms, so the next message brings them again.
type atomCacheOut struct {
	hash func(text string) uint64 // chooses the slot of an atom: hashAtom, or another one in tests

	slots [cacheSlots]etf.Atom // what the peer has; "" is none, because the empty atom is never cached
	taken [cacheSlots]uint8    // 1 + index in atoms, 0 if the frame does not use the slot
	atoms [maxFrameAtoms]frameAtom
	n     int
	long  bool // a new atom of the frame is longer than maxShortAtom

	seen [256]seenAtom // atoms of the frame by where their text lies
	gen  uint32        // of the frame
}

// seenAtom remembers the index of an atom by the place of its text. The same string, as constants and decoded atoms
// are, is then found without looking at its text.
type seenAtom struct {
	text  *byte
	size  uint16
	index uint8
	gen   uint32
}

type frameAtom struct {
	atom etf.Atom
	slot uint16
	old  bool // the peer has it already
}

func newAtomCacheOut() *atomCacheOut { return &atomCacheOut{hash: hashAtom, gen: 1} }

var atomSeed = maphash.MakeSeed()

func hashAtom(text string) uint64 { return maphash.String(atomSeed, text) }

// Ref returns the index of a in the table of the frame. It implements etf.AtomTable.
//
// The empty atom is written out, which takes no more bytes than a reference. So is an invalid atom, which the encoder
// then refuses with a reason.
func (c *atomCacheOut) Ref(a etf.Atom) (index uint8, ok bool) {
	if a == "" {
		return 0, false
	}
	text := unsafe.StringData(string(a))
	at := uintptr(unsafe.Pointer(text))
	// Short strings lie close together, several in 16 bytes: every bit of the address counts.
	s := &c.seen[uint64(at)*0x9e3779b97f4a7c15>>56]
	if s.text == text && s.gen == c.gen && int(s.size) == len(a) {
		return s.index, true
	}
	if index, ok = c.indexOf(a); ok {
		*s = seenAtom{text: text, size: uint16(len(a)), index: index, gen: c.gen}
	}
	return index, ok
}

// indexOf is Ref for a string that was not seen in this frame.
func (c *atomCacheOut) indexOf(a etf.Atom) (index uint8, ok bool) {
	slot := uint16(c.hash(string(a)) % cacheSlots)
	if i := c.taken[slot]; i != 0 {
		return i - 1, c.atoms[i-1].atom == a
	}
	if c.n == maxFrameAtoms {
		return 0, false
	}
	old := c.slots[slot] == a
	if !old {
		if !isAtom(string(a)) {
			return 0, false
		}
		c.long = c.long || len(a) > maxShortAtom
	}
	c.atoms[c.n] = frameAtom{atom: a, slot: slot, old: old}
	c.n++
	c.taken[slot] = uint8(c.n)
	return uint8(c.n - 1), true
}

func isAtom(s string) bool {
	return utf8.ValidString(s) && (len(s) <= maxAtomChars || utf8.RuneCountInString(s) <= maxAtomChars)
}

// resetFrame drops the table of the frame.
func (c *atomCacheOut) resetFrame() {
	for i := range c.atoms[:c.n] {
		c.taken[c.atoms[i].slot] = 0
		c.atoms[i].atom = ""
	}
	c.n, c.long = 0, false
	if c.gen++; c.gen == 0 {
		clear(c.seen[:])
		c.gen = 1
	}
}

// appendTable appends the table of the frame: the number of atoms, a half byte of flags each and one for the whole, and
// the atoms. Its atoms are in the cache from then on, so the frame has to be sent.
func (c *atomCacheOut) appendTable(dst []byte) []byte {
	dst = append(dst, byte(c.n))
	if c.n == 0 {
		return dst
	}
	flags := len(dst)
	for range c.n/2 + 1 {
		dst = append(dst, 0)
	}
	setFlags := func(i int, half byte) { dst[flags+i/2] |= half << (i % 2 * 4) }
	for i := range c.atoms[:c.n] {
		e := &c.atoms[i]
		segment := byte(e.slot >> 8)
		if e.old {
			setFlags(i, segment)
			dst = append(dst, byte(e.slot))
			continue
		}
		setFlags(i, segment|newAtom)
		dst = append(dst, byte(e.slot))
		if c.long {
			dst = append(dst, byte(len(e.atom)>>8))
		}
		dst = append(dst, byte(len(e.atom)))
		dst = append(dst, e.atom...)
		c.slots[e.slot] = e.atom
	}
	if c.long {
		setFlags(c.n, longAtoms)
	}
	c.resetFrame()
	return dst
}

// Bits of the half bytes of flags in a table.
const (
	segmentBits = 7 // of an atom
	newAtom     = 8 // of an atom: its text follows
	longAtoms   = 1 // of the whole: lengths of 16 bits
)
