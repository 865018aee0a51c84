package node

import (
	"context"

	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/genserv/driver"
)

// handleSpawnRequest serves SPAWN_REQUEST for the functions of erpc, which apply what Export made known. A function
// that is not known ends its process with undef, as it does in OTP. Differs from OTP: functions of Export, and funs,
// are refused to whoever wants a process that runs them, for signals to that process would reach nobody.
func (p *peer) handleSpawnRequest(m *dist.SpawnRequest, payload etf.Term) {
	args, _ := payload.(etf.List)
	if !validSpawnOptions(m.Opts) {
		p.send(&dist.SpawnReply{Ref: m.Ref, To: m.From, Error: "badopt"}, nil)
		return
	}
	if m.Module == "erpc" && len(args) == m.Arity {
		switch {
		case m.Function == "execute_call" && m.Arity == 4:
			p.spawn(m, func(ctx context.Context) etf.Term { return p.n.executeCall(ctx, args[0], args[1:]) },
				func(err error) etf.Term {
					return etf.Tuple{args[0], etf.Atom("error"), driver.BadReply(err), etf.List{}}
				})
			return
		case m.Function == "execute_cast" && m.Arity == 3:
			p.spawn(m, func(ctx context.Context) etf.Term {
				p.n.executeCast(ctx, args)
				return normal
			}, nil)
			return
		}
	}
	function := functionKey{m.Module, m.Function, m.Arity}
	if function == (functionKey{"erlang", "apply", 2}) || p.n.functions.get(function) != nil {
		p.send(&dist.SpawnReply{Ref: m.Ref, To: m.From, Error: "notsup"}, nil)
		return
	}
	p.spawn(m, func(context.Context) etf.Term {
		reason := failureAt(etf.Atom("undef"), function.module, function.function, args).ExitReason()
		p.n.log.Error("spawned process ended", "reason", genserv.LogTerm{Term: reason})
		return reason
	}, nil)
}

// executeCall is erpc:execute_call/4: the exit reason of its process tells the result of M:F(A...).
func (n *Node) executeCall(ctx context.Context, ref etf.Term, mfa etf.List) etf.Term {
	result, failure := n.applyTerms(ctx, mfa)
	switch {
	case failure == nil:
		return etf.Tuple{ref, etf.Atom("return"), result}
	case failure.Class != "error":
		return etf.Tuple{ref, failure.Class, failure.Reason}
	}
	return etf.Tuple{ref, failure.Class, failure.Reason, failure.Stack}
}

// executeCast is erpc:execute_cast/3, which nobody hears of, unless it fails.
func (n *Node) executeCast(ctx context.Context, mfa etf.List) {
	if _, failure := n.applyTerms(ctx, mfa); failure != nil {
		name := etf.FormatMax(mfa[0], maxNameText) + ":" + etf.FormatMax(mfa[1], maxNameText)
		n.log.Error("function failed", "function", name, "error", failure)
	}
}

// maxNameText bounds what a log record says of a name that may be any term.
const maxNameText = 300

// applyTerms is apply(M, F, A) of any three terms. What is no atom or no proper list is badarg of erlang:apply/3.
func (n *Node) applyTerms(ctx context.Context, mfa etf.List) (etf.Term, *genserv.Failure) {
	module, ok1 := mfa[0].(etf.Atom)
	function, ok2 := mfa[1].(etf.Atom)
	args, ok3 := mfa[2].(etf.List)
	if !ok1 || !ok2 || !ok3 {
		return nil, failureAt(etf.Atom("badarg"), "erlang", "apply", mfa)
	}
	return n.apply(ctx, module, function, args)
}
