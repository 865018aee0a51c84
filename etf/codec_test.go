package etf_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/internal/termgen"
)

func TestRandomTermsComeBackAsTheyWere(t *testing.T) {
	g := termgen.New(7)
	g.Records = true
	var d etf.Decoder
	var e etf.Encoder
	for i := range 5000 {
		want := g.Term()
		b, err := etf.Append(nil, want)
		require.NoError(t, err, "term %d", i)
		got, err := etf.Decode(b)
		require.NoError(t, err, "term %d", i)
		require.True(t, etf.Equal(want, got), "term %d", i)

		bare, err := e.Append(nil, want)
		require.NoError(t, err)
		require.Equal(t, b[1:], bare, "a bare term is the same without the version byte")
		d.Alias = i%2 == 0
		got, n, err := d.Term(append(bare, "behind"...))
		require.NoError(t, err)
		require.Equal(t, len(bare), n)
		require.True(t, etf.Equal(want, got), "term %d", i)
	}
}

func TestWhatIsWrittenTakesTheSmallestTag(t *testing.T) {
	for _, c := range []struct {
		term etf.Term
		want []byte
	}{
		{etf.Int(255), raw(97, 255)},
		{etf.Int(256), raw(98, uint32(256))},
		{etf.Int(-1), raw(98, uint32(math.MaxUint32))},
		{etf.Int(math.MaxInt32), raw(98, uint32(math.MaxInt32))},
		{etf.Int(math.MaxInt32 + 1), raw(110, 4, 0, 0, 0, 0, 0x80)},
		{etf.Int(math.MinInt32 - 1), raw(110, 4, 1, 1, 0, 0, 0x80)},
		{etf.Int(math.MinInt64), raw(110, 8, 1, 0, 0, 0, 0, 0, 0, 0, 0x80)},
		{etf.NewBigInt(pow2(64, 0)), raw(110, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1)},
		{(*etf.BigInt)(big.NewInt(5)), raw(97, 5)},
		{etf.NewBigInt(pow2(2040, -1)), raw(110, 255, 0, bytes.Repeat([]byte{255}, 255))},
		{etf.NewBigInt(pow2(2040, 0)), raw(111, uint32(256), 0, make([]byte, 255), 1)},
		{etf.Atom(""), raw(119, 0)},
		{etf.Atom(strings.Repeat("é", 127)), raw(119, 254, strings.Repeat("é", 127))},
		{etf.Atom(strings.Repeat("é", 128)), raw(118, uint16(256), strings.Repeat("é", 128))},
		{etf.List(nil), raw(106)},
		{etf.List{etf.Int(0), etf.Int(255)}, raw(107, uint16(2), 0, 255)},
		{etf.List{etf.Int(0), etf.Int(256)}, raw(108, uint32(2), 97, 0, 98, uint32(256), 106)},
		{etf.List{etf.Int(0), etf.Int(-1)}, raw(108, uint32(2), 97, 0, 98, uint32(math.MaxUint32), 106)},
		{etf.Tuple(nil), raw(104, 0)},
		{etf.Tuple(repeat(256, etf.List{})), raw(105, uint32(256), strings.Repeat("j", 256))},
		{etf.Map(nil), raw(116, uint32(0))},
		{etf.Binary(nil), raw(109, uint32(0))},
		{etf.Port{Node: "a@b", ID: 1<<28 - 1, Creation: 1}, raw(89, nodeAB, uint32(1<<28-1), uint32(1))},
		{etf.Port{Node: "a@b", ID: 1 << 28, Creation: 1}, raw(120, nodeAB, uint64(1<<28), uint32(1))},
	} {
		got, err := (&etf.Encoder{}).Append(nil, c.term)
		require.NoError(t, err)
		require.Equal(t, c.want, got, "%T", c.term)
	}
}

