package dist

import (
	"fmt"
	"strings"

	"github.com/gonode-otp/gonode/etf"
)

// TraceEvent is a message or a tick that passes a connection.
type TraceEvent struct {
	// Out says that it is sent, else it was received.
	Out bool
	// Peer is the node at the other end.
	Peer etf.Atom
	// Op is the operation on the wire, 0 for a tick.
	Op Op
	// Message is the control message, nil for a tick. It must not be kept.
	Message Message
	// Payload is the term that belongs to the message, nil if there is none.
	Payload etf.Term
	// Size is the number of bytes of control message and payload.
	Size int
}

// maxTraceTerm is the number of bytes of a payload that are printed.
const maxTraceTerm = 200

// String returns the event in one line: direction, peer, operation, what the message says, the payload, the size.
func (e TraceEvent) String() string {
	var b strings.Builder
	if e.Out {
		b.WriteString("-> ")
	} else {
		b.WriteString("<- ")
	}
	b.WriteString(string(e.Peer))
	if e.Message == nil {
		b.WriteString(" tick")
		return b.String()
	}
	b.WriteString(" " + e.Op.String() + " " + describe(e.Message))
	if e.Payload != nil {
		text := fmt.Sprint(e.Payload)
		if len(text) > maxTraceTerm {
			text = strings.ToValidUTF8(text[:maxTraceTerm], "") + "..."
		}
		b.WriteString(" " + text)
	}
	fmt.Fprintf(&b, " (%d bytes)", e.Size)
	return b.String()
}

func describe(m Message) string {
	switch m := m.(type) {
	case *Send:
		return arrow(m.From, m.To) + traced(m.Token)
	case *RegSend:
		return arrow(m.From, m.To) + traced(m.Token)
	case *AliasSend:
		return arrow(m.From, m.Alias) + traced(m.Token)
	case *AltactSig:
		return describeAltact(m) + traced(m.Token)
	case *Link:
		return arrow(m.From, m.To)
	case *UnlinkID:
		return arrow(m.From, m.To) + fmt.Sprintf(" id %d", m.ID)
	case *UnlinkIDAck:
		return arrow(m.From, m.To) + fmt.Sprintf(" id %d", m.ID)
	case *Exit:
		return arrow(m.From, m.To) + traced(m.Token)
	case *Exit2:
		return arrow(m.From, m.To) + traced(m.Token)
	case *MonitorP:
		return arrow(m.From, m.To.Term()) + fmt.Sprint(" ", m.Ref)
	case *DemonitorP:
		return arrow(m.From, m.To.Term()) + fmt.Sprint(" ", m.Ref)
	case *MonitorPExit:
		return arrow(m.From.Term(), m.To) + fmt.Sprint(" ", m.Ref)
	case *GroupLeader:
		return arrow(m.Leader, m.To)
	case *SpawnRequest:
		return arrow(m.From, m.Ref) + fmt.Sprintf(" %v:%v/%d %v", m.Module, m.Function, m.Arity, m.Opts) + traced(m.Token)
	case *SpawnReply:
		return arrow(m.Ref, m.To) + describeSpawned(m) + traced(m.Token)
	}
	return ""
}

func describeAltact(m *AltactSig) string {
	var to etf.Term = m.To.Term()
	if m.To.IsAlias() {
		to = m.To.Alias
	}
	s := arrow(m.From, to)
	if m.Priority {
		s += " priority"
	}
	if m.Exit {
		s += " exit"
	}
	return s
}

func describeSpawned(m *SpawnReply) string {
	s := fmt.Sprint(" ", Target{Pid: m.Pid, Name: m.Error}.Term())
	if m.Link {
		s += " link"
	}
	if m.Monitor {
		s += " monitor"
	}
	return s
}

func arrow(from, to etf.Term) string { return fmt.Sprint(from, " -> ", to) }

func traced(token etf.Term) string {
	if token == nil {
		return ""
	}
	return fmt.Sprint(" token ", token)
}
