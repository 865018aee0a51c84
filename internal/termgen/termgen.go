// Package termgen makes random Erlang terms for tests. Equal seeds give equal terms, so a failing test names its seed
// and can be repeated.
package termgen

import (
	"math"
	"math/big"
	"math/rand/v2"

	"github.com/gonode-otp/gonode/etf"
)

// Gen makes terms. Its fields may be changed before use.
type Gen struct {
	// Depth is the maximum depth of terms.
	Depth int
	// Width is the maximum number of elements of a list, tuple or map, except for a few long ones.
	Width int
	// Identifiers enables pids, ports, references, funs and exports.
	Identifiers bool
	// Records enables native records of OTP 29.
	Records bool

	r      *rand.Rand
	inKeys int // map keys around the present term
}

// New returns a generator of terms nested up to four deep, with identifiers, without records.
func New(seed uint64) *Gen {
	return &Gen{Depth: 4, Width: 6, Identifiers: true, r: rand.New(rand.NewPCG(seed, 0x67656e))}
}

// Rand is the source the generator draws from.
func (g *Gen) Rand() *rand.Rand { return g.r }

// Term returns a random term.
func (g *Gen) Term() etf.Term { return g.term(g.Depth) }

func (g *Gen) term(depth int) etf.Term {
	if depth <= 0 || g.r.IntN(3) == 0 {
		return g.Leaf()
	}
	switch g.r.IntN(8) {
	case 0, 1:
		return etf.Tuple(g.terms(depth, g.count()))
	case 2, 3:
		return g.list(depth)
	case 4:
		return etf.NewList(g.terms(depth, 1+g.r.IntN(g.Width)), g.Leaf())
	case 5:
		return g.mapTerm(depth)
	case 6:
		if g.Identifiers {
			return g.Fun(depth)
		}
		return g.mapTerm(depth)
	default:
		if g.Records {
			return g.record(depth)
		}
		return g.list(depth)
	}
}

// Leaf returns a random term without elements.
func (g *Gen) Leaf() etf.Term {
	n := 8
	if g.Identifiers {
		n = 12
	}
	switch g.r.IntN(n) {
	case 0, 1:
		return g.Atom()
	case 2, 3:
		return g.Integer()
	case 4:
		return g.Float()
	case 5:
		return g.binary()
	case 6:
		return g.bitstring()
	case 7:
		return etf.List{}
	case 8:
		return g.Pid()
	case 9:
		return g.Port()
	case 10:
		return g.Ref()
	default:
		return g.export()
	}
}

// count returns a number of elements, sometimes one that needs a larger tag.
func (g *Gen) count() int {
	if g.r.IntN(100) == 0 {
		return 250 + g.r.IntN(12)
	}
	return g.r.IntN(g.Width + 1)
}

func (g *Gen) terms(depth, n int) []etf.Term {
	t := make([]etf.Term, n)
	for i := range t {
		if n > g.Width {
			t[i] = g.Leaf()
		} else {
			t[i] = g.term(depth - 1)
		}
	}
	return t
}

// list returns a list. Half of the lists are lists of bytes, which have another encoding.
func (g *Gen) list(depth int) etf.Term {
	if g.r.IntN(2) == 0 {
		return etf.List(g.terms(depth, g.count()))
	}
	l := make(etf.List, g.count())
	for i := range l {
		l[i] = etf.Int(g.r.IntN(256))
	}
	if len(l) > 0 && g.r.IntN(4) == 0 {
		l[g.r.IntN(len(l))] = etf.Int(256)
	}
	return l
}

func (g *Gen) mapTerm(depth int) etf.Term {
	m := etf.Map{}
	n := g.count()
	if n == g.Width {
		n = 40 // OTP stores maps with more than 32 pairs in another way
	}
	for range n {
		g.inKeys++
		key := g.Leaf()
		if g.r.IntN(3) == 0 {
			key = g.term(depth - 2)
		}
		g.inKeys--
		if _, ok := m.Get(key); !ok {
			m = append(m, etf.MapPair{Key: key, Value: g.term(depth - 1)})
		}
	}
	return m
}

// Atom returns a random atom: mostly one of a few, sometimes any text.
func (g *Gen) Atom() etf.Atom {
	common := [...]etf.Atom{"ok", "error", "true", "false", "undefined", "a", "b", "", "hello world", "Elixir.Foo",
		"$gen_call", "'", `\`, "é", "日本", "\n"}
	if g.r.IntN(4) > 0 {
		return common[g.r.IntN(len(common))]
	}
	return etf.Atom(g.text([]int{1, 5, 60, 255}[g.r.IntN(4)]))
}

// text returns up to n characters of any Unicode plane.
func (g *Gen) text(n int) string {
	s := make([]rune, g.r.IntN(n+1))
	limit := []int32{0x80, 0x100, 0x800, 0xd800, 0x10ffff}[g.r.IntN(5)]
	for i := range s {
		s[i] = g.r.Int32N(limit)
		if s[i] >= 0xd800 && s[i] < 0xe000 {
			s[i] = '\U0001F600'
		}
	}
	return string(s)
}

// Integer returns a random integer, preferably close to a boundary between two tags.
func (g *Gen) Integer() etf.Term {
	switch g.r.IntN(4) {
	case 0:
		return etf.Int(g.r.IntN(300))
	case 1:
		return etf.Int(g.r.Uint64() >> g.r.IntN(64))
	default:
		bits := []uint{7, 8, 15, 16, 27, 28, 31, 32, 53, 59, 60, 63, 64, 65, 128, 255 * 8, 256 * 8, 300 * 8}[g.r.IntN(18)]
		v := new(big.Int).Lsh(big.NewInt(1), bits)
		v.Add(v, big.NewInt(int64(g.r.IntN(5)-2)))
		if g.r.IntN(2) == 0 {
			v.Neg(v)
		}
		return etf.NewBigInt(v)
	}
}

// Float returns a random finite float. In keys of maps it is never -0.0, which only OTP 27 and later distinguish from
// 0.0.
func (g *Gen) Float() etf.Float {
	f := g.float()
	if f == 0 && g.inKeys > 0 {
		return 0
	}
	return f
}

func (g *Gen) float() etf.Float {
	special := [...]float64{0, math.Copysign(0, -1), 1, -1, 0.1, 1e15, 1e16, 1e22, 1e23, 1 << 53, 1<<53 + 2, 1 << 63,
		-1 << 63, 1 << 64, 1e300,
		math.MaxFloat64, math.SmallestNonzeroFloat64, 2.2250738585072014e-308, 5e-310}
	switch g.r.IntN(3) {
	case 0:
		return etf.Float(special[g.r.IntN(len(special))])
	case 1:
		return etf.Float(g.r.IntN(1000)) / 8
	default:
		f := math.Float64frombits(g.r.Uint64())
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return 2.5
		}
		return etf.Float(f)
	}
}

func (g *Gen) bytes() []byte {
	n := g.r.IntN(12)
	if g.r.IntN(20) == 0 {
		n = g.r.IntN(700)
	}
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(g.r.UintN(256))
	}
	return b
}

func (g *Gen) binary() etf.Term {
	if g.r.IntN(2) == 0 {
		return etf.Binary(g.text(10))
	}
	return etf.Binary(g.bytes())
}

func (g *Gen) bitstring() etf.Term {
	b := append(g.bytes(), byte(g.r.UintN(256)))
	return etf.NewBitstring(b, 8*len(b)-1-g.r.IntN(7))
}
