package node

import (
	"context"
	"fmt"
	"time"

	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/node/internal/kernel"
)

// The way of a message into this node, in reading order: the reader of a connection calls Handle. A message to a
// process goes through sendLocal, either to a call that waits for it or into a mailbox. Section 4 of DESIGN.md
// describes the way of a whole call.

// Handle takes one message of the peer. The reader goroutine of the connection calls it, in the order of the wire.
// Each case calls one function that does not block.
func (p *peer) Handle(m dist.Message, payload etf.Term) error {
	n := p.n
	switch m := m.(type) {
	case *dist.RegSend:
		n.sendLocal(destination{name: m.To}, payload, m.Token, p)
	case *dist.Send:
		n.sendLocal(destination{pid: m.To}, payload, m.Token, p)
	case *dist.AliasSend:
		n.sendLocal(destination{alias: m.Alias}, payload, m.Token, p)
	case *dist.MonitorP:
		p.handleMonitor(m)
	case *dist.DemonitorP:
		p.handleDemonitor(m)
	case *dist.MonitorPExit:
		n.monitors.fire(m.Ref, p, payload)
	case *dist.Exit2:
		n.exitSignal(m.From, m.To, payload, m.Token)
	case *dist.Exit:
		n.breakLink(m.From, m.To, payload, m.Token)
	case *dist.Link:
		p.handleLink(m)
	case *dist.UnlinkID:
		p.handleUnlink(m)
	case *dist.UnlinkIDAck:
		n.handleUnlinkAck(m)
	case *dist.SpawnRequest:
		p.handleSpawnRequest(m, payload)
	case *dist.SpawnReply:
		p.handleSpawnReply(m)
	case *dist.GroupLeader:
		n.handleGroupLeader(m)
	case *dist.AltactSig:
		n.handleAltact(m, payload, p)
	}
	return nil
}

// sendLocal delivers a message on this node. The reply to a waiting call goes straight to that call. reader is the
// connection if its reader calls, else nil.
func (n *Node) sendLocal(d destination, msg, token etf.Term, reader *peer) {
	if !d.isName() {
		ref, reply, ok := replyTag(msg)
		switch {
		case !ok || ref.Node != n.name:
		case n.calls.reply(d, ref, reply, token):
			return
		case reader != nil && !reader.info.Negotiated.HasAliases():
			// OTP 23 sends its replies to the pid. They too are dropped once the alias has ended.
			d.alias = ref
		}
	}
	if d.alias.Len > 0 {
		n.aliases.deliver(d.alias, withToken(msg, token), reader)
		return
	}
	if p := n.local(d); p != nil {
		p.deliverFrom(withToken(msg, token), reader)
	}
}

// replyTag returns the reference of a reply {[alias|Ref], Reply}, which is the tag of all calls of this node.
func replyTag(msg etf.Term) (ref etf.Ref, reply etf.Term, ok bool) {
	t, ok := msg.(etf.Tuple)
	if !ok || len(t) != 2 {
		return etf.Ref{}, nil, false
	}
	ref, ok = taggedAlias(t[0])
	return ref, t[1], ok
}

// taggedAlias returns the reference of a tag [alias|Ref].
func taggedAlias(tag etf.Term) (ref etf.Ref, ok bool) {
	list, ok := tag.(etf.ImproperList)
	if !ok || len(list.Elems) != 1 || !etf.IsAtom(list.Elems[0], "alias") {
		return etf.Ref{}, false
	}
	ref, ok = list.Tail.(etf.Ref)
	return ref, ok
}

// destination is where a message goes: exactly one of pid, name and alias is set.
type destination struct {
	node  etf.Atom
	name  etf.Atom
	pid   etf.Pid
	alias etf.Ref
}

// DestinationError says that a term is not a destination.
type DestinationError struct{ To etf.Term }

func (e *DestinationError) Error() string {
	return fmt.Sprintf("node: %v is no destination: want a pid, a registered name, {Name, Node} or an alias", e.To)
}

// locate finds the destination of a request: what Send takes, or {global, Name}.
func (n *Node) locate(ctx context.Context, to etf.Term) (destination, error) {
	t, ok := to.(etf.Tuple)
	switch {
	case ok && len(t) == 2 && etf.IsAtom(t[0], "global"):
		pid, err := n.whereisGlobal(ctx, t[1], to)
		return destination{node: pid.Node, pid: pid}, err
	case ok && len(t) == 3 && etf.IsAtom(t[0], "via"):
		return destination{}, fmt.Errorf("%w; the module of {via, Module, Name} is Erlang code: ask a node that has it "+
			"for the pid", &DestinationError{To: to})
	}
	return n.destination(to)
}

// globalTime bounds the lookup of a global name on another node; OTP has the names in a local table. It is the
// time-out of gen_server:call.
const globalTime = 5 * time.Second

// whereisGlobal returns the process with a global name. The error names the destination to.
func (n *Node) whereisGlobal(ctx context.Context, name, to etf.Term) (etf.Pid, error) {
	ctx, cancel := context.WithTimeout(ctx, globalTime)
	defer cancel()
	pid, ok, cause := kernel.WhereisGlobal(ctx, kernelHost{n}.Peers(), name)
	switch {
	case ok:
		return pid, nil
	case ctx.Err() != nil:
		return etf.Pid{}, timeoutError(to, context.Cause(ctx))
	}
	return etf.Pid{}, &genserv.CallFailure{To: to, Err: genserv.ErrNoProc, Cause: cause}
}

// destination returns the destination for what Erlang's ! takes: a pid, a registered name, {Name, Node}, or an alias.
func (n *Node) destination(to etf.Term) (destination, error) {
	switch to := to.(type) {
	case etf.Pid:
		return destination{node: to.Node, pid: to}, nil
	case etf.Ref:
		return destination{node: to.Node, alias: to}, nil
	case etf.Atom:
		return destination{node: n.name, name: to}, nil
	case etf.Tuple:
		if len(to) == 2 {
			name, ok1 := to[0].(etf.Atom)
			node, ok2 := to[1].(etf.Atom)
			if ok1 && ok2 {
				return destination{node: node, name: name}, nil
			}
		}
	}
	return destination{}, &DestinationError{To: to}
}

// isName reports whether d is a name, which may be the empty atom.
func (d destination) isName() bool { return d.pid.Node == "" && d.alias.Len == 0 }

// creation returns the creation of the pid or the alias, 0 for a name.
func (d destination) creation() uint32 {
	if d.alias.Len > 0 {
		return d.alias.Creation
	}
	return d.pid.Creation
}

// object returns what a DOWN message calls the destination (erlang:monitor/2).
func (d destination) object() etf.Term {
	if d.isName() {
		return etf.Tuple{d.name, d.node}
	}
	return d.pid
}

// local returns the process of this node at d, or nil.
func (n *Node) local(d destination) *process {
	switch {
	case d.isName():
		return n.registry.byName(d.name)
	case d.pid.Node == n.name && d.pid.Creation == n.creation:
		return n.registry.byPid(d.pid)
	}
	return nil
}
