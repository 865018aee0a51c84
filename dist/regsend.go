package dist

import "github.com/gonode-otp/gonode/etf"

// RegSend sends its payload to the process registered as To: {6, From, Unused, To} or {16, From, Unused, To, Token}.
type RegSend struct {
	From etf.Pid
	To   etf.Atom
	// Token is the sequential trace token, nil if there is none.
	Token etf.Term
}

// HasPayload reports that the message sent follows.
func (*RegSend) HasPayload() bool { return true }

func (m *RegSend) sender() etf.Pid { return m.From }

func (m *RegSend) write(w *controlWriter, _ etf.Term) (op Op, payloadFollows bool) {
	token := w.sendableToken(m.Token)
	op = w.beginTupleTT(OpRegSend, OpRegSendTT, 4, token)
	w.pid(m.From)
	w.atom("")
	w.atom(m.To)
	w.token(token)
	return op, true
}

func (r *controlReader) regSend() Message {
	m := &r.msgs.regSend
	traced := r.op == OpRegSendTT
	r.checkArity(4, traced)
	m.From = r.pid()
	r.skipElement()
	m.To = r.dec.Atom()
	m.Token = r.token(traced)
	r.payloadFollows = true
	return m
}
