package etf

// slab hands out small pieces of larger allocations: a call has some ten elements in four tuples, which are one
// allocation this way. A slab lives as long as one call of a Decoder. Kept longer, a term would keep the terms of later
// messages alive. Chunks are small, and what is large gets memory of its own, so that whoever keeps a small part of a
// large term does not keep much of the rest.
type slab struct {
	terms []Term
	pairs []MapPair
	bytes []byte
	boxes
}

const (
	slabTerms    = 64   // elements of a full chunk
	slabOwnTerms = 32   // from here on a list or tuple gets memory of its own
	slabBytes    = 1024 // bytes of a full chunk
	slabOwnBytes = 128  // from here on a binary gets memory of its own
	// wireSize is roughly what an element takes in the input. With it a chunk is not larger than the rest of the input
	// is likely to need.
	wireSize = 8
)

// elems returns n elements. left is the number of bytes left in the input.
func (s *slab) elems(n, left int) []Term {
	if n >= slabOwnTerms {
		return make([]Term, n)
	}
	if n > len(s.terms) {
		s.terms = make([]Term, max(n, min(left/wireSize, slabTerms)))
	}
	v := s.terms[:n:n]
	s.terms = s.terms[n:]
	return v
}

// mapPairs returns n pairs.
func (s *slab) mapPairs(n, left int) []MapPair {
	if n >= slabOwnTerms/2 {
		return make([]MapPair, n)
	}
	if n > len(s.pairs) {
		s.pairs = make([]MapPair, max(n, min(left/(2*wireSize), slabTerms/2)))
	}
	v := s.pairs[:n:n]
	s.pairs = s.pairs[n:]
	return v
}

// copyOf returns a copy of b.
func (s *slab) copyOf(b []byte, left int) []byte {
	n := len(b)
	if n >= slabOwnBytes {
		return append(make([]byte, 0, n), b...)
	}
	if n > len(s.bytes) {
		s.bytes = make([]byte, max(n, min((n+left)/2, slabBytes)))
	}
	v := s.bytes[:n:n]
	s.bytes = s.bytes[n:]
	copy(v, b)
	return v
}
