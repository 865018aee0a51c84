package etf_test

import (
	"bufio"
	"encoding/hex"
	"flag"
	"math"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
)

var update = flag.Bool("update", false, "have erl write testdata/otp anew")

// vector is one line of a file in testdata/otp: a term, and the bytes that term_to_binary made of it.
type vector struct {
	file, name, source, options string
	bytes                       []byte
}

func vectors(t *testing.T) []vector {
	t.Helper()
	files, err := filepath.Glob("testdata/otp/otp*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	var all []vector
	for _, file := range files {
		f, err := os.Open(file)
		require.NoError(t, err)
		lines := bufio.NewScanner(f)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			if strings.HasPrefix(lines.Text(), "#") {
				continue
			}
			fields := strings.Split(lines.Text(), "\t")
			require.Len(t, fields, 4, "%s: %.80s", file, lines.Text())
			b, err := hex.DecodeString(fields[3])
			require.NoError(t, err)
			all = append(all, vector{filepath.Base(file), fields[0], fields[1], fields[2], b})
		}
		require.NoError(t, lines.Err())
		require.NoError(t, f.Close())
	}
	return all
}

func TestVectorsAreRecordedAnewWhenAskedFor(t *testing.T) {
	if !*update {
		t.Skip("needs -update")
	}
	tmp := filepath.Join(t.TempDir(), "vectors")
	erlang(t, "record", tmp)
	b, err := os.ReadFile(tmp)
	require.NoError(t, err)
	release, _, ok := strings.Cut(strings.TrimPrefix(string(b), "# Written by OTP "), ",")
	require.True(t, ok)
	require.NoError(t, os.WriteFile("testdata/otp/otp"+release+".txt", b, 0o644))
}

func pow2(n uint, plus int64) *big.Int {
	v := new(big.Int).Lsh(big.NewInt(1), n)
	return v.Add(v, big.NewInt(plus))
}

func negative(v *big.Int) *big.Int { return new(big.Int).Neg(v) }

func repeat(n int, t etf.Term) []etf.Term {
	l := make([]etf.Term, n)
	for i := range l {
		l[i] = t
	}
	return l
}

func squares() etf.Map {
	m := make(etf.Map, 33)
	for i := range m {
		m[i] = etf.MapPair{Key: etf.Int(i + 1), Value: etf.Int((i + 1) * (i + 1))}
	}
	return m
}

