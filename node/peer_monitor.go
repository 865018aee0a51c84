package node

import (
	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/etf"
)

// handleMonitor serves MONITOR_P. The end of the target, or its absence, is answered once with MONITOR_P_EXIT.
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
	if old != nil { // no node uses a reference twice, and no signal would remove the old monitor
		old.detach()
	}
	if !w.attach() && p.takeInbound(w) {
		p.sendMonitor(&dist.MonitorPExit{From: m.To, To: m.From, Ref: m.Ref}, etf.Atom("noproc"))
	}
}

// handleGroupLeader serves GROUP_LEADER. No process of this node does I/O through its group leader. The processes that
// this one starts inherit it, and process_info returns it.
func (n *Node) handleGroupLeader(m *dist.GroupLeader) {
	if target := n.local(destination{pid: m.To}); target != nil {
		target.mu.Lock()
		target.leader = m.Leader
		target.mu.Unlock()
	}
}

// handleDemonitor serves DEMONITOR_P. The monitor may have fired already; this is not an error.
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

// takeInbound removes w from the table and reports whether it was there. The caller that gets true has to answer w.
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