// Forms that nobody writes today but everybody reads.
func TestOldAndUnusualFormsAreRead(t *testing.T) {
	for _, c := range []struct {
		name string
		b    []byte
		want etf.Term
	}{
		{"PID_EXT", raw(103, nodeAB, uint32(1), uint32(2), 3), etf.Pid{Node: "a@b", ID: 1, Serial: 2, Creation: 3}},
		{"PORT_EXT", raw(102, nodeAB, uint32(1), 3), etf.Port{Node: "a@b", ID: 1, Creation: 3}},
		{"REFERENCE_EXT", raw(101, nodeAB, uint32(1), 3), etf.Ref{Node: "a@b", Creation: 3, Len: 1,
			Words: [etf.MaxRefWords]uint32{1}}},
		{"NEW_REFERENCE_EXT", raw(114, uint16(2), nodeAB, 3, uint32(1), uint32(2)),
			etf.Ref{Node: "a@b", Creation: 3, Len: 2, Words: [etf.MaxRefWords]uint32{1, 2}}},
		{"node as ATOM_EXT", raw(88, 100, uint16(3), "a@b", uint32(1), uint32(2), uint32(3)),
			etf.Pid{Node: "a@b", ID: 1, Serial: 2, Creation: 3}},
		{"node as SMALL_ATOM_EXT", raw(88, 115, 3, "a@b", uint32(1), uint32(2), uint32(3)),
			etf.Pid{Node: "a@b", ID: 1, Serial: 2, Creation: 3}},
		{"latin1", raw(115, 1, 0xe9), etf.Atom("é")},
		{"latin1 of 255 characters", raw(100, uint16(255), bytes.Repeat([]byte{0xe9}, 255)),
			etf.Atom(strings.Repeat("é", 255))},
		{"ATOM_UTF8_EXT of a short atom", raw(118, uint16(2), "ok"), etf.Atom("ok")},
		{"INTEGER_EXT of a small integer", raw(98, uint32(1)), etf.Int(1)},
		{"SMALL_BIG_EXT of nothing", raw(110, 0, 0), etf.Int(0)},
		{"minus zero", raw(110, 1, 1, 0), etf.Int(0)},
		{"LARGE_BIG_EXT of a small integer", raw(111, uint32(1), 0, 5), etf.Int(5)},
		{"any sign but 0 is minus", raw(110, 1, 7, 5), etf.Int(-5)},
		{"the smallest Int", raw(110, 8, 1, 0, 0, 0, 0, 0, 0, 0, 0x80), etf.Int(math.MinInt64)},
		{"one more than the largest Int", raw(110, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0x80), etf.NewBigInt(pow2(63, 0))},
		{"LARGE_TUPLE_EXT of a small tuple", raw(105, uint32(1), 106), etf.Tuple{etf.List{}}},
		{"empty STRING_EXT", raw(107, uint16(0)), etf.List{}},
		{"LIST_EXT of bytes", raw(108, uint32(2), 97, 1, 97, 2, 106), etf.List{etf.Int(1), etf.Int(2)}},
		{"LIST_EXT of nothing", raw(108, uint32(0), 106), etf.List{}},
		{"LIST_EXT of nothing but a tail", raw(108, uint32(0), 97, 7), etf.Int(7)},
		{"a list as the tail", raw(108, uint32(1), 97, 1, 108, uint32(1), 97, 2, 106), etf.List{etf.Int(1), etf.Int(2)}},
		{"a string as the tail", raw(108, uint32(1), 97, 1, 107, uint16(2), 2, 3),
			etf.List{etf.Int(1), etf.Int(2), etf.Int(3)}},
		{"an improper list as the tail", raw(108, uint32(1), 97, 1, 108, uint32(1), 97, 2, 97, 3),
			etf.ImproperList{Elems: []etf.Term{etf.Int(1), etf.Int(2)}, Tail: etf.Int(3)}},
		{"BIT_BINARY_EXT of whole bytes", raw(77, uint32(1), 8, 255), etf.Binary{255}},
		{"BIT_BINARY_EXT of nothing", raw(77, uint32(0), 0), etf.Binary{}},
		{"BIT_BINARY_EXT with bits to spare", raw(77, uint32(2), 3, 255, 255),
			etf.Bitstring{Data: []byte{255, 0xe0}, Bits: 3}},
		{"FLOAT_EXT as sprintf wrote it", raw(99, "1.50000000000000000000e+00", make([]byte, 5)), etf.Float(1.5)},
		{"FLOAT_EXT too small", raw(99, "1.0e-999", make([]byte, 23)), etf.Float(0)},
		{"FLOAT_EXT with signs", raw(99, "-2.5E+1", make([]byte, 24)), etf.Float(-25)},
		{"export with a larger integer", raw(113, 119, 1, "m", 119, 1, "f", 98, uint32(3)),
			etf.Export{Module: "m", Function: "f", Arity: 3}},
		{"RECORD_EXT", raw(67, uint32(2), 1, 119, 1, "m", 119, 1, "r", 119, 1, "x", 119, 1, "y", 97, 1, 106),
			&etf.Record{Exported: true, Module: "m", Name: "r", Fields: []etf.Atom{"x", "y"},
				Values: []etf.Term{etf.Int(1), etf.List{}}}},
		{"RECORD_EXT of nothing", raw(67, uint32(0), 0, 119, 1, "m", 119, 1, "r"), &etf.Record{Module: "m", Name: "r"}},
		{"1 and 1.0 as keys", raw(116, uint32(2), 97, 1, 106, 70, math.Float64bits(1), 106),
			etf.Map{{Key: etf.Int(1), Value: etf.List{}}, {Key: etf.Float(1), Value: etf.List{}}}},
		{"0.0 and -0.0 as keys, as in OTP 27", raw(116, uint32(2), 70, uint64(0), 106, 70, uint64(1<<63), 106),
			etf.Map{{Key: etf.Float(0), Value: etf.List{}}, {Key: etf.Float(math.Copysign(0, -1)), Value: etf.List{}}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var d etf.Decoder
			got, n, err := d.Term(c.b)
			require.NoError(t, err)
			require.Equal(t, len(c.b), n)
			require.Equal(t, c.want, got)
		})
	}
}

