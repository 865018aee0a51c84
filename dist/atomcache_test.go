package dist

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
)

// refer asks for atoms as a frame does, and returns the index of each, -1 where it is to be written out.
func refer(c *atomCacheOut, atoms ...etf.Atom) []int {
	var indexes []int
	for _, a := range atoms {
		i, ok := c.Ref(a)
		if !ok {
			indexes = append(indexes, -1)
			continue
		}
		indexes = append(indexes, int(i))
	}
	return indexes
}

// tableOf reads the table of a frame back.
func tableOf(t *testing.T, in *atomCacheIn, table []byte) []etf.Term {
	t.Helper()
	atoms, n, reason := in.readTable(append(table, "behind it"...))
	require.Empty(t, reason)
	require.Equal(t, len(table), n)
	return atoms
}

// sameSlot returns two atoms with the same slot.
func sameSlot() (a, b etf.Atom) {
	seen := map[uint16]etf.Atom{}
	for i := 0; ; i++ {
		c := newAtomCacheOut()
		a := etf.Atom(fmt.Sprintf("atom%d", i))
		c.Ref(a)
		if b, ok := seen[c.atoms[0].slot]; ok {
			return a, b
		}
		seen[c.atoms[0].slot] = a
	}
}

func TestAnAtomIsSentOnceAndThenByItsNumber(t *testing.T) {
	c, in := newAtomCacheOut(), new(atomCacheIn)
	require.Equal(t, []int{0, 1, 0}, refer(c, "net_kernel", "é", "net_kernel"))
	first := c.appendTable(nil)
	require.Contains(t, string(first), "net_kernel")
	require.Equal(t, []etf.Term{etf.Atom("net_kernel"), etf.Atom("é")}, tableOf(t, in, first))

	require.Equal(t, []int{0}, refer(c, "net_kernel"))
	second := c.appendTable(nil)
	require.Len(t, second, 3, "count, flags, slot")
	require.Equal(t, []etf.Term{etf.Atom("net_kernel")}, tableOf(t, in, second))

	require.Equal(t, []byte{0}, c.appendTable(nil), "a frame without atoms")
	require.Empty(t, tableOf(t, in, []byte{0}))
}

func TestTheEmptyAtomAndWhatIsNoAtomAreNotCached(t *testing.T) {
	c := newAtomCacheOut()
	require.Equal(t, []int{-1, -1, -1, 0}, refer(c, "", "\xff", etf.Atom(strings.Repeat("é", 256)), "a"))
}

func TestOfTwoAtomsWithOneSlotTheSecondIsWrittenOut(t *testing.T) {
	a, b := sameSlot()
	c, in := newAtomCacheOut(), new(atomCacheIn)
	require.Equal(t, []int{0, -1, 0, -1}, refer(c, a, b, a, b))
	require.Equal(t, []etf.Term{a}, tableOf(t, in, c.appendTable(nil)))
	require.Equal(t, []int{0, -1}, refer(c, b, a), "the new one replaces the old one")
	require.Equal(t, []etf.Term{b}, tableOf(t, in, c.appendTable(nil)))
	require.Equal(t, []int{0}, refer(c, a))
	require.Contains(t, string(c.appendTable(nil)), string(a), "and has to be sent again")
}

func TestAFrameRefersToNoMoreThan255Atoms(t *testing.T) {
	c, in := newAtomCacheOut(), new(atomCacheIn)
	given := 0
	for i := range 5000 {
		a := etf.Atom(fmt.Sprintf("x%d", i))
		if j, ok := c.Ref(a); ok {
			require.Equal(t, given, int(j))
			given++
		}
	}
	require.Equal(t, 255, given)
	require.Len(t, tableOf(t, in, c.appendTable(nil)), 255)
}

func TestAnAtomLongerThan255BytesWidensAllLengths(t *testing.T) {
	long := etf.Atom(strings.Repeat("世", 255))
	for _, atoms := range [][]etf.Atom{{long}, {"short", long}, {"short", long, "other"}} {
		c, in := newAtomCacheOut(), new(atomCacheIn)
		c.hash = func(text string) uint64 { return uint64(text[0]) } // one slot each
		refer(c, atoms...)
		got := tableOf(t, in, c.appendTable(nil))
		for i, a := range atoms {
			require.Equal(t, a, got[i])
		}
		refer(c, atoms...)
		require.Len(t, c.appendTable(nil), 1+len(atoms)/2+1+len(atoms), "what is known has no length")
	}
}

func TestAForgottenFrameLeavesNothingBehind(t *testing.T) {
	c, in := newAtomCacheOut(), new(atomCacheIn)
	refer(c, "kept")
	tableOf(t, in, c.appendTable(nil))
	refer(c, "kept", "lost", etf.Atom(strings.Repeat("世", 255)))
	c.resetFrame()
	require.Equal(t, []int{0, 1}, refer(c, "lost", "kept"))
	require.Equal(t, []etf.Term{etf.Atom("lost"), etf.Atom("kept")}, tableOf(t, in, c.appendTable(nil)))
}

