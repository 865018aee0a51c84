package dist

import "github.com/gonode-otp/gonode/etf"

// AliasSend sends its payload to a process alias: {33, From, Alias}, {34, From, Alias, Token}, or ALTACT_SIG_SEND where
// FlagAltactSig was negotiated. Since OTP 24 (FlagAlias); it cannot be sent to a peer without either flag.
type AliasSend struct {
	From  etf.Pid
	Alias etf.Ref
	// Token is the sequential trace token, nil if there is none.
	Token etf.Term
}

// HasPayload reports that the message sent follows.
func (*AliasSend) HasPayload() bool { return true }

func (m *AliasSend) sender() etf.Pid { return m.From }

func (m *AliasSend) write(w *controlWriter, payload etf.Term) (op Op, payloadFollows bool) {
	if w.negotiated(FlagAltactSig) {
		return w.altact(altactAlias, m.From, AltactTarget{Alias: m.Alias}, m.Token)
	}
	if !w.negotiated(FlagAlias) {
		w.refuse(OpAliasSend, "the peer has no aliases")
	}
	token := w.sendableToken(m.Token)
	op = w.beginTupleTT(OpAliasSend, OpAliasSendTT, 3, token)
	w.pid(m.From)
	w.ref(m.Alias)
	w.token(token)
	return op, true
}

func (r *controlReader) aliasSend() Message {
	m := &r.msgs.aliasSend
	traced := r.op == OpAliasSendTT
	r.checkArity(3, traced)
	m.From = r.sender()
	m.Alias = r.dec.Ref()
	m.Token = r.token(traced)
	r.payloadFollows = true
	return m
}
