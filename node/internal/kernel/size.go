package kernel

import (
	"math/big"

	"github.com/gonode-otp/gonode/etf"
)

// SizeOf estimates the memory of a term in bytes. It looks at no more than some thousand elements, so it is soon done
// however large the term is.
func SizeOf(t etf.Term) int {
	left := sizeLimit
	return sizeOf(t, &left)
}

const (
	sizeLimit = 4096 // elements to look at
	slotSize  = 16   // an element of a list, a tuple or a map
	boxSize   = 24   // a number or the head of a slice
	idSize    = 40   // a pid, a port or a reference
)

// sizeOf returns the size of a term. An element behind the limit counts as one slot.
func sizeOf(t etf.Term, left *int) int {
	if *left--; *left < 0 {
		return slotSize
	}
	switch t := t.(type) {
	case etf.Atom:
		return slotSize // atoms are shared
	case etf.Binary:
		return boxSize + len(t)
	case etf.List:
		return slotSize + sizeOfAll(t, left)
	case etf.Tuple:
		return slotSize + sizeOfAll(t, left)
	case etf.ImproperList:
		return slotSize + sizeOfAll(t.Elems, left) + sizeOf(t.Tail, left)
	case etf.Map:
		size := slotSize
		for i := range t {
			if *left < 0 {
				return size + (len(t)-i)*2*slotSize
			}
			size += 2*slotSize + sizeOf(t[i].Key, left) + sizeOf(t[i].Value, left)
		}
		return size
	case *etf.BigInt:
		return boxSize + len((*big.Int)(t).Bits())*wordSize
	case etf.Pid, etf.Port, etf.Ref:
		return idSize
	}
	return boxSize
}

func sizeOfAll(elems []etf.Term, left *int) int {
	size := len(elems) * slotSize
	for _, e := range elems {
		if *left < 0 {
			break
		}
		size += sizeOf(e, left)
	}
	return size
}
