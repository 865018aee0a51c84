package dist

import "github.com/gonode-otp/gonode/etf"

// controlWriter writes control tuples. Its first failure sticks.
type controlWriter struct {
	enc  *etf.Encoder
	peer *Peer
	dst  []byte
	err  error
}

// negotiated reports whether a flag was negotiated.
func (w *controlWriter) negotiated(f Flags) bool { return w.peer.Negotiated.Has(f) }

// refuse records that the message must not be sent.
func (w *controlWriter) refuse(op Op, reason string) {
	if w.err == nil {
		w.err = &SendError{Peer: w.peer.Name, Op: op, Reason: reason}
	}
}

// beginTuple begins a tuple of n elements, the operation included.
func (w *controlWriter) beginTuple(op Op, n int) Op {
	if w.err == nil {
		w.dst, w.err = w.enc.AppendTupleHeader(w.dst, n)
		w.dst = w.enc.AppendInt(w.dst, etf.Int(op))
	}
	return op
}

// beginTupleTT is op, or op's form with a trace token, tt, if there is one.
func (w *controlWriter) beginTupleTT(op, tt Op, n int, token etf.Term) Op {
	if token == nil {
		return w.beginTuple(op, n)
	}
	return w.beginTuple(tt, n+1)
}

func (w *controlWriter) pid(p etf.Pid) {
	if w.err == nil {
		w.dst, w.err = w.enc.AppendPid(w.dst, p)
	}
}

// ownPid writes a pid that must be one of this node, because the peer closes the connection otherwise.
func (w *controlWriter) ownPid(op Op, p etf.Pid) {
	if p.Node != w.peer.Local {
		w.refuse(op, "the sender is no process of this node")
	}
	w.pid(p)
}

func (w *controlWriter) target(t Target) {
	if t.IsName() {
		w.atom(t.Name)
		return
	}
	w.pid(t.Pid)
}

func (w *controlWriter) ref(r etf.Ref) {
	if w.err == nil {
		w.dst, w.err = w.enc.AppendRef(w.dst, r)
	}
}

func (w *controlWriter) atom(a etf.Atom) {
	if w.err == nil {
		w.dst, w.err = w.enc.AppendAtom(w.dst, a)
	}
}

func (w *controlWriter) int(v int64) {
	if w.err == nil {
		w.dst = w.enc.AppendInt(w.dst, etf.Int(v))
	}
}

func (w *controlWriter) any(t etf.Term) {
	if w.err == nil {
		w.dst, w.err = w.enc.Append(w.dst, t)
	}
}