// wanted is what the vectors stand for, written down once more in Go.
var wanted = map[string]etf.Term{
	"int 0": etf.Int(0), "int 1": etf.Int(1), "int 255": etf.Int(255), "int 256": etf.Int(256), "int -1": etf.Int(-1),
	"int -128": etf.Int(-128), "int 65535": etf.Int(65535), "int 2147483647": etf.Int(math.MaxInt32),
	"int -2147483648": etf.Int(math.MinInt32),
	"int 2147483648":  etf.Int(1 << 31), "int -2147483649": etf.Int(-1<<31 - 1), "int 1 bsl 40": etf.Int(1 << 40),
	"int 1 bsl 59 - 1": etf.Int(1<<59 - 1), "int 1 bsl 59": etf.Int(1 << 59), "int -(1 bsl 59)": etf.Int(-1 << 59),
	"int -(1 bsl 59) - 1": etf.Int(-1<<59 - 1),
	"int 1 bsl 63 - 1":    etf.Int(math.MaxInt64), "int 1 bsl 63": etf.NewBigInt(pow2(63, 0)),
	"int -(1 bsl 63)":     etf.Int(math.MinInt64),
	"int -(1 bsl 63) - 1": etf.NewBigInt(negative(pow2(63, 1))), "int 1 bsl 64 - 1": etf.NewBigInt(pow2(64, -1)),
	"int 1 bsl 64":       etf.NewBigInt(pow2(64, 0)),
	"int 1 bsl 2040 - 1": etf.NewBigInt(pow2(2040, -1)), "int 1 bsl 2040": etf.NewBigInt(pow2(2040, 0)),
	"int -(1 bsl 2040)": etf.NewBigInt(negative(pow2(2040, 0))),

	"float 0.0": etf.Float(0), "float f(1 bsl 63)": etf.Float(math.Copysign(0, -1)), "float 1.0": etf.Float(1),
	"float 1.5": etf.Float(1.5), "float -2.25": etf.Float(-2.25),
	"float 0.1": etf.Float(0.1), "float 1.7976931348623157e308": etf.Float(math.MaxFloat64),
	"float 5.0e-324":                etf.Float(math.SmallestNonzeroFloat64),
	"float 2.2250738585072014e-308": etf.Float(2.2250738585072014e-308), "text float 1.5": etf.Float(1.5),
	"text float -0.1": etf.Float(-0.1),

	"atom ok": etf.Atom("ok"), "atom ''": etf.Atom(""), "atom 'hello world'": etf.Atom("hello world"),
	"atom 'Elixir.GenServer'": etf.Atom("Elixir.GenServer"),
	"atom a(<<195,169>>)":     etf.Atom("é"), "atom a(<<240,159,152,128>>)": etf.Atom("😀"),
	`atom a(binary:copy(<<"x">>, 255))`:             etf.Atom(strings.Repeat("x", 255)),
	"atom a(binary:copy(<<195,169>>, 255))":         etf.Atom(strings.Repeat("é", 255)),
	"atom a(binary:copy(<<240,159,152,128>>, 255))": etf.Atom(strings.Repeat("😀", 255)),
	"latin1 atom ok": etf.Atom("ok"), "latin1 atom": etf.Atom("é"),

	"binary <<>>": etf.Binary{}, `binary <<"abc">>`: etf.Binary("abc"), "binary <<0,255>>": etf.Binary{0, 255},
	"binary <<1:1>>":        etf.Bitstring{Data: []byte{0x80}, Bits: 1},
	"binary <<0:7>>":        etf.Bitstring{Data: []byte{0}, Bits: 7},
	"binary <<255,5:3>>":    etf.Bitstring{Data: []byte{255, 0xa0}, Bits: 3},
	"binary <<1,2,3,63:6>>": etf.Bitstring{Data: []byte{1, 2, 3, 0xfc}, Bits: 6},

	"term []": etf.List{}, "term [1,2,3]": etf.List{etf.Int(1), etf.Int(2), etf.Int(3)},
	`term "text"`: etf.Charlist("text"), "term [255]": etf.List{etf.Int(255)},
	"term [256]": etf.List{etf.Int(256)}, "term [0,-1]": etf.List{etf.Int(0), etf.Int(-1)},
	"term [a,b]": etf.List{etf.Atom("a"), etf.Atom("b")}, "term [[]]": etf.List{etf.List{}},
	"term [1|2]":      etf.ImproperList{Elems: []etf.Term{etf.Int(1)}, Tail: etf.Int(2)},
	"term [alias|ok]": etf.ImproperList{Elems: []etf.Term{etf.Atom("alias")}, Tail: etf.Atom("ok")},
	"term [1,2|<<>>]": etf.ImproperList{Elems: []etf.Term{etf.Int(1), etf.Int(2)}, Tail: etf.Binary{}},
	"term {}":         etf.Tuple{}, "term {a}": etf.Tuple{etf.Atom("a")},
	"term {1,{2,{3,[]}}}": etf.Tuple{etf.Int(1),
		etf.Tuple{etf.Int(2), etf.Tuple{etf.Int(3), etf.List{}}}},
	"term list_to_tuple(lists:duplicate(255, []))": etf.Tuple(repeat(255, etf.List{})),
	"term list_to_tuple(lists:duplicate(256, []))": etf.Tuple(repeat(256, etf.List{})),
	"term #{}": etf.Map{}, "term #{a => 1}": etf.Map{{Key: etf.Atom("a"), Value: etf.Int(1)}},
	"term #{1 => int,1.0 => float}": etf.Map{{Key: etf.Int(1), Value: etf.Atom("int")},
		{Key: etf.Float(1), Value: etf.Atom("float")}},
	"term #{[] => #{},{} => []}": etf.Map{{Key: etf.List{}, Value: etf.Map{}},
		{Key: etf.Tuple{}, Value: etf.List{}}},
	"term maps:from_list([{I, I * I} || I <- lists:seq(1, 33)])": squares(),
	"term fun lists:map/2": etf.Export{Module: "lists", Function: "map", Arity: 2},
	"term fun a:b/255":     etf.Export{Module: "a", Function: "b", Arity: 255},

	"fixed pid":       etf.Pid{Node: "a@b", ID: 1, Serial: 2, Creation: 3},
	"fixed pid large": etf.Pid{Node: "a@b", ID: math.MaxUint32, Serial: math.MaxUint32 - 1, Creation: math.MaxUint32 - 2},
	"fixed port":      etf.Port{Node: "a@b", ID: 7, Creation: 3}, "fixed port 28 bit": etf.Port{Node: "a@b", ID: 1<<28 - 1,
		Creation: 3}, "fixed port large": etf.Port{Node: "a@b", ID: 1 << 63, Creation: 3},
	"fixed ref 1": etf.Ref{Node: "a@b", Creation: 9, Len: 1, Words: [etf.MaxRefWords]uint32{1}},
	"fixed ref 2": etf.Ref{Node: "a@b", Creation: 9, Len: 2, Words: [etf.MaxRefWords]uint32{1, 2}},
	"fixed ref 3": etf.Ref{Node: "a@b", Creation: 9, Len: 3, Words: [etf.MaxRefWords]uint32{1, 2, 3}},
	"fixed ref 4": etf.Ref{Node: "a@b", Creation: 9, Len: 4, Words: [etf.MaxRefWords]uint32{1, 2, 3, 4}},
	"fixed ref 5": etf.Ref{Node: "a@b", Creation: 9, Len: 5, Words: [etf.MaxRefWords]uint32{1, 2, 3, 4, 5}},

	"record": &etf.Record{Exported: true, Module: "m", Name: "r", Fields: []etf.Atom{"x", "y"},
		Values: elems(etf.Int(1), etf.List{})},
	"record inside": &etf.Record{Module: "m", Name: "r"},

	"compressed":            etf.List(repeat(40, etf.Tuple{etf.Atom("a"), etf.Int(1)})),
	"compressed binary":     etf.Binary(strings.Repeat("0123456789", 1000)),
	"not worth compressing": etf.Atom("ok"),
}

