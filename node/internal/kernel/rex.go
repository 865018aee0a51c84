package kernel

import (
	"context"
	"errors"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/genserv/driver"
)

// rex is the server behind rpc: block_call, the casts of OTP 23, sbcast, and calls of nodes that cannot spawn, such
// as C nodes. rpc:call of OTP itself comes by erpc. Callbacks of rpc.erl.
type rex struct {
	functions *Functions
	runner    Runner
}

func (rex) ModuleName() etf.Atom { return "rpc" }

// Init traps exits, as rpc:init/1 does.
func (rex) Init(p *genserv.Process, _ etf.Term) genserv.InitResult[struct{}] {
	p.TrapExit(true)
	return genserv.Ok(struct{}{})
}

// HandleCall serves {call, M, F, A, GroupLeader} and {block_call, ...}, and leaves everything else without an answer
// as rpc does. Differs from OTP: a block_call does not keep others waiting, and stop does not stop the server.
func (r rex) HandleCall(p *genserv.Process, request etf.Term, from genserv.From, s struct{}) genserv.Result[struct{}] {
	if call, ok := rexRequest(request, "call"); ok {
		r.answer(call, func(reply etf.Term) error { return p.TryReply(from, reply) })
	} else if call, ok := rexRequest(request, "block_call"); ok {
		r.answer(call, func(reply etf.Term) error { return p.TryReply(from, reply) })
	}
	return genserv.NoReply(s)
}

// HandleCast serves {cast, M, F, A, GroupLeader}.
func (r rex) HandleCast(_ *genserv.Process, request etf.Term, s struct{}) genserv.Result[struct{}] {
	if call, ok := rexRequest(request, "cast"); ok {
		r.runner.Run(func(ctx context.Context) { r.functions.ExecuteCast(ctx, call) })
	}
	return genserv.NoReply(s)
}

// HandleInfo serves {From, {call, ...}} of C nodes, {From, {send, Name, Msg}}, {From, {sbcast, Name, Msg}} and
// {From, features_request}.
func (r rex) HandleInfo(p *genserv.Process, msg etf.Term, s struct{}) genserv.Result[struct{}] {
	t, ok := msg.(etf.Tuple)
	if !ok || len(t) != 2 {
		return genserv.NoReply(s)
	}
	from, ok := t[0].(etf.Pid)
	if !ok {
		return genserv.NoReply(s)
	}
	if call, ok := rexRequest(t[1], "call"); ok {
		r.answer(call, func(reply etf.Term) error { return p.TrySend(from, etf.Tuple{etf.Atom("rex"), reply}) })
		return genserv.NoReply(s)
	}
	node := p.Self().Node
	if etf.Equal(t[1], etf.Atom("features_request")) {
		p.Send(from, etf.Tuple{etf.Atom("features_reply"), node, etf.List{etf.Atom("erpc")}})
		return genserv.NoReply(s)
	}
	what, ok := t[1].(etf.Tuple)
	if !ok || len(what) != 3 {
		return genserv.NoReply(s)
	}
	var outcome, relayed etf.Term
	switch {
	case etf.IsAtom(what[0], "sbcast"):
		outcome, relayed = node, what[2]
	case etf.IsAtom(what[0], "send"):
		relayed = etf.Tuple{from, what[2]}
	default:
		return genserv.NoReply(s)
	}
	if err := p.TrySend(what[1], relayed); err != nil {
		outcome = etf.Tuple{etf.Atom("nonexisting_name"), what[1]}
	}
	if outcome != nil {
		p.Send(from, etf.Tuple{etf.Atom("rex"), node, outcome})
	}
	return genserv.NoReply(s)
}

// rexRequest takes [M, F, A] out of {Kind, M, F, A, GroupLeader}.
func rexRequest(request etf.Term, kind etf.Atom) (call etf.List, ok bool) {
	t, ok := request.(etf.Tuple)
	if !ok || len(t) != 5 || !etf.Equal(t[0], kind) {
		return nil, false
	}
	return etf.List(t[1:4]), true
}

// answer applies a function in a goroutine of its own and hands over what rpc makes of its end: rpc:execute_call/3. A
// result that is no term is an error.
func (r rex) answer(call etf.List, reply func(etf.Term) error) {
	r.runner.Run(func(ctx context.Context) {
		result, failure := r.functions.applyTerms(ctx, call)
		switch {
		case failure == nil:
		case failure.Class == "throw":
			result = failure.Reason
		default:
			result = badRPC(failure.ExitReason())
		}
		var bad *etf.EncodeError
		if err := reply(result); errors.As(err, &bad) {
			_ = reply(badRPC(driver.BadReply(bad)))
		}
	})
}

func badRPC(reason etf.Term) etf.Term {
	return etf.Tuple{etf.Atom("badrpc"), etf.Tuple{etf.Atom("EXIT"), reason}}
}
