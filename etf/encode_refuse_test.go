package etf_test

import (
	"math"
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
)

var goodRef = etf.Ref{Node: "a@b", Creation: 1, Len: 3, Words: [etf.MaxRefWords]uint32{1, 2, 3}}

func goodFun() *etf.Fun {
	return &etf.Fun{Arity: 1, Module: "m", OldIndex: etf.Int(0), OldUniq: etf.Int(5), Pid: etf.Pid{Node: "a@b", ID: 1},
		Free: []etf.Term{etf.Int(1)}}
}

func badFun(change func(*etf.Fun)) etf.Term {
	f := goodFun()
	change(f)
	return f
}

func loop() etf.Term {
	t := etf.Tuple{nil}
	t[0] = t
	return t
}

// Values of type Term that are no terms, with what the error says about the place and the reason.
var unencodable = []struct {
	name   string
	term   etf.Term
	path   string
	detail string
}{
	{"nil", nil, "", "nil instead of a term"},
	{"nil BigInt", (*etf.BigInt)(nil), "", "a nil *BigInt"},
	{"nil Fun", (*etf.Fun)(nil), "", "a nil *Fun"},
	{"nil Record", (*etf.Record)(nil), "", "a nil *Record"},
	{"NaN", etf.Float(math.NaN()), "", "NaN is not an Erlang float"},
	{"infinity", etf.Float(math.Inf(1)), "", "+Inf is not an Erlang float"},
	{"minus infinity", etf.Float(math.Inf(-1)), "", "-Inf is not an Erlang float"},
	{"long atom", etf.Atom(strings.Repeat("a", 256)), "", "an atom of more than 255 characters"},
	{"long wide atom", etf.Atom(strings.Repeat("😀", 256)), "", "an atom of more than 255 characters"},
	{"huge atom", etf.Atom(strings.Repeat("a", 70_000)), "", "an atom of more than 255 characters"},
	{"atom that is not UTF-8", etf.Atom("\xff"), "", "an atom that is not valid UTF-8"},
	{"bitstring of whole bytes", etf.Bitstring{Data: []byte{1}, Bits: 8}, "",
		"a bitstring with 8 bits in its last byte instead of 1 to 7"},
	{"bitstring of no bits", etf.Bitstring{Data: []byte{1}}, "",
		"a bitstring with 0 bits in its last byte instead of 1 to 7"},
	{"bitstring without data", etf.Bitstring{Bits: 3}, "", "a bitstring without data"},
	{"bitstring with bits to spare", etf.Bitstring{Data: []byte{0xff}, Bits: 3}, "",
		"a bitstring whose unused bits are not zero"},
	{"improper list without elements", etf.ImproperList{Tail: etf.Int(1)}, "", "an improper list without elements"},
	{"improper list that is proper", etf.ImproperList{Elems: []etf.Term{etf.Int(1)}, Tail: etf.List{}}, "",
		"an improper list whose tail is a list"},
	{"improper list in an improper list", etf.ImproperList{Elems: []etf.Term{etf.Int(1)},
		Tail: etf.ImproperList{Elems: []etf.Term{etf.Int(1)}, Tail: etf.Int(2)}}, "",
		"an improper list whose tail is a list"},
	{"improper list without a tail", etf.ImproperList{Elems: []etf.Term{etf.Int(1)}}, "[|]", "nil instead of a term"},
	{"reference of no words", etf.Ref{Node: "a@b", Creation: 1}, "", "a reference of 0 words instead of 1 to 5"},
	{"reference of six words", etf.Ref{Node: "a@b", Creation: 1, Len: 6}, "", "a reference of 6 words instead of 1 to 5"},
	{"reference with hidden words", etf.Ref{Node: "a@b", Len: 1, Words: [etf.MaxRefWords]uint32{1, 2}}, "",
		"a reference with words behind its length"},
	{"reference without a node", etf.Ref{Len: 1}, "", "an identifier without a node name"},
	{"empty pid", etf.Pid{}, "", "an identifier without a node name"},
	{"empty port", etf.Port{}, "", "an identifier without a node name"},
	{"pid of a node that is no atom", etf.Pid{Node: "\xff"}, ".Node", "an atom that is not valid UTF-8"},
	{"empty fun", &etf.Fun{}, "", "a fun whose OldIndex is not an Int"},
	{"fun without a uniq", badFun(func(f *etf.Fun) { f.OldUniq = nil }), "", "a fun whose OldUniq is not an Int"},
	{"fun without a pid", badFun(func(f *etf.Fun) { f.Pid = etf.Pid{} }), ".Pid", "an identifier without a node name"},
	{"fun of a module that is no atom", badFun(func(f *etf.Fun) { f.Module = "\xff" }), ".Module",
		"an atom that is not valid UTF-8"},
	{"fun with a nil variable", badFun(func(f *etf.Fun) { f.Free = []etf.Term{etf.Int(1), nil} }), ".Free[2]",
		"nil instead of a term"},
	{"export of a module that is no atom", etf.Export{Module: "\xff"}, ".Module", "an atom that is not valid UTF-8"},
	{"export of a function that is no atom", etf.Export{Function: "\xff"}, ".Function", "an atom that is not valid UTF-8"},
	{"record with more fields than values", &etf.Record{Fields: []etf.Atom{"a"}}, "",
		"a record with 1 field names and 0 values"},
	{"record with a field twice", &etf.Record{Fields: []etf.Atom{"a", "a"}, Values: repeat(2, etf.Int(1))}, "",
		"a record with two fields of one name"},
	{"record with a nil value", &etf.Record{Fields: []etf.Atom{"a"}, Values: []etf.Term{nil}}, "#.a",
		"nil instead of a term"},
	{"record with a bad field name", &etf.Record{Fields: []etf.Atom{"\xff"}, Values: []etf.Term{etf.Int(1)}},
		".Fields[1]", "an atom that is not valid UTF-8"},
	{"nil in a tuple", etf.Tuple{etf.Int(1), nil}, "{2}", "nil instead of a term"},
	{"nil in a list", etf.List{etf.Int(1), etf.Int(2), nil}, "[3]", "nil instead of a term"},
	{"nil key", etf.Map{{Value: etf.Int(1)}}, "#{1:key}", "nil instead of a term"},
	{"nil value", etf.Map{{Key: etf.Atom("k")}}, "#{k}", "nil instead of a term"},
	{"nil value under an integer", etf.Map{{Key: etf.Int(7)}}, "#{7}", "nil instead of a term"},
	{"nil value under a binary", etf.Map{{Key: etf.Binary("b")}}, `#{"b"}`, "nil instead of a term"},
	{"nil value under a tuple", etf.Map{{Key: etf.Tuple{}}}, "#{1:value}", "nil instead of a term"},
	{"a key twice", etf.Map{{Key: etf.Int(1), Value: etf.Int(1)}, {Key: etf.Int(2), Value: etf.Int(1)},
		{Key: etf.Int(1), Value: etf.Int(2)}}, "", "a map in which the keys of pairs 1 and 3 are equal"},
	{"a key as a BigInt too", etf.Map{{Key: etf.Int(1), Value: etf.Int(1)},
		{Key: (*etf.BigInt)(big.NewInt(1)), Value: etf.Int(1)}}, "", "a map in which the keys of pairs 1 and 2 are equal"},
	{"deep down", etf.Tuple{etf.Atom("reply"),
		etf.Map{{Key: etf.Atom("rows"), Value: etf.List{etf.Tuple{etf.Float(math.NaN())}}}}}, "{2}#{rows}[1]{1}",
		"NaN is not an Erlang float"},
}

