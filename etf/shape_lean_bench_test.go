package etf_test

import "github.com/gonode-otp/gonode/etf"

// lean is a term: a number if ref is one of the two number kinds, else what ref holds.
type lean struct {
	num uint64
	ref any
}

type (
	leanInt   struct{}
	leanFloat struct{}
	leanTuple []lean
	leanMap   []lean
	leanCons  []lean
)

func (r *shapeReader) lean() lean {
	switch r.u8() {
	case 97:
		return lean{uint64(r.u8()), leanInt{}}
	case 98:
		return lean{uint64(int32(r.u32())), leanInt{}}
	case 70:
		return lean{r.u64(), leanFloat{}}
	case 119:
		return lean{ref: r.anys[r.atom()]}
	case 109:
		return lean{ref: r.bytes(int(r.u32()))}
	case 106:
		return lean{ref: []lean(nil)}
	case 104:
		return lean{ref: leanTuple(r.leans(int(r.u8())))}
	case 108:
		l := r.leans(int(r.u32()))
		if tail := r.lean(); len(l) == 1 && r.b[r.off-1] != 106 {
			return lean{ref: leanCons(append(l, tail))}
		}
		return lean{ref: l}
	case 116:
		return lean{ref: leanMap(r.leans(2 * int(r.u32())))}
	case 88:
		return lean{ref: etf.Pid{Node: etf.Atom(r.node()), ID: r.u32(), Serial: r.u32(), Creation: r.u32()}}
	case 90:
		r.u8()
		ref := etf.Ref{Len: r.u8(), Node: etf.Atom(r.node()), Creation: r.u32()}
		for i := range ref.Words[:ref.Len] {
			ref.Words[i] = r.u32()
		}
		return lean{ref: ref}
	}
	panic("tag")
}

func (r *shapeReader) leans(n int) []lean {
	l := make([]lean, n)
	for i := range l {
		l[i] = r.lean()
	}
	return l
}

func walkLean(t lean) int {
	n := 1
	switch ref := t.ref.(type) {
	case leanTuple:
		n += walkLeans(ref)
	case []lean:
		n += walkLeans(ref)
	case leanCons:
		n += walkLeans(ref)
	case leanMap:
		n += walkLeans(ref)
	case []byte:
		n += len(ref)
	case leanInt:
		n += int(t.num) & 1
	}
	return n
}

func walkLeans(terms []lean) int {
	n := 0
	for _, t := range terms {
		n += walkLean(t)
	}
	return n
}
