package node

import (
	"context"

	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/etf"
)

// sendTo sends msg to d. via is the connection if the caller has it already.
func (n *Node) sendTo(ctx context.Context, from caller, d destination, via *peer, msg etf.Term) (err error) {
	if d.node == n.name {
		token := from.token()
		if from.timer {
			token = untouched
		}
		n.sendLocal(d, msg, token, nil)
		return nil
	}
	if via == nil {
		if via, err = n.reachable(ctx, from, d.node); err != nil {
			return err
		}
	}
	o := via.takeOutgoing()
	defer via.spare.Store(o)
	return via.sendTo(ctx, from, d, o, msg)
}

// Reply implements genserv.Replier.
func (w world) Reply(to, tag, reply etf.Term) error {
	n, from := w.p.n, caller{pid: w.p.pid, process: w.p}
	d, err := n.destination(to)
	if err != nil || d.node == n.name || w.p.dead.Load() {
		return w.Send(to, etf.Tuple{tag, reply})
	}
	via, err := n.reachable(n.ctx, from, d.node)
	if err != nil {
		return err
	}
	o := via.takeOutgoing()
	defer via.spare.Store(o)
	o.elems = [2]etf.Term{tag, reply}
	err = via.sendTo(n.ctx, from, d, o, o.reply)
	o.elems = [2]etf.Term{}
	return err
}

// outgoing is the memory of one message that is being sent. Connections keep nothing of it, so that it is used again.
type outgoing struct {
	send  dist.Send
	reg   dist.RegSend
	alias dist.AliasSend

	elems [2]etf.Term
	reply etf.Term // the Tuple of elems
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
	case d.name != "":
		o.reg = dist.RegSend{From: from.pid, To: d.name, Token: token}
		return p.sendAs(ctx, from, &o.reg, msg)
	case d.alias.Len > 0 && !p.info.Negotiated.Has(dist.FlagAlias):
		return nil // it can have no such alias (remote_send of the emulator)
	case d.alias.Len > 0:
		o.alias = dist.AliasSend{From: from.pid, Alias: d.alias, Token: token}
		return p.sendAs(ctx, from, &o.alias, msg)
	}
	o.send = dist.Send{From: from.pid, To: d.pid, Token: token}
	return p.sendAs(ctx, from, &o.send, msg)
}
