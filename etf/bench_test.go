package etf_test

import (
	"testing"

	"github.com/gonode-otp/gonode/etf"
)

// The terms of the distribution benchmark: what a gen_server call carries, a thousand maps, a hundred thousand
// integers, a binary of one distribution fragment, and a deep tree.
var benchTerms = []struct {
	name string
	term etf.Term
}{
	{"call", callTerm()},
	{"maps1000", mapsTerm(1000)},
	{"ints100k", intsTerm(100_000)},
	{"bin64k", etf.Binary(make([]byte, 64<<10))},
	{"tree", treeTerm(12)},
}

// callTerm is {'$gen_call', {Pid, [alias|Ref]}, {add, 1}}, what gen_server:call sends since OTP 24.
func callTerm() etf.Term {
	node := etf.Atom("client@localhost")
	pid := etf.Pid{Node: node, ID: 96, Serial: 0, Creation: 1700000000}
	alias := etf.Ref{Node: node, Creation: 1700000000, Len: 3, Words: [etf.MaxRefWords]uint32{0x1f2e3, 0x7a5b0003,
		0x89abcdef}}
	return etf.Tuple{
		etf.Atom("$gen_call"),
		etf.Tuple{pid, etf.ImproperList{Elems: []etf.Term{etf.Atom("alias")}, Tail: alias}},
		etf.Tuple{etf.Atom("add"), etf.Int(1)},
	}
}

func mapsTerm(n int) etf.Term {
	l := make(etf.List, n)
	for i := range l {
		l[i] = etf.Map{
			{Key: etf.Atom("id"), Value: etf.Int(i)},
			{Key: etf.Atom("name"), Value: etf.Binary("user name")},
			{Key: etf.Atom("score"), Value: etf.Float(float64(i) / 3)},
			{Key: etf.Atom("active"), Value: etf.Atom("true")},
			{Key: etf.Atom("tags"), Value: etf.List{etf.Atom("a"), etf.Atom("b"), etf.Tuple{etf.Atom("c"), etf.Int(i)}}},
		}
	}
	return l
}

func intsTerm(n int) etf.Term {
	l := make(etf.List, n)
	for i := range l {
		l[i] = etf.Int(i + 1)
	}
	return l
}

func treeTerm(depth int) etf.Term {
	if depth == 0 {
		return etf.Atom("leaf")
	}
	return etf.Tuple{etf.Atom("node"), treeTerm(depth - 1), etf.Int(depth * 1000), treeTerm(depth - 1)}
}

func BenchmarkAppend(b *testing.B) {
	for _, bt := range benchTerms {
		b.Run(bt.name, func(b *testing.B) {
			var e etf.Encoder
			dst, err := e.Append(nil, bt.term)
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(dst)))
			b.ReportAllocs()
			for b.Loop() {
				dst, _ = e.Append(dst[:0], bt.term)
			}
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	for _, alias := range []bool{false, true} {
		for _, bt := range benchTerms {
			name := bt.name + "/copy"
			if alias {
				name = bt.name + "/alias"
			}
			b.Run(name, func(b *testing.B) {
				src, err := (&etf.Encoder{}).Append(nil, bt.term)
				if err != nil {
					b.Fatal(err)
				}
				d := etf.Decoder{Alias: alias}
				b.SetBytes(int64(len(src)))
				b.ReportAllocs()
				for b.Loop() {
					if _, _, err := d.Term(src); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// With the atom cache of a connection, as frames are written and read.
func BenchmarkCached(b *testing.B) {
	names := []etf.Term{etf.Atom("id"), etf.Atom("name"), etf.Atom("score"), etf.Atom("active"), etf.Atom("true"),
		etf.Atom("tags"), etf.Atom("a"), etf.Atom("b"), etf.Atom("c")}
	table := atomCache{}
	for i, a := range names {
		table[a.(etf.Atom)] = uint8(i)
	}
	e := etf.Encoder{Atoms: table}
	src, err := e.Append(nil, mapsTerm(1000))
	if err != nil {
		b.Fatal(err)
	}
	b.Run("append", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			src, _ = e.Append(src[:0], mapsTerm1000)
		}
	})
	b.Run("decode", func(b *testing.B) {
		d := etf.Decoder{Atoms: names}
		b.ReportAllocs()
		for b.Loop() {
			if _, _, err := d.Term(src); err != nil {
				b.Fatal(err)
			}
		}
	})
}

var mapsTerm1000 = mapsTerm(1000)
