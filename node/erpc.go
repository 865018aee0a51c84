package node

import (
	"context"

	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/genserv/driver"
	"github.com/gonode-otp/gonode/node/internal/kernel"
)

// handleSpawnRequest serves SPAWN_REQUEST for the functions of erpc, which apply exported functions (Node.Export). A
// function that is not known ends its process with undef, as in OTP. A function that is exported runs as a process, see
// erpc_process.go; spawn/2 of a fun is erlang:apply/2.
func (p *peer) handleSpawnRequest(m *dist.SpawnRequest, payload etf.Term) {
	args, _ := payload.(etf.List)
	if !validSpawnOptions(m.Opts) {
		p.send(&dist.SpawnReply{Ref: m.Ref, To: m.From, Error: "badopt"}, nil)
		return
	}
	if m.Module == "erpc" && len(args) == m.Arity {
		switch {
		case m.Function == "execute_call" && m.Arity == 4:
			p.spawn(m, func(ctx context.Context) etf.Term { return p.n.functions.ExecuteCall(ctx, args[0], args[1:]) },
				func(err error) etf.Term {
					return etf.Tuple{args[0], etf.Atom("error"), driver.BadReply(err), etf.List{}}
				})
			return
		case m.Function == "execute_cast" && m.Arity == 3:
			p.spawn(m, func(ctx context.Context) etf.Term {
				p.n.functions.ExecuteCast(ctx, args)
				return normal
			}, nil)
			return
		}
	}
	if len(args) == m.Arity && p.n.functions.Has(m.Module, m.Function, m.Arity) {
		p.spawnProcess(m, args)
		return
	}
	module, function := m.Module, m.Function // m is the next message by the time that the process runs
	p.spawn(m, func(context.Context) etf.Term {
		reason := kernel.Undefined(module, function, args).ExitReason()
		p.n.log.Error("spawned process ended", "reason", genserv.LogTerm{Term: reason})
		return reason
	}, nil)
}