func TestWhatIsNoTermIsRefusedWithThePathToIt(t *testing.T) {
	for _, u := range unencodable {
		t.Run(u.name, func(t *testing.T) {
			_, err := etf.Append(nil, u.term)
			var e *etf.EncodeError
			require.ErrorAs(t, err, &e)
			require.Equal(t, u.path, e.Path)
			require.Equal(t, u.detail, e.Detail)
		})
	}
}

func TestAfterAnErrorTheBufferIsAsBefore(t *testing.T) {
	for _, u := range unencodable {
		dst := append(make([]byte, 0, 4096), "before"...)
		got, err := etf.Append(dst, etf.Tuple{etf.Binary("written"), u.term})
		require.Error(t, err, u.name)
		require.Equal(t, "before", string(got), u.name)

		var e etf.Encoder
		got, err = e.Append(dst, etf.List{etf.Atom("written"), u.term})
		require.Error(t, err, u.name)
		require.Equal(t, "before", string(got), u.name)

		got, err = e.Append(got, etf.Atom("a"))
		require.NoError(t, err, u.name)
		require.Equal(t, raw("before", 119, 1, "a"), got, u.name)
	}
}

func TestATermThatContainsItselfIsRefused(t *testing.T) {
	_, err := etf.Append(nil, loop())
	var e *etf.EncodeError
	require.ErrorAs(t, err, &e)
	require.Equal(t, "a term that contains itself", e.Detail)
	require.Less(t, len(e.Path), 300, "the path is cut in the middle")
	require.Contains(t, e.Path, "more")
}

func TestTheDepthOfAnEncoderCanBeChosen(t *testing.T) {
	e := etf.Encoder{Depth: 2}
	_, err := e.Append(nil, etf.Tuple{etf.List{etf.Atom("a")}})
	require.NoError(t, err)
	_, err = e.Append(nil, etf.Tuple{etf.List{etf.Tuple{}}})
	require.EqualError(t, err, "etf: cannot encode the term at {1}[1]: a term nested deeper than 2")
}

func TestTheTextOfAnEncodeErrorNamesPathAndReason(t *testing.T) {
	_, err := etf.Append(nil, etf.Tuple{etf.Atom("ok"), nil})
	require.EqualError(t, err, "etf: cannot encode the term at {2}: nil instead of a term")
	_, err = etf.Append(nil, nil)
	require.EqualError(t, err, "etf: cannot encode the term: nil instead of a term")
}

func TestATupleMayNotBeLargerThanOTPCanHold(t *testing.T) {
	_, err := etf.Append(nil, make(etf.Tuple, 1<<24))
	var e *etf.EncodeError
	require.ErrorAs(t, err, &e)
	require.Equal(t, "a tuple of 16777216 elements", e.Detail)
}

func TestARefTheNodeNeverSawKeepsItsWords(t *testing.T) {
	b, err := etf.Append(nil, goodRef)
	require.NoError(t, err)
	require.Equal(t, raw(131, 90, uint16(3), nodeAB, uint32(1), uint32(1), uint32(2), uint32(3)), b)
	got, err := etf.Decode(b)
	require.NoError(t, err)
	require.Equal(t, goodRef, got)
}

func TestANativeRecordIsRefusedWhereThePeerDoesNotKnowThem(t *testing.T) {
	record := &etf.Record{Module: "m", Name: "r", Fields: []etf.Atom{"f"}, Values: []etf.Term{etf.Int(1)}}
	var all etf.Encoder
	_, err := all.Append(nil, record)
	require.NoError(t, err)
	old := etf.Encoder{NoRecords: true}
	out, err := old.Append([]byte("kept"), etf.List{etf.Atom("a"), record})
	var bad *etf.EncodeError
	require.ErrorAs(t, err, &bad)
	require.Equal(t, "[2]", bad.Path)
	require.Equal(t, "kept", string(out))
}
