package node

import (
	"errors"

	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/etf"
)

// link is one end of a link, kept by the process at this end. An unlink over the wire is pending until the other end
// acknowledges it. Until then the link is not active, and an exit signal of the other end is ignored. Distribution
// Protocol, "Link Protocol".
type link struct {
	active   bool
	urgent   bool // its exit signal becomes a priority message
	unlinkID uint64
	peer     *peer // nil if the other end is on this node
}

var (
	normal       = etf.Atom("normal")
	kill         = etf.Atom("kill")
	killed       = etf.Atom("killed")
	noproc       = etf.Atom("noproc")
	noconnection = etf.Atom("noconnection")
	shutdown     = etf.Atom("shutdown")
)

// handleLink serves LINK.
func (p *peer) handleLink(m *dist.Link) {
	target := p.n.local(destination{pid: m.To})
	if target == nil || !target.addLink(m.From, p) {
		p.send(&dist.Exit{From: m.To, To: m.From}, noproc)
	}
}

// addLink notes that pid has linked itself to the process. false means that the process has ended. A process that is
// about to end takes the link and answers it with its exit signal.
func (p *process) addLink(pid etf.Pid, via *peer) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.detached {
		return false
	}
	if p.links == nil {
		p.links = map[etf.Pid]*link{}
	}
	if p.links[pid] == nil {
		p.links[pid] = &link{active: true, peer: via}
	}
	return true
}

// handleUnlink serves UNLINK_ID, and the UNLINK of old nodes. It sends the acknowledgement before any other signal to
// that process can be sent.
func (p *peer) handleUnlink(m *dist.UnlinkID) {
	if m.ID != 0 {
		p.send(&dist.UnlinkIDAck{ID: m.ID, From: m.To, To: m.From}, nil)
	}
	if target := p.n.local(destination{pid: m.To}); target != nil {
		target.mu.Lock()
		if l := target.links[m.From]; l != nil && l.active {
			delete(target.links, m.From)
		}
		target.mu.Unlock()
		return
	}
	p.n.spawns.removeLink(m.From, m.To)
}

// handleUnlinkAck serves UNLINK_ID_ACK.
func (n *Node) handleUnlinkAck(m *dist.UnlinkIDAck) {
	if target := n.local(destination{pid: m.To}); target != nil {
		target.mu.Lock()
		if l := target.links[m.From]; l != nil && !l.active && l.unlinkID == m.ID {
			delete(target.links, m.From)
		}
		target.mu.Unlock()
	}
}

// breakLink delivers the exit signal of a linked process that has ended.
func (n *Node) breakLink(from, to etf.Pid, reason, token etf.Term) {
	target := n.local(destination{pid: to})
	if target == nil {
		n.spawns.breakLink(from, to, reason)
		return
	}
	target.mu.Lock()
	l := target.links[from]
	delete(target.links, from)
	target.mu.Unlock()
	if l != nil && l.active {
		target.exitSignal(from, reason, token, l.urgent)
	}
}

// breakLinks breaks the links with processes behind a connection that is gone.
func (p *process) breakLinks(via *peer) {
	broken := map[etf.Pid]*link{}
	p.mu.Lock()
	for pid, l := range p.links {
		if l.peer == via {
			delete(p.links, pid)
			if l.active {
				broken[pid] = l
			}
		}
	}
	p.mu.Unlock()
	for pid, l := range broken {
		p.exitSignal(pid, noconnection, nil, l.urgent)
	}
}

// exitSignal serves exit/2 from another node.
func (n *Node) exitSignal(from, to etf.Pid, reason, token etf.Term) {
	n.exitTo(from, destination{node: n.name, pid: to}, false, reason, token)
}

