package termgen

import (
	"bytes"
	"slices"

	"github.com/gonode-otp/gonode/etf"
)

// Near returns a term that differs from t in about one place, which is hard for comparisons. It may be equal to t. It
// does not change t.
func (g *Gen) Near(t etf.Term) etf.Term {
	if g.r.IntN(6) == 0 {
		return g.other(t)
	}
	switch t := t.(type) {
	case etf.Tuple:
		return etf.Tuple(g.nearAll(t))
	case etf.List:
		return etf.List(g.nearAll(t))
	case etf.ImproperList:
		if g.r.IntN(2) == 0 {
			return etf.NewList(t.Elems, g.other(t.Tail))
		}
		return etf.NewList(g.nearAll(t.Elems), t.Tail)
	case etf.Map:
		return g.nearMap(t)
	case *etf.Fun:
		f := *t
		f.Free = g.nearAll(t.Free)
		return &f
	case *etf.Record:
		return g.nearRecord(t)
	default:
		return g.other(t)
	}
}

// nearRecord changes a value, or the part before the values.
func (g *Gen) nearRecord(t *etf.Record) etf.Term {
	r := *t
	switch g.r.IntN(6) {
	case 0:
		r.Module = g.Atom()
	case 1:
		r.Name = g.Atom()
	case 2:
		r.Exported = !r.Exported
	case 3:
		if n := len(r.Fields); n > 0 {
			r.Fields, r.Values = r.Fields[:n-1:n-1], r.Values[:n-1:n-1]
		}
	case 4:
		if n := len(r.Fields); n > 1 {
			r.Fields = slices.Clone(r.Fields)
			r.Fields[0], r.Fields[n-1] = r.Fields[n-1], r.Fields[0]
		}
	default:
		r.Values = g.nearAll(t.Values)
	}
	return &r
}

func (g *Gen) nearAll(terms []etf.Term) []etf.Term {
	terms = slices.Clone(terms)
	if len(terms) > 0 {
		i := g.r.IntN(len(terms))
		terms[i] = g.Near(terms[i])
	}
	return terms
}

// nearMap changes one value, or one key, and the order of the pairs.
func (g *Gen) nearMap(m etf.Map) etf.Term {
	m = slices.Clone(m)
	g.r.Shuffle(len(m), func(i, j int) { m[i], m[j] = m[j], m[i] })
	if len(m) == 0 {
		return m
	}
	i := g.r.IntN(len(m))
	if g.r.IntN(2) == 0 {
		m[i].Value = g.Near(m[i].Value)
		return m
	}
	g.inKeys++
	key := g.Near(m[i].Key)
	g.inKeys--
	if _, ok := m.Get(key); !ok {
		m[i].Key = key
	}
	return m
}

// other returns another term, most often of the same type.
func (g *Gen) other(t etf.Term) etf.Term {
	switch t := t.(type) {
	case etf.Int:
		if g.r.IntN(3) == 0 {
			return etf.Float(t)
		}
		return g.Integer()
	case *etf.BigInt:
		return g.Integer()
	case etf.Float:
		if g.r.IntN(2) == 0 && t >= -1<<62 && t <= 1<<62 {
			return etf.Int(t)
		}
		return g.Float()
	case etf.Atom:
		return g.Atom()
	case etf.Binary:
		b := append(bytes.Clone(t), byte(g.r.UintN(256)))
		return etf.NewBitstring(b, 8*len(b)-g.r.IntN(8))
	case etf.Bitstring:
		return etf.NewBitstring(t.Data, 8*len(t.Data)-g.r.IntN(8))
	case etf.Pid:
		p := g.Pid()
		p.Node = t.Node
		if g.r.IntN(2) == 0 {
			p.ID = t.ID
		}
		return p
	case etf.Port:
		p := g.Port()
		p.ID = t.ID
		return p
	case etf.Ref:
		r := g.Ref()
		r.Node, r.Creation = t.Node, t.Creation
		return r
	case etf.Export:
		t.Arity++
		return t
	case etf.List:
		return etf.NewList(t, g.Leaf())
	case etf.ImproperList:
		return etf.List(t.Elems)
	default:
		return g.Leaf()
	}
}
