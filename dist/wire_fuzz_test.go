package dist

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
)

// tight are limits under which a fuzzer finds what exceeds them, and tiny are some that nearly everything exceeds.
var (
	tight = Options{MaxMessage: 1 << 16, MaxSequences: 8, Limits: etf.Limits{Depth: 100, Elements: 10_000},
		Refused: lookAt}
	tiny = Options{MaxMessage: 60, MaxSequences: 1, Limits: etf.Limits{Depth: 2, Elements: 5}, Refused: lookAt}
)

// lookAt reads all that there is of a message that is refused.
func lookAt(m Message, why *Refusal) error {
	_ = fmt.Sprint(m, why)
	return nil
}

// harmless checks that reading wire ends in one of the ways in which it may end.
func harmless(t *testing.T, flags Flags, wire []byte, o Options) []received {
	got, err := decodeAll(flags, wire, o)
	var bad *ProtocolError
	if !errors.As(err, &bad) && !errors.Is(err, ErrPeerClosed) {
		t.Fatal(err)
	}
	return got
}

// FuzzControl reads control messages; what is read, written again, is read as the same.
func FuzzControl(f *testing.F) {
	for _, row := range wellFormed() {
		f.Add(framed(f, row)[5:])
	}
	for _, m := range everyMessage() {
		wire, err := encodeAll(plain, etf.Int(1), m)
		require.NoError(f, err)
		f.Add(wire[6:])
	}
	_, ofB := peers(plain)
	ofA := &Peer{Name: nodeB, Creation: 2, Negotiated: plain, Local: nodeA, LocalCreation: 1}
	f.Fuzz(func(t *testing.T, b []byte) {
		r := controlReader{dec: &etf.Decoder{Limits: tight.Limits}, peer: ofB}
		m, reason, n, _, err := r.read(b)
		if err != nil {
			return
		}
		require.LessOrEqual(t, n, len(b))
		first := clone(m)
		if reason == nil && m.HasPayload() {
			reason = etf.Int(1)
		}
		var e encoder
		e.init(ofA)
		frame, failed := e.encodeMessage(first, reason, false)
		var refused *SendError
		if errors.As(failed, &refused) {
			return // what may be read from any node may be more than we send
		}
		require.NoError(t, failed)
		again, _, _, _, err := r.read(frame.buf[headRoom+1:])
		require.Nil(t, err)
		if p, ok := first.(*UnlinkID); ok && p.ID == 0 {
			return
		}
		if p, ok := first.(*SpawnRequest); ok && p.Opts == nil {
			return
		}
		if p, ok := first.(*MonitorPExit); ok {
			require.Equal(t, p.Ref, again.(*MonitorPExit).Ref)
			return
		}
		require.Equal(t, first, clone(again))
	})
}

// FuzzAtomTable reads two tables one after the other into a cache.
func FuzzAtomTable(f *testing.F) {
	c := newAtomCacheOut()
	refer(c, "net_kernel", "é", "a")
	f.Add(c.appendTable(nil), []byte("\x02\x9c\x00\x08\x04abcd\xca\x0anet_kernel"))
	f.Add([]byte{0}, []byte("\x01\x18\x07\x00\x01a"))
	f.Fuzz(func(t *testing.T, one, two []byte) {
		in := new(atomCacheIn)
		for _, b := range [][]byte{one, two} {
			atoms, n, reason := in.readTable(b)
			require.LessOrEqual(t, n, len(b))
			for _, a := range atoms {
				if _, ok := a.(etf.Atom); !ok && reason == "" {
					t.Fatal("not an atom")
				}
			}
		}
	})
}

// FuzzFragments puts sequences together from pieces the fuzzer orders: each byte of plan is a frame.
func FuzzFragments(f *testing.F) {
	var frames [][]byte
	for seq := range uint64(3) {
		frames = append(frames, fragmented(f, seq+1, 9000, &RegSend{From: pidA(uint32(seq)), To: "x"},
			make(etf.Binary, 20_000))...)
	}
	f.Add([]byte{0, 3, 1, 4, 2, 5, 6, 7, 8})
	f.Add([]byte{0, 1, 2, 0, 1, 2})
	f.Fuzz(func(t *testing.T, plan []byte) {
		var wire []byte
		for _, i := range plan[:min(len(plan), 40)] {
			wire = append(wire, frames[int(i)%len(frames)]...)
		}
		for _, r := range harmless(t, DefaultFlags, wire, tight) {
			require.Len(t, r.payload, 20_000)
		}
	})
}

// FuzzStream reads whatever comes, in each form of frames.
func FuzzStream(f *testing.F) {
	for _, flags := range everyForm {
		var all []byte
		for _, m := range everyMessage() {
			if wire, err := encodeAll(flags, mapsTerm(2), m); err == nil {
				all = append(all, wire...)
				f.Add(wire)
			}
		}
		f.Add(all)
	}
	f.Add(joined(fragmented(f, 1, 9000, &RegSend{From: pidA(1), To: "x"}, make(etf.Binary, 20_000))...))
	f.Fuzz(func(t *testing.T, wire []byte) {
		for _, o := range []Options{tight, tiny} {
			harmless(t, DefaultFlags, wire, o)
			harmless(t, plain, wire, o)
		}
	})
}
