package node

import (
	"context"
	"sync"

	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/genserv/driver"
)

// inboundMonitor is a monitor on a process of this node. One process may monitor another many times, each time with
// its own reference. A DEMONITOR_P finds the monitor by its reference in the table of the peer. The end of the process
// finds all monitors in the list of the process.
type inboundMonitor struct {
	ref     etf.Ref
	watcher etf.Pid
	byName  bool     // the monitor was set by name and its DOWN carries it
	name    etf.Atom // that name
	peer    *peer    // connection of the watcher, nil for a process of this node
	target  *process

	prev, next *inboundMonitor // guarded by target.mu
	listed     bool            // guarded by target.mu
}

// inboundMonitors is the list of the monitors on one process, guarded by the mutex of that process.
type inboundMonitors struct{ first *inboundMonitor }

func (l *inboundMonitors) add(w *inboundMonitor) {
	w.listed, w.prev, w.next = true, nil, l.first
	if l.first != nil {
		l.first.prev = w
	}
	l.first = w
}

func (l *inboundMonitors) remove(w *inboundMonitor) {
	if !w.listed {
		return
	}
	if w.prev != nil {
		w.prev.next = w.next
	} else {
		l.first = w.next
	}
	if w.next != nil {
		w.next.prev = w.prev
	}
	w.listed, w.prev, w.next = false, nil, nil
}

// take empties the list and returns it in the order in which the monitors were set.
func (l *inboundMonitors) take() []*inboundMonitor {
	var all []*inboundMonitor
	for w := l.first; w != nil; {
		next := w.next
		w.listed, w.prev, w.next = false, nil, nil
		all, w = append(all, w), next
	}
	l.first = nil
	for i, j := 0, len(all)-1; i < j; i, j = i+1, j-1 {
		all[i], all[j] = all[j], all[i]
	}
	return all
}

// attach puts w on its target's list; false means that the target has ended.
func (w *inboundMonitor) attach() bool {
	w.target.mu.Lock()
	defer w.target.mu.Unlock()
	if w.target.detached {
		return false
	}
	w.target.inbound.add(w)
	return true
}

func (w *inboundMonitor) detach() {
	w.target.mu.Lock()
	w.target.inbound.remove(w)
	w.target.mu.Unlock()
}

// outboundMonitor is a monitor held on this node, by a process or by a call that waits for its answer.
type outboundMonitor struct {
	ref    etf.Ref
	from   etf.Pid         // the watcher
	alias  bool            // the reference is an alias of the watcher too
	urgent bool            // DOWN is a priority message
	object etf.Term        // what the DOWN message calls the target: a pid or {Name,Node}
	target dist.Target     // the same as the wire wants it
	owner  *process        // nil for a call
	call   *call           // nil for a process
	peer   *peer           // connection to a target on another node
	entry  *inboundMonitor // entry at a target on this node
}

// down tells the holder that the target is gone.
func (m *outboundMonitor) down(reason etf.Term) {
	if m.call != nil {
		m.call.down(reason)
		return
	}
	if m.alias {
		m.owner.dropAlias(m.ref) // first, so that nothing comes after DOWN
	}
	m.owner.mu.Lock()
	defer m.owner.mu.Unlock()
	if m.owner.monitors[m.ref] == m {
		delete(m.owner.monitors, m.ref)
		msg := etf.Tuple{etf.Atom("DOWN"), m.ref, etf.Atom("process"), m.object, reason}
		if m.urgent {
			m.owner.deliverPriorityLocked(msg)
			return
		}
		m.owner.deliverLocked(msg, nil)
	}
}

// monitorTable holds the monitors of this node's processes and calls. Entries leave it when they fire or are removed.
type monitorTable struct {
	mu    sync.Mutex
	byRef map[uint64]*outboundMonitor
}

func (t *monitorTable) add(m *outboundMonitor) {
	t.mu.Lock()
	t.byRef[refNumber(m.ref)] = m
	t.mu.Unlock()
}

// remove removes m and reports whether the table had it.
func (t *monitorTable) remove(m *outboundMonitor) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.byRef[refNumber(m.ref)] != m {
		return false
	}
	delete(t.byRef, refNumber(m.ref))
	return true
}

// fire serves MONITOR_P_EXIT of the peer via; a nil via means this node. A monitor that is not in the table has been
// removed before.
func (t *monitorTable) fire(ref etf.Ref, via *peer, reason etf.Term) {
	t.mu.Lock()
	m := t.byRef[refNumber(ref)]
	if m != nil && m.ref == ref && m.peer == via {
		delete(t.byRef, refNumber(ref))
	} else {
		m = nil
	}
	t.mu.Unlock()
	if m != nil {
		m.down(reason)
	}
}

