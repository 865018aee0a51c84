package dist

import "github.com/gonode-otp/gonode/etf"

// isToken reports whether t is a sequential trace token, {Flags, Label, Serial, From, LastCount}. From is a process, a
// port, or the node itself. OTP does not check that, and a node that gets something else may crash.
func isToken(t etf.Term) bool {
	token, ok := t.(etf.Tuple)
	if !ok || len(token) != 5 {
		return false
	}
	_, flags := token[0].(etf.Int)
	_, serial := token[2].(etf.Int)
	_, last := token[4].(etf.Int)
	return flags && serial && last
}

// token reads the trace token, if the message has one.
//
// Differs from OTP: any other term is refused, because the node may pass the token on.
func (r *controlReader) token(hasToken bool) etf.Term {
	if !hasToken || r.bad != "" {
		return nil
	}
	token := r.dec.Any()
	if !isToken(token) {
		r.fail("not a trace token")
	}
	return token
}

// sendableToken returns the trace token if the peer understands it, otherwise nil. A peer without FlagBigSeqtraceLabels
// knows only small integers as labels (can_send_seqtrace_token of the emulator).
func (w *controlWriter) sendableToken(token etf.Term) etf.Term {
	if token == nil {
		return nil
	}
	if !isToken(token) {
		w.refuse(0, "not a trace token")
		return nil
	}
	const labelBits = 27
	label, small := token.(etf.Tuple)[1].(etf.Int)
	if !w.negotiated(FlagBigSeqtraceLabels) && (!small || label>>labelBits != label>>63) {
		return nil
	}
	return token
}

// token writes the trace token if there is one.
func (w *controlWriter) token(t etf.Term) {
	if t != nil {
		w.any(t)
	}
}
