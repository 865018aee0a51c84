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
	second   int // size of the second one of the last message that was in two
}

type sequence struct {
	next  uint64 // number of the fragment to come
	body  []byte // control message and the message so far
	want  int    // what body will be, as far as the first fragment tells
	two   bool
	atoms []etf.Term
}

// begin takes the first of several fragments. It copies atoms, and body unless own says that nobody else uses it.
func (f *fragments) begin(h frameHead, body []byte, atoms []etf.Term, own bool) (reason string) {
	switch {
	case h.frag < 1:
		return "a fragment with the number 0"
	case f.open[h.seq] != nil:
		return "the first fragment of a sequence that has begun already"
	case len(f.open) >= f.maxOpen:
		return "too many messages in fragments at once"
	}
	if f.open == nil {
		f.open = make(map[uint64]*sequence)
	}
	s := &sequence{next: h.frag - 1, two: h.frag == 2, want: f.announced(h, len(body)), atoms: slices.Clone(atoms)}
	f.open[h.seq] = s
	if own {
		s.body = body[:0]
	}
	part, reason := f.extend(s, len(body))
	copy(part, body)
	return reason
}

// announced is the size that a message will have whose first fragment has n bytes, if the others are as large as OTP
// makes them or no larger than the first. Of two, the second is rather small, as that of a binary of 64 kB, or like the one
// before; twice the memory would be taken for nothing.
func (f *fragments) announced(h frameHead, n int) int {
	size := uint64(min(max(n, 1), fragmentSize))
	if h.frag == 2 {
		return n + int(min(size, uint64(max(f.second+smallSecond/8, smallSecond))))
	}
	if h.frag == 0 || h.frag > uint64(f.maxBytes)/size {
		return f.maxBytes
	}
	return n + int((h.frag-1)*size)
}

// extend makes room for n bytes more of a sequence and returns it.
func (f *fragments) extend(s *sequence, n int) (part []byte, reason string) {
	if n > f.maxBytes-f.bytes {
		return nil, "the messages in fragments exceed the limit"
	}
	f.bytes += n
	have := len(s.body)
	s.body = growTowards(s.body, n, s.want, f.trust())
	return s.body[have:], ""
}

// believed is the size up to which an announced length gets its memory before the bytes have come.
const believed = 16 << 20

// smallSecond is the room for a second fragment of which nothing is known.
const smallSecond = 4 << 10

// trust is believed for one of several messages in fragments: the more there are, the less.
func (f *fragments) trust() int { return believed / (1 + len(f.open)) }

// growTowards extends b by n bytes of no value. It takes memory for want bytes, but for no more than trust, or four times
// what there is, so that a peer has to send what it makes us hold.
func growTowards(b []byte, n, want, trust int) []byte {
	need := len(b) + n
	if need <= cap(b) {
		return b[:need]
	}
	size := max(need, min(want, max(trust, 4*len(b))))
	grown := uncleared(size)[:need]
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
		if s.two {
			f.second = n
		}
	}
	part, reason = f.extend(s, n)
	if s.next == 0 {
		f.bytes -= len(s.body)
	}
	return s, part, reason
}

// complete reports whether the last fragment has come.
func (s *sequence) complete() bool { return s.next == 0 }
