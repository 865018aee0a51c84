package node

import (
	"sync/atomic"

	"github.com/gonode-otp/gonode/etf"
)

// refs makes the references of this node. OTP 23 takes three words, the first of 18 bits, so every peer gets
// references of this size (protocol: NEWER_REFERENCE_EXT).
type refs struct {
	node     etf.Atom
	creation uint32
	last     atomic.Uint64
}

const refFirstBits = 18

func (r *refs) make() etf.Ref {
	n := r.last.Add(1)
	return etf.Ref{Node: r.node, Creation: r.creation, Len: 3,
		Words: [etf.MaxRefWords]uint32{uint32(n & (1<<refFirstBits - 1)), uint32(n >> refFirstBits),
			uint32(n >> (refFirstBits + 32))}}
}

// refNumber returns the number that make put into a reference of this node.
func refNumber(r etf.Ref) uint64 {
	return uint64(r.Words[0]) | uint64(r.Words[1])<<refFirstBits | uint64(r.Words[2])<<(refFirstBits+32)
}
