package tracker

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"sync/atomic"
	"time"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/phoenix/tracker/internal/crdt"
)

var (
	errOwnName  = errors.New("it names this node as its sender")
	errStranger = errors.New("its sender is not connected")
)

// lastVsn makes two lives that begin in the same microsecond different.
var lastVsn atomic.Int64

// newRef begins a life of a replica: its vsn is the time in microseconds, as that of Phoenix.Tracker.Replica.new/1.
func newRef(node etf.Atom) crdt.Ref {
	for {
		last := lastVsn.Load()
		vsn := max(time.Now().UnixMicro(), last+1)
		if lastVsn.CompareAndSwap(last, vsn) {
			return crdt.Ref{Name: node, Vsn: vsn}
		}
	}
}

var metaCount atomic.Uint32

// metaRef makes a phx_ref: the base64 of the time in nanoseconds, a hash of node and process, and a number. Nobody
// reads anything into it.
func metaRef(self etf.Pid) etf.Binary {
	var raw [12]byte
	binary.BigEndian.PutUint64(raw[:], uint64(time.Now().UnixNano()))
	binary.BigEndian.PutUint16(raw[8:], uint16(etf.PHash2Range(etf.Tuple{self.Node, self}, 1<<16)))
	binary.BigEndian.PutUint16(raw[10:], uint16(metaCount.Add(1)))
	return base64.URLEncoding.AppendEncode(nil, raw[:])
}

const (
	phxRef     etf.Atom = "phx_ref"
	phxRefPrev etf.Atom = "phx_ref_prev"
)

// withRef returns meta with a new phx_ref and, if prev is not nil, with the one before.
func withRef(meta etf.Map, ref etf.Binary, prev etf.Term) etf.Map {
	m := make(etf.Map, 0, len(meta)+2)
	for _, p := range meta {
		if !etf.IsAtom(p.Key, phxRef) && (prev == nil || !etf.IsAtom(p.Key, phxRefPrev)) {
			m = append(m, p)
		}
	}
	m = append(m, etf.MapPair{Key: phxRef, Value: ref})
	if prev != nil {
		m = append(m, etf.MapPair{Key: phxRefPrev, Value: prev})
	}
	return m
}
