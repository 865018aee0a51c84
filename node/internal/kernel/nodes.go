package kernel

import (
	"context"
	"slices"

	"github.com/gonode-otp/gonode/etf"
)

// exportNodes exports the functions by which operators see and change whom a node is connected with.
func exportNodes(functions *Functions, nodes Nodes) {
	functions.Set("erlang", "nodes", 0, func(context.Context, etf.List) (etf.Term, error) {
		return listOf(NodesOf(nodes, etf.Atom("visible")))
	})
	functions.Set("erlang", "nodes", 1, func(_ context.Context, args etf.List) (etf.Term, error) {
		return listOf(NodesOf(nodes, args[0]))
	})
	functions.Set("net_adm", "ping", 1, func(ctx context.Context, args etf.List) (etf.Term, error) {
		name, ok := args[0].(etf.Atom)
		switch {
		case !ok:
			return nil, ErrBadArgument
		case nodes.Ping(ctx, name) != nil:
			return etf.Atom("pang"), nil
		}
		return etf.Atom("pong"), nil
	})
	functions.Set("net_kernel", "connect_node", 1, func(ctx context.Context, args etf.List) (etf.Term, error) {
		name, ok := args[0].(etf.Atom)
		return etf.Bool(ok && (name == nodes.Name() || nodes.Connect(ctx, name) == nil)), nil
	})
	functions.Set("erlang", "disconnect_node", 1, func(_ context.Context, args etf.List) (etf.Term, error) {
		name, ok := args[0].(etf.Atom)
		return etf.Bool(ok && nodes.Disconnect(name)), nil
	})
}

// listOf returns a list as a term, [] for none.
func listOf(list etf.List, err error) (etf.Term, error) {
	if err != nil {
		return nil, err
	}
	return append(etf.List{}, list...), nil
}

// NodesOf is erlang:nodes/1: the nodes of a kind, or of each kind in a list.
func NodesOf(nodes Nodes, kinds etf.Term) (etf.List, error) {
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
			names = append(names, nodes.Name())
			want = func(bool) bool { return true }
		case etf.Atom("this"):
			names = append(names, nodes.Name())
			continue
		default:
			return nil, ErrBadArgument
		}
		for _, p := range nodes.Peers() {
			if want(p.Hidden) {
				names = append(names, p.Name)
			}
		}
	}
	slices.SortFunc(names, etf.Compare)
	return slices.Compact(names), nil
}

// exportAllow exports net_kernel:allow/1 and allowed/0.
func exportAllow(functions *Functions, list Allower) {
	functions.Set("net_kernel", "allow", 1, func(_ context.Context, args etf.List) (etf.Term, error) {
		names, ok := etf.AsAtoms(args[0])
		if !ok {
			return etf.Atom("error"), nil
		}
		list.Allow(names)
		return etf.Atom("ok"), nil
	})
	functions.Set("net_kernel", "allowed", 0, func(context.Context, etf.List) (etf.Term, error) {
		return etf.Tuple{etf.Atom("ok"), etf.Atoms(list.Allowed()...)}, nil
	})
}