func TestWhatOTPWroteDecodesToTheTermItWrote(t *testing.T) {
	seen := map[string]bool{}
	for _, v := range vectors(t) {
		got, err := etf.Decode(v.bytes)
		require.NoError(t, err, "%s: %s", v.file, v.name)
		seen[v.name] = true
		if strings.HasPrefix(v.name, "own ") || v.name == "call" {
			continue // names the process that recorded it; its parts are looked at below
		}
		require.Contains(t, wanted, v.name)
		require.True(t, etf.Equal(wanted[v.name], got), "%s: %s is %.200v", v.file, v.name, got)
	}
	for name := range wanted {
		require.Contains(t, seen, name)
	}
}

// The forms only old releases write, or those in which OTP leaves a choice, come back in today's form.
func otherForm(v vector) bool {
	return strings.HasPrefix(v.name, "text float") || strings.HasPrefix(v.name, "latin1") ||
		strings.HasPrefix(v.name, "compressed") ||
		strings.Contains(v.name, "port") // 89 where it fits, because OTP 23 reads nothing else
}

func TestWhatOTPWroteIsWrittenAgainByteForByte(t *testing.T) {
	for _, v := range vectors(t) {
		got, err := etf.Decode(v.bytes)
		require.NoError(t, err)
		b, err := etf.Append(nil, got)
		require.NoError(t, err, "%s: %s", v.file, v.name)
		if !otherForm(v) {
			require.Equal(t, v.bytes, b, "%s: %s", v.file, v.name)
		}
		again, err := etf.Decode(b)
		require.NoError(t, err)
		require.True(t, etf.Equal(got, again), "%s: %s", v.file, v.name)
	}
}

func TestTheOwnIdentifiersOfANodeKeepAllTheirParts(t *testing.T) {
	for _, v := range vectors(t) {
		if !strings.HasPrefix(v.name, "own ") && v.name != "call" {
			continue
		}
		got, err := etf.Decode(v.bytes)
		require.NoError(t, err)
		const node = etf.Atom("nonode@nohost")
		switch got := got.(type) {
		case etf.Pid:
			require.Equal(t, "own pid", v.name)
			require.Equal(t, node, got.Node)
			require.NotZero(t, got.ID)
		case etf.Port:
			require.Equal(t, "own port", v.name)
			require.Equal(t, node, got.Node)
		case etf.Ref:
			require.Contains(t, []string{"own ref", "own alias"}, v.name)
			require.Equal(t, node, got.Node)
			require.GreaterOrEqual(t, got.Len, uint8(3))
		case *etf.Fun:
			require.Equal(t, etf.Atom("etf_otp"), got.Module)
			require.Equal(t, node, got.Pid.Node)
			require.NotZero(t, got.Uniq)
			if v.name == "own fun" {
				require.Equal(t, uint8(1), got.Arity)
				require.Len(t, got.Free, 1)
			} else {
				require.Equal(t, uint8(2), got.Arity)
				require.Empty(t, got.Free)
			}
		case etf.Tuple:
			require.Equal(t, etf.Atom("$gen_call"), got[0])
			tag := got[1].(etf.Tuple)[1].(etf.ImproperList)
			require.Equal(t, []etf.Term{etf.Atom("alias")}, tag.Elems)
			require.IsType(t, etf.Ref{}, tag.Tail)
		default:
			t.Fatalf("%s: %s is a %T", v.file, v.name, got)
		}
	}
}
