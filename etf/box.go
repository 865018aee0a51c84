package etf

import "unsafe"

// A Term is an interface, and the conversion of Go allocates for each value: for a list of 100 000 integers that is 100
// 000 allocations and two thirds of the time of decoding. The methods of slab below make Terms of values that lie side
// by side in chunks. Chunks are small, because whoever keeps one value keeps its whole chunk, and no value is written
// twice.

// leafChunks are the chunks of values that hold no terms.
type leafChunks struct {
	ints     []Int
	floats   []Float
	binaries []Binary
}

// containerChunks are the chunks of values that hold terms.
type containerChunks struct {
	lists  []List
	tuples []Tuple
	maps   []Map
}

// The largest numbers of values in a chunk. boxSlices is for slices of the input, which keep nothing alive that is not
// kept anyway.
const (
	boxNumbers = 64
	boxSlices  = 127
	boxHeaders = 21
)

// box returns a Term with the type of proto that holds the value that p points to, which must be of that type, must
// lie on the heap and must not change any more. An interface is a pointer to its type and one to its value
// (runtime.iface); that of a value larger than a pointer, and of every number, is to memory that nothing writes to.
func box(proto Term, p unsafe.Pointer) Term {
	(*[2]unsafe.Pointer)(unsafe.Pointer(&proto))[1] = p
	return proto
}

// valuePointer returns where the value of t lies.
func valuePointer(t Term) unsafe.Pointer { return (*[2]unsafe.Pointer)(unsafe.Pointer(&t))[1] }

// The following functions are a type assertion in two parts: the test, and access without a test. This is less code
// where the test is the condition of a loop. The second part may be called only if the first one returned true.

func isAtom(t Term) bool {
	_, ok := t.(Atom)
	return ok
}

func isInt(t Term) bool {
	_, ok := t.(Int)
	return ok
}

func isFloat(t Term) bool {
	_, ok := t.(Float)
	return ok
}

func isBinary(t Term) bool {
	_, ok := t.(Binary)
	return ok
}

func atomIn(t Term) Atom     { return *(*Atom)(valuePointer(t)) }
func intIn(t Term) Int       { return *(*Int)(valuePointer(t)) }
func floatIn(t Term) Float   { return *(*Float)(valuePointer(t)) }
func binaryIn(t Term) Binary { return *(*Binary)(valuePointer(t)) }

// A value of each type, from which box takes the type.
var (
	protoInt    Term = Int(0)
	protoFloat  Term = Float(0)
	protoBinary Term = Binary(nil)
	protoList   Term = List(nil)
	protoTuple  Term = Tuple(nil)
	protoMap    Term = Map(nil)

	protoImproper Term = ImproperList{}
	protoPid      Term = Pid{}
	protoRef      Term = Ref{}
)

// int boxes v; left is the number of bytes left in the input. The runtime has the integers below 256.
func (s *slab) int(v Int, left int) Term {
	if uint64(v) < 256 {
		return v
	}
	if len(s.ints) == 0 {
		s.ints = make([]Int, min(left/5+1, boxNumbers))
	}
	p := &s.ints[0]
	s.ints = s.ints[1:]
	*p = v
	return box(protoInt, unsafe.Pointer(p))
}

func (s *slab) float(v Float, left int) Term {
	if len(s.floats) == 0 {
		s.floats = make([]Float, min(left/9+1, boxNumbers))
	}
	p := &s.floats[0]
	s.floats = s.floats[1:]
	*p = v
	return box(protoFloat, unsafe.Pointer(p))
}

// binary boxes v. most is the largest number of values in a chunk.
func (s *slab) binary(v Binary, left, most int) Term {
	if len(s.binaries) == 0 {
		s.binaries = make([]Binary, s.nextChunkLen(left, 16, most))
	}
	p := &s.binaries[0]
	s.binaries = s.binaries[1:]
	*p = v
	return box(protoBinary, unsafe.Pointer(p))
}

func (s *slab) list(v List, depth, left int) Term {
	l := s.levelAt(depth)
	if len(l.lists) == 0 {
		l.lists = make([]List, s.nextChunkLen(left, 32, boxHeaders))
	}
	p := &l.lists[0]
	l.lists = l.lists[1:]
	*p = v
	return box(protoList, unsafe.Pointer(p))
}

func (s *slab) tuple(v Tuple, depth, left int) Term {
	l := s.levelAt(depth)
	if len(l.tuples) == 0 {
		l.tuples = make([]Tuple, s.nextChunkLen(left, 16, boxHeaders))
	}
	p := &l.tuples[0]
	l.tuples = l.tuples[1:]
	*p = v
	return box(protoTuple, unsafe.Pointer(p))
}

func (s *slab) mapping(v Map, depth, left int) Term {
	l := s.levelAt(depth)
	if len(l.maps) == 0 {
		l.maps = make([]Map, s.nextChunkLen(left, 32, boxHeaders))
	}
	p := &l.maps[0]
	l.maps = l.maps[1:]
	*p = v
	return box(protoMap, unsafe.Pointer(p))
}

// smallInt boxes v without calling the runtime.
func smallInt(v byte) Term { return box(protoInt, unsafe.Pointer(&smallInts[v])) }

// smallInts are the values of integers that need no chunk. Nobody writes to them.
var smallInts = func() (v [256]Int) {
	for i := range v {
		v[i] = Int(i)
	}
	return v
}()

// pairTerms returns the keys and values of m in turn. The result shares the memory of m, since a pair is two terms side
// by side.
func pairTerms(m Map) []Term {
	if len(m) == 0 {
		return nil
	}
	return unsafe.Slice(&m[0].Key, 2*len(m))
}
