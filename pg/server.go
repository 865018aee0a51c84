package pg

import (
	"time"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// server is the process of a scope: pg.erl.
type server struct{ scope *Scope }

// state belongs to the process. Its callbacks change it in place; a crash takes it along.
type state struct {
	scope    *Scope
	tag      etf.Ref // of the messages of the process to itself
	local    map[etf.Pid]*localMember
	peers    map[etf.Pid]*peer      // the scopes of other nodes, by their pid
	nodes    map[etf.Atom]*seenNode // those that are connected
	monitors map[etf.Ref]*monitor
}

// localMember is a process of this node and the groups that it is in, each as often as it has joined it.
type localMember struct {
	ref    etf.Ref
	groups []etf.Term
}

// peer is a scope of another node and what it has told.
type peer struct {
	ref    etf.Ref
	groups etf.TermMap[*members]
}

// monitor is a process that learns of the changes of a group, or of all groups.
type monitor struct {
	pid   etf.Pid
	group etf.Term // nil: all
}

var (
	_ genserv.Server[*state]     = server{}
	_ genserv.Caster[*state]     = server{}
	_ genserv.Informer[*state]   = server{}
	_ genserv.Terminator[*state] = server{}
)

// Init implements genserv.Server.
func (s server) Init(p *genserv.Process, _ etf.Term) genserv.InitResult[*state] {
	tag, err := p.MakeRef()
	if err != nil {
		return genserv.StopInit[*state](genserv.ExitReason(err))
	}
	s.scope.table.clear()
	exportFunctions(s.scope.node)
	st := &state{
		scope: s.scope, tag: tag, local: map[etf.Pid]*localMember{}, peers: map[etf.Pid]*peer{},
		nodes: map[etf.Atom]*seenNode{}, monitors: map[etf.Ref]*monitor{},
	}
	watchNodes(p, s.scope.node, tag)
	return genserv.Ok(st)
}

// Terminate implements genserv.Terminator.
func (s server) Terminate(*genserv.Process, etf.Term, *state) { s.scope.table.clear() }

// HandleCall implements genserv.Server. It answers the calls of pg.erl, and for rpc those that read the table.
func (s server) HandleCall(p *genserv.Process, request etf.Term, from genserv.From, st *state) genserv.Result[*state] {
	verb, args := etf.Verb(request)
	switch {
	case verb == "join_local" && len(args) == 2:
		return st.reply(st.joinLocal(p, args[0], args[1]))
	case verb == "leave_local" && len(args) == 2:
		return st.reply(st.leaveLocal(p, args[0], args[1]))
	case verb == "monitor" && len(args) == 0:
		return st.reply(st.addMonitor(p, &monitor{pid: from.Pid}, s.scope.table.snapshot()))
	case verb == "monitor" && len(args) == 1:
		members := pidList(s.scope.table.members(args[0]))
		return st.reply(st.addMonitor(p, &monitor{pid: from.Pid, group: args[0]}, members))
	case verb == "demonitor" && len(args) == 1:
		return st.reply(st.removeMonitor(p, args[0]))
	case verb == "get_members" && len(args) == 1:
		return st.reply(pidList(s.scope.table.members(args[0])))
	case verb == "get_local_members" && len(args) == 1:
		return st.reply(pidList(s.scope.table.localMembers(args[0])))
	case verb == "which_groups" && len(args) == 0:
		return st.reply(s.scope.table.names(false))
	case verb == "which_local_groups" && len(args) == 0:
		return st.reply(s.scope.table.names(true))
	}
	p.Logger().Warn("pg: unknown call refused", "scope", s.scope.name, "from", etf.Format(from.Pid),
		"request", etf.FormatMax(request, 200))
	return st.reply(etf.Tagged("error", etf.Atom("badarg")))
}

func (st *state) reply(t etf.Term) genserv.Result[*state] { return genserv.Reply(t, st) }

// HandleCast implements genserv.Caster: the sync of a peer.
func (s server) HandleCast(p *genserv.Process, msg etf.Term, st *state) genserv.Result[*state] {
	if m, ok := parseMessage(msg); ok && (m.kind == syncAll || m.kind == update) {
		st.fromPeer(p, m)
	} else {
		st.ignore(p, msg)
	}
	return genserv.NoReply(st)
}

// HandleInfo implements genserv.Informer: nodes, peers, and members that end.
func (s server) HandleInfo(p *genserv.Process, msg etf.Term, st *state) genserv.Result[*state] {
	if down, ok := genserv.AsDown(msg); ok {
		st.down(p, down)
		return genserv.NoReply(st)
	}
	if st.handleNode(p, msg) {
		return genserv.NoReply(st)
	}
	if m, ok := parseMessage(msg); ok && m.kind != syncAll {
		st.fromPeer(p, m)
	} else {
		st.ignore(p, msg)
	}
	return genserv.NoReply(st)
}

// ignore tells of a message that is none of pg. A scope of OTP ends with badarg.
//
// Differs from OTP: whoever can send to it could otherwise empty the groups of the node.
func (st *state) ignore(p *genserv.Process, msg etf.Term) {
	p.Logger().Warn("pg: message ignored", "scope", st.scope.name, "message", etf.FormatMax(msg, 200))
}

// joinLocal is {join_local, Group, PidOrPids}.
func (st *state) joinLocal(p *genserv.Process, group, arg etf.Term) etf.Term {
	who, refusal := st.localPids(p, arg)
	if refusal != nil {
		return refusal
	}
	for i, pid := range who {
		m, ok := st.local[pid]
		if !ok {
			ref, err := p.Monitor(pid)
			if err != nil { // none can be made; those before it have joined
				who = who[:i]
				break
			}
			m = &localMember{ref: ref}
			st.local[pid] = m
		}
		m.groups = append(m.groups, group)
	}
	if len(who) > 0 {
		st.scope.table.add(group, who, true)
		st.notify(p, Event{Group: group, Joined: true, Pids: who})
		st.broadcast(p, joinMessage(p.Self(), group, who))
	}
	return etf.Atom("ok")
}

// leaveLocal is {leave_local, Group, PidOrPids}.
func (st *state) leaveLocal(p *genserv.Process, group, arg etf.Term) etf.Term {
	who, refusal := st.localPids(p, arg)
	if refusal != nil {
		return refusal
	}
	var gone []etf.Pid
	for _, pid := range who {
		if m, ok := st.local[pid]; ok && m.leave(group) {
			gone = append(gone, pid)
			if len(m.groups) == 0 {
				p.Demonitor(m.ref)
				delete(st.local, pid)
			}
		}
	}
	if len(gone) == 0 {
		return etf.Atom("not_joined")
	}
	st.gone(p, group, gone, true)
	st.broadcast(p, leaveMessage(p.Self(), gone, etf.List{group}))
	return etf.Atom("ok")
}

// leave takes a group out once.
func (m *localMember) leave(group etf.Term) bool {
	for i := len(m.groups) - 1; i >= 0; i-- {
		if etf.Equal(m.groups[i], group) {
			m.groups = append(m.groups[:i], m.groups[i+1:]...)
			return true
		}
	}
	return false
}

// localPids reads the processes of a request. Others than those of this node are refused, as pg:join/3 of the caller
// does.
func (st *state) localPids(p *genserv.Process, arg etf.Term) (who []etf.Pid, refusal etf.Term) {
	who, ok := pids(arg)
	if !ok {
		return nil, etf.Tagged("error", etf.Tagged("nolocal", arg))
	}
	for _, pid := range who {
		if pid.Node != p.Self().Node {
			return nil, etf.Tagged("error", etf.Tagged("nolocal", pid))
		}
	}
	return who, nil
}

// gone takes members out of the table and tells who monitors it.
func (st *state) gone(p *genserv.Process, group etf.Term, who []etf.Pid, local bool) {
	if who = st.scope.table.remove(group, who, local); len(who) > 0 {
		st.notify(p, Event{Group: group, Pids: who})
	}
}

// broadcast sends to all known scopes.
func (st *state) broadcast(p *genserv.Process, msg etf.Term) {
	for pid := range st.peers {
		p.Send(pid, msg)
	}
}

func (st *state) addMonitor(p *genserv.Process, m *monitor, now etf.Term) etf.Term {
	ref, err := p.Monitor(m.pid)
	if err != nil {
		return etf.Tagged("error", etf.Atom("badarg"))
	}
	st.monitors[ref] = m
	return etf.Tuple{ref, now}
}

func (st *state) removeMonitor(p *genserv.Process, arg etf.Term) etf.Term {
	ref, _ := arg.(etf.Ref)
	if st.monitors[ref] == nil {
		return etf.Bool(false)
	}
	p.Demonitor(ref)
	delete(st.monitors, ref)
	return etf.Atom("ok")
}

// notify tells the processes that monitor a group or the scope.
func (st *state) notify(p *genserv.Process, e Event) {
	for ref, m := range st.monitors {
		if m.group == nil || etf.Equal(m.group, e.Group) {
			e.Ref = ref
			p.Send(m.pid, e.term()) // one that is gone sends a DOWN
		}
	}
}

// down is the end of a member, of a peer, or of a process that monitors.
func (st *state) down(p *genserv.Process, down genserv.Down) {
	if st.monitors[down.Ref] != nil {
		delete(st.monitors, down.Ref)
		return
	}
	pid, _ := down.Object.(etf.Pid)
	if m, ok := st.local[pid]; ok && m.ref == down.Ref {
		delete(st.local, pid)
		for _, group := range m.groups {
			st.gone(p, group, []etf.Pid{pid}, true)
		}
		st.broadcast(p, leaveMessage(p.Self(), []etf.Pid{pid}, etf.List(m.groups)))
		return
	}
	if q, ok := st.peers[pid]; ok && q.ref == down.Ref {
		delete(st.peers, pid)
		for group, who := range q.groups.All() {
			st.gone(p, group, who.list(), false)
		}
		if n, ok := st.nodes[pid.Node]; ok && n.peer == pid {
			n.peer = etf.Pid{}
			if !etf.IsAtom(down.Reason, "noconnection") { // else with the next nodeup
				st.ask(p, pid.Node, n, firstPause)
			}
		}
	}
}

// firstPause and lastPause bound how often a node is asked whether it has a scope by now.
const (
	firstPause = 100 * time.Millisecond
	lastPause  = 30 * time.Second
)
