package node

import (
	"context"
	"slices"

	"github.com/gonode-otp/gonode/etf"
)

// exportNodes exports the functions by which operators see and change whom a node is connected with.
func (n *Node) exportNodes() {
	n.exportAllow()
	n.Export("erlang", "nodes", 0, func(context.Context, etf.List) (etf.Term,
		error) {
		return n.nodesOf(etf.Atom("visible"))
	})
	n.Export("erlang", "nodes", 1, func(_ context.Context, args etf.List) (etf.Term, error) { return n.nodesOf(args[0]) })
	n.Export("net_adm", "ping", 1, func(ctx context.Context, args etf.List) (etf.Term, error) {
		name, ok := args[0].(etf.Atom)
		switch {
		case !ok:
			return nil, ErrBadArgument
		case n.Ping(ctx, name) != nil:
			return etf.Atom("pang"), nil
		}
		return etf.Atom("pong"), nil
	})
	n.Export("net_kernel", "connect_node", 1, func(ctx context.Context, args etf.List) (etf.Term, error) {
		name, ok := args[0].(etf.Atom)
		return etf.Bool(ok && (name == n.name || n.Connect(ctx, name) == nil)), nil
	})
	n.Export("erlang", "disconnect_node", 1, func(_ context.Context, args etf.List) (etf.Term, error) {
		name, ok := args[0].(etf.Atom)
		return etf.Bool(ok && n.Disconnect(name)), nil
	})
}

// nodesOf is erlang:nodes/1: the nodes of a kind, or of each kind in a list.
func (n *Node) nodesOf(kinds etf.Term) (etf.Term, error) {
	list, ok := kinds.(etf.List)
	if !ok {
		list = etf.List{kinds}
	}
	var names etf.List
	for _, kind := range list {
		var want func(hidden bool) bool
		switch kind {
		case etf.Atom("visible"):
			want = func(hidden bool) bool { return !hidden }
		case etf.Atom("hidden"):
			want = func(hidden bool) bool { return hidden }
		case etf.Atom("connected"):
			want = func(bool) bool { return true }
		case etf.Atom("known"):
			names = append(names, n.name)
			want = func(bool) bool { return true }
		case etf.Atom("this"):
			names = append(names, n.name)
			continue
		default:
			return nil, ErrBadArgument
		}
		for _, p := range n.peers.all() {
			if want(p.info.Hidden()) {
				names = append(names, p.name)
			}
		}
	}
	slices.SortFunc(names, etf.Compare)
	return slices.Compact(names), nil
}
