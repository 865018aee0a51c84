package dist

import (
	"math/big"

	"github.com/gonode-otp/gonode/etf"
)

// UnlinkID removes the link between two processes: {35, ID, From, To}, or {4, From, To} to a peer without
// FlagUnlinkID. The receiver answers with UnlinkIDAck before it sends any other signal to From. Distribution
// Protocol, "Link Protocol".
type UnlinkID struct {
	// ID is chosen by the sender, unique among its unlinks of the pair, never 0. It is 0 in what came as UNLINK, which is
	// not acknowledged.
	ID       uint64
	From, To etf.Pid
}

// UnlinkIDAck acknowledges an UnlinkID: {36, ID, From, To}. From is the process that acknowledges.
type UnlinkIDAck struct {
	ID       uint64
	From, To etf.Pid
}

// HasPayload reports that nothing follows.
func (*UnlinkID) HasPayload() bool { return false }

// HasPayload reports that nothing follows.
func (*UnlinkIDAck) HasPayload() bool { return false }

func (m *UnlinkID) sender() etf.Pid    { return m.From }
func (m *UnlinkIDAck) sender() etf.Pid { return m.From }

func (m *UnlinkID) write(w *controlWriter, _ etf.Term) (op Op, payloadFollows bool) {
	if !w.negotiated(FlagUnlinkID) {
		op = w.beginTuple(OpUnlink, 3)
		w.ownPid(op, m.From)
		w.pid(m.To)
		return op, false
	}
	op = w.beginTuple(OpUnlinkID, 4)
	if m.ID == 0 {
		w.refuse(op, "an unlink needs an ID")
	}
	w.linkID(m.ID)
	w.ownPid(op, m.From)
	w.pid(m.To)
	return op, false
}

func (m *UnlinkIDAck) write(w *controlWriter, _ etf.Term) (op Op, payloadFollows bool) {
	op = w.beginTuple(OpUnlinkIDAck, 4)
	if !w.negotiated(FlagUnlinkID) {
		w.refuse(op, "the peer does not number its unlinks")
	}
	w.linkID(m.ID)
	w.ownPid(op, m.From)
	w.pid(m.To)
	return op, false
}

func (w *controlWriter) linkID(id uint64) {
	if v := int64(id); v >= 0 {
		w.int(v)
		return
	}
	w.any(etf.NewBigInt(new(big.Int).SetUint64(id)))
}

// unlinkID reads UNLINK too, whatever was negotiated: OTP 23.2 sends it to everybody, and up to OTP 25 it is accepted
// from everybody.
func (r *controlReader) unlinkID() Message {
	m := &r.msgs.unlinkID
	m.ID = 0
	if r.op == OpUnlink {
		r.checkArity(3, false)
	} else {
		r.checkArity(4, false)
		if m.ID = r.linkID(); m.ID == 0 {
			r.fail("an unlink without an ID")
		}
	}
	m.From = r.pidOfPeer()
	m.To = r.ownPid()
	return m
}

func (r *controlReader) unlinkIDAck() Message {
	r.checkArity(4, false)
	m := &r.msgs.unlinkIDAck
	m.ID = r.linkID()
	m.From = r.pidOfPeer()
	m.To = r.ownPid()
	return m
}

// linkID reads an unsigned integer of 64 bits.
func (r *controlReader) linkID() uint64 {
	if r.bad != "" {
		return 0
	}
	switch v := r.dec.Any().(type) {
	case etf.Int:
		if v >= 0 {
			return uint64(v)
		}
	case *etf.BigInt:
		if v.Big().IsUint64() {
			return v.Big().Uint64()
		}
	}
	r.fail("an ID that is no integer of 64 bits")
	return 0
}
