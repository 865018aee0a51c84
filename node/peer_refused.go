package node

import (
	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/etf"
)

// refused handles a message of the peer that is over a limit and was skipped. It tells at once everybody who would
// wait for the effect of the message. The monitor of a caller fires with the reason {message_refused, Text}. A signal
// that carries a reason takes effect with that reason instead of its own.
//
// Differs from OTP: there a message that is too large for the memory ends the node, and nothing else is refused.
func (p *peer) refused(m dist.Message, why *dist.Refusal) error {
	reason := etf.Tuple{etf.Atom("message_refused"), etf.Binary(why.Reason)}
	var from etf.Pid
	var to etf.Term
	var effect func()
	switch m := m.(type) {
	case *dist.RegSend:
		from, to, effect = m.From, m.To, func() { p.answerRefused(m.To, why.Head, reason) }
	case *dist.Send:
		from, to, effect = m.From, m.To, func() { p.answerRefused(m.To, why.Head, reason) }
	case *dist.AliasSend:
		from, to, effect = m.From, m.Alias, func() { p.answerRefused(m.Alias, why.Head, reason) }
	case *dist.SpawnRequest:
		from, to = m.From, etf.Export{Module: m.Module, Function: m.Function, Arity: uint8(m.Arity)}
		effect = func() { p.send(&dist.SpawnReply{Ref: m.Ref, To: m.From, Error: "system_limit"}, nil) }
	case *dist.MonitorPExit:
		from, to, effect = m.From.Pid, m.To, func() { p.n.monitors.fire(m.Ref, p, reason) }
	case *dist.Exit2:
		from, to, effect = m.From, m.To, func() { p.n.exitSignal(m.From, m.To, reason, nil) }
	case *dist.Exit:
		from, to, effect = m.From, m.To, func() { p.n.breakLink(m.From, m.To, reason, nil) }
	}
	p.n.log.Warn("message refused", "peer", p.name, "operation", why.Op.String(),
		"from", etf.Format(from), "to", etf.FormatMax(to, 100), "bytes", why.Size, "reason", why.Reason)
	if effect != nil {
		effect()
	}
	return nil
}

// answerRefused ends the wait of the caller that the refused message belongs to. head is the beginning of the message.
// A request {Label, {Pid, Tag}, Request} belongs to a caller on the peer. A reply {Tag, Reply} belongs to a call on
// this node.
func (p *peer) answerRefused(to etf.Term, head []etf.Term, reason etf.Term) {
	if len(head) == 0 {
		return
	}
	if ref, ok := taggedAlias(head[0]); ok {
		p.n.calls.fail(to, ref, reason)
		return
	}
	if len(head) < 2 {
		return
	}
	from, ok := head[1].(etf.Tuple)
	if !ok || len(from) != 2 {
		return
	}
	p.mu.Lock()
	w := p.monitorOfCall(to, from)
	if w == nil {
		p.mu.Unlock()
		return
	}
	delete(p.inbound, keyOf(w.ref))
	p.mu.Unlock()
	w.detach()
	target := dist.ByPid(w.target.pid)
	if w.byName {
		target = dist.ByName(w.name)
	}
	p.send(&dist.MonitorPExit{From: target, To: w.watcher, Ref: w.ref, Sender: w.target.pid}, reason)
}

// monitorOfCall returns the monitor that a caller has set for its call with the tag {Pid, Tag}, or nil. Tag is usually
// the reference of the monitor. In gen_server:multi_call/4 it is {Ref, Node} with an unrelated reference
// (gen_server:send_nodes/5), so the monitor is found by the name of the server. The caller holds p.mu.
func (p *peer) monitorOfCall(to etf.Term, from etf.Tuple) *inboundMonitor {
	if ref, ok := tagReference(from[1]); ok {
		if w := p.inbound[keyOf(ref)]; w != nil && from[0] == etf.Term(w.watcher) {
			return w
		}
		return nil
	}
	name, isName := to.(etf.Atom)
	tag, ok := from[1].(etf.Tuple)
	if !isName || !ok || len(tag) != 2 || tag[1] != etf.Term(p.n.name) {
		return nil
	}
	for _, w := range p.inbound {
		if w.byName && w.name == name && from[0] == etf.Term(w.watcher) {
			return w
		}
	}
	return nil
}

// tagReference returns the reference in the tag of a call, Ref or [alias|Ref].
func tagReference(tag etf.Term) (etf.Ref, bool) {
	if ref, ok := tag.(etf.Ref); ok {
		return ref, true
	}
	return taggedAlias(tag)
}

// fail ends the wait of the call that ref belongs to, if there is one and to is its alias or its pid.
func (cs *calls) fail(to etf.Term, ref etf.Ref, reason etf.Term) {
	cs.mu.Lock()
	c := cs.waiting[refNumber(ref)]
	cs.mu.Unlock()
	if c != nil && c.ref == ref && (to == etf.Term(ref) || to == etf.Term(c.from)) {
		c.down(reason)
	}
}
