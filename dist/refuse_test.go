package dist

import (
	"context"
	"encoding/binary"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
)

// refusal is what the hook of Options has heard.
type refusal struct {
	m Message
	Refusal
}

// withRefusals decodes what is on the wire and returns what was refused as well.
func withRefusals(t *testing.T, flags Flags, wire []byte, o Options) (got []received, refused []refusal, err error) {
	t.Helper()
	o.Refused = func(m Message, why *Refusal) error {
		switch s := m.(type) { // m is used again
		case *RegSend:
			c := *s
			m = &c
		case *Exit:
			c := *s
			m = &c
		}
		refused = append(refused, refusal{m, *why})
		return nil
	}
	got, err = decodeAll(flags, wire, o)
	return got, refused, err
}

func call(from uint32, request etf.Term) etf.Term {
	tag := etf.NewList([]etf.Term{etf.Atom("alias")}, refA(9))
	return etf.Tuple{etf.Atom("$gen_call"), etf.Tuple{pidA(from), tag}, request}
}

func TestAMessageOverALimitIsPassedOverAlone(t *testing.T) {
	small := &RegSend{From: pidA(1), To: "server"}
	large := &RegSend{From: pidA(2), To: "fresh_name"}
	whole := DefaultFlags &^ FlagFragments
	for _, flags := range []Flags{DefaultFlags, whole, whole &^ FlagDistHdrAtomCache} {
		for _, size := range []int{3000, 60_000, 2_000_000} {
			payload := call(2, etf.Tuple{etf.Atom("fresh_atom"), make(etf.Binary, size)})
			// What comes behind needs the atoms that the refused message brought along.
			next := call(3, etf.Atom("fresh_atom"))
			wire, err := encodeEach(flags, []Message{small, large, large}, []etf.Term{etf.Int(1), payload, next})
			require.NoError(t, err)
			got, refused, err := withRefusals(t, flags, wire, Options{MaxMessage: 2000})
			require.ErrorIs(t, err, ErrPeerClosed)
			require.Equal(t, []received{{small, etf.Int(1)}, {large, next}}, got)
			require.Len(t, refused, 1)
			require.Equal(t, large, refused[0].m)
			require.Equal(t, OpRegSend, refused[0].Op)
			require.Equal(t, []etf.Term(payload.(etf.Tuple)[:2]), refused[0].Head)
			require.Contains(t, refused[0].Reason, "MaxMessage, 2000 bytes")
			require.Greater(t, refused[0].Size, uint64(2000))
		}
	}
}

// encodeEach is encodeAll with a payload for each message.
func encodeEach(flags Flags, all []Message, payloads []etf.Term) (wire []byte, err error) {
	ofA, _ := peers(flags)
	w := &NewConn(&sink{}, ofA, Options{}).out
	for i, m := range all {
		if err := w.queueMessage(context.Background(), m, payloads[i], ignoreLimit); err != nil {
			return nil, err
		}
		for w.queue.waits() {
			w.queue.fillBatch(&w.batch)
			wire = append(wire, joined(w.batch.bufs...)...)
			w.finishBatch()
		}
	}
	return wire, nil
}

func TestATermOverALimitIsPassedOverAlone(t *testing.T) {
	m := &RegSend{From: pidA(1), To: "server"}
	deep := etf.List{etf.List{etf.List{etf.List{etf.List{}}}}}
	for _, payload := range []etf.Term{call(1, etf.List{}), call(1, deep)} {
		wide := append(payload.(etf.Tuple)[2].(etf.List), make([]etf.Term, 200)...)
		for i := range wide {
			if wide[i] == nil {
				wide[i] = etf.Int(i + 1000)
			}
		}
		payload.(etf.Tuple)[2] = wide
		wire, err := encodeAll(DefaultFlags, payload, m)
		require.NoError(t, err)
		for _, limits := range []etf.Limits{{Elements: 100}, {Depth: 1}} {
			got, refused, err := withRefusals(t, DefaultFlags, joined(wire, wire), Options{Limits: limits})
			require.ErrorIs(t, err, ErrPeerClosed)
			require.Empty(t, got)
			require.Len(t, refused, 2)
			if limits.Elements > 0 {
				require.Equal(t, []etf.Term(payload.(etf.Tuple)[:2]), refused[0].Head)
			}
			require.Contains(t, refused[0].Reason, "limit exceeded")
		}
	}
}

// Without FlagExitPayload the reason is a part of the control message.
func TestAReasonOverALimitLeavesTheRestOfItsSignal(t *testing.T) {
	flags := DefaultFlags &^ (FlagExitPayload | FlagFragments)
	m := &Exit{From: pidA(1), To: pidB(2)}
	wire, err := encodeAll(flags, make(etf.Binary, 3_000_000), m)
	require.NoError(t, err)
	_, refused, err := withRefusals(t, flags, wire, Options{MaxMessage: 1 << 20})
	require.ErrorIs(t, err, ErrPeerClosed)
	require.Len(t, refused, 1)
	require.Equal(t, m, refused[0].m)
	wire, err = encodeAll(flags, etf.List{etf.Int(1000), etf.Int(2000), etf.Int(3000)}, m)
	require.NoError(t, err)
	_, refused, err = withRefusals(t, flags, wire, Options{Limits: etf.Limits{Elements: 6}})
	require.ErrorIs(t, err, ErrPeerClosed)
	require.Len(t, refused, 1)
	require.Equal(t, m, refused[0].m)
}

