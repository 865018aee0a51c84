package dist

import (
	"slices"

	"github.com/gonode-otp/gonode/etf"
)

// fragments reassembles messages that come in fragments. The fragments of a sequence come in order, and the last one
// has the number 1; other frames and other sequences may lie between them. The atom table is in the first fragment and
// refers to the cache as it was then, so the atoms are kept with the sequence.
//
// A message that exceeds a limit is refused by itself: its fragments are counted and skipped, and other messages go on.
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

// maxRefused bounds the sequences that are refused and have not ended. It is more than a node of OTP can have open.
const maxRefused = 1 << 20

// inFragments reports whether others follow a first fragment. OTP takes sequence 0 for a message that is not in
// fragments.
func (h *frameHead) inFragments() bool { return h.frag != 1 && h.seq != 0 }

// beginSequence takes the first of several fragments. It copies atoms, and body too unless own says that nobody else
// uses its memory. refused names the limit that the message exceeds, for the caller to report; reason says why the
// fragment is invalid.
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

// announcedSize estimates the size of a message whose first fragment has n bytes, assuming that the other fragments are
// as large as OTP makes them, or as large as the first if that is smaller.
//
// A message of two fragments is a special case: its last fragment is often small, as in a binary of 64 kB. It is
// assumed to be about as large as that of the message before, because a full fragment would waste half of the memory.
func (f *fragments) announcedSize(h frameHead, n int) int {
	if h.frag == 2 {
		size := min(max(n, 1), fragmentSize)
		return n + min(size, max(f.lastSecondSize+minSecondSize/8, minSecondSize))
	}
	return f.likelySize(n, n, h.frag-1)
}

// likelySize estimates the size of a message of which have bytes have come and left fragments are missing. Each of
// these is taken to be as large as OTP makes it, or to have n bytes if that is less.
func (f *fragments) likelySize(have, n int, left uint64) int {
	size := uint64(min(max(n, 1), fragmentSize))
	if left >= uint64(f.maxBytes)/size {
		return max(have, f.maxBytes)
	}
	return have + int(left*size)
}

// extendBody makes room for the n bytes of the next fragment of a sequence, and returns that room. s.next is the number
// of the fragment behind it.
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

// maxBelievableSize is the announced size up to which memory is allocated before the bytes have come.
const maxBelievableSize = 16 << 20

// minSecondSize is the assumed size of a second fragment when nothing is known.
const minSecondSize = 4 << 10

// believableSize is maxBelievableSize shared among the messages in fragments that are open.
func (f *fragments) believableSize() int { return maxBelievableSize / (1 + f.accepted) }

// growBuffer extends b by n bytes whose content is undefined. It allocates want bytes, but at most believable, or four
// times the present length: so a peer has to send bytes before it makes this side hold many more.
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

// nextFragment takes the head of another fragment and returns where its n bytes go. part is nil if the message is
// refused. If it is refused because of this fragment, s.body still has what came before, to be reported.
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
