package dist

import "github.com/gonode-otp/gonode/etf"

// controlReader reads control tuples. Its first failure sticks; what is read after it is zero.
type controlReader struct {
	dec  *etf.Decoder
	peer *Peer
	msgs messages

	frame          []byte
	off            int // frame[off:] is what dec reads
	op             Op
	arity          int
	payloadFollows bool     // the payload follows the tuple
	reason         etf.Term // the exit reason, where it is part of the tuple
	err            error    // of dec
	bad            string   // what is wrong with the message although all its parts are terms
}

// read reads the control tuple at the beginning of frame. n is its length. If payloadFollows is set, a payload follows
// it; otherwise reason is the payload, if there is one. The message is valid until the next call. If the error is one
// of the decoder, m has the elements in front of the one that could not be read.
func (r *controlReader) read(frame []byte) (
	m Message, reason etf.Term, n int, payloadFollows bool, err *ProtocolError,
) {
	r.frame, r.off, r.op, r.payloadFollows, r.reason, r.err, r.bad = frame, 0, 0, false, nil, nil, ""
	r.dec.Begin(frame)
	r.arity = r.dec.TupleHeader()
	op := Op(r.dec.Int())
	if op > 0 && op <= lastOp {
		r.op = op
	}
	m = r.parse()
	n = r.endTuple()
	reason = r.reason
	r.frame, r.reason = nil, nil
	switch {
	case r.err != nil:
		e := &ProtocolError{Peer: r.peer.Name, Op: r.op, Reason: "a control message of another form", Err: r.err}
		if d, ok := r.err.(*etf.DecodeError); ok {
			e.Offset = n + d.Offset
		}
		return m, nil, 0, false, e
	case r.bad != "":
		return nil, nil, 0, false, &ProtocolError{Peer: r.peer.Name, Op: op, Reason: r.bad}
	}
	return m, reason, n, r.payloadFollows, nil
}

// endTuple ends what the decoder began and returns the offset up to which the frame has been read.
func (r *controlReader) endTuple() int {
	n, err := r.dec.End()
	if r.err == nil {
		r.off += n
		r.err = err
	}
	return r.off
}

// fail records what is wrong. Only the first failure counts.
func (r *controlReader) fail(reason string) {
	if r.bad == "" {
		r.bad = reason
	}
}

// checkArity checks the number of elements, the operation included. With a token there is one more.
func (r *controlReader) checkArity(n int, token bool) {
	if token {
		n++
	}
	if r.arity != n {
		r.fail("wrong number of elements")
	}
}

// pid reads any pid.
func (r *controlReader) pid() etf.Pid { return r.dec.Pid() }

// pidOfPeer reads a pid that must be one of the sending node.
func (r *controlReader) pidOfPeer() etf.Pid {
	p := r.dec.Pid()
	if p.Node != r.peer.Name {
		r.fail("the sender is no process of the sending node")
	}
	return p
}

// ownPid reads a pid that must be one of this node, of whatever incarnation.
func (r *controlReader) ownPid() etf.Pid {
	p := r.dec.Pid()
	if p.Node != r.peer.Local {
		r.fail("the receiver is no process of the receiving node")
	}
	return p
}

// target reads a pid or a name.
func (r *controlReader) target() Target {
	if r.isPid() {
		return Target{Pid: r.dec.Pid()}
	}
	return Target{Name: r.dec.Atom()}
}

// sender reads the sender of SEND_SENDER and ALIAS_SEND, which OTP does not look at. Anything but a pid yields the zero
// pid.
func (r *controlReader) sender() etf.Pid {
	if r.isPid() {
		return r.dec.Pid()
	}
	r.skipElement()
	return etf.Pid{}
}

// isPid reports whether the next element is a pid.
func (r *controlReader) isPid() bool {
	at := r.endTuple()
	r.dec.Begin(r.frame[at:])
	return at < len(r.frame) && (r.frame[at] == tagNewPid || r.frame[at] == tagPid)
}

// The two tags that a pid can have (External Term Format).
const (
	tagNewPid = 88
	tagPid    = 103
)

// skipElement reads an element without a meaning: the cookie of SEND and REG_SEND, which OTP does not look at.
func (r *controlReader) skipElement() {
	r.any()
}

// any reads any term. It builds none for a message that is invalid already.
func (r *controlReader) any() etf.Term {
	if r.bad != "" {
		return nil
	}
	return r.dec.Any()
}
