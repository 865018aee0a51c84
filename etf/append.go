package etf

import (
	"fmt"
	"math"
)

// Append appends t with the version byte to dst, as term_to_binary writes it, and returns the extended buffer. It
// uses the smallest tag that every release from OTP 23 on reads. The error is an *EncodeError; dst is returned
// unchanged then.
func Append(dst []byte, t Term) ([]byte, error) {
	var e Encoder
	out, err := e.Append(append(dst, version), t)
	if err != nil {
		return dst, err
	}
	return out, nil
}

// AtomTable is the outgoing atom cache of a connection. Ref returns the index under which the frame's header will carry
// a, or false if a is to be written out.
type AtomTable interface {
	Ref(a Atom) (index uint8, ok bool)
}

// Encoder encodes terms as they stand in distribution frames: without a version byte and, if it has a table, with atoms
// as references into it. Several terms of one frame, such as a control message and its payload, are appended one after
// the other with the same Encoder. Its zero value is ready to use. An Encoder must not be used by two goroutines at
// once.
type Encoder struct {
	// Atoms is asked for every atom, node names included. Nil means that atoms are written out.
	Atoms AtomTable
	// Depth bounds how deep terms may be nested, as Limits.Depth does. By default there is no bound. A term that
	// contains itself is an error in any case.
	Depth int
	// NoRecords refuses native records. A peer that has not announced them (NATIVE_RECORDS, OTP 29) drops the connection
	// on one.
	NoRecords bool
	// Apart is the size from which on binaries are not copied: Append leaves their bytes out of dst and adds them to
	// Parts. Zero copies all.
	Apart int
	// Parts are the binaries that were left out, in the order of their places. The caller takes them away.
	Parts []Part

	keys keySet
	refs *refCache // nil until there was a table
}

// Part is a binary whose place is in front of dst[At:]. It is the term's own memory.
type Part struct {
	At    int
	Bytes []byte
}

// Append appends t to dst and returns the extended buffer. The error is an *EncodeError with the path to what cannot be
// encoded; dst is returned unchanged then. (Atoms of t may have entered the table; what becomes of them is up to it.)
func (e *Encoder) Append(dst []byte, t Term) ([]byte, error) {
	parts := len(e.Parts)
	e.beginRefs()
	out, err := e.term(dst, t, min(e.maxDepth(), recursion))
	e.keys.forget()
	if err != nil {
		clear(e.Parts[parts:])
		e.Parts = e.Parts[:parts]
		return dst, err.finish()
	}
	return out, nil
}

func (e *Encoder) maxDepth() int {
	if e.Depth <= 0 {
		return math.MaxInt
	}
	return e.Depth
}

// heapDepth is how many levels may be nested below those that are written by recursion.
func (e *Encoder) heapDepth() int { return e.maxDepth() - min(e.maxDepth(), recursion) }

func (e *Encoder) tooDeep() *EncodeError { return badTerm("a term nested deeper than %d", e.Depth) }

// fits32 returns an error if n is too large for the 32-bit field it is to go into.
func fits32(n int, format string) *EncodeError {
	if uint64(n) > math.MaxUint32 {
		return badTerm(format, n)
	}
	return nil
}

// term appends t. After an error the result must not be used.
//
// The most common kinds come first, with one comparison each; a switch over all kinds looks into the method table.
func (e *Encoder) term(dst []byte, t Term, depth int) ([]byte, *EncodeError) {
	if a, ok := t.(Atom); ok {
		return e.atom(dst, a)
	}
	if v, ok := t.(Int); ok {
		return appendInt(dst, int64(v)), nil
	}
	if b, ok := t.(Binary); ok {
		return e.binary(dst, b)
	}
	switch t := t.(type) {
	case Tuple:
		return e.tuple(dst, t, depth)
	case List:
		return e.list(dst, t, depth)
	case Map:
		return e.mapTerm(dst, t, depth)
	case Pid:
		return e.pid(dst, t)
	case Ref:
		return e.ref(dst, t)
	case ImproperList:
		return e.improperList(dst, t, depth)
	case Float:
		return appendFloat(dst, float64(t))
	case Port:
		return e.port(dst, t)
	case *BigInt:
		if t == nil {
			return dst, badTerm("a nil *BigInt")
		}
		return appendBigInt(dst, t.Big())
	case Bitstring:
		return appendBitstring(dst, t)
	case *Fun:
		return e.fun(dst, t, depth)
	case Export:
		return e.export(dst, t)
	case *Record:
		return e.record(dst, t, depth)
	default:
		return dst, badTerm("nil instead of a term")
	}
}

func (e *Encoder) atom(dst []byte, a Atom) ([]byte, *EncodeError) {
	if e.Atoms != nil && len(a) <= 4*maxAtomChars {
		if i, ok := e.Atoms.Ref(a); ok {
			return append(dst, tagAtomCacheRef, i), nil
		}
	}
	return appendAtom(dst, a)
}

// keyName names the pair of a map in an error.
func keyName(k Term, i int) string {
	switch k := k.(type) {
	case Atom:
		return string(k)
	case Int:
		return fmt.Sprint(int64(k))
	case Binary:
		return fmt.Sprintf("%.40q", []byte(k))
	default:
		return fmt.Sprintf("%d:value", i+1)
	}
}
