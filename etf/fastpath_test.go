package etf_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
)

// learning is a table that takes every atom that comes until it is full.
type learning struct {
	names []etf.Term
	most  int
}

func (l *learning) Ref(a etf.Atom) (uint8, bool) {
	for i, name := range l.names {
		if name == etf.Term(a) {
			return uint8(i), true
		}
	}
	if len(l.names) == l.most {
		return 0, false
	}
	l.names = append(l.names, a)
	return uint8(len(l.names) - 1), true
}

// ab is the table {a, b, a}.
var ab = []etf.Term{etf.Atom("a"), etf.Atom("b"), etf.Atom("a")}

const (
	refA = "\x52\x00"
	refB = "\x52\x01"
)

// table is a list of maps with the same keys, of every kind of value, with others in between.
func table(rows int) etf.List {
	values := []etf.Term{
		etf.Atom("x"), etf.Int(0), etf.Int(255), etf.Int(256), etf.Int(-1), etf.Int(math.MaxInt32), etf.Int(math.MinInt32),
		etf.Int(math.MaxInt32 + 1), etf.Int(math.MinInt64), etf.NewBigInt(pow2(70, 1)),
		etf.Float(0), etf.Float(math.MaxFloat64), etf.Float(math.Copysign(0, -1)),
		etf.Binary{}, etf.Binary("b"), etf.Binary(strings.Repeat("b", 255)), etf.Binary(strings.Repeat("b", 300)),
		etf.List{}, etf.List{etf.Atom("x"), etf.Int(1), etf.Atom("y")}, etf.Tuple{}, etf.Map{},
		mapOf(etf.Atom("b"), etf.Int(1), etf.Atom("a"), etf.Int(2)),
		mapOf(etf.Atom("a"), mapOf(etf.Atom("b"), etf.Atom("x"))),
		etf.Atom(""), etf.Atom(strings.Repeat("é", 200)), etf.Pid{Node: "a@b", ID: 1}, etf.Charlist("text"),
	}
	l := make(etf.List, 0, rows)
	for i := range rows {
		v := func(n int) etf.Term { return values[(i*n+i/len(values))%len(values)] }
		row := mapOf(etf.Atom("a"), v(1), etf.Atom("b"), v(2), etf.Atom("c"), v(3), etf.Atom("d"), v(5))
		if i%10 == 9 {
			row = mapOf(etf.Atom("b"), v(1), etf.Atom("a"), v(2), etf.Int(1), v(3))
		}
		l = append(l, row)
	}
	return l
}

func TestMapsOfTheSameKeysComeThroughTheTableOfAtoms(t *testing.T) {
	for _, most := range []int{0, 1, 3, 5, 255} {
		names := &learning{most: most}
		e, d := etf.Encoder{Atoms: names}, etf.Decoder{}
		for round := range 3 {
			names.names = nil
			want := table(300 + round)
			b, err := e.Append(nil, want)
			require.NoError(t, err)
			for _, alias := range []bool{false, true} {
				d.Atoms, d.Alias = append(names.names, etf.Atom("of another frame")), alias
				got, n, err := d.Term(b)
				require.NoError(t, err)
				require.Equal(t, len(b), n)
				require.Equal(t, bare(t, want), bare(t, got), "table of %d", most)
			}
		}
	}
}

// The index of an atom is another one in each frame.
func TestNothingOfTheTableOfOneFrameIsUsedInTheNext(t *testing.T) {
	want := table(20)
	e, d := etf.Encoder{}, etf.Decoder{}
	for i := range 5 {
		names := &learning{most: 255}
		for j := range i {
			names.names = append(names.names, etf.Atom(fmt.Sprint("other", j)))
		}
		e.Atoms = names
		b, err := e.Append(nil, want)
		require.NoError(t, err)
		d.Atoms = names.names
		got, _, err := d.Term(b)
		require.NoError(t, err)
		require.Equal(t, bare(t, want), bare(t, got))

		e.Atoms = nil
		b, err = e.Append(nil, want)
		require.NoError(t, err)
		require.Equal(t, bare(t, want), b, "without a table")
	}
}

func TestEqualKeysAreFoundBehindMapsOfOtherKeys(t *testing.T) {
	good := raw(116, uint32(2), refA, 97, 1, refB, 97, 2)
	inner := raw(116, uint32(2), refB, 97, 1, refA, 97, 2)
	for name, bad := range map[string][]byte{
		"the same reference":  raw(116, uint32(2), refA, 97, 1, refA, 97, 2),
		"two of one atom":     raw(116, uint32(2), refA, 97, 1, 82, 2, 97, 2),
		"reference and text":  raw(116, uint32(2), refA, 97, 1, 119, 1, "a", 97, 2),
		"a map in between":    raw(116, uint32(2), refA, inner, refA, 97, 2),
		"around the same map": raw(116, uint32(2), refA, good, refA, good),
	} {
		d := etf.Decoder{Atoms: ab}
		term, _, err := d.Term(raw(108, uint32(3), good, good, inner, good[:0], 106))
		require.NoError(t, err)
		require.Len(t, term, 3)
		b := raw(108, uint32(3), good, good, bad, 106, strings.Repeat(" ", 20))
		_, _, err = d.Term(b)
		var e *etf.DecodeError
		require.ErrorAs(t, err, &e, name)
		require.ErrorIs(t, e.Kind, etf.ErrMalformed)
		require.Equal(t, "a map with two equal keys", e.Detail, name)
		require.Equal(t, 5+2*len(good), e.Offset, name)
	}
}

