package pg

import (
	"slices"
	"time"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/node"
)

// seenNode is a connected node. Until its scope is known it is asked again and again: a scope that starts there later
// does not ask hidden nodes. pg.erl asks visible nodes once, when they come up.
type seenNode struct {
	peer  etf.Pid       // its scope; the zero value if it has none that is known
	pause time.Duration // until the next question
	timer *genserv.Timer
}

// A message of the process to itself is {Tag, Verb, Node}, where nobody else knows Tag.
const (
	nodeUp   etf.Atom = "nodeup"
	nodeDown etf.Atom = "nodedown"
	askAgain etf.Atom = "ask"
)

// watchNodes sends the process of the scope a message for each node that is connected now, or comes up or goes down
// later.
func watchNodes(p *genserv.Process, n *node.Node, tag etf.Ref) {
	events := n.SubscribeNodes(p.Context())
	for _, name := range n.Nodes() {
		p.Send(p.Self(), etf.Tuple{tag, nodeUp, name})
	}
	go func() {
		for e := range events.All() {
			verb := nodeDown
			if e.Up {
				verb = nodeUp
			}
			p.Send(p.Self(), etf.Tuple{tag, verb, e.Node})
		}
	}()
}

// handleNode handles a message to itself; ok is false if msg is none.
func (st *state) handleNode(p *genserv.Process, msg etf.Term) (ok bool) {
	t, _ := msg.(etf.Tuple)
	if len(t) != 3 {
		return false
	}
	if tag, ok := t[0].(etf.Ref); !ok || tag != st.tag {
		return false
	}
	name := t[2].(etf.Atom)
	n, known := st.nodes[name]
	switch t[1].(etf.Atom) {
	case nodeUp:
		if !known {
			n = &seenNode{}
			st.nodes[name] = n
			st.ask(p, name, n, firstPause)
		}
	case nodeDown:
		if known {
			n.stop()
			delete(st.nodes, name)
		}
	case askAgain:
		if known && n.peer == (etf.Pid{}) {
			st.ask(p, name, n, min(2*n.pause, lastPause))
		}
	}
	return true
}

// ask sends discover to the scope of a node, if it has one, and again after a pause until it has answered. It makes no
// connection: the end of one may not be known here yet.
func (st *state) ask(p *genserv.Process, name etf.Atom, n *seenNode, pause time.Duration) {
	n.stop()
	if !slices.Contains(st.scope.node.Nodes(), name) {
		return
	}
	n.pause = pause
	p.Send(etf.Tuple{st.scope.name, name}, discoverMessage(p.Self()))
	n.timer = p.SendAfter(pause, p.Self(), etf.Tuple{st.tag, askAgain, name})
}

func (n *seenNode) stop() {
	if n.timer != nil {
		n.timer.Cancel()
		n.timer = nil
	}
}

// fromPeer handles what a scope on another node says.
func (st *state) fromPeer(p *genserv.Process, m peerMessage) {
	q := st.peers[m.peer]
	switch m.kind {
	case discover:
		if q == nil && !st.meet(p, m.peer) {
			return
		}
		p.Cast(m.peer, syncMessage(p.Self(), st.localGroups()))
		if q == nil {
			p.Send(m.peer, discoverMessage(p.Self()))
		}
	case syncAll:
		if q == nil && !st.meet(p, m.peer) {
			return
		}
		st.sync(p, st.peers[m.peer], m.groups)
	case join, leave, update:
		// What comes before sync, or after the end of the peer, is known from the next sync.
		if q == nil {
			return
		}
		if m.kind == leave {
			m.groups, m.gone = nil, m.groups
		}
		for _, g := range m.gone {
			st.left(p, q, g.group, g.pids)
		}
		for _, g := range m.groups {
			st.joined(p, q, g.group, g.pids)
		}
	}
}

// meet makes a scope of a connected node known. One of a node that is not connected is not believed: what it says has
// come over another node.
func (st *state) meet(p *genserv.Process, pid etf.Pid) bool {
	if pid.Node == p.Self().Node || !slices.Contains(st.scope.node.Nodes(), pid.Node) {
		p.Logger().Warn("pg: scope of a node without a connection ignored", "scope", st.scope.name,
			"peer", etf.Format(pid), "node", pid.Node)
		return false
	}
	ref, err := p.Monitor(pid)
	if err != nil {
		return false
	}
	st.peers[pid] = &peer{ref: ref}
	n, known := st.nodes[pid.Node]
	if !known {
		n = &seenNode{}
		st.nodes[pid.Node] = n
	}
	n.stop()
	n.peer = pid
	return true
}

// localGroups is [{Group, [Pid]}] of the members of this node.
func (st *state) localGroups() etf.List {
	var groups etf.TermMap[etf.List]
	for pid, m := range st.local {
		for _, group := range m.groups {
			who, _ := groups.Get(group)
			groups.Set(group, append(who, pid))
		}
	}
	all := make(etf.List, 0, groups.Len())
	for group, who := range groups.All() {
		all = append(all, etf.Tuple{group, who})
	}
	return all
}

// sync makes what is known of a peer what it says now.
func (st *state) sync(p *genserv.Process, q *peer, groups []groupPids) {
	var said etf.TermMap[*members]
	for _, g := range groups {
		m, ok := said.Get(g.group)
		if !ok {
			m = &members{}
			said.Set(g.group, m)
		}
		for _, pid := range g.pids {
			m.add(pid)
		}
	}
	type change struct {
		group   etf.Term
		in, out []etf.Pid
	}
	var changes []change
	for group, old := range q.groups.All() {
		now, _ := said.Get(group)
		changes = append(changes, change{group: group, out: old.without(now)})
	}
	for group, now := range said.All() {
		old, _ := q.groups.Get(group)
		changes = append(changes, change{group: group, in: now.without(old)})
	}
	for _, c := range changes {
		st.left(p, q, c.group, c.out)
		st.joined(p, q, c.group, c.in)
	}
}

// without returns those that are in m more often than in other, as often as that.
func (m *members) without(other *members) (rest []etf.Pid) {
	for pid, n := range m.count {
		if other != nil {
			n -= other.count[pid]
		}
		for range n {
			rest = append(rest, pid)
		}
	}
	return rest
}

// joined puts members of a peer into a group.
func (st *state) joined(p *genserv.Process, q *peer, group etf.Term, who []etf.Pid) {
	if len(who) == 0 {
		return
	}
	m, ok := q.groups.Get(group)
	if !ok {
		m = &members{}
		q.groups.Set(group, m)
	}
	for _, pid := range who {
		m.add(pid)
	}
	st.scope.table.add(group, who, false)
	st.notify(p, Event{Group: group, Joined: true, Pids: who})
}

// left takes members of a peer out of a group, those of them that were in it.
func (st *state) left(p *genserv.Process, q *peer, group etf.Term, who []etf.Pid) {
	m, ok := q.groups.Get(group)
	if !ok {
		return
	}
	var gone []etf.Pid
	for _, pid := range who {
		if m.remove(pid) {
			gone = append(gone, pid)
		}
	}
	if m.total == 0 {
		q.groups.Delete(group)
	}
	st.gone(p, group, gone, false)
}
