package etf

// slab allocates small pieces out of larger chunks. A call of a gen_server has some ten elements in four tuples, which
// are one allocation this way. A slab lives as long as one call of a Decoder: kept longer, a term would keep the terms
// of later messages alive. Chunks are small, and large values get memory of their own, so that whoever keeps a small
// part of a large term keeps little of the rest.
type slab struct {
	leafChunks
	levels [slabLevels]level
	bytes  []byte
	chunks uint8 // how many there were, up to chunkDoublings
}

// level has the chunks of the lists, tuples and maps of one depth. Each depth has its own, because in a shared chunk an
// element of a long list would keep the chunk of the element before it alive, and so the whole list.
type level struct {
	terms []Term
	pairs []MapPair
	containerChunks
}

const (
	// Sizes of full chunks. With the word that the runtime puts before them 63 and 95 come close to its sizes of 1 and 3
	// kB, the latter of which it takes from the heap 24 kB at a time.
	slabTerms = 63
	slabPairs = 95

	slabLevels   = 4    // how many depths lie apart
	slabOwnTerms = 32   // from here on a list or tuple gets memory of its own
	slabBytes    = 1024 // bytes of a full chunk
	slabOwnBytes = 128  // from here on a binary gets memory of its own
	// wireSize is roughly what an element takes in the input. With it a chunk is not larger than the rest of the input
	// is likely to need.
	wireSize = 8

	firstChunk     = 8 // values in the first chunk of a term
	chunkDoublings = 4
)

func (s *slab) levelAt(depth int) *level { return &s.levels[uint(depth)%slabLevels] }

// nextChunkLen is the number of values of the next chunk, for values that take about wire bytes each of the left bytes
// of the input. The first chunks of a term are small, because much of what is left may be one binary.
func (s *slab) nextChunkLen(left, wire, most int) int {
	n := min(left/wire+1, most, firstChunk<<s.chunks)
	s.chunks = min(s.chunks+1, chunkDoublings)
	return n
}

// elems returns n elements of a term at the given depth. left is the number of bytes left in the input.
func (s *slab) elems(n, depth, left int) []Term {
	if n >= slabOwnTerms {
		return make([]Term, n)
	}
	l := s.levelAt(depth)
	if n > len(l.terms) {
		l.terms = make([]Term, max(n, s.nextChunkLen(left, wireSize, slabTerms)))
	}
	v := l.terms[:n:n]
	l.terms = l.terms[n:]
	return v
}

// mapPairs returns n pairs.
func (s *slab) mapPairs(n, depth, left int) []MapPair {
	if n >= slabOwnTerms/2 {
		return make([]MapPair, n)
	}
	l := s.levelAt(depth)
	if n > len(l.pairs) {
		l.pairs = make([]MapPair, max(n, s.nextChunkLen(left, 2*wireSize, slabPairs)))
	}
	v := l.pairs[:n:n]
	l.pairs = l.pairs[n:]
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