func TestEveryPartOfAFunIsKept(t *testing.T) {
	f := goodFun()
	f.Index = 9
	f.Uniq[15] = 7
	b, err := etf.Append(nil, f)
	require.NoError(t, err)
	got, err := etf.Decode(b)
	require.NoError(t, err)
	require.Equal(t, f, got)
}

func TestAFunWithLargeNumbersIsKept(t *testing.T) {
	f := goodFun()
	f.OldIndex, f.OldUniq = etf.Int(300), etf.Int(1<<40)
	b, err := etf.Append(nil, f)
	require.NoError(t, err)
	got, err := etf.Decode(b)
	require.NoError(t, err)
	require.Equal(t, f, got)
}

func TestRecordsOfManyFieldsAreKeptAndFieldsThatOccurTwiceFound(t *testing.T) {
	r := &etf.Record{Module: "m", Name: "r"}
	for i := range 40 {
		r.Fields = append(r.Fields, etf.Atom(fmt.Sprint("field", i)))
		r.Values = append(r.Values, etf.Int(i))
	}
	b, err := etf.Append(nil, r)
	require.NoError(t, err)
	got, err := etf.Decode(b)
	require.NoError(t, err)
	require.Equal(t, r, got)
	r.Fields[39] = "field7"
	_, err = etf.Append(nil, r)
	require.ErrorContains(t, err, "two fields of one name")
	_, err = etf.Decode(bytes.Replace(b, []byte("\x77\x07field39"), []byte("\x77\x07field38"), 1))
	require.ErrorIs(t, err, etf.ErrMalformed)
}

func TestALargeTupleCanBeReadInParts(t *testing.T) {
	var d etf.Decoder
	d.Begin(raw(105, uint32(300), strings.Repeat("j", 300)))
	require.Equal(t, 300, d.TupleHeader())
	for range 300 {
		require.Equal(t, etf.List{}, d.Any())
	}
	n, err := d.End()
	require.NoError(t, err)
	require.Equal(t, 305, n)
}

// atomCache is an outgoing table as dist has one.
type atomCache map[etf.Atom]uint8

func (c atomCache) Ref(a etf.Atom) (uint8, bool) {
	i, ok := c[a]
	return i, ok
}

