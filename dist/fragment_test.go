package dist

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
)

// fragmented cuts a message of a to b into fragments of n bytes, with lengths.
func fragmented(t testing.TB, seq uint64, n int, m Message, payload etf.Term) [][]byte {
	t.Helper()
	ofA, _ := peers(DefaultFlags)
	e := &NewConn(&sink{}, ofA, Options{}).out.enc
	f, err := e.encodeMessage(m, payload, true)
	require.NoError(t, err)
	table := e.cache.appendTable(nil)
	body := joined((&cursor{buf: f.buf, off: headRoom, parts: f.parts}).appendNext(nil, f.size())...)
	var parts [][]byte
	for part := range slices.Chunk(body, n) {
		parts = append(parts, part)
	}
	return framesOf(seq, table, parts)
}

// framesOf makes frames of the fragments of a message.
func framesOf(seq uint64, table []byte, parts [][]byte) (frames [][]byte) {
	count := len(parts)
	for i, part := range parts {
		frame := []byte{0, 0, 0, 0}
		if i == 0 {
			frame = append(appendFragHead(frame, distFragHeader, seq, uint64(count)), table...)
		} else {
			frame = appendFragHead(frame, distFragCont, seq, uint64(count-i))
		}
		frame = append(frame, part...)
		binary.BigEndian.PutUint32(frame, uint32(len(frame)-4))
		frames = append(frames, frame)
	}
	return frames
}

func joined(frames ...[]byte) (all []byte) {
	for _, f := range frames {
		all = append(all, f...)
	}
	return all
}

func TestAMessageInFragmentsOfAnySizeIsPutTogether(t *testing.T) {
	payload := etf.Tuple{etf.Atom("x"), make(etf.Binary, 50_000), etf.Atom("y")}
	m := &RegSend{From: pidA(1), To: "server"}
	for _, n := range []int{100, 1000, 9000, 20_000, 49_000, 100_000} {
		got, err := decodeAll(DefaultFlags, joined(fragmented(t, 5, n, m, payload)...), Options{})
		require.ErrorIs(t, err, ErrPeerClosed)
		require.Equal(t, []received{{m, payload}}, got, n)
	}
}

func TestSequencesMayBeInterleavedWithEachOtherAndWithOthers(t *testing.T) {
	payload := func(i int) etf.Term { return etf.Tuple{etf.Atom("abc"), make(etf.Binary, 30_000+i)} }
	a := fragmented(t, 1, 10_000, &RegSend{From: pidA(1), To: "first"}, payload(1))
	b := fragmented(t, 2, 10_000, &RegSend{From: pidA(2), To: "second"}, payload(2))
	// This one brings the atoms of a and b in other slots, and other atoms in theirs.
	between, err := encodeAll(DefaultFlags, mapsTerm(3), &RegSend{From: pidA(3), To: "between"})
	require.NoError(t, err)
	tick := []byte{0, 0, 0, 0}
	wire := joined(a[0], between, b[0], tick, b[1], a[1], between, a[2], b[2], a[3], between, b[3])
	got, err := decodeAll(DefaultFlags, wire, Options{})
	require.ErrorIs(t, err, ErrPeerClosed)
	var order []string
	for _, r := range got {
		order = append(order, string(r.msg.(*RegSend).To))
	}
	require.Equal(t, "[between between first between second]", fmt.Sprint(order))
	require.Equal(t, payload(1), got[2].payload)
	require.Equal(t, payload(2), got[4].payload)
}

func TestASequenceNumberCanBeUsedAgainWhenItIsOver(t *testing.T) {
	m := &RegSend{From: pidA(1), To: "server"}
	frames := fragmented(t, 7, 100, m, make(etf.Binary, 300))
	got, err := decodeAll(DefaultFlags, joined(append(frames, frames...)...), Options{})
	require.ErrorIs(t, err, ErrPeerClosed)
	require.Len(t, got, 2)
}

func TestASingleFragmentIsAMessage(t *testing.T) {
	m := &RegSend{From: pidA(1), To: "server"}
	for _, seq := range []uint64{0, 9} {
		got, err := decodeAll(DefaultFlags, joined(fragmented(t, seq, 1000, m, etf.Int(1))...), Options{})
		require.ErrorIs(t, err, ErrPeerClosed)
		require.Len(t, got, 1)
	}
	// Sequence 0 means no fragments, whatever number it bears.
	lone := fragmented(t, 0, 1000, m, etf.Int(1))[0]
	binary.BigEndian.PutUint64(lone[14:], 5)
	got, err := decodeAll(DefaultFlags, lone, Options{})
	require.ErrorIs(t, err, ErrPeerClosed)
	require.Len(t, got, 1)
}