func TestAMessageThatCannotBeEncodedTakesNothingFromTheNext(t *testing.T) {
	ofA, ofB := peers(DefaultFlags)
	w := &NewConn(&sink{}, ofA, Options{}).out
	m := &RegSend{From: pidA(1), To: "server"}
	require.Error(t, w.queueMessage(t.Context(), m, etf.Tuple{etf.Atom("fresh"), nil}, ignoreLimit))
	require.False(t, w.queue.waits())
	require.NoError(t, w.queueMessage(t.Context(), m, etf.Tuple{etf.Atom("fresh"), etf.Atom("more")}, ignoreLimit))
	wire := w.queue.small
	h := newRecorder()
	_ = NewConn(&sink{in: wire, left: len(wire)}, ofB, Options{}).Serve(h)
	require.Equal(t, []received{{m, etf.Tuple{etf.Atom("fresh"), etf.Atom("more")}}}, h.got)
}

// Atoms that come and go over the whole cache, in frames of all sizes, some of them never sent.
func TestBothCachesStayTheSame(t *testing.T) {
	c, in := newAtomCacheOut(), new(atomCacheIn)
	random := rand.New(rand.NewPCG(1, 2))
	pool := make([]etf.Atom, 5000)
	for i := range pool {
		pool[i] = etf.Atom(fmt.Sprintf("%d_%s", i, strings.Repeat("long", i%100)))
	}
	for range 2000 {
		want := map[uint8]etf.Atom{}
		for range random.IntN(400) {
			a := pool[random.IntN(len(pool))]
			if random.IntN(2) == 0 {
				a = etf.Atom(strings.Clone(string(a)))
			}
			if i, ok := c.Ref(a); ok {
				if old, there := want[i]; there {
					require.Equal(t, old, a)
				}
				want[i] = a
			}
		}
		if random.IntN(5) == 0 {
			c.resetFrame()
			continue
		}
		got := tableOf(t, in, c.appendTable(nil))
		require.Len(t, got, len(want))
		for i, a := range want {
			require.Equal(t, a, got[i])
		}
	}
}

func TestTheFrameCountMayWrap(t *testing.T) {
	c := newAtomCacheOut()
	c.gen = 1<<32 - 1
	refer(c, "a", "b")
	c.resetFrame()
	require.EqualValues(t, 1, c.gen)
	require.Equal(t, []int{0, 1}, refer(c, "b", "a"))
}

func TestABadTableIsRefused(t *testing.T) {
	for name, row := range map[string]struct{ table, reason string }{
		"nothing":        {"", endsInHeader},
		"no flags":       {"\x01", endsInHeader},
		"no index":       {"\x01\x08", endsInHeader},
		"no length":      {"\x01\x08\x07", endsInHeader},
		"no long length": {"\x01\x18\x07\x00", endsInHeader},
		"text cut":       {"\x01\x08\x07\x05abcd", endsInHeader},
		"long text cut":  {"\x01\x18\x07\x01\x00abcd", endsInHeader},
		"second missing": {"\x02\x88\x00\x07\x01a", endsInHeader},
		"empty slot":     {"\x01\x00\x07", "a reference to an empty slot of the atom cache"},
		"not UTF-8":      {"\x01\x08\x07\x01\xff", "the text of an atom that is too long or not UTF-8"},
		"more than 255 letters": {"\x01\x18\x07\x01\x00" + strings.Repeat("a", 256),
			"the text of an atom that is too long or not UTF-8"},
	} {
		_, _, reason := new(atomCacheIn).readTable([]byte(row.table))
		require.Equal(t, row.reason, reason, name)
	}
}

// The example of the reference: two new atoms, in segments 4 and 1.
func TestATableOfOTPIsRead(t *testing.T) {
	in := new(atomCacheIn)
	atoms, n, reason := in.readTable([]byte("\x02\x9c\x00\x08\x0fother@localhost\xca\x0anet_kernel"))
	require.Empty(t, reason)
	require.Equal(t, 32, n)
	require.Equal(t, []etf.Term{etf.Atom("other@localhost"), etf.Atom("net_kernel")}, atoms)
	require.Equal(t, etf.Atom("other@localhost"), in.slots[4<<8|8])
	require.Equal(t, etf.Atom("net_kernel"), in.slots[1<<8|0xca])
	atoms, _, reason = in.readTable([]byte("\x02\x9c\x00\x08\x04abcd\xca\x0anet_kernel"))
	require.Empty(t, reason)
	require.Equal(t, etf.Atom("abcd"), atoms[0], "new replaces old")
}
