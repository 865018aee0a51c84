package dist

import "github.com/gonode-otp/gonode/etf"

// Exit2 is the exit signal that erlang:exit/2 sends; its payload is the reason: {26, From, To}, {27, From, To,
// Token}, and {8, From, To, Reason}, {18, From, To, Token, Reason} without FlagExitPayload.
type Exit2 struct {
	From, To etf.Pid
	// Token is the sequential trace token, nil if there is none.
	Token etf.Term
}

// HasPayload reports that there is a reason.
func (*Exit2) HasPayload() bool { return true }

func (m *Exit2) sender() etf.Pid { return m.From }

func (m *Exit2) write(w *controlWriter, reason etf.Term) (op Op, payloadFollows bool) {
	token := w.sendableToken(m.Token)
	payloadFollows = w.negotiated(FlagExitPayload)
	if payloadFollows {
		op = w.beginTupleTT(OpPayloadExit2, OpPayloadExit2TT, 3, token)
	} else {
		op = w.beginTupleTT(OpExit2, OpExit2TT, 4, token)
	}
	w.ownPid(op, m.From)
	w.pid(m.To)
	w.token(token)
	if !payloadFollows {
		w.any(reason)
	}
	return op, payloadFollows
}

func (r *controlReader) exit2() Message {
	m := &r.msgs.exit2
	m.From, m.To, m.Token = r.exitSignal(OpExit2, OpExit2TT, OpPayloadExit2TT)
	return m
}
