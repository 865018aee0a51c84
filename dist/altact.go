package dist

import (
	"math/big"

	"github.com/gonode-otp/gonode/etf"
)

// AltactSig is an alternative action signal, ALTACT_SIG_SEND, since OTP 28: {37, Flags, From, To} or {37, Flags,
// From, To, Token}. It carries what the other operations cannot: priority messages and priority exit signals, the
// latter also to aliases and names. A plain message to an alias that comes this way is read as an *AliasSend.
//
// Towards a peer without FlagAltactSig the signal is sent as Send, RegSend, AliasSend or Exit2, without its priority,
// as OTP does. An exit signal to an alias or name has no such form and cannot be sent then.
type AltactSig struct {
	// Priority puts the signal before those that wait already.
	Priority bool
	// Exit says that the payload is the reason of an exit signal, as of Exit2. Else it is a message.
	Exit bool
	From etf.Pid
	To   AltactTarget
	// Token is the sequential trace token, nil if there is none.
	Token etf.Term
}

// AltactTarget is the receiver of an AltactSig: an alias if Alias has words, else a pid or a name.
type AltactTarget struct {
	Target
	Alias etf.Ref
}

// IsAlias reports whether the receiver is an alias.
func (t AltactTarget) IsAlias() bool { return t.Alias.Len > 0 }

// Bits of Flags in ALTACT_SIG_SEND; all others are ignored.
const (
	altactPriority = 1 << iota
	altactToken
	altactAlias
	altactName
	altactExit
)

// HasPayload reports that the message or the exit reason follows.
func (*AltactSig) HasPayload() bool { return true }

func (m *AltactSig) sender() etf.Pid { return m.From }

func (m *AltactSig) write(w *controlWriter, payload etf.Term) (op Op, payloadFollows bool) {
	var flags int64
	if m.Priority {
		flags |= altactPriority
	}
	if m.Exit {
		flags |= altactExit
		if m.From.Node != w.peer.Local {
			w.refuse(OpAltactSigSend, "the sender is no process of this node")
		}
	}
	switch {
	case w.negotiated(FlagAltactSig):
		return w.altact(flags, m.From, m.To, m.Token)
	case m.Exit && (m.To.IsAlias() || m.To.IsName()):
		w.refuse(OpAltactSigSend, "the peer knows exit signals to pids only")
		return OpAltactSigSend, false
	case m.Exit:
		return (&Exit2{From: m.From, To: m.To.Pid, Token: m.Token}).write(w, payload)
	case m.To.IsAlias():
		return (&AliasSend{From: m.From, Alias: m.To.Alias, Token: m.Token}).write(w, payload)
	case m.To.IsName():
		return (&RegSend{From: m.From, To: m.To.Name, Token: m.Token}).write(w, payload)
	default:
		return (&Send{From: m.From, To: m.To.Pid, Token: m.Token}).write(w, payload)
	}
}

func (w *controlWriter) altact(
	flags int64, from etf.Pid, to AltactTarget, token etf.Term,
) (op Op, payloadFollows bool) {
	n := 4
	if token = w.sendableToken(token); token != nil {
		flags |= altactToken
		n++
	}
	switch {
	case to.IsAlias():
		flags |= altactAlias
	case to.IsName() && flags&altactAlias == 0:
		flags |= altactName
	}
	op = w.beginTuple(OpAltactSigSend, n)
	w.int(flags)
	w.pid(from)
	if flags&altactAlias != 0 {
		w.ref(to.Alias)
	} else {
		w.target(to.Target)
	}
	w.token(token)
	return op, true
}

// altactSig reads as many elements as it knows; later releases may add some.
func (r *controlReader) altactSig() Message {
	flags := r.flagBits()
	traced := flags&altactToken != 0
	if r.arity < 4 || traced && r.arity < 5 {
		r.fail("wrong number of elements")
	}
	m := &r.msgs.altactSig
	*m = AltactSig{Priority: flags&altactPriority != 0, Exit: flags&altactExit != 0, From: r.pid()}
	switch flags & (altactAlias | altactName) {
	case altactAlias:
		m.To.Alias = r.dec.Ref()
	case altactName:
		m.To.Name = r.dec.Atom()
	case 0:
		m.To.Pid = r.pid()
	default:
		r.fail("a receiver that is an alias and a name at once")
	}
	known := 4
	if traced {
		m.Token = r.token(true)
		known++
	}
	for range r.arity - known {
		r.skipElement()
	}
	r.payloadFollows = true
	if m.To.IsAlias() && !m.Priority && !m.Exit {
		a := &r.msgs.aliasSend
		*a = AliasSend{From: m.From, Alias: m.To.Alias, Token: m.Token}
		return a
	}
	return m
}

// flagBits reads a non-negative integer of any size and returns its lowest bits.
func (r *controlReader) flagBits() int64 {
	switch v := r.dec.Any().(type) {
	case etf.Int:
		if v >= 0 {
			return int64(v)
		}
	case *etf.BigInt:
		if v.Big().Sign() > 0 {
			return new(big.Int).And(v.Big(), big.NewInt(0xff)).Int64()
		}
	}
	r.fail("flags that are no integer, or a negative one")
	return 0
}