// exitSignal delivers an exit signal. A process that traps exits gets it as a message, in order with its other
// messages, or before them with priority. Any other process ends, unless the reason is normal.
// erlang:process_flag(trap_exit, _).
func (p *process) exitSignal(from etf.Pid, reason, token etf.Term, priority bool) {
	p.mu.Lock()
	trap := p.trap
	p.mu.Unlock()
	switch {
	case trap && priority:
		p.deliverPriority(withToken(etf.Tuple{etf.Atom("EXIT"), from, reason}, token))
	case trap:
		p.deliver(withToken(etf.Tuple{etf.Atom("EXIT"), from, reason}, token))
	case !etf.Equal(reason, normal):
		p.exit(reason)
	}
}

// exitLinks tells the processes linked to p that it has ended.
func (n *Node) exitLinks(p *process, links map[etf.Pid]*link, reason etf.Term) {
	for pid, l := range links {
		switch {
		case !l.active:
		case l.peer != nil:
			l.peer.send(&dist.Exit{From: p.pid, To: pid, Token: p.token()}, reason)
		default:
			n.breakLink(p.pid, pid, reason, p.token())
		}
	}
}

// link links the process with pid, as erlang:link/2 does. The priority of a link that exists is the new one.
func (p *process) link(pid etf.Pid, priority bool) {
	n := p.n
	if pid == p.pid {
		return
	}
	p.mu.Lock()
	if l := p.links[pid]; l != nil && l.active {
		l.urgent = priority
		p.mu.Unlock()
		return
	}
	p.mu.Unlock()
	if pid.Node == n.name {
		p.setLink(pid, nil, priority)
		if other := n.local(destination{pid: pid}); other == nil || !other.addLink(p.pid, nil) {
			n.breakLink(pid, p.pid, noproc, nil)
		}
		return
	}
	from := caller{pid: p.pid, process: p}
	via, err := n.peerFor(n.ctx, from, pid.Node)
	if err != nil {
		p.exitSignal(pid, noconnection, nil, priority)
		return
	}
	p.setLink(pid, via, priority)
	m := &dist.Link{From: p.pid, To: pid}
	held, err := via.holdSignal(m, nil)
	if !held && err == nil {
		if via.isStale(pid) {
			// Differs from OTP: OTP sends the LINK. If the process ends before the answer, its exit signal goes to a pid of an
			// earlier incarnation of that node, which closes the connection (erts_net_message).
			n.breakLink(pid, p.pid, noproc, nil)
			return
		}
		err = via.sendAs(n.ctx, from, m, nil)
	}
	if err != nil {
		n.breakLink(pid, p.pid, noconnection, nil)
	}
}

// setLink makes the link active whatever it was before.
func (p *process) setLink(pid etf.Pid, via *peer, priority bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.links == nil {
		p.links = map[etf.Pid]*link{}
	}
	p.links[pid] = &link{active: true, urgent: priority, peer: via}
}

// unlink removes the link with pid, as erlang:unlink/1 does. Afterwards no exit signal of pid arrives.
func (p *process) unlink(pid etf.Pid) {
	n := p.n
	p.mu.Lock()
	l := p.links[pid]
	if l == nil || !l.active {
		p.mu.Unlock()
		return
	}
	if l.peer == nil || l.peer.lacks(dist.FlagUnlinkID) {
		delete(p.links, pid)
	} else {
		l.active, l.unlinkID = false, n.unlinkIDs.Add(1)
	}
	p.mu.Unlock()
	if l.peer == nil {
		if other := n.local(destination{pid: pid}); other != nil {
			other.mu.Lock()
			delete(other.links, p.pid)
			other.mu.Unlock()
		}
		return
	}
	m := &dist.UnlinkID{ID: max(l.unlinkID, 1), From: p.pid, To: pid}
	err := l.peer.sendAs(n.ctx, caller{pid: p.pid, process: p}, m, nil)
	if errors.Is(err, errProcessEnded) { // the process was killed before it was unlinked
		p.mu.Lock()
		l.active = true
		p.links[pid] = l
		p.mu.Unlock()
	}
}
