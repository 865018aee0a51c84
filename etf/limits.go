package etf

import "math"

// Defaults of Limits.
const (
	// DefaultElements is far above what a node of ordinary size holds in one term: 4 GB, at 16 bytes an element.
	DefaultElements = 1 << 28
	// DefaultBigIntBytes admits the largest integer of any release: 4 MB up to OTP 26, 512 kB since OTP 27.
	DefaultBigIntBytes = 4 << 20
	// DefaultInflated bounds the result of a compressed term, which may be a thousand times its input.
	DefaultInflated = 64 << 20
)

// Limits bound what one call to a Decoder may cost. A zero field means its default.
//
// Besides, the elements of lists, tuples, maps, funs and records together never exceed the length of the input,
// whatever their headers claim, so that memory stays within some 64 times the input.
type Limits struct {
	// Depth is how deep lists, tuples, maps, funs and records may stand in each other. The tail of a list does not count.
	// By default there is no bound: depth costs no stack, and memory only as the bytes that carry it.
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
		l.Depth = math.MaxInt
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