func TestFragmentsThatDoNotFitTogetherAreRefused(t *testing.T) {
	for _, size := range []int{100, 9000} {
		m := &RegSend{From: pidA(1), To: "server"}
		f := fragmented(t, 7, size, m, make(etf.Binary, 3*size))
		other := fragmented(t, 8, size, m, make(etf.Binary, 3*size))
		zero := fragmented(t, 7, size, m, make(etf.Binary, 3*size))[0]
		binary.BigEndian.PutUint64(zero[14:], 0)
		for reason, wire := range map[string][]byte{
			"a fragment of a sequence that has not begun":             joined(f[1]),
			"a fragment out of order":                                 joined(f[0], f[2]),
			"the first fragment of a sequence that has begun already": joined(f[0], other[0], f[0]),
			"a fragment with the number 0":                            joined(zero),
			endsInHeader: {0, 0, 0, 17, 131, 70, 0, 0, 0, 0, 0, 0, 0, 7, 0,
				0, 0, 0, 0, 0, 0},
			"not a distribution header":                                      {0, 0, 0, 3, 131, 71, 0},
			"not a frame of a connection with distribution headers":          {0, 0, 0, 2, 112, 131},
			"a control message of another form":                              {0, 0, 0, 3, 131, 68, 0},
			"the text of an atom that is too long or not UTF-8":              {0, 0, 0, 7, 131, 68, 1, 8, 0, 1, 0xff},
			"a fragment of a sequence that has not begun\x00repeated at end": joined(append(f, f[len(f)-1])...),
		} {
			o := Options{MaxMessage: 5 * size}
			require.Contains(t, reason, refusedWith(t, DefaultFlags, o, wire).Reason)
		}
	}
}

func begun(t *testing.T, f *fragments, h frameHead, body []byte, atoms []etf.Term, own bool) {
	t.Helper()
	refused, reason := f.beginSequence(h, body, atoms, own)
	require.Empty(t, refused+reason)
}

func TestMemoryFollowsWhatHasCome(t *testing.T) {
	b := growBuffer(nil, 10, 1<<40, maxBelievableSize)
	require.Equal(t, maxBelievableSize, cap(b))
	b = growBuffer(b[:maxBelievableSize], maxBelievableSize, 1<<40, maxBelievableSize)
	require.Equal(t, 4*maxBelievableSize, cap(b), "four times what there is")
	require.Equal(t, 100, cap(growBuffer(nil, 10, 100, maxBelievableSize)))
	require.Equal(t, 1000, cap(growBuffer(nil, 1000, 100, maxBelievableSize)))
	f := fragments{maxBytes: 1 << 40, maxOpen: 10}
	begun(t, &f, frameHead{seq: 1, frag: 1 << 63}, make([]byte, 1000), nil, false)
	require.Equal(t, maxBelievableSize/2, cap(f.open[1].body))
	begun(t, &f, frameHead{seq: 2, frag: 1 << 63}, make([]byte, 1000), nil, false)
	require.Equal(t, maxBelievableSize/3, cap(f.open[2].body))
	begun(t, &f, frameHead{seq: 3, frag: 3}, make([]byte, 1000), nil, false)
	require.Equal(t, 3000, cap(f.open[3].body))
	own := make([]byte, 100, 500)
	begun(t, &f, frameHead{seq: 4, frag: 4}, own, nil, true)
	require.Equal(t, &own[0], &f.open[4].body[0])
}

// order is what goes out: small frames, and fragments as sequence/number, the first one marked.
func order(t *testing.T, w *writer, batches int) (frames []string) {
	for range batches {
		released, _ := w.queue.fillBatch(&w.batch)
		w.streamed -= released
		w.queued += released
		for b := joined(w.batch.bufs...); len(b) > 0; {
			n := int(binary.BigEndian.Uint32(b))
			require.LessOrEqual(t, n, fragmentSize+maxHead)
			h, reason := parseFrameHead(b[4:4+n], true)
			require.Empty(t, reason)
			switch h.kind {
			case distHeader:
				frames = append(frames, "small")
			case distFragHeader:
				frames = append(frames, fmt.Sprintf("first %d/%d", h.seq, h.frag))
			case distFragCont:
				frames = append(frames, fmt.Sprintf("%d/%d", h.seq, h.frag))
			}
			b = b[4+n:]
		}
		w.finishBatch()
	}
	return frames
}

