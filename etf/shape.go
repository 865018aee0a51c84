package etf

// shapes remember maps whose keys are references into the table of atoms and turned out to be distinct. A list of
// maps with the same keys in the same order is what a table looks like in Erlang: none but the first of them has its
// keys compared.
type shapes struct {
	gen uint32 // of the table; what was remembered with another one does not count
	of  [4]shape
}

// shape is the number of keys and their references, the first one in the lowest byte. Within one frame a reference is
// one atom, so maps of the same shape have the same keys.
type shape struct {
	refs uint64
	gen  uint32
	n    uint32
}

// begin forgets what was remembered, for a new table.
func (s *shapes) begin() {
	if s.gen++; s.gen == 0 {
		*s = shapes{gen: 1}
	}
}

// place is where maps of n keys are remembered, so that maps in maps seldom take each other's place.
func (s *shapes) place(n int) *shape { return &s.of[n%len(s.of)] }

func (s *shapes) knows(n int, refs uint64) bool {
	return *s.place(n) == shape{refs, s.gen, uint32(n)}
}

func (s *shapes) learn(n int, refs uint64) { *s.place(n) = shape{refs, s.gen, uint32(n)} }
