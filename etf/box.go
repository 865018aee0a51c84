package etf

import "unsafe"

// boxes make Terms of values that lie side by side in chunks. The conversion of Go allocates for each value: for a list of
// 100 000 integers that is 100 000 allocations and two thirds of the time that decoding takes. A chunk is small, since whoever
// keeps one of its values keeps all of it, and is never written to twice.
type boxes struct {
	ints     []Int
	floats   []Float
	binaries []Binary
	lists    []List
	tuples   []Tuple
	maps     []Map
}

// The greatest numbers of values in a chunk. Those that hold other terms are fewer.
const (
	boxNumbers = 64
	boxHeaders = 16
)

// box returns a Term with the type of proto that holds the value that p points to, which must be of that type, must lie on the
// heap and must not change any more. An interface is a pointer to its type and one to its value (runtime.iface); that of a
// value larger than a pointer, and of every number, is to memory that nothing writes to.
func box(proto Term, p unsafe.Pointer) Term {
	(*[2]unsafe.Pointer)(unsafe.Pointer(&proto))[1] = p
	return proto
}

// One of each type, for its type alone.
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

// chunk is how many values to make room for, of which each takes about wire bytes of the left ones.
func chunk(left, wire, most int) int { return min(left/wire+1, most) }

// int boxes v; left is the number of bytes left in the input. The runtime has the integers below 256.
func (b *boxes) int(v Int, left int) Term {
	if uint64(v) < 256 {
		return v
	}
	if len(b.ints) == 0 {
		b.ints = make([]Int, chunk(left, 5, boxNumbers))
	}
	p := &b.ints[0]
	b.ints = b.ints[1:]
	*p = v
	return box(protoInt, unsafe.Pointer(p))
}

func (b *boxes) float(v Float, left int) Term {
	if len(b.floats) == 0 {
		b.floats = make([]Float, chunk(left, 9, boxNumbers))
	}
	p := &b.floats[0]
	b.floats = b.floats[1:]
	*p = v
	return box(protoFloat, unsafe.Pointer(p))
}

func (b *boxes) binary(v Binary, left int) Term {
	if len(b.binaries) == 0 {
		b.binaries = make([]Binary, chunk(left, 16, boxHeaders))
	}
	p := &b.binaries[0]
	b.binaries = b.binaries[1:]
	*p = v
	return box(protoBinary, unsafe.Pointer(p))
}

func (b *boxes) list(v List, left int) Term {
	if len(b.lists) == 0 {
		b.lists = make([]List, chunk(left, 32, boxHeaders))
	}
	p := &b.lists[0]
	b.lists = b.lists[1:]
	*p = v
	return box(protoList, unsafe.Pointer(p))
}

func (b *boxes) tuple(v Tuple, left int) Term {
	if len(b.tuples) == 0 {
		b.tuples = make([]Tuple, chunk(left, 16, boxHeaders))
	}
	p := &b.tuples[0]
	b.tuples = b.tuples[1:]
	*p = v
	return box(protoTuple, unsafe.Pointer(p))
}

func (b *boxes) mapping(v Map, left int) Term {
	if len(b.maps) == 0 {
		b.maps = make([]Map, chunk(left, 32, boxHeaders))
	}
	p := &b.maps[0]
	b.maps = b.maps[1:]
	*p = v
	return box(protoMap, unsafe.Pointer(p))
}
