package termgen

import "github.com/gonode-otp/gonode/etf"

// node returns one of a few node names, so that several identifiers belong to the same node.
func (g *Gen) node() etf.Atom {
	return []etf.Atom{"a@host", "b@host", "node@some.domain.example", "nonode@nohost"}[g.r.IntN(4)]
}

func (g *Gen) word() uint32 {
	switch g.r.IntN(3) {
	case 0:
		return uint32(g.r.IntN(3))
	case 1:
		return ^uint32(0) - uint32(g.r.IntN(3))
	default:
		return g.r.Uint32()
	}
}

// creation returns a creation other than zero. OTP compares identifiers with creation zero in its own way.
func (g *Gen) creation() uint32 { return 1 + uint32(g.r.IntN(3)) + g.r.Uint32N(2)<<30 }

// Pid returns a random pid.
func (g *Gen) Pid() etf.Pid {
	return etf.Pid{Node: g.node(), ID: g.word(), Serial: g.word(), Creation: g.creation()}
}

// Port returns a random port.
func (g *Gen) Port() etf.Port {
	p := etf.Port{Node: g.node(), ID: uint64(g.word()), Creation: g.creation()}
	if g.r.IntN(2) == 0 {
		p.ID |= uint64(g.word()) << 32
	}
	return p
}

// Ref returns a random reference of one to five words.
func (g *Gen) Ref() etf.Ref {
	r := etf.Ref{Node: g.node(), Creation: g.creation(), Len: uint8(1 + g.r.IntN(etf.MaxRefWords))}
	if g.inKeys > 0 && r.Len == 1 {
		r.Len = 2 // OTP 25 does not find a one-word reference in a map of more than 32 pairs
	}
	for i := range r.Words[:r.Len] {
		r.Words[i] = g.word()
	}
	return r
}

// Fun returns a random local fun.
func (g *Gen) Fun(depth int) *etf.Fun {
	f := &etf.Fun{
		Arity:    uint8(g.r.IntN(4)),
		Index:    g.r.Uint32N(3),
		Module:   g.Atom(),
		OldIndex: etf.Int(g.r.IntN(3)),
		OldUniq:  etf.Int(g.r.IntN(1 << 26)),
		Pid:      g.Pid(),
		Free:     g.terms(depth, g.r.IntN(3)),
	}
	for i := range f.Uniq {
		f.Uniq[i] = byte(g.r.UintN(2))
	}
	return f
}

func (g *Gen) export() etf.Term {
	return etf.Export{Module: g.Atom(), Function: g.Atom(), Arity: uint8(g.r.IntN(256))}
}

// Record returns a random native record.
func (g *Gen) Record() etf.Term { return g.record(g.Depth) }

func (g *Gen) record(depth int) etf.Term {
	r := &etf.Record{Exported: g.r.IntN(2) == 0, Module: g.Atom(), Name: g.Atom()}
	seen := map[etf.Atom]bool{}
	for range g.r.IntN(g.Width) {
		if a := g.Atom(); !seen[a] {
			seen[a] = true
			r.Fields = append(r.Fields, a)
			r.Values = append(r.Values, g.term(depth-1))
		}
	}
	return r
}
