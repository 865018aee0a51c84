package etf_test

import (
	"encoding/binary"
	"math"
	"testing"

	"github.com/gonode-otp/gonode/etf"
)

// The benchmark behind docs/adr/0001-shape-of-a-term.md: what a term could be in Go. Four decoders of the same shape,
// with the same reader, the same table of atoms and none of the checks of the real one, build
//
//   - sealed: the sealed interface etf.Term, as package etf has it,
//   - any: plain Go values (int64, float64, string types, []any), which is what most Go libraries do,
//   - union: a struct with a field for every kind of payload, without interfaces,
//   - lean: a struct of a number and an any, so that numbers need no box and everything else is one.
//
// Each result is then walked once, because a shape that is cheap to build and dear to look at gains nothing.

type shapeReader struct {
	b     []byte
	off   int
	atoms map[string]int // index into names
	names []string
	terms []etf.Term
	anys  []any
}

func (r *shapeReader) u8() byte { r.off++; return r.b[r.off-1] }

func (r *shapeReader) u32() uint32 {
	r.off += 4
	return binary.BigEndian.Uint32(r.b[r.off-4:])
}

func (r *shapeReader) u64() uint64 {
	r.off += 8
	return binary.BigEndian.Uint64(r.b[r.off-8:])
}

func (r *shapeReader) bytes(n int) []byte {
	r.off += n
	return r.b[r.off-n : r.off : r.off]
}

// atom returns the index of the atom that stands behind the tag just read.
func (r *shapeReader) atom() int {
	b := r.bytes(int(r.u8()))
	if i, ok := r.atoms[string(b)]; ok {
		return i
	}
	i := len(r.names)
	r.names = append(r.names, string(b))
	r.terms = append(r.terms, etf.Atom(b))
	r.anys = append(r.anys, anyAtom(b))
	r.atoms[string(b)] = i
	return i
}

func (r *shapeReader) node() string {
	r.u8()
	return r.names[r.atom()]
}

// ---------------------------------------------------------------- sealed interface

func (r *shapeReader) sealed() etf.Term {
	switch r.u8() {
	case 97:
		return etf.Int(r.u8())
	case 98:
		return etf.Int(int32(r.u32()))
	case 70:
		return etf.Float(math.Float64frombits(r.u64()))
	case 119:
		return r.terms[r.atom()]
	case 109:
		return etf.Binary(r.bytes(int(r.u32())))
	case 106:
		return etf.List(nil)
	case 104:
		t := make(etf.Tuple, r.u8())
		for i := range t {
			t[i] = r.sealed()
		}
		return t
	case 108:
		l := make([]etf.Term, r.u32())
		for i := range l {
			l[i] = r.sealed()
		}
		if tail := r.sealed(); len(l) == 1 && r.b[r.off-1] != 106 {
			return etf.ImproperList{Elems: l, Tail: tail}
		}
		return etf.List(l)
	case 116:
		m := make(etf.Map, r.u32())
		for i := range m {
			m[i] = etf.MapPair{Key: r.sealed(), Value: r.sealed()}
		}
		return m
	case 88:
		return etf.Pid{Node: etf.Atom(r.node()), ID: r.u32(), Serial: r.u32(), Creation: r.u32()}
	case 90:
		r.u8()
		ref := etf.Ref{Len: r.u8(), Node: etf.Atom(r.node()), Creation: r.u32()}
		for i := range ref.Words[:ref.Len] {
			ref.Words[i] = r.u32()
		}
		return ref
	}
	panic("tag")
}

func walkSealed(t etf.Term) int {
	n := 1
	switch t := t.(type) {
	case etf.Tuple:
		for _, x := range t {
			n += walkSealed(x)
		}
	case etf.List:
		for _, x := range t {
			n += walkSealed(x)
		}
	case etf.ImproperList:
		for _, x := range t.Elems {
			n += walkSealed(x)
		}
		n += walkSealed(t.Tail)
	case etf.Map:
		for _, p := range t {
			n += walkSealed(p.Key) + walkSealed(p.Value)
		}
	case etf.Binary:
		n += len(t)
	case etf.Int:
		n += int(t) & 1
	}
	return n
}

// ---------------------------------------------------------------- any

type (
	anyAtom  string
	anyTuple []any
	anyPair  struct{ key, value any }
	anyMap   []anyPair
	anyCons  struct {
		elems []any
		tail  any
	}
)

