package node

import (
	"context"
	"sync"

	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/etf"
)

// watch is one monitor on a process of this node. Erlang has many of them for one pair, each with its own reference, so
// they are kept by reference: the peer's table finds it for a DEMONITOR_P, the list of the process for its end.
type watch struct {
	ref     etf.Ref
	watcher etf.Pid
	byName  bool     // the monitor was set by name and its DOWN carries it
	name    etf.Atom // that name
	peer    *peer    // connection of the watcher, nil for a process of this node
	target  *process

	prev, next *watch // guarded by target.mu
	listed     bool   // guarded by target.mu
}

// watchList is the list of the watches of one process, guarded by the mutex of that process.
type watchList struct{ first *watch }

func (l *watchList) add(w *watch) {
	w.listed, w.prev, w.next = true, nil, l.first
	if l.first != nil {
		l.first.prev = w
	}
	l.first = w
}

func (l *watchList) remove(w *watch) {
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

// take empties the list and returns it in the order in which the watches were set.
func (l *watchList) take() []*watch {
	var all []*watch
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
func (w *watch) attach() bool {
	w.target.mu.Lock()
	defer w.target.mu.Unlock()
	if w.target.ended {
		return false
	}
	w.target.watches.add(w)
	return true
}

func (w *watch) detach() {
	w.target.mu.Lock()
	w.target.watches.remove(w)
	w.target.mu.Unlock()
}

// monitor is one monitor that somebody on this node holds: a process, or a call that waits for its answer.
type monitor struct {
	ref    etf.Ref
	from   etf.Pid     // the watcher
	alias  bool        // the reference is an alias of the watcher too
	object etf.Term    // what the DOWN message calls the target: a pid or {Name,Node}
	target dist.Target // the same as the wire wants it
	owner  *process    // nil for a call
	call   *call       // nil for a process
	peer   *peer       // connection to a target on another node
	watch  *watch      // entry at a target on this node
}

// down tells the holder that the target is gone.
func (m *monitor) down(reason etf.Term) {
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
		m.owner.putLocked(etf.Tuple{etf.Atom("DOWN"), m.ref, etf.Atom("process"), m.object, reason}, nil)
	}
}

// monitorTable finds the monitors that are held on this node. Entries leave it when they fire or are taken back.
type monitorTable struct {
	mu    sync.Mutex
	byRef map[uint64]*monitor
}

func (t *monitorTable) add(m *monitor) {
	t.mu.Lock()
	t.byRef[refNumber(m.ref)] = m
	t.mu.Unlock()
}

// remove reports whether m was still there.
func (t *monitorTable) remove(m *monitor) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.byRef[refNumber(m.ref)] != m {
		return false
	}
	delete(t.byRef, refNumber(m.ref))
	return true
}

// fired serves MONITOR_P_EXIT of the peer via, nil for what happens on this node. A monitor that is unknown has been
// taken back.
func (t *monitorTable) fired(ref etf.Ref, via *peer, reason etf.Term) {
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

// ofPeer takes out all monitors on targets behind a connection that is gone.
func (t *monitorTable) ofPeer(p *peer) []*monitor {
	t.mu.Lock()
	defer t.mu.Unlock()
	var all []*monitor
	for key, m := range t.byRef {
		if m.peer == p {
			delete(t.byRef, key)
			all = append(all, m)
		}
	}
	return all
}

// watchTarget sets a monitor. It is told at once that there is no such process; that the node cannot be reached is an
// error.
func (n *Node) watchTarget(ctx context.Context, m *monitor, d destination) error {
	m.object = d.object()
	if d.node == n.name {
		n.watchLocal(m, d)
		return nil
	}
	from := caller{pid: m.from, process: m.owner}
	via, err := n.reachable(ctx, from, d.node)
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

func (n *Node) watchLocal(m *monitor, d destination) {
	m.watch = &watch{ref: m.ref, watcher: m.from, byName: d.isName(), name: d.name, target: n.local(d)}
	n.monitors.add(m)
	if m.watch.target == nil || !m.watch.attach() {
		n.monitors.fired(m.ref, nil, noproc)
	}
}

// unwatch takes a monitor back; afterwards its holder hears no more of it.
func (n *Node) unwatch(m *monitor) {
	if n.monitors.remove(m) {
		n.takeBack(m)
	}
}

// takeBack tells the target, or its node, that nobody holds the monitor any more.
func (n *Node) takeBack(m *monitor) {
	switch {
	case m.peer != nil:
		m.peer.sendMonitor(&dist.DemonitorP{From: m.from, To: m.target, Ref: m.ref}, nil)
	case m.watch.target != nil:
		m.watch.detach()
	}
}

// exitWatches sends DOWN to all who watched p.
func (n *Node) exitWatches(p *process, watches []*watch, reason etf.Term) {
	for _, w := range watches {
		if w.peer == nil {
			n.monitors.fired(w.ref, nil, reason)
			continue
		}
		if w.peer.forget(w) {
			from := dist.ByPid(p.pid)
			if w.byName {
				from = dist.ByName(w.name)
			}
			w.peer.sendMonitor(&dist.MonitorPExit{From: from, To: w.watcher, Ref: w.ref, Sender: p.pid}, reason)
		}
	}
}

// monitor is erlang:monitor(process, To) of a process, or with the option {alias, demonitor}.
func (w world) monitor(to etf.Term, alias bool) (etf.Ref, error) {
	n, p := w.p.n, w.p
	d, err := n.destination(to)
	if err != nil || d.alias.Len > 0 {
		return etf.Ref{}, &DestinationError{To: to}
	}
	m := &monitor{ref: n.refs.make(), from: p.pid, owner: p, alias: alias}
	if alias {
		p.addAlias(m.ref)
	}
	p.mu.Lock()
	if p.monitors == nil {
		p.monitors = map[etf.Ref]*monitor{}
	}
	p.monitors[m.ref] = m
	p.mu.Unlock()
	if err = n.watchTarget(n.ctx, m, d); err != nil {
		m.down(noconnection)
	}
	return m.ref, nil
}

// demonitor is erlang:demonitor(Ref, [flush]) of a process.
func (w world) demonitor(ref etf.Ref) {
	p := w.p
	p.mu.Lock()
	m := p.monitors[ref]
	delete(p.monitors, ref)
	p.mu.Unlock()
	if m != nil {
		if m.alias {
			p.dropAlias(ref)
		}
		p.n.unwatch(m)
		return
	}
	p.flush(func(msg etf.Term) bool {
		t, ok := msg.(etf.Tuple)
		return ok && len(t) == 5 && etf.Equal(t[0], etf.Atom("DOWN")) && etf.Equal(t[1], ref)
	})
}