func TestAtomsGoThroughTheTableOfTheFrameBothWays(t *testing.T) {
	want := callTerm()
	e := etf.Encoder{Atoms: atomCache{"$gen_call": 0, "client@localhost": 1, "alias": 2}}
	b, err := e.Append(nil, want)
	require.NoError(t, err)
	require.NotContains(t, string(b), "client")
	require.Contains(t, string(b), "add", "what is not in the table is written out")

	d := etf.Decoder{Atoms: []etf.Term{etf.Atom("$gen_call"), etf.Atom("client@localhost"), etf.Atom("alias")}}
	got, _, err := d.Term(b)
	require.NoError(t, err)
	require.Equal(t, want, got)
}

func TestAReferenceBehindTheTableOfTheFrameIsRefused(t *testing.T) {
	d := etf.Decoder{Atoms: []etf.Term{etf.Atom("a"), etf.Int(1), nil}}
	got, _, err := d.Term(raw(82, 0))
	require.NoError(t, err)
	require.Equal(t, etf.Atom("a"), got)
	for i := 1; i < 4; i++ {
		_, _, err = d.Term(raw(82, i))
		require.ErrorIs(t, err, etf.ErrMalformed)
	}
	d.Atoms = nil
	_, _, err = d.Term(raw(82, 0))
	require.ErrorIs(t, err, etf.ErrRefused)
}

func TestSeveralTermsStandOneBehindTheOther(t *testing.T) {
	e := etf.Encoder{Atoms: atomCache{"a": 0}}
	b, err := e.Append(nil, etf.Tuple{etf.Int(6), etf.Atom("a")})
	require.NoError(t, err)
	control := len(b)
	b, err = e.Append(b, etf.Atom("a"))
	require.NoError(t, err)
	same, err := e.Append(b, nil)
	require.Error(t, err)
	require.Equal(t, b, same)

	d := etf.Decoder{Atoms: []etf.Term{etf.Atom("a")}}
	got, n, err := d.Term(b)
	require.NoError(t, err)
	require.Equal(t, control, n)
	require.Equal(t, etf.Tuple{etf.Int(6), etf.Atom("a")}, got)
	got, n, err = d.Term(b[n:])
	require.NoError(t, err)
	require.Equal(t, 2, n)
	require.Equal(t, etf.Atom("a"), got)
}

func TestBinariesAreCopiedUnlessTheDecoderMayAlias(t *testing.T) {
	term := etf.Tuple{etf.Binary("small"), etf.Binary(strings.Repeat("large", 100)), etf.NewBitstring([]byte("bits"), 27)}
	b, err := (&etf.Encoder{}).Append(nil, term)
	require.NoError(t, err)
	for _, alias := range []bool{false, true} {
		in := bytes.Clone(b)
		d := etf.Decoder{Alias: alias}
		got, _, err := d.Term(in)
		require.NoError(t, err)
		require.Equal(t, term, got)
		clear(in)
		require.Equal(t, alias, got.(etf.Tuple)[0].(etf.Binary)[0] == 0)
		require.Equal(t, alias, got.(etf.Tuple)[1].(etf.Binary)[0] == 0)
		require.Equal(t, alias, got.(etf.Tuple)[2].(etf.Bitstring).Data[0] == 0)
	}
}

func TestAnAliasedBinaryCannotGrowIntoItsNeighbour(t *testing.T) {
	in := raw(104, 2, 109, uint32(2), "ab", 109, uint32(2), "cd")
	d := etf.Decoder{Alias: true}
	got, _, err := d.Term(in)
	require.NoError(t, err)
	first := got.(etf.Tuple)[0].(etf.Binary)
	require.Equal(t, 2, cap(first))
	_ = append(first, "overwritten"...)
	require.Equal(t, etf.Binary("cd"), got.(etf.Tuple)[1])
}

func TestPartsOfOneTermCannotGrowIntoEachOther(t *testing.T) {
	b, err := (&etf.Encoder{}).Append(nil, etf.Tuple{etf.Tuple{etf.Atom("a")}, etf.Tuple{etf.Atom("b")}, etf.Binary("x"),
		etf.Binary("y"),
		etf.Map{{Key: etf.Atom("k"), Value: etf.Int(1)}}, etf.Map{{Key: etf.Atom("l"), Value: etf.Int(2)}}})
	require.NoError(t, err)
	var d etf.Decoder
	got, _, err := d.Term(b)
	require.NoError(t, err)
	want, _, err := d.Term(b)
	require.NoError(t, err)
	for _, part := range got.(etf.Tuple) {
		switch part := part.(type) {
		case etf.Tuple:
			_ = append(part, etf.Int(666))
		case etf.Binary:
			_ = append(part, 66)
		case etf.Map:
			_ = append(part, etf.MapPair{})
		}
	}
	require.Equal(t, want, got)
}