func (r *shapeReader) any() any {
	switch r.u8() {
	case 97:
		return int64(r.u8())
	case 98:
		return int64(int32(r.u32()))
	case 70:
		return math.Float64frombits(r.u64())
	case 119:
		return r.anys[r.atom()]
	case 109:
		return r.bytes(int(r.u32()))
	case 106:
		return []any(nil)
	case 104:
		t := make(anyTuple, r.u8())
		for i := range t {
			t[i] = r.any()
		}
		return t
	case 108:
		l := make([]any, r.u32())
		for i := range l {
			l[i] = r.any()
		}
		if tail := r.any(); len(l) == 1 && r.b[r.off-1] != 106 {
			return anyCons{l, tail}
		}
		return l
	case 116:
		m := make(anyMap, r.u32())
		for i := range m {
			m[i] = anyPair{r.any(), r.any()}
		}
		return m
	case 88:
		return etf.Pid{Node: etf.Atom(r.node()), ID: r.u32(), Serial: r.u32(), Creation: r.u32()}
	case 90:
		r.u8()
		ref := etf.Ref{Len: r.u8(), Node: etf.Atom(r.node()), Creation: r.u32()}
		for i := range ref.Words[:ref.Len] {
			ref.Words[i] = r.u32()
		}
		return ref
	}
	panic("tag")
}

func walkAny(t any) int {
	n := 1
	switch t := t.(type) {
	case anyTuple:
		for _, x := range t {
			n += walkAny(x)
		}
	case []any:
		for _, x := range t {
			n += walkAny(x)
		}
	case anyCons:
		for _, x := range t.elems {
			n += walkAny(x)
		}
		n += walkAny(t.tail)
	case anyMap:
		for _, p := range t {
			n += walkAny(p.key) + walkAny(p.value)
		}
	case []byte:
		n += len(t)
	case int64:
		n += int(t) & 1
	}
	return n
}

// ---------------------------------------------------------------- union

// union is a term: num holds an integer, the bits of a float or the length of a tail, text an atom or a binary, kids
// the elements of everything that has elements, box what is too large for the other fields.
type union struct {
	kind byte
	num  uint64
	text string
	kids []union
	box  any
}

func (r *shapeReader) union() union {
	tag := r.u8()
	switch tag {
	case 97:
		return union{kind: 97, num: uint64(r.u8())}
	case 98:
		return union{kind: 97, num: uint64(int32(r.u32()))}
	case 70:
		return union{kind: 70, num: r.u64()}
	case 119:
		return union{kind: 119, text: r.names[r.atom()]}
	case 109:
		return union{kind: 109, text: string(r.bytes(int(r.u32())))}
	case 106:
		return union{kind: 108}
	case 104:
		return union{kind: 104, kids: r.unions(int(r.u8()))}
	case 108:
		l := r.unions(int(r.u32()))
		if tail := r.union(); len(l) == 1 && r.b[r.off-1] != 106 {
			return union{kind: 108, num: 1, kids: append(l, tail)}
		}
		return union{kind: 108, kids: l}
	case 116:
		return union{kind: 116, kids: r.unions(2 * int(r.u32()))}
	case 88:
		return union{kind: 88, box: &etf.Pid{Node: etf.Atom(r.node()), ID: r.u32(), Serial: r.u32(), Creation: r.u32()}}
	case 90:
		r.u8()
		ref := &etf.Ref{Len: r.u8(), Node: etf.Atom(r.node()), Creation: r.u32()}
		for i := range ref.Words[:ref.Len] {
			ref.Words[i] = r.u32()
		}
		return union{kind: 90, box: ref}
	}
	panic("tag")
}

func (r *shapeReader) unions(n int) []union {
	u := make([]union, n)
	for i := range u {
		u[i] = r.union()
	}
	return u
}

func walkUnion(u *union) int {
	n := 1
	switch u.kind {
	case 104, 108, 116:
		for i := range u.kids {
			n += walkUnion(&u.kids[i])
		}
	case 109:
		n += len(u.text)
	case 97:
		n += int(u.num) & 1
	}
	return n
}

func BenchmarkShape(b *testing.B) {
	shapes := []struct {
		name string
		run  func(r *shapeReader) int
	}{
		{"sealed", func(r *shapeReader) int { return walkSealed(r.sealed()) }},
		{"any", func(r *shapeReader) int { return walkAny(r.any()) }},
		{"union", func(r *shapeReader) int { u := r.union(); return walkUnion(&u) }},
		{"lean", func(r *shapeReader) int { return walkLean(r.lean()) }},
	}
	for _, bt := range benchTerms {
		for _, s := range shapes {
			b.Run(bt.name+"/"+s.name, func(b *testing.B) {
				src := bare(b, bt.term)
				r := &shapeReader{b: src, atoms: map[string]int{}}
				want := walkSealed(bt.term)
				b.SetBytes(int64(len(src)))
				b.ReportAllocs()
				for b.Loop() {
					r.off = 0
					if got := s.run(r); got != want || r.off != len(src) {
						b.Fatalf("%d instead of %d, %d of %d bytes", got, want, r.off, len(src))
					}
				}
			})
		}
	}
}
