package dist

import (
	"slices"

	"github.com/gonode-otp/gonode/etf"
)

// fragments puts messages together that come in fragments. The fragments of a sequence come in order, the last one
// being number 1; other frames and other sequences may lie between. The atom table stands in the first fragment and
// means the cache as it was then, so its atoms are kept with the sequence.
//
// A message that is over a limit is refused alone: its fragments are counted and passed over.
type fragments struct {
	maxBytes       int // of all sequences together
	maxOpen        int
	open           map[uint64]*sequence
	bytes          int
	accepted       int // sequences in open that were not refused
	lastSecondSize int // size of the second one of the last message that was in two
}

type sequence struct {
	next         uint64 // number of the fragment to come
	body         []byte // control message and the message so far
	wantedSize   int    // what body is likely to be
	twoFragments bool
	refused      bool
	atoms        []etf.Term
}

// maxRefused bounds the sequences that are refused and have not ended, which a node of OTP cannot have as many of.
const maxRefused = 1 << 20

// inFragments reports whether others follow a first fragment. OTP takes sequence 0 for a message that is not in
// fragments.
func (h *frameHead) inFragments() bool { return h.frag != 1 && h.seq != 0 }

// beginSequence takes the first of several fragments. It copies atoms, and body unless own says that nobody else uses
// it. refused says which limit the message exceeds; it is up to the caller to report that.
func (f *fragments) beginSequence(h frameHead, body []byte, atoms []etf.Term, own bool) (refused, reason string) {
	switch {
	case f.accepted >= f.maxOpen:
		return "too many messages in fragments at once", f.beginRefusedSequence(h)
	case len(body) > f.maxBytes-f.bytes:
		return tooLarge(f.maxBytes), f.beginRefusedSequence(h)
	}
	s := &sequence{twoFragments: h.frag == 2, wantedSize: f.announcedSize(h, len(body)), atoms: slices.Clone(atoms)}
	if reason := f.addSequence(h, s); reason != "" {
		return "", reason
	}
	f.accepted++
	if own {
		s.body = body[:0]
	}
	copy(f.extendBody(s, len(body)), body)
	return "", ""
}

// beginRefusedSequence takes the first fragment of a message that is refused.
func (f *fragments) beginRefusedSequence(h frameHead) (reason string) {
	if len(f.open)-f.accepted >= maxRefused {
		return "too many messages in fragments at once"
	}
	return f.addSequence(h, &sequence{refused: true})
}

func (f *fragments) addSequence(h frameHead, s *sequence) (reason string) {
	switch {
	case h.frag < 1:
		return "a fragment with the number 0"
	case f.open[h.seq] != nil:
		return "the first fragment of a sequence that has begun already"
	}
	if f.open == nil {
		f.open = make(map[uint64]*sequence)
	}
	s.next = h.frag - 1
	f.open[h.seq] = s
	return ""
}

// announcedSize is the size that a message will have whose first fragment has n bytes, if the others are as large as
// OTP makes them or no larger than the first. Of two, the second is rather small, as that of a binary of 64 kB, or like
// the one before; twice the memory would be taken for nothing.
func (f *fragments) announcedSize(h frameHead, n int) int {
	if h.frag == 2 {
		size := min(max(n, 1), fragmentSize)
		return n + min(size, max(f.lastSecondSize+minSecondSize/8, minSecondSize))
	}
	return f.likelySize(n, n, h.frag-1)
}

// likelySize is the size that a message of have bytes will have if left fragments more are as large as OTP makes them
// or no larger than n.
func (f *fragments) likelySize(have, n int, left uint64) int {
	size := uint64(min(max(n, 1), fragmentSize))
	if left >= uint64(f.maxBytes)/size {
		return max(have, f.maxBytes)
	}
	return have + int(left*size)
}

// extendBody makes room for n bytes more of a sequence, the last ones of which are those before fragment s.next, and
// returns it.
func (f *fragments) extendBody(s *sequence, n int) (part []byte) {
	f.bytes += n
	have := len(s.body)
	if need := have + n; need > s.wantedSize {
		s.wantedSize = f.likelySize(need, n, s.next)
		if s.next > 0 { // however the sizes are chosen, what was copied is a multiple of what has come
			s.wantedSize = max(s.wantedSize, have+have/4)
		}
	}
	s.body = growBuffer(s.body, n, s.wantedSize, f.believableSize())
	return s.body[have:]
}

// maxBelievableSize is the size up to which an announced length gets its memory before the bytes have come.
const maxBelievableSize = 16 << 20

// minSecondSize is the room for a second fragment of which nothing is known.
const minSecondSize = 4 << 10

// believableSize is believed for one of several messages in fragments: the more there are, the less.
func (f *fragments) believableSize() int { return maxBelievableSize / (1 + f.accepted) }

// growBuffer extends b by n bytes of no value. It takes memory for want bytes, but for no more than trust, or four
// times what there is, so that a peer has to send what it makes us hold.
func growBuffer(b []byte, n, want, trust int) []byte {
	need := len(b) + n
	if need <= cap(b) {
		return b[:need]
	}
	size := max(need, min(want, max(trust, 4*len(b))))
	grown := uncleared(size)[:need]
	copy(grown, b)
	return grown
}

// nextFragment takes the head of another fragment and returns where its n bytes go. If the message is refused, part is
// nil; if that is because of this fragment, what has come of it is in s.body, to be reported.
func (f *fragments) nextFragment(seq, frag uint64, n int) (s *sequence, part []byte, reason string) {
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
	switch {
	case s.refused:
		return s, nil, ""
	case n > f.maxBytes-f.bytes:
		s.refused = true
		f.accepted--
		f.bytes -= len(s.body)
		return s, nil, ""
	}
	part = f.extendBody(s, n)
	if s.next == 0 {
		f.accepted--
		f.bytes -= len(s.body)
		if s.twoFragments {
			f.lastSecondSize = n
		}
	}
	return s, part, ""
}

// isComplete reports whether the last fragment has come.
func (s *sequence) isComplete() bool { return s.next == 0 }
