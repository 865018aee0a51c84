package dist

import (
	"slices"

	"github.com/gonode-otp/gonode/etf"
)

// fragments puts messages together that come in fragments. The fragments of a sequence come in order, the last one being
// number 1; other frames and other sequences may lie between. The atom table stands in the first fragment and means the
// cache as it was then, so its atoms are kept with the sequence.
type fragments struct {
	maxBytes int // of all sequences together
	maxOpen  int
	open     map[uint64]*sequence
	bytes    int
}

type sequence struct {
	next  uint64 // number of the fragment to come
	body  []byte // control message and the message so far
	want  int    // what body will be, as far as the size of the first fragment tells
	atoms []etf.Term
}

// begin takes the first of several fragments. It copies body and atoms.
func (f *fragments) begin(seq, frag uint64, body []byte, atoms []etf.Term) (reason string) {
	switch {
	case frag < 1:
		return "a fragment with the number 0"
	case f.open[seq] != nil:
		return "the first fragment of a sequence that has begun already"
	case len(f.open) >= f.maxOpen:
		return "too many messages in fragments at once"
	}
	if f.open == nil {
		f.open = make(map[uint64]*sequence)
	}
	s := &sequence{next: frag - 1, want: f.maxBytes, atoms: slices.Clone(atoms)}
	if n := uint64(max(len(body), 1)); frag <= uint64(f.maxBytes)/n {
		s.want = int(frag * n)
	}
	f.open[seq] = s
	part, reason := f.extend(s, len(body))
	copy(part, body)
	return reason
}

// extend makes room for n bytes more of a sequence and returns it.
func (f *fragments) extend(s *sequence, n int) (part []byte, reason string) {
	if n > f.maxBytes-f.bytes {
		return nil, "the messages in fragments exceed the limit"
	}
	f.bytes += n
	have := len(s.body)
	s.body = growTowards(s.body, n, s.want, believed)
	return s.body[have:], ""
}

// The size up to which an announced length gets its memory before the bytes have come: of a message in fragments, of
// which there may be many, and of a frame.
const (
	believed      = 1 << 20
	believedFrame = 16 << 20
)

// growTowards extends b by n bytes of no value. It takes memory for want bytes, but for no more than trust, or four times
// what there is, so that a peer has to send what it makes us hold.
func growTowards(b []byte, n, want, trust int) []byte {
	need := len(b) + n
	if need <= cap(b) {
		return b[:need]
	}
	size := max(need, min(want, max(trust, 4*len(b))))
	grown := make([]byte, need, size)
	copy(grown, b)
	return grown
}

// next takes the head of another fragment and returns where its n bytes go.
func (f *fragments) next(seq, frag uint64, n int) (s *sequence, part []byte, reason string) {
	s = f.open[seq]
	switch {
	case s == nil:
		return nil, nil, "a fragment of a sequence that has not begun"
	case frag != s.next:
		return nil, nil, "a fragment out of order"
	}
	s.next--
	if s.next == 0 {
		delete(f.open, seq)
	}
	part, reason = f.extend(s, n)
	if s.next == 0 {
		f.bytes -= len(s.body)
	}
	return s, part, reason
}

// complete reports whether the last fragment has come.
func (s *sequence) complete() bool { return s.next == 0 }
