package node

import (
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// releaseHandler is the process release_handler. Every request has a goroutine of its own, so that an upgrade does
// not keep it from hearing of other nodes; releasehandler.Handler makes those wait that would change something at the
// same time. An upgrade goes on whether or not the one who asked for it is still there.
type releaseHandler struct{ n *Node }

func (releaseHandler) ModuleName() etf.Atom { return "release_handler" }

// Init traps exits. Differs from OTP: there whoever is linked to release_handler and ends takes it along, and sasl
// with it.
func (releaseHandler) Init(p *genserv.Process, _ etf.Term) genserv.InitResult[struct{}] {
	p.TrapExit(true)
	return genserv.Ok(struct{}{})
}

// HandleCall answers as handle_call/3 of release_handler.erl. Differs from OTP: what that has no clause for, and
// crashes by, is answered with an error.
func (r releaseHandler) HandleCall(p *genserv.Process, request etf.Term, from genserv.From,
	s struct{}) genserv.Result[struct{}] {
	r.n.goWork(func() {
		reply, known := r.n.releases.Request(r.n.ctx, request)
		if !known {
			reply = etf.Tuple{etf.Atom("error"), etf.Tuple{etf.Atom("unknown_request"), request}}
		}
		p.Reply(from, reply)
	})
	return genserv.NoReply(s)
}

// HandleCast drops what it gets, as handle_cast/2 does.
func (releaseHandler) HandleCast(_ *genserv.Process, _ etf.Term, s struct{}) genserv.Result[struct{}] {
	return genserv.NoReply(s)
}

// HandleInfo keeps {sync_nodes, Id, Node} for an upgrade that comes to that point.
func (r releaseHandler) HandleInfo(p *genserv.Process, msg etf.Term, s struct{}) genserv.Result[struct{}] {
	t, ok := etf.AsTuple(msg, "sync_nodes", 3)
	if !ok {
		p.Logger().Info("release_handler: got unknown message: " + etf.FormatMax(msg, 1000))
		return genserv.NoReply(s)
	}
	if node, ok := t[2].(etf.Atom); ok {
		r.n.syncs.add(t[1], node)
	}
	return genserv.NoReply(s)
}