func TestSmallMessagesOfOthersPassBetweenFragments(t *testing.T) {
	ofA, _ := peers(DefaultFlags)
	w := &NewConn(&sink{}, ofA, Options{}).out
	put := func(from uint32, payload etf.Term) {
		require.NoError(t, w.queueMessage(context.Background(), &RegSend{From: pidA(from), To: "x"}, payload, ignoreLimit))
	}
	put(1, make(etf.Binary, 11*fragmentSize-100))
	put(2, etf.Int(1))
	require.Equal(t, []string{"first 1/11", "small", "1/10", "1/9", "1/8", "1/7", "1/6", "1/5", "1/4", "1/3"},
		order(t, w, 1))
	put(2, etf.Int(2))
	put(1, etf.Int(3)) // waits behind its own
	put(3, make(etf.Binary, 4*fragmentSize-100))
	put(3, etf.Int(4))
	require.Equal(t, []string{"small", "first 2/4", "2/3", "1/2", "2/2", "1/1"}, order(t, w, 1))
	put(2, etf.Int(5))
	require.Equal(t, []string{"small", "small", "2/1", "small"}, order(t, w, 2))
	require.Empty(t, w.queue.streams)
	require.Zero(t, w.queued)
	require.Zero(t, w.streamed)
}

func TestALargeMessageWaitsBehindALargeOneOfTheSameSender(t *testing.T) {
	ofA, _ := peers(DefaultFlags)
	w := &NewConn(&sink{}, ofA, Options{}).out
	big := make(etf.Binary, 2*fragmentSize-100)
	for _, payload := range []etf.Term{big, etf.Int(1), big, etf.Int(2), big, make(etf.Binary, fragmentSize-100)} {
		require.NoError(t, w.queueMessage(context.Background(), &RegSend{From: pidA(1), To: "x"}, payload, ignoreLimit))
	}
	require.Equal(t, []string{"first 1/2", "1/1", "small", "first 2/2", "2/1", "small", "first 3/2", "3/1", "small"},
		order(t, w, 4))
	require.Zero(t, w.queued)
	require.Zero(t, w.streamed)
}

func TestADeathByNameStaysBehindTheLastWordsOfTheProcess(t *testing.T) {
	ofA, _ := peers(DefaultFlags)
	w := &NewConn(&sink{}, ofA, Options{}).out
	put := func(m Message, payload etf.Term) {
		require.NoError(t, w.queueMessage(context.Background(), m, payload, ignoreLimit))
	}
	put(&Send{From: pidA(1), To: pidB(1)}, make(etf.Binary, 2*fragmentSize-100))
	put(&MonitorPExit{From: ByName("x"), To: pidB(1), Ref: refB(1), Sender: pidA(1)}, etf.Atom("normal"))
	put(&GroupLeader{Leader: pidA(3), To: pidB(1), Sender: pidA(1)}, nil)
	put(&MonitorPExit{From: ByName("y"), To: pidB(1), Ref: refB(1)}, etf.Atom("noproc"))
	require.Equal(t, []string{"first 1/2", "small", "1/1", "small", "small"}, order(t, w, 2))
}

// OTP cuts what is larger than 64 kB, so a binary of just that comes in two fragments, of which the second is tiny.
func TestASecondFragmentGetsTheRoomThatItIsLikelyToNeed(t *testing.T) {
	head := frameHead{frag: 2, seq: 1}
	f := fragments{maxBytes: 1 << 30, maxOpen: 1}
	whole := func(second int) (room int) {
		begun(t, &f, head, make([]byte, fragmentSize), nil, false)
		room = cap(f.open[1].body)
		_, part, reason := f.nextFragment(1, 1, second)
		require.Empty(t, reason)
		require.Len(t, part, second)
		return room
	}
	require.Equal(t, fragmentSize+minSecondSize, whole(100))
	require.Equal(t, fragmentSize+minSecondSize, whole(50_000), "then it is copied")
	require.GreaterOrEqual(t, whole(50_001), fragmentSize+50_001)
	require.LessOrEqual(t, whole(fragmentSize), fragmentSize+51_000)
	require.Equal(t, 2*fragmentSize, whole(100))
	require.Equal(t, fragmentSize+minSecondSize, whole(100))
	require.Zero(t, f.bytes)
}
