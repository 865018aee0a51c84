package node

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// releaseTime bounds the question for the release of a peer.
const releaseTime = 2 * time.Second

// wantsBareState tells whether the node of a caller of sys:get_state expects the bare state, as those before stdlib 5.1
// (erts 14.1, OTP 26.1) do. Neither the request nor the flags of the handshake tell, so the peer is asked once.
func (n *Node) wantsBareState(caller etf.Pid) bool {
	p := n.peers.up(caller.Node)
	if p == nil {
		return false
	}
	p.bareState.once.Do(func() { p.bareState.yes = p.askBareState() })
	return p.bareState.yes
}

func (p *peer) askBareState() bool {
	if !p.info.Negotiated.Has(dist.FlagV4NC) {
		return true // OTP 23
	}
	ctx, cancel := context.WithTimeout(p.n.ctx, releaseTime)
	defer cancel()
	erts, err := p.apply(ctx, "erlang", "system_info", etf.List{etf.Atom("version")})
	if err != nil {
		p.n.log.Debug("release not known", "peer", p.name, "error", err)
		return false
	}
	major, minor := version(etf.Format(erts))
	return major < 14 || major == 14 && minor < 1
}

// version reads the first two numbers of a version in quotes such as "13.1.5".
func version(text string) (major, minor int) {
	parts := strings.SplitN(strings.Trim(text, `"`), ".", 3)
	major, _ = strconv.Atoi(parts[0])
	if len(parts) > 1 {
		minor, _ = strconv.Atoi(parts[1])
	}
	return major, minor
}

// apply calls Module:Function(Args...) on the peer, as erpc:call/4 does: it starts a process there whose exit reason
// carries the result.
func (p *peer) apply(ctx context.Context, module, function etf.Atom, args etf.List) (etf.Term, error) {
	n := p.n
	result, spawn := n.refs.make(), n.refs.make()
	c := &call{ref: spawn, result: make(chan callResult, 1)}
	m := &monitor{ref: spawn, from: n.self, call: c, peer: p}
	n.monitors.add(m)
	defer n.monitors.remove(m)
	request := &dist.SpawnRequest{Ref: spawn, From: n.self, GroupLeader: n.self, Module: "erpc", Function: "execute_call",
		Arity: 4, Opts: etf.List{etf.Atom("monitor")}}
	if err := p.conn.Send(ctx, request, etf.List{result, module, function, args}); err != nil {
		return nil, err
	}
	n.othersLetGo()
	select {
	case r := <-c.result:
		return erpcResult(result, r.reason)
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// erpcResult reads the exit reason of erpc:execute_call/4.
func erpcResult(result etf.Ref, reason etf.Term) (etf.Term, error) {
	if t, ok := reason.(etf.Tuple); ok && len(t) == 3 && etf.Equal(t[0], result) && etf.Equal(t[1], etf.Atom("return")) {
		return t[2], nil
	}
	return nil, &genserv.Exit{Reason: reason}
}

// spawnReplied serves SPAWN_REPLY: only that no process was started is news, all else comes with its end.
func (p *peer) spawnReplied(m *dist.SpawnReply) {
	if m.Pid.Node == "" {
		p.n.monitors.fired(m.Ref, p, m.Error)
	}
}
