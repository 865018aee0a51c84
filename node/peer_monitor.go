package node

import (
	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/etf"
)

// handleMonitor serves MONITOR_P: the target's end, or its absence, is answered once with MONITOR_P_EXIT.
func (p *peer) handleMonitor(m *dist.MonitorP) {
	w := &inboundMonitor{ref: m.Ref, watcher: m.From, peer: p}
	if m.To.IsName() {
		w.byName, w.name = true, m.To.Name
		w.target = p.n.registry.byName(m.To.Name)
	} else {
		w.target = p.n.local(destination{pid: m.To.Pid})
	}
	if w.target == nil {
		p.sendMonitor(&dist.MonitorPExit{From: m.To, To: m.From, Ref: m.Ref}, etf.Atom("noproc"))
		return
	}
	p.mu.Lock()
	old := p.inbound[keyOf(w.ref)]
	p.inbound[keyOf(w.ref)] = w
	p.mu.Unlock()
	if old != nil { // no node uses a reference twice, and nothing would take this one back
		old.detach()
	}
	if !w.attach() && p.takeInbound(w) {
		p.sendMonitor(&dist.MonitorPExit{From: m.To, To: m.From, Ref: m.Ref}, etf.Atom("noproc"))
	}
}

// handleGroupLeader serves GROUP_LEADER. Nothing here does I/O by way of a group leader; the processes that this one
// starts have it too, and process_info tells it.
func (n *Node) handleGroupLeader(m *dist.GroupLeader) {
	if target := n.local(destination{pid: m.To}); target != nil {
		target.mu.Lock()
		target.leader = m.Leader
		target.mu.Unlock()
	}
}

// handleDemonitor serves DEMONITOR_P. That there is no such monitor any more is normal.
func (p *peer) handleDemonitor(m *dist.DemonitorP) {
	p.mu.Lock()
	key := keyOf(m.Ref)
	w := p.inbound[key]
	delete(p.inbound, key)
	p.mu.Unlock()
	if w != nil {
		w.detach()
		return
	}
	p.demonitorSpawned(m.Ref)
}

// takeInbound takes w out of the table; who gets true has to answer it.
func (p *peer) takeInbound(w *inboundMonitor) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	key := keyOf(w.ref)
	if p.inbound[key] != w {
		return false
	}
	delete(p.inbound, key)
	return true
}
