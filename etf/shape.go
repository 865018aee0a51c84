package etf

// shapes remembers maps whose keys are references into the table of atoms and turned out to be distinct. A table in
// Erlang is usually a list of maps with the same keys in the same order: only the keys of the first map are compared.
type shapes struct {
	gen   uint32 // of the table; what was remembered with another one does not count
	slots [4]shape
}

// shape is the number of keys and their references, the first one in the lowest byte. Within one frame a reference is
// always the same atom, so maps of the same shape have the same keys.
type shape struct {
	refs uint64
	gen  uint32
	n    uint32
}

// begin drops what was remembered, for a new table of atoms.
func (s *shapes) begin() {
	if s.gen++; s.gen == 0 {
		*s = shapes{gen: 1}
	}
}

// slot is where maps of n keys are remembered, so that maps in maps seldom take each other's place.
func (s *shapes) slot(n int) *shape { return &s.slots[n%len(s.slots)] }

func (s *shapes) contains(n int, refs uint64) bool {
	return *s.slot(n) == shape{refs, s.gen, uint32(n)}
}

func (s *shapes) add(n int, refs uint64) { *s.slot(n) = shape{refs, s.gen, uint32(n)} }
