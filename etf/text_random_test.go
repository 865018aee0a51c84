package etf_test

import (
	"math"
	"math/big"
	"math/rand/v2"

	"github.com/gonode-otp/gonode/etf"
)

// textRandom makes terms that are hard to print: names that need quotes, almost printable lists and binaries, numbers
// at the edges.
type textRandom struct {
	*rand.Rand
	identities bool // pids, ports, references and funs too, which cannot be read back
}

func newTextRandom(seed uint64) *textRandom {
	return &textRandom{Rand: rand.New(rand.NewPCG(seed, 0))}
}

var textChars = []rune("abcxyz ABZ019_@.-'\"\\\b\t\n\v\f\r\x1b\x7f\x00\x01\x1f\u0080\u009f\u00a0éßÿ÷×ÞАя€漢\u2028\ufeff\ufffd\U0001F600\U0010FFFF")

func (r *textRandom) char() rune {
	switch r.IntN(8) {
	case 0:
		return textChars[r.IntN(len(textChars))]
	case 1:
		return rune(r.IntN(256))
	case 2:
		for {
			if c := rune(r.IntN(0x110000)); c < 0xD800 || c > 0xDFFF && c != 0xFFFE && c != 0xFFFF {
				return c
			}
		}
	}
	return rune('a' + r.IntN(26))
}

func (r *textRandom) text(most int) string {
	text := make([]rune, r.IntN(most+1))
	for i := range text {
		text[i] = r.char()
	}
	return string(text)
}

func (r *textRandom) atom() etf.Atom {
	words := []etf.Atom{"ok", "undefined", "end", "cond", "let", "xor", "Elixir.Enum", "gonode@localhost", "", "maybE",
		"a b", "élan", "_x"}
	if r.IntN(2) == 0 {
		return words[r.IntN(len(words))]
	}
	return etf.Atom(r.text(6))
}

func (r *textRandom) float() etf.Float {
	for {
		var f float64
		switch r.IntN(5) {
		case 0:
			f = math.Float64frombits(r.Uint64())
		case 1:
			f = r.NormFloat64() * math.Pow10(r.IntN(50)-25)
		case 2:
			f = float64(r.IntN(2000)-1000) * math.Pow10(r.IntN(60)-30)
		case 3:
			f = math.Round(r.Float64()*1e6) / math.Pow10(r.IntN(12))
		default:
			f = float64(int64(1)<<53 + int64(r.IntN(9)) - 4)
		}
		if !math.IsNaN(f) && !math.IsInf(f, 0) {
			return etf.Float(f)
		}
	}
}

func (r *textRandom) integer() etf.Term {
	switch r.IntN(6) {
	case 0:
		return etf.Int(r.Uint64())
	case 1:
		v := new(big.Int).SetBit(big.NewInt(r.Int64()), r.IntN(300), 1)
		if r.IntN(2) == 0 {
			v.Neg(v)
		}
		return etf.NewBigInt(v)
	}
	return etf.Int(r.IntN(300) - 20)
}

func (r *textRandom) leaf() etf.Term {
	kinds := 8
	if r.identities {
		kinds = 12
	}
	switch r.IntN(kinds) {
	case 0:
		return r.atom()
	case 1:
		return r.integer()
	case 2:
		return r.float()
	case 3:
		return etf.Charlist(r.text(8))
	case 4:
		return etf.Binary(r.text(8))
	case 5:
		b := make(etf.Binary, r.IntN(5))
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		return b
	case 6:
		bits := 1 + r.IntN(7)
		return etf.Bitstring{Data: []byte{byte(r.Uint32()), byte(r.Uint32() << (8 - bits))}, Bits: uint8(bits)}
	case 7:
		return etf.Export{Module: "lists", Function: etf.Atom('a' + rune(r.IntN(26))), Arity: uint8(r.IntN(256))}
	case 8:
		return etf.Pid{Node: "a@b", ID: r.Uint32(), Serial: r.Uint32(), Creation: 1 + r.Uint32()/2}
	case 9:
		return etf.Port{Node: "a@b", ID: r.Uint64(), Creation: 1 + r.Uint32()/2}
	case 10:
		ref := etf.Ref{Node: "a@b", Creation: 1 + r.Uint32()/2, Len: uint8(1 + r.IntN(5))}
		for i := range ref.Len {
			ref.Words[i] = r.Uint32() >> 14
		}
		return ref
	}
	return &etf.Fun{
		Arity: 1, Module: "counter", Index: 2, OldIndex: etf.Int(r.IntN(100)), OldUniq: etf.Int(r.IntN(1 << 27)),
		Pid: etf.Pid{Node: "a@b", ID: 1, Creation: 1},
	}
}

func (r *textRandom) term(depth int) etf.Term {
	if depth == 0 || r.IntN(3) == 0 {
		return r.leaf()
	}
	elems := make([]etf.Term, r.IntN(5))
	for i := range elems {
		elems[i] = r.term(depth - 1)
	}
	switch r.IntN(4) {
	case 0:
		return etf.Tuple(elems)
	case 1:
		m := etf.Map{}
		for _, e := range elems {
			if !hasTextKey(m, e) {
				m = append(m, etf.MapPair{Key: e, Value: r.term(depth - 1)})
			}
		}
		return m
	case 2:
		if len(elems) > 0 {
			return etf.ImproperList{Elems: elems, Tail: etf.Int(r.IntN(9))}
		}
	}
	return etf.List(elems)
}

// hasTextKey tells whether m has the key under ==, so that no emulator takes two keys for one.
func hasTextKey(m etf.Map, key etf.Term) bool {
	for _, pair := range m {
		if etf.Compare(pair.Key, key) == 0 {
			return true
		}
	}
	return false
}
