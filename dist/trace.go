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
		return describeRoute(m.From, m.To) + describeToken(m.Token)
	case *RegSend:
		return describeRoute(m.From, m.To) + describeToken(m.Token)
	case *AliasSend:
		return describeRoute(m.From, m.Alias) + describeToken(m.Token)
	case *AltactSig:
		return describeAltact(m) + describeToken(m.Token)
	case *Link:
		return describeRoute(m.From, m.To)
	case *UnlinkID:
		return describeRoute(m.From, m.To) + fmt.Sprintf(" id %d", m.ID)
	case *UnlinkIDAck:
		return describeRoute(m.From, m.To) + fmt.Sprintf(" id %d", m.ID)
	case *Exit:
		return describeRoute(m.From, m.To) + describeToken(m.Token)
	case *Exit2:
		return describeRoute(m.From, m.To) + describeToken(m.Token)
	case *MonitorP:
		return describeRoute(m.From, m.To.Term()) + fmt.Sprint(" ", m.Ref)
	case *DemonitorP:
		return describeRoute(m.From, m.To.Term()) + fmt.Sprint(" ", m.Ref)
	case *MonitorPExit:
		return describeRoute(m.From.Term(), m.To) + fmt.Sprint(" ", m.Ref)
	case *GroupLeader:
		return describeRoute(m.Leader, m.To)
	case *SpawnRequest:
		call := fmt.Sprintf(" %v:%v/%d %v", m.Module, m.Function, m.Arity, m.Opts)
		return describeRoute(m.From, m.Ref) + call + describeToken(m.Token)
	case *SpawnReply:
		return describeRoute(m.Ref, m.To) + describeSpawnReply(m) + describeToken(m.Token)
	}
	return ""
}

func describeAltact(m *AltactSig) string {
	var to etf.Term = m.To.Term()
	if m.To.IsAlias() {
		to = m.To.Alias
	}
	s := describeRoute(m.From, to)
	if m.Priority {
		s += " priority"
	}
	if m.Exit {
		s += " exit"
	}
	return s
}

func describeSpawnReply(m *SpawnReply) string {
	s := fmt.Sprint(" ", Target{Pid: m.Pid, Name: m.Error}.Term())
	if m.Link {
		s += " link"
	}
	if m.Monitor {
		s += " monitor"
	}
	return s
}

func describeRoute(from, to etf.Term) string { return fmt.Sprint(from, " -> ", to) }

func describeToken(token etf.Term) string {
	if token == nil {
		return ""
	}
	return fmt.Sprint(" token ", token)
}
