package pg

import (
	"context"
	"errors"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/node"
)

// exportFunctions makes the functions of the module pg known to rpc and erpc. The scope is an argument, so they are the
// same for all scopes of a node.
func exportFunctions(n *node.Node) {
	read := func(name etf.Atom, arity int, request func(args etf.List) etf.Term, missing etf.Term) {
		ask := func(ctx context.Context, scope etf.Term, args etf.List) (etf.Term, error) {
			reply, err := n.Call(ctx, scope, request(args))
			if errors.Is(err, genserv.ErrNoProc) && missing != nil {
				return missing, nil
			}
			return reply, err
		}
		n.Export("pg", name, arity, func(ctx context.Context, args etf.List) (etf.Term, error) {
			return ask(ctx, DefaultScope, args)
		})
		n.Export("pg", name, arity+1, func(ctx context.Context, args etf.List) (etf.Term, error) {
			return ask(ctx, args[0], args[1:])
		})
	}
	with := func(verb etf.Atom) func(etf.List) etf.Term {
		return func(args etf.List) etf.Term { return etf.Tagged(verb, args...) }
	}
	alone := func(verb etf.Atom) func(etf.List) etf.Term { return func(etf.List) etf.Term { return verb } }
	read("get_members", 1, with("get_members"), etf.List{})
	read("get_local_members", 1, with("get_local_members"), etf.List{})
	read("which_groups", 0, alone("which_groups"), nil)
	read("which_local_groups", 0, alone("which_local_groups"), nil)
	read("join", 2, with("join_local"), nil)
	read("leave", 2, with("leave_local"), nil)
}