func TestEqualKeysAreNotEncodedBehindMapsOfOtherKeys(t *testing.T) {
	a, b := etf.Atom("a"), etf.Atom("b")
	good, inner := mapOf(a, etf.Int(1), b, etf.Int(2)), mapOf(b, etf.Int(1), a, etf.Int(2))
	for _, bad := range []etf.Map{
		mapOf(a, etf.Int(1), a, etf.Int(2)),
		mapOf(a, etf.Int(1), etf.Atom(strings.Clone("a")), etf.Int(2)),
		mapOf(a, inner, a, etf.Int(2)),
		mapOf(a, good, a, good),
	} {
		for most := range 3 {
			e := etf.Encoder{Atoms: &learning{most: most}}
			_, err := e.Append(make([]byte, 0, 1000), etf.List{good, good, inner, bad})
			require.ErrorContains(t, err, "a map in which the keys of pairs 1 and 2 are equal")
		}
	}
}

// What is wrong behind pairs that are read without a call is reported as it is anywhere else.
func TestWhatIsWrongInALaterMapIsReportedWithItsPlace(t *testing.T) {
	good := raw(116, uint32(2), refA, 98, uint32(1000), refB, 70, math.Float64bits(1.5), 116, uint32(2), refA, 109,
		uint32(1), "x", refB, refA)
	at := 5 + len(good)
	for _, c := range []struct {
		name   string
		value  []byte
		kind   error
		offset int
		tag    byte
	}{
		{"no such atom", raw(82, 3), etf.ErrMalformed, 7, 82},
		{"infinite", raw(70, math.Float64bits(math.Inf(1))), etf.ErrMalformed, 7, 70},
		{"no number", raw(70, math.Float64bits(math.NaN())), etf.ErrMalformed, 7, 70},
		{"binary too long", raw(109, uint32(1000), "x"), etf.ErrTruncated, 7, 109},
		{"binary much too long", raw(109, uint32(math.MaxUint32), "x"), etf.ErrTruncated, 7, 109},
		{"unknown tag", raw(1), etf.ErrMalformed, 7, 1},
		{"no such key", raw(97, 1, 82, 9), etf.ErrMalformed, 9, 82},
	} {
		b := raw(108, uint32(3), good, 116, uint32(2), refA, c.value, refB, 97, 1, 106, strings.Repeat(" ", 30))
		d := etf.Decoder{Atoms: ab, Alias: true}
		_, _, err := d.Term(b)
		var e *etf.DecodeError
		require.ErrorAs(t, err, &e, c.name)
		require.Equal(t, []any{c.kind, at + c.offset, c.tag}, []any{e.Kind, e.Offset, e.Tag}, c.name)
	}
}

// Wherever the input ends, it is too short, and says so.
func TestMapsOfTheSameKeysMayEndAnywhere(t *testing.T) {
	names := &learning{most: 255}
	e := etf.Encoder{Atoms: names}
	b, err := e.Append(nil, table(30))
	require.NoError(t, err)
	d := etf.Decoder{Atoms: names.names, Alias: true}
	for n := range b {
		_, _, err := d.Term(b[:n:n])
		if !errors.Is(err, etf.ErrTruncated) {
			t.Fatalf("%d of %d bytes: %v", n, len(b), err)
		}
	}
}

func TestAnErrorInALaterMapNamesItsPlace(t *testing.T) {
	a, b := etf.Atom("a"), etf.Atom("b")
	for _, bad := range []etf.Term{nil, etf.Float(math.NaN()), etf.Float(math.Inf(-1)), etf.Atom("\xff"),
		etf.Atom(strings.Repeat("x", 300))} {
		e := etf.Encoder{Atoms: atomCache{"a": 0, "b": 1}}
		_, err := e.Append(make([]byte, 0, 1000), etf.List{mapOf(a, etf.Int(1), b, etf.Int(1)), mapOf(a, etf.Int(1), b, bad)})
		require.ErrorContains(t, err, "[2]#{b}")
	}
}

func TestBinariesOfMapsStandApartWhateverTheLimit(t *testing.T) {
	row := mapOf(etf.Atom("a"), etf.Binary("12345"), etf.Atom("b"), etf.Binary("1234567"))
	e := etf.Encoder{Atoms: atomCache{"a": 0, "b": 1}, Apart: 7}
	_, err := e.Append(make([]byte, 0, 1000), etf.List{row, row, row})
	require.NoError(t, err)
	require.Len(t, e.Parts, 3)
}
