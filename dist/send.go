package dist

import "github.com/gonode-otp/gonode/etf"

// Send sends its payload to a process: {22, From, To}, {23, From, To, Token}, and {2, Unused, To}, {12, Unused, To,
// Token} without FlagSendSender.
type Send struct {
	// From is the sender. It is zero in what comes from a peer without FlagSendSender.
	From etf.Pid
	To   etf.Pid
	// Token is the sequential trace token, nil if there is none.
	Token etf.Term
}

// HasPayload reports that the message sent follows.
func (*Send) HasPayload() bool { return true }

func (m *Send) sender() etf.Pid { return m.From }

func (m *Send) write(w *controlWriter, _ etf.Term) (op Op, payloadFollows bool) {
	token := w.sendableToken(m.Token)
	if w.negotiated(FlagSendSender) && m.From.Node != "" {
		op = w.beginTupleTT(OpSendSender, OpSendSenderTT, 3, token)
		w.pid(m.From)
	} else {
		op = w.beginTupleTT(OpSend, OpSendTT, 3, token)
		w.atom("")
	}
	w.pid(m.To)
	w.token(token)
	return op, true
}

func (r *controlReader) send() Message {
	m := &r.msgs.send
	traced := r.op == OpSendSenderTT || r.op == OpSendTT
	r.checkArity(3, traced)
	if r.op == OpSendSender || r.op == OpSendSenderTT {
		m.From = r.sender()
	} else {
		m.From = etf.Pid{}
		r.skipElement()
	}
	m.To = r.pid()
	m.Token = r.token(traced)
	r.payloadFollows = true
	return m
}
