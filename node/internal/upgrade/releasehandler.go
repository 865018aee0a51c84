package upgrade

import (
	"context"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/releasehandler"
)

// releaseHandler is the process release_handler. Every request has a goroutine of its own, so that an upgrade does
// not keep it from hearing of other nodes; releasehandler.Handler makes those wait that would change something at the
// same time. An upgrade goes on whether or not the one who asked for it is still there.
type releaseHandler struct {
	host     *Host
	releases *releasehandler.Handler
	stopped  context.Context // ends when the node stops
}

// ReleaseHandlerName is the name of the process release_handler.
const ReleaseHandlerName etf.Atom = "release_handler"

// ReleaseHandler returns the callback module of release_handler. ctx ends when the node stops.
func ReleaseHandler(ctx context.Context, host *Host, releases *releasehandler.Handler) genserv.Module {
	return genserv.Of(releaseHandler{host, releases, ctx})
}

// IsReleaseHandler reports whether a callback module is that of release_handler.
func IsReleaseHandler(module genserv.Module) bool {
	_, ok := module.Server().(releaseHandler)
	return ok
}

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
	r.host.Go(func() {
		reply, known := r.releases.Request(r.stopped, request)
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
		r.host.syncs.add(t[1], node)
	}
	return genserv.NoReply(s)
}