func TestABitstringWithBitsToSpareIsCleanedInACopy(t *testing.T) {
	in := raw(77, uint32(1), 3, 255)
	d := etf.Decoder{Alias: true}
	got, _, err := d.Term(in)
	require.NoError(t, err)
	require.Equal(t, etf.Bitstring{Data: []byte{0xe0}, Bits: 3}, got)
	require.Equal(t, byte(255), in[len(in)-1], "the input is not changed")
}

func TestControlMessagesAreWrittenAndReadInParts(t *testing.T) {
	pid := etf.Pid{Node: "a@b", ID: 1, Serial: 2, Creation: 3}
	e := etf.Encoder{Atoms: atomCache{"a@b": 0}}
	b, err := e.AppendTupleHeader(nil, 5)
	require.NoError(t, err)
	b = e.AppendInt(b, 19)
	b, err = e.AppendPid(b, pid)
	require.NoError(t, err)
	b, err = e.AppendAtom(b, "echo")
	require.NoError(t, err)
	b, err = e.AppendRef(b, goodRef)
	require.NoError(t, err)
	b, err = e.Append(b, etf.List{etf.Atom("any")})
	require.NoError(t, err)

	whole := etf.Tuple{etf.Int(19), pid, etf.Atom("echo"), goodRef, etf.List{etf.Atom("any")}}
	same, err := e.Append(nil, whole)
	require.NoError(t, err)
	require.Equal(t, same, b)

	d := etf.Decoder{Atoms: []etf.Term{etf.Atom("a@b")}}
	d.Begin(append(b, "message"...))
	require.Equal(t, 5, d.TupleHeader())
	require.Equal(t, etf.Int(19), d.Int())
	require.Equal(t, pid, d.Pid())
	require.Equal(t, etf.Atom("echo"), d.Atom())
	require.Equal(t, goodRef, d.Ref())
	require.Equal(t, etf.List{etf.Atom("any")}, d.Any())
	n, err := d.End()
	require.NoError(t, err)
	require.Equal(t, len(b), n)
}

func TestReadingPartsTheFirstFailureSticks(t *testing.T) {
	good, err := (&etf.Encoder{}).Append(nil, etf.Int(7))
	require.NoError(t, err)
	var d etf.Decoder
	for name, read := range map[string]func(){
		"a tuple":     func() { d.TupleHeader() },
		"an atom":     func() { d.Atom() },
		"a pid":       func() { d.Pid() },
		"a reference": func() { d.Ref() },
	} {
		d.Begin(raw(good, good))
		read()
		require.Zero(t, d.Int())
		require.Zero(t, d.Pid())
		require.Zero(t, d.Ref())
		require.Zero(t, d.Atom())
		require.Zero(t, d.TupleHeader())
		require.Nil(t, d.Any())
		n, err := d.End()
		require.Zero(t, n)
		var e *etf.DecodeError
		require.True(t, errors.As(err, &e), name)
		require.Equal(t, 0, e.Offset, name)
		require.Equal(t, byte(97), e.Tag, name)
		require.Contains(t, e.Detail, name+" is expected")
	}
	d.Begin(raw(119, 1, "a"))
	require.Zero(t, d.Int())
	_, err = d.End()
	require.ErrorIs(t, err, etf.ErrMalformed)
}

func TestPartsThatAreNoTermsAreRefused(t *testing.T) {
	var e etf.Encoder
	_, err := e.AppendAtom(nil, "\xff")
	require.Error(t, err)
	_, err = e.AppendPid(nil, etf.Pid{})
	require.Error(t, err)
	_, err = e.AppendRef(nil, etf.Ref{Node: "a@b"})
	require.Error(t, err)
	_, err = e.AppendTupleHeader(nil, 1<<24)
	var ee *etf.EncodeError
	require.ErrorAs(t, err, &ee)
}
