package node

import (
	"context"

	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// erpcCall calls Module:Function(Args...) on the peer, as erpc:call/4 does: it starts a process there whose exit reason
// carries the result.
func (p *peer) erpcCall(ctx context.Context, module, function etf.Atom, args etf.List) (etf.Term, error) {
	n := p.n
	result, spawn := n.refs.make(), n.refs.make()
	c := &call{ref: spawn, result: make(chan callResult, 1)}
	m := &outboundMonitor{ref: spawn, from: n.self, call: c, peer: p}
	n.monitors.add(m)
	defer n.monitors.remove(m)
	request := &dist.SpawnRequest{Ref: spawn, From: n.self, GroupLeader: n.self, Module: "erpc", Function: "execute_call",
		Arity: 4, Opts: etf.List{etf.Atom("monitor")}}
	n.yieldReaders()
	if err := p.conn.Send(ctx, request, etf.List{result, module, function, args}); err != nil {
		return nil, err
	}
	select {
	case r := <-c.result:
		return erpcResult(result, r.reason)
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// erpcResult reads the exit reason of erpc:execute_call/4.
func erpcResult(result etf.Ref, reason etf.Term) (etf.Term, error) {
	if t, ok := reason.(etf.Tuple); ok && len(t) == 3 && etf.Equal(t[0], result) && etf.IsAtom(t[1], "return") {
		return t[2], nil
	}
	return nil, &genserv.Exit{Reason: reason}
}

// handleSpawnReply serves SPAWN_REPLY. Only a failed start matters: every other outcome arrives with the end of the
// process.
func (p *peer) handleSpawnReply(m *dist.SpawnReply) {
	if m.Pid.Node == "" {
		p.n.monitors.fire(m.Ref, p, m.Error)
	}
}
