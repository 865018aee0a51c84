package etf_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
)

// What stands in the place of From has a way of its own through the decoder; whatever it is, it comes out as it would
// anywhere else, and fails as it would.
func TestTheFromOfACallIsReadLikeAnyTerm(t *testing.T) {
	pid := etf.Pid{Node: "a@b", ID: 1, Serial: 2, Creation: 3}
	ref := etf.Ref{Node: "a@b", Creation: 1, Len: 3, Words: [etf.MaxRefWords]uint32{7, 8, 9}}
	alias := etf.ImproperList{Elems: []etf.Term{etf.Atom("alias")}, Tail: ref}
	for _, from := range []etf.Term{
		etf.Tuple{pid, ref}, etf.Tuple{pid, alias}, etf.Tuple{pid, etf.ImproperList{Elems: []etf.Term{alias}, Tail: ref}},
		etf.Tuple{pid, etf.List{etf.Atom("alias"), ref}}, etf.Tuple{pid, etf.List{ref}}, etf.Tuple{pid, etf.List{alias, ref}},
		etf.Tuple{pid, etf.ImproperList{Elems: []etf.Term{etf.Int(1)}, Tail: etf.Int(2)}}, etf.Tuple{pid, etf.Atom("tag")},
		etf.Tuple{pid, etf.ImproperList{Elems: []etf.Term{etf.Int(1), etf.Int(2)}, Tail: ref}}, etf.Tuple{pid, etf.List{}},
		etf.Tuple{pid, pid}, etf.Tuple{ref, pid}, etf.Tuple{pid}, etf.Tuple{pid, ref, ref}, etf.Atom("x"), etf.List{pid},
		etf.Tuple{},
	} {
		for _, request := range []etf.Term{etf.Int(1), make(etf.Binary, 1000)} {
			want := etf.Tuple{etf.Atom("$gen_call"), from, request}
			b := bare(t, want)
			var d etf.Decoder
			got, n, err := d.Term(b)
			require.NoError(t, err)
			require.Equal(t, len(b), n)
			require.Equal(t, etf.Term(want), got)
			for cut := range min(len(b), 100) {
				_, _, err := d.Term(b[:cut])
				require.ErrorIs(t, err, etf.ErrTruncated)
			}
			limited := etf.Decoder{Limits: etf.Limits{Depth: 2}}
			_, _, err = limited.Term(b)
			other := etf.Decoder{Limits: etf.Limits{Depth: 2}}
			_, _, same := other.Term(bare(t, etf.Tuple{etf.Atom("$gen_cast"), from, request}))
			require.Equal(t, same == nil, err == nil, "%v", from)
			for elements := range 12 {
				limited.Limits, other.Limits = etf.Limits{Elements: elements + 1}, etf.Limits{Elements: elements + 1}
				_, _, err = limited.Term(b)
				_, _, same = other.Term(bare(t, etf.Tuple{etf.Atom("$gen_cast"), from, request}))
				require.Equal(t, same == nil, err == nil, "%v with %d elements", from, elements+1)
			}
		}
	}
	// Pieces of lists, which no encoder writes: [alias|[alias|Ref]].
	pieces := append(raw(104, 3), bare(t, etf.Atom("$gen_call"))...)
	pieces = append(append(pieces, 104, 2), bare(t, pid)...)
	for range 2 {
		pieces = append(append(pieces, 108, 0, 0, 0, 1), bare(t, etf.Atom("alias"))...)
	}
	pieces = append(append(pieces, bare(t, ref)...), bare(t, etf.Int(1))...)
	got, _, err := new(etf.Decoder).Term(pieces)
	require.NoError(t, err)
	require.Equal(t, etf.Term(etf.Tuple{etf.Atom("$gen_call"),
		etf.Tuple{pid, etf.ImproperList{Elems: []etf.Term{etf.Atom("alias"), etf.Atom("alias")}, Tail: ref}}, etf.Int(1)}),
		got)
}

// Old releases write pids and references with other tags.
func TestTheFromOfAnOldCallIsReadToo(t *testing.T) {
	node := bare(t, etf.Atom("a@b"))
	b := append(raw(104, 3), bare(t, etf.Atom("$gen_call"))...)
	b = append(append(b, 104, 2, 103), node...)
	b = append(append(b, 0, 0, 0, 5, 0, 0, 0, 0, 1, 114, 0, 1), node...)
	b = append(append(b, 1, 0, 0, 0, 9), bare(t, etf.Int(1))...)
	got, _, err := new(etf.Decoder).Term(b)
	require.NoError(t, err)
	require.Equal(t, etf.Term(etf.Tuple{etf.Atom("$gen_call"), etf.Tuple{etf.Pid{Node: "a@b", ID: 5, Creation: 1},
		etf.Ref{Node: "a@b", Creation: 1, Len: 1, Words: [etf.MaxRefWords]uint32{9}}}, etf.Int(1)}), got)
}

func TestSmallTuplesAndListsOfAllSizes(t *testing.T) {
	for n := range 8 {
		elems := make([]etf.Term, n)
		for i := range elems {
			elems[i] = etf.Int(i)
		}
		for _, term := range []etf.Term{etf.Tuple(elems), etf.NewList(elems, etf.Atom("tail")),
			etf.NewList(elems, etf.List{etf.Atom("x")})} {
			got, _, err := new(etf.Decoder).Term(bare(t, etf.Tuple{term, term}))
			require.NoError(t, err)
			require.Equal(t, etf.Term(etf.Tuple{term, term}), got)
		}
	}
}
