package node

import (
	"slices"

	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/etf"
)

// A priority message comes before all messages in the mailbox that are none. A message has priority if its receiver
// asked for it and its sender too: it is sent with the option priority to an alias made with the option priority.
// DOWN and EXIT messages have it if the monitor or the link was made with it. EEP 76; erlang:alias/1, erlang:send/3,
// erlang:exit/3, erlang:monitor/3, erlang:link/2. Since OTP 28.

// handleAltact serves ALTACT_SIG_SEND. The plain message to an alias is not among these; see dist.AltactSig.
func (n *Node) handleAltact(m *dist.AltactSig, payload etf.Term, reader *peer) {
	switch {
	case m.Exit:
		n.exitTo(m.From, destination{node: n.name, pid: m.To.Pid, name: m.To.Name, alias: m.To.Alias}, m.Priority, payload,
			m.Token)
	case m.To.IsAlias():
		n.aliases.deliverPriority(m.To.Alias, withToken(payload, m.Token), reader)
	default:
		n.sendLocal(destination{node: n.name, pid: m.To.Pid, name: m.To.Name}, payload, m.Token, reader)
	}
}

// deliverPriority is deliver for a message that was sent with priority.
func (t *aliasTable) deliverPriority(ref etf.Ref, msg etf.Term, reader *peer) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	switch o := t.owner[refNumber(ref)]; {
	case o.ref != ref || o.p == nil:
	case o.priority:
		o.p.deliverPriority(msg)
	default:
		o.p.deliverFrom(msg, reader)
	}
}

// exitTo delivers an exit signal to a process of this node: erlang:exit/3.
func (n *Node) exitTo(from etf.Pid, d destination, priority bool, reason, token etf.Term) {
	target := n.local(d)
	if d.alias.Len > 0 {
		o := n.aliases.find(d.alias)
		target, priority = o.p, priority && o.priority
	}
	switch {
	case target == nil && d.alias.Len == 0 && !d.isName():
		n.spawns.exit(d.pid, reason)
	case target == nil:
	case etf.Equal(reason, kill):
		target.exit(killed)
	default:
		target.exitSignal(from, reason, token, priority && d.alias.Len > 0)
	}
}

// sendPriority sends msg to d with priority. Only an alias can take it; anything else gets an ordinary message.
func (n *Node) sendPriority(from caller, d destination, msg etf.Term) error {
	switch {
	case d.alias.Len == 0:
		return n.sendTo(n.ctx, from, d, nil, msg)
	case d.node == n.name:
		if !from.beginSend() {
			return errProcessEnded
		}
		defer from.endSend()
		n.aliases.deliverPriority(d.alias, withToken(msg, from.token()), nil)
		return nil
	}
	via, err := n.peerFor(n.ctx, from, d.node)
	if err != nil || via.lacksAliases() {
		return err
	}
	m := &dist.AltactSig{Priority: true, From: from.pid, To: dist.AltactTarget{Alias: d.alias}, Token: from.token()}
	return via.sendAs(n.ctx, from, m, msg)
}

// canSendAltact reports whether the peer can take the signal; see dist.AltactSig.
func (p *peer) canSendAltact(m *dist.AltactSig) bool {
	if m.Exit {
		return p.info.Negotiated.Has(dist.FlagAltactSig)
	}
	return p.info.Negotiated.HasAliases()
}

// exitAlias sends an exit signal to the process behind an alias. A peer before OTP 28 has no such signal; then it is
// lost, as in OTP.
func (n *Node) exitAlias(p *process, alias etf.Ref, reason etf.Term, priority bool) {
	if alias.Node == n.name {
		if o := n.aliases.find(alias); o.p == nil || !p.endsItself(o.p.pid, reason) {
			n.exitTo(p.pid, destination{node: n.name, alias: alias}, priority, reason, nil)
		}
		return
	}
	from := caller{pid: p.pid, process: p}
	via, err := n.peerFor(n.ctx, from, alias.Node)
	if err != nil || via.lacks(dist.FlagAltactSig) {
		return
	}
	m := &dist.AltactSig{Exit: true, Priority: priority, From: p.pid, To: dist.AltactTarget{Alias: alias}}
	_ = via.sendAs(n.ctx, from, m, reason) // a signal to a node that goes away is lost too
}

// deliverPriority is deliver for a priority message.
func (p *process) deliverPriority(msg etf.Term) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.deliverPriorityLocked(msg)
}

func (p *process) deliverPriorityLocked(msg etf.Term) {
	if p.dead.Load() {
		return
	}
	if p.busy {
		p.box.items = slices.Insert(p.box.items, int(p.urgent.Load()), msg)
		p.urgent.Add(1)
		p.arrivedLocked()
		return
	}
	p.deliverLocked(msg, nil)
}

// takePriority moves the priority messages of the mailbox to the head of the batch. Only the goroutine that runs the
// loop may call it. There is none left if the process has been killed meanwhile.
func (p *process) takePriority() {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := int(p.urgent.Load())
	p.batch = slices.Insert(p.batch, p.handled, p.box.items[:n]...)
	p.box.items = slices.Delete(p.box.items, 0, n)
	p.box.taken += uint64(n)
	p.urgent.Store(0)
	p.position.Store(int32(p.handled))
}

// deleteLocked removes the messages that match from the mailbox.
func (p *process) deleteLocked(match func(etf.Term) bool) {
	urgent := int(p.urgent.Load())
	for _, msg := range p.box.items[:urgent] {
		if match(withoutToken(msg)) {
			p.urgent.Add(-1)
		}
	}
	p.box.items = slices.DeleteFunc(p.box.items, func(msg etf.Term) bool { return match(withoutToken(msg)) })
}
