package etf

// Defaults of Limits.
const (
	// DefaultDepth is far above what people nest by hand, and keeps the stack of a decoding goroutine at a few MB.
	DefaultDepth = 10_000
	// DefaultElements is the emulator's largest tuple and one, 256 MB of elements.
	DefaultElements = 1 << 24
	// DefaultBigIntBytes admits the largest integer of any release: 4 MB up to OTP 26, 512 kB since OTP 27.
	DefaultBigIntBytes = 4 << 20
	// DefaultInflated bounds the result of a compressed term, which may be a thousand times its input.
	DefaultInflated = 64 << 20
	// maxKeyNesting bounds how many map keys may enclose a term, because checking the keys of a map for duplicates walks
	// each of them once more: without a bound a small input could cost the square of its length.
	maxKeyNesting = 32
)

// Limits bound what one call to a Decoder may cost. A zero field means its default.
//
// Besides, the elements of lists, tuples, maps, funs and records together never exceed the length of the input, whatever
// their headers claim, so that memory stays within some 64 times the input.
type Limits struct {
	// Depth is how deep lists, tuples, maps, funs and records may stand in each other. The tail of a list does not count.
	// Default DefaultDepth.
	Depth int
	// Elements is the number of elements of all lists, tuples, maps (two a pair), funs and records together, whatever the
	// size of the input. Default DefaultElements.
	Elements int
	// BigIntBytes is the size of one integer. Default DefaultBigIntBytes.
	BigIntBytes int
	// Inflated is the size of a compressed term after decompression. Default DefaultInflated.
	Inflated int
}

func (l Limits) withDefaults() Limits {
	if l.Depth <= 0 {
		l.Depth = DefaultDepth
	}
	if l.Elements <= 0 {
		l.Elements = DefaultElements
	}
	if l.BigIntBytes <= 0 {
		l.BigIntBytes = DefaultBigIntBytes
	}
	if l.Inflated <= 0 {
		l.Inflated = DefaultInflated
	}
	return l
}
