package dist

import "github.com/gonode-otp/gonode/etf"

// Exit is the exit signal of a broken link; its payload is the reason: {24, From, To}, {25, From, To, Token}, and
// {3, From, To, Reason}, {13, From, To, Token, Reason} without FlagExitPayload.
type Exit struct {
	From, To etf.Pid
	// Token is the sequential trace token, nil if there is none.
	Token etf.Term
}

// HasPayload reports that there is a reason.
func (*Exit) HasPayload() bool { return true }

func (m *Exit) sender() etf.Pid { return m.From }

// write refuses an exit to a process of an earlier incarnation of the peer: the peer would close the connection.
func (m *Exit) write(w *controlWriter, reason etf.Term) (op Op, payloadFollows bool) {
	token := w.sendableToken(m.Token)
	payloadFollows = w.negotiated(FlagExitPayload)
	if payloadFollows {
		op = w.beginTupleTT(OpPayloadExit, OpPayloadExitTT, 3, token)
	} else {
		op = w.beginTupleTT(OpExit, OpExitTT, 4, token)
	}
	if m.To.Node != w.peer.Name || w.peer.Creation != 0 && m.To.Creation != w.peer.Creation {
		w.refuse(op, "the receiver is no process of the peer as it runs now")
	}
	w.ownPid(op, m.From)
	w.pid(m.To)
	w.token(token)
	if !payloadFollows {
		w.any(reason)
	}
	return op, payloadFollows
}

// Differs from OTP: a receiver of an earlier incarnation of this node is let through, for the node to ignore. OTP
// closes the connection.
func (r *controlReader) exit() Message {
	m := &r.msgs.exit
	m.From, m.To, m.Token = r.exitSignal(OpExit, OpExitTT, OpPayloadExitTT)
	return m
}

// exitSignal reads the parts that EXIT and EXIT2 have in common. old and oldTT hold the reason in the tuple.
func (r *controlReader) exitSignal(old, oldTT, payloadTT Op) (from, to etf.Pid, token etf.Term) {
	traced := r.op == oldTT || r.op == payloadTT
	r.payloadFollows = r.op != old && r.op != oldTT
	n := 4
	if r.payloadFollows {
		n = 3
	}
	r.checkArity(n, traced)
	from, to = r.pidOfPeer(), r.ownPid()
	token = r.token(traced)
	if !r.payloadFollows {
		r.reason = r.any()
	}
	return from, to, token
}
