package kernel

import (
	"context"
	"slices"

	"github.com/gonode-otp/gonode/etf"
)

// WhereisGlobal asks the connected nodes for the process with a global name: a hidden node has no part in global and
// keeps no table of it. The first that knows it is right, for all of a cluster know the same. Hidden nodes are asked
// last, since they may belong to no cluster or to another one. global:whereis_name/1.
//
// If nobody knows the name, err is what the last one failed with that has no global, or nil.
func WhereisGlobal(ctx context.Context, peers []Peer, name etf.Term) (pid etf.Pid, ok bool, err error) {
	slices.SortStableFunc(peers, func(a, b Peer) int { return hiddenness(a) - hiddenness(b) })
	for _, p := range peers {
		answer, failed := p.Apply(ctx, "global", "whereis_name", etf.List{name})
		switch pid := answer.(type) {
		case etf.Pid:
			return pid, true, nil
		case nil:
			err = failed // a Go node, or one without global
		}
	}
	return etf.Pid{}, false, err
}

func hiddenness(p Peer) int {
	if p.Hidden {
		return 1
	}
	return 0
}
