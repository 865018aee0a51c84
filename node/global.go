package node

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// globalTime bounds the question for a global name, which OTP answers out of a table. It is the time-out of
// gen_server:call.
const globalTime = 5 * time.Second

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

// whereisGlobal asks the connected nodes for the process with a global name: a hidden node has no part in global and
// keeps no table of it. The first that knows it is right, for all of a cluster know the same. Hidden nodes are asked
// last, since they may belong to no cluster or to another one. global:whereis_name/1.
func (n *Node) whereisGlobal(ctx context.Context, name, to etf.Term) (etf.Pid, error) {
	ctx, cancel := context.WithTimeout(ctx, globalTime)
	defer cancel()
	peers := n.peers.all()
	slices.SortStableFunc(peers, func(a, b *peer) int { return hiddenness(a) - hiddenness(b) })
	var asked error
	for _, p := range peers {
		pid, err := p.erpcCall(ctx, "global", "whereis_name", etf.List{name})
		switch pid := pid.(type) {
		case etf.Pid:
			return pid, nil
		case nil:
			asked = err // a Go node, or one without global
		}
	}
	if ctx.Err() != nil {
		return etf.Pid{}, timeoutError(to, context.Cause(ctx))
	}
	return etf.Pid{}, &genserv.CallFailure{To: to, Err: genserv.ErrNoProc, Cause: asked}
}

func hiddenness(p *peer) int {
	if p.info.Hidden() {
		return 1
	}
	return 0
}
