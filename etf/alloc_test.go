package etf_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
)

func bare(t testing.TB, term etf.Term) []byte {
	t.Helper()
	b, err := (&etf.Encoder{}).Append(nil, term)
	require.NoError(t, err)
	return b
}

// allocs is the number of allocations d needs for b once it knows the atoms.
func allocs(t *testing.T, d *etf.Decoder, b []byte) float64 {
	t.Helper()
	decode := func() {
		if _, _, err := d.Term(b); err != nil {
			t.Fatal(err)
		}
	}
	for range 20 {
		decode()
	}
	return testing.AllocsPerRun(100, decode)
}

func TestEncodingAllocatesNothing(t *testing.T) {
	for _, bt := range benchTerms {
		var e etf.Encoder
		dst := bare(t, bt.term)
		require.Zero(t, testing.AllocsPerRun(5, func() {
			if _, err := e.Append(dst[:0], bt.term); err != nil {
				t.Fatal(err)
			}
		}), bt.name)
	}
}

// One for the message, one for all that makes the From, and one for the request.
func TestACallIsDecodedWithThreeAllocations(t *testing.T) {
	require.Equal(t, 3.0, allocs(t, new(etf.Decoder), bare(t, callTerm())))
}

func TestAtomsSeenBeforeAllocateNothing(t *testing.T) {
	var d etf.Decoder
	for _, a := range []etf.Atom{"ok", "$gen_call", "", "é", etf.Atom(strings.Repeat("x", 64))} {
		require.Zero(t, allocs(t, &d, bare(t, a)), "%s", a)
	}
	require.Zero(t, allocs(t, &d, raw(115, 1, 0xe9)), "latin1")
	d.Atoms = []etf.Term{etf.Atom("from the table")}
	require.Zero(t, allocs(t, &d, raw(82, 0)))
}

func TestSmallAndEmptyTermsAllocateNothing(t *testing.T) {
	for _, term := range []etf.Term{etf.Int(0), etf.Int(255), etf.List{}, etf.Tuple{}, etf.Map{}, etf.Binary{}} {
		require.Zero(t, allocs(t, new(etf.Decoder), bare(t, term)), "%T", term)
	}
}

func TestAStringIsDecodedWithoutAnAllocationForEachCharacter(t *testing.T) {
	require.LessOrEqual(t, allocs(t, new(etf.Decoder), bare(t, etf.Charlist(strings.Repeat("text", 1000)))), 2.0)
}

func TestThreeMapsOfAListTakeOneAllocation(t *testing.T) {
	names := &learning{most: 255}
	b, err := (&etf.Encoder{Atoms: names}).Append(nil, mapsTerm(1000))
	require.NoError(t, err)
	require.LessOrEqual(t, allocs(t, &etf.Decoder{Atoms: names.names, Alias: true}, b), 340.0)
}

func TestReadingAControlMessageInPartsAllocatesNothing(t *testing.T) {
	b := bare(t, etf.Tuple{etf.Int(6), etf.Pid{Node: "a@b", ID: 1}, etf.Atom(""), etf.Atom("echo"), goodRef})
	var d etf.Decoder
	read := func() {
		d.Begin(b)
		d.TupleHeader()
		d.Int()
		d.Pid()
		d.Atom()
		d.Atom()
		d.Ref()
		if _, err := d.End(); err != nil {
			t.Fatal(err)
		}
	}
	for range 20 {
		read()
	}
	require.Zero(t, testing.AllocsPerRun(100, read))
}

func TestTheTableOfAtomsIsBounded(t *testing.T) {
	var d etf.Decoder
	before := liveBytes()
	for i := range 100_000 {
		_, _, err := d.Term(bare(t, etf.Atom(fmt.Sprintf("%060d", i))))
		require.NoError(t, err)
	}
	for i := range 1000 {
		_, _, err := d.Term(bare(t, etf.Atom(fmt.Sprintf("%0250d", i))))
		require.NoError(t, err)
	}
	require.Less(t, liveBytes()-before, int64(200_000))
	runtime.KeepAlive(&d)
}

func liveBytes() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// What is kept of one message must not keep the next ones alive.
func TestATermKeptHoldsNoMemoryOfLaterTerms(t *testing.T) {
	var d etf.Decoder
	small := bare(t, etf.Tuple{etf.Atom("a")})
	large := bare(t, etf.Tuple{etf.Binary(make([]byte, 1<<20))})
	kept, _, err := d.Term(small)
	require.NoError(t, err)
	before := liveBytes()
	for range 50 {
		_, _, err := d.Term(large)
		require.NoError(t, err)
	}
	require.Less(t, liveBytes()-before, int64(100_000))
	runtime.KeepAlive(kept)
	runtime.KeepAlive(&d)
}

// A small part of a large term may be kept without all the rest, whatever the parts are made of.
func TestASmallPartKeptHoldsLittleOfTheRest(t *testing.T) {
	number, text, atom := etf.Int(1000), etf.Binary(strings.Repeat("x", 100)), etf.Atom("atom")
	for _, c := range []struct {
		name  string
		row   etf.Term
		limit int64
	}{
		{"tuple with a list", etf.Tuple{number, text, etf.List{number}}, 20_000},
		{"tuple with a longer list", etf.Tuple{number, text, etf.List{number, number}}, 30_000},
		{"tuple with a string", etf.Tuple{number, text, etf.Charlist("text")}, 30_000},
		{"map with a list", mapOf(atom, number, text, text, number, etf.List{atom, atom, atom}), 30_000},
		{"map with a map", mapOf(atom, number, text, mapOf(atom, number)), 30_000},
		{"list of a tuple of a map", etf.List{atom, etf.Tuple{atom, mapOf(atom, text), number}, number}, 60_000},
	} {
		b := bare(t, repeated(c.row, 10_000))
		var d etf.Decoder
		before := liveBytes()
		whole, _, err := d.Term(b)
		require.NoError(t, err)
		kept := whole.(etf.List)[5000]
		whole = nil
		require.Less(t, liveBytes()-before, c.limit, c.name)
		runtime.KeepAlive(kept)
		runtime.KeepAlive(whole)
		runtime.KeepAlive(b)
	}
}

func repeated(t etf.Term, n int) etf.List {
	l := make(etf.List, n)
	for i := range l {
		l[i] = t
	}
	return l
}