// ofPeer removes and returns all monitors on targets behind a connection that is gone.
func (t *monitorTable) ofPeer(p *peer) []*outboundMonitor {
	t.mu.Lock()
	defer t.mu.Unlock()
	var all []*outboundMonitor
	for key, m := range t.byRef {
		if m.peer == p {
			delete(t.byRef, key)
			all = append(all, m)
		}
	}
	return all
}

// setMonitor sets a monitor. If there is no such process, the monitor fires at once. If the node cannot be reached,
// setMonitor returns an error.
func (n *Node) setMonitor(ctx context.Context, m *outboundMonitor, d destination) error {
	m.object = d.object()
	if d.node == n.name {
		n.setLocalMonitor(m, d)
		return nil
	}
	from := caller{pid: m.from, process: m.owner}
	via, err := n.peerFor(ctx, from, d.node)
	if err != nil {
		return err
	}
	m.peer, m.target = via, dist.Target{Pid: d.pid, Name: d.name}
	n.monitors.add(m)
	if via.lacks(dist.FlagsMonitor) {
		return nil // it fires when the connection goes (erts_dsig_send_monitor)
	}
	if err := via.sendAs(ctx, from, &dist.MonitorP{From: m.from, To: m.target, Ref: m.ref}, nil); err != nil {
		n.monitors.remove(m)
		return err
	}
	return nil
}

func (n *Node) setLocalMonitor(m *outboundMonitor, d destination) {
	m.entry = &inboundMonitor{ref: m.ref, watcher: m.from, byName: d.isName(), name: d.name, target: n.local(d)}
	n.monitors.add(m)
	if m.entry.target == nil || !m.entry.attach() {
		n.monitors.fire(m.ref, nil, noproc)
	}
}

// removeMonitor removes a monitor. Afterwards the monitor does not fire.
func (n *Node) removeMonitor(m *outboundMonitor) {
	if n.monitors.remove(m) {
		n.sendDemonitor(m)
	}
}

// sendDemonitor tells the target, or its node, that the monitor is removed.
func (n *Node) sendDemonitor(m *outboundMonitor) {
	switch {
	case m.peer != nil:
		m.peer.sendMonitor(&dist.DemonitorP{From: m.from, To: m.target, Ref: m.ref}, nil)
	case m.entry.target != nil:
		m.entry.detach()
	}
}

// fireInbound sends DOWN for each of the monitors on p.
func (n *Node) fireInbound(p *process, all []*inboundMonitor, reason etf.Term) {
	for _, w := range all {
		if w.peer == nil {
			n.monitors.fire(w.ref, nil, reason)
			continue
		}
		if w.peer.takeInbound(w) {
			from := dist.ByPid(p.pid)
			if w.byName {
				from = dist.ByName(w.name)
			}
			w.peer.sendMonitor(&dist.MonitorPExit{From: from, To: w.watcher, Ref: w.ref, Sender: p.pid}, reason)
		}
	}
}

// monitor is erlang:monitor(process, To, Options) called by a process.
func (pr proc) monitor(to etf.Term, o driver.MonitorOptions) (etf.Ref, error) {
	n, p := pr.p.n, pr.p
	d, err := pr.locate(to)
	switch {
	case err != nil:
		return etf.Ref{}, err
	case d.alias.Len > 0:
		return etf.Ref{}, &DestinationError{To: to}
	}
	m := &outboundMonitor{ref: n.refs.make(), from: p.pid, owner: p, alias: o.Alias, urgent: o.Priority}
	if o.Alias {
		p.addAlias(m.ref, o.Priority)
	}
	p.mu.Lock()
	if p.monitors == nil {
		p.monitors = map[etf.Ref]*outboundMonitor{}
	}
	p.monitors[m.ref] = m
	p.mu.Unlock()
	if err = n.setMonitor(n.ctx, m, d); err != nil {
		m.down(noconnection)
	}
	return m.ref, nil
}

// demonitor is erlang:demonitor(Ref, [flush]) called by a process.
func (pr proc) demonitor(ref etf.Ref) {
	p := pr.p
	p.mu.Lock()
	m := p.monitors[ref]
	delete(p.monitors, ref)
	p.mu.Unlock()
	if m != nil {
		if m.alias {
			p.dropAlias(ref)
		}
		p.n.removeMonitor(m)
		return
	}
	p.flush(func(msg etf.Term) bool {
		down, ok := genserv.AsDown(msg)
		return ok && down.Ref == ref
	})
}
