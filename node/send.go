package node

import (
	"context"
	"errors"

	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/node/internal/application"
	"github.com/gonode-otp/gonode/node/internal/kernel"
	"github.com/gonode-otp/gonode/node/internal/upgrade"
	"github.com/gonode-otp/gonode/supervisor"
)

// sendTo sends msg to d. via is the connection if the caller already has it, else nil.
func (n *Node) sendTo(ctx context.Context, from caller, d destination, via *peer, msg etf.Term) (err error) {
	if d.node == n.name {
		return n.sendHere(from, d, msg)
	}
	if via == nil {
		if via, err = n.peerFor(ctx, from, d.node); err != nil {
			return err
		}
	}
	if via.isConnecting() {
		return via.sendTo(ctx, from, d, &outgoing{}, msg) // the outbox keeps the message, so its memory is not reused
	}
	o := via.takeOutgoing()
	defer via.spare.Store(o)
	return via.sendTo(ctx, from, d, o, msg)
}

// sendHere sends msg to a process of this node.
func (n *Node) sendHere(from caller, d destination, msg etf.Term) error {
	if !from.beginSend() {
		return errProcessEnded
	}
	defer from.endSend()
	token := from.token()
	if from.timer {
		token = keepToken
	}
	n.sendLocal(d, msg, token, nil)
	return nil
}

// peerFor returns the connection with the node called name. A caller that may wait makes one and waits for it; a
// reader that runs this caller is yielded before. Any other caller gets a peer that is being connected, whose outbox
// keeps the signals.
func (n *Node) peerFor(ctx context.Context, from caller, name etf.Atom) (*peer, error) {
	if p := n.peers.up(name); p != nil && p.usable() {
		return p, nil
	}
	if !from.mayWait() {
		return n.connecting(name)
	}
	n.yieldReaderOf(from)
	return n.connect(ctx, name)
}

// sendAs sends a message for a caller that a reader may run and that may be killed meanwhile.
func (p *peer) sendAs(ctx context.Context, from caller, m dist.Message, payload etf.Term) error {
	if !from.beginSend() {
		return errProcessEnded
	}
	defer from.endSend()
	if held, err := p.holdSignal(m, payload); held || err != nil {
		return err
	}
	if from.process != nil && from.process.service {
		return p.conn.Post(m, payload)
	}
	if sent, err := p.conn.TrySend(m, payload); sent || err != nil {
		return err
	}
	p.n.yieldReaderOf(from)
	if from.process == nil {
		return p.conn.Send(ctx, m, payload)
	}
	ctx, release := from.process.whileAlive(ctx)
	defer release()
	return p.conn.Send(ctx, m, payload)
}

// replyRoute returns the connection for a reply, or nil if the reply can reach no process: a caller behind a
// connection that is gone has been told so by its own node. Kernel processes and supervisors do not connect to send a
// reply: erlang:send/3 with noconnect.
func (n *Node) replyRoute(from caller, d destination) (*peer, error) {
	p, creation := n.peers.up(d.node), d.creation()
	switch {
	case p != nil && p.usable():
		return p, nil
	case from.process.service, n.peers.wasConnected(d.node, creation), p != nil && p.info.Creation == creation:
		return nil, nil
	}
	return n.peerFor(n.ctx, from, d.node)
}

// noSuspend reports whether m is the module of a process on which others depend. Such a process neither connects nor
// waits to send an answer. OTP does so for net_kernel: erlang:send/3 with noconnect and nosuspend
// (async_gen_server_reply/2).
func noSuspend(m genserv.Module) bool {
	return kernel.IsService(m) || upgrade.IsReleaseHandler(m) || supervisor.Is(m) || application.IsController(m) ||
		application.IsMaster(m)
}

// ignoreUnreachable returns the error that a process gets for a message. An unreachable receiver is not an error.
func ignoreUnreachable(err error) error {
	var connect *ConnectError
	if errors.Is(err, errProcessEnded) || errors.As(err, &connect) {
		return nil
	}
	return err
}

// Reply implements driver.Proc.
func (pr proc) Reply(to, tag, reply etf.Term) error {
	n, from := pr.p.n, caller{pid: pr.p.pid, process: pr.p}
	d, err := n.destination(to)
	if err != nil || d.node == n.name || pr.p.dead.Load() {
		return pr.Send(to, etf.Tuple{tag, reply})
	}
	via, err := n.replyRoute(from, d)
	if err != nil || via == nil {
		return ignoreUnreachable(err)
	}
	if via.isConnecting() {
		// The outbox keeps the message, so it needs memory of its own.
		return ignoreUnreachable(via.sendTo(n.ctx, from, d, &outgoing{}, etf.Tuple{tag, reply}))
	}
	o := via.takeOutgoing()
	defer via.spare.Store(o)
	o.elems = [2]etf.Term{tag, reply}
	err = via.sendTo(n.ctx, from, d, o, o.reply)
	o.elems = [2]etf.Term{}
	if err != nil {
		return ignoreUnreachable(err)
	}
	return nil
}

// outgoing is the memory of one message that is being sent. Connections do not keep it, so it is reused.
type outgoing struct {
	send  dist.Send
	reg   dist.RegSend
	alias dist.AliasSend

	elems [2]etf.Term
	reply etf.Term // the tuple in elems
}

func (p *peer) takeOutgoing() *outgoing {
	o := p.spare.Swap(nil)
	if o == nil {
		o = &outgoing{}
		o.reply = etf.Tuple(o.elems[:])
	}
	return o
}

func (p *peer) sendTo(ctx context.Context, from caller, d destination, o *outgoing, msg etf.Term) error {
	token := from.token()
	switch {
	case d.isName():
		o.reg = dist.RegSend{From: from.pid, To: d.name, Token: token}
		return p.sendAs(ctx, from, &o.reg, msg)
	case d.alias.Len > 0 && p.lacksAliases():
		return nil // the peer can have no such alias (remote_send of the emulator)
	case d.alias.Len > 0:
		o.alias = dist.AliasSend{From: from.pid, Alias: d.alias, Token: token}
		return p.sendAs(ctx, from, &o.alias, msg)
	}
	o.send = dist.Send{From: from.pid, To: d.pid, Token: token}
	return p.sendAs(ctx, from, &o.send, msg)
}