func TestOfManyMessagesInFragmentsThoseThatAreTooManyAreRefusedAlone(t *testing.T) {
	m := &RegSend{From: pidA(1), To: "server"}
	for _, size := range []int{100, 9000} {
		a := fragmented(t, 1, size, m, call(2, make(etf.Binary, 3*size)))
		b := fragmented(t, 2, size, m, call(1, make(etf.Binary, 3*size)))
		for name, o := range map[string]Options{"bytes": {MaxMessage: 5 * size}, "number": {MaxSequences: 1}} {
			wire := joined(a[0], b[0], a[1], a[2], b[1], a[3], b[2], b[3], a[0], a[1], a[2], a[3])
			got, refused, err := withRefusals(t, DefaultFlags, wire, o)
			require.ErrorIs(t, err, ErrPeerClosed, name)
			require.Len(t, got, 2, name)
			require.Len(t, refused, 1, name)
			require.Equal(t, m, refused[0].m)
			if size > 1000 {
				require.Len(t, refused[0].Head, 2)
			}
		}
	}
	f := fragmented(t, 7, 100, m, make(etf.Binary, 3000))
	for _, wire := range [][]byte{joined(f[0], f[1], f[3]), joined(f[0], f[1], f[2], f[3], f[0]), f[1]} {
		_, _, err := withRefusals(t, DefaultFlags, wire, Options{MaxMessage: 250})
		require.ErrorAs(t, err, new(*ProtocolError), "what is refused has to be in order, too")
	}
}

func TestAFrameThatIsTooLargeAndMalformedClosesTheConnection(t *testing.T) {
	for _, head := range [][]byte{
		{1, 2, 3}, {131, 99}, {131, 68, 1, 8}, {131, 68, 0, 97}, {131, 70}, {131, 68, 0, 104, 2, 97, 99, 97, 1},
	} {
		wire := append([]byte{0, 0, 0x10, 0}, head...)
		wire = append(wire, make([]byte, 4096-len(head))...)
		_, _, err := withRefusals(t, DefaultFlags, wire, Options{MaxMessage: 1000})
		require.ErrorAs(t, err, new(*ProtocolError), "% x", head)
	}
}

func TestPassingOverTakesLittleMemory(t *testing.T) {
	m := &RegSend{From: pidA(1), To: "server"}
	wire, err := encodeAll(DefaultFlags&^FlagFragments, make(etf.Binary, 64<<20), m)
	require.NoError(t, err)
	before := allocated()
	_, refused, err := withRefusals(t, DefaultFlags&^FlagFragments, wire, Options{MaxMessage: 1 << 20})
	require.ErrorIs(t, err, ErrPeerClosed)
	require.Len(t, refused, 1)
	require.Less(t, allocated()-before, uint64(2<<20))
}

func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

func TestPuttingFragmentsTogetherCopiesABoundedNumberOfTimesWhateverTheirSizes(t *testing.T) {
	const size = 4 << 20
	m := &RegSend{From: pidA(1), To: "server"}
	whole := fragmented(t, 1, 2*size, m, make(etf.Binary, size))[0]
	table := fragHeadSize + lengthSize
	body := whole[table+len(tableIn(whole[table:])):]
	for name, next := range map[string]func(i int) int{
		"a small one first":  func(i int) int { return min(1000, 60+1000*i) },
		"ever larger":        func(i int) int { return 60 + i },
		"a large one first":  func(i int) int { return max(1000, size-size*i) },
		"small and large":    func(i int) int { return 60 + i%2*3000 },
		"two sizes in turns": func(i int) int { return 60 + 940*(i/100%2) },
	} {
		var parts [][]byte
		for rest := body; len(rest) > 0; {
			n := min(next(len(parts)), len(rest))
			parts, rest = append(parts, rest[:n]), rest[n:]
		}
		wire := joined(framesOf(1, tableIn(whole[table:]), parts)...)
		before := allocated()
		got, err := decodeAll(DefaultFlags, wire, Options{})
		require.ErrorIs(t, err, ErrPeerClosed)
		require.Len(t, got, 1)
		require.Len(t, got[0].payload, size)
		require.Less(t, allocated()-before, uint64(10*size), name)
	}
}

// tableIn is the atom table that b begins with.
func tableIn(b []byte) []byte {
	_, n, _ := new(atomCacheIn).readTable(b)
	return b[:n]
}

func TestWhatPendsTakesLittleMoreMemoryThanItHasBytes(t *testing.T) {
	ofA, _ := peers(DefaultFlags)
	w := &NewConn(&sink{}, ofA, Options{}).out
	for _, size := range []int{10, 900, 15_000, 30_000} {
		heap := func() uint64 {
			runtime.GC()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			return m.HeapAlloc
		}
		payload := etf.Term(make(etf.Binary, size))
		m := &Send{From: pidA(1), To: pidB(1)}
		before, taken := heap(), allocated()
		frames := 0
		for w.queued < 32<<20 {
			require.NoError(t, w.queueMessage(t.Context(), m, payload, ignoreLimit))
			frames++
		}
		bytes := uint64(w.queued)
		require.Less(t, int64(heap()-before), int64(bytes+bytes/8+2<<20), size)
		require.Less(t, allocated()-taken, bytes+bytes/4+4<<20, "%d: and is never copied", size)
		for w.queue.waits() {
			w.queue.fillBatch(&w.batch)
			require.LessOrEqual(t, w.batch.queued, batchBytes+chunkSize+1<<16, "and goes away bit by bit")
			for b := joined(w.batch.bufs...); len(b) > 0; frames-- {
				b = b[4+binary.BigEndian.Uint32(b):]
			}
			w.finishBatch()
		}
		require.Zero(t, frames)
		require.Zero(t, w.queued)
	}
}

func (q *outQueue) waits() bool {
	return q.taken < len(q.ready) || len(q.small) > 0 || len(q.streams) > 0
}
