package node

import (
	"context"
	"slices"
	"strconv"

	"github.com/gonode-otp/gonode/etf"
)

// exportBIFs exports the functions of the module erlang by which operators find their way on a node.
func (n *Node) exportBIFs() {
	n.Export("erlang", "node", 0, func(context.Context, etf.List) (etf.Term, error) { return n.name, nil })
	n.Export("erlang", "whereis", 1, n.whereis)
	n.Export("erlang", "registered", 0, func(context.Context, etf.List) (etf.Term,
		error) {
		return n.registry.registered(), nil
	})
	n.Export("erlang", "processes", 0, n.processes)
	n.Export("erlang", "process_info", 1, n.processInfo)
	n.Export("erlang", "process_info", 2, n.processInfo)
	n.Export("proc_lib", "initial_call", 1, n.initialCallWithArgs)
	n.Export("proc_lib", "translate_initial_call", 1, n.initialCall)
	n.Export("erlang", "is_process_alive", 1, func(_ context.Context, args etf.List) (etf.Term,
		error) {
		return n.isAlive(args[0])
	})
}

// whereis is erlang:whereis/1.
func (n *Node) whereis(_ context.Context, args etf.List) (etf.Term, error) {
	name, ok := args[0].(etf.Atom)
	if !ok {
		return nil, ErrBadArgument
	}
	if p := n.registry.byName(name); p != nil {
		return p.pid, nil
	}
	return etf.Atom("undefined"), nil
}

// initialCall is proc_lib:translate_initial_call/1 of a process of this node.
func (n *Node) initialCall(_ context.Context, args etf.List) (etf.Term, error) {
	if call := n.initialCallOf(args[0]); call != nil {
		return call, nil
	}
	return etf.Tuple{etf.Atom("proc_lib"), etf.Atom("init_p"), etf.Int(5)}, nil
}

// initialCallWithArgs is proc_lib:initial_call/1.
func (n *Node) initialCallWithArgs(_ context.Context, args etf.List) (etf.Term, error) {
	call := n.initialCallOf(args[0])
	if call == nil {
		return etf.Atom("false"), nil
	}
	var names etf.List
	for i := range int(call[2].(etf.Int)) {
		names = append(names, etf.Atom("Argument__"+strconv.Itoa(i+1)))
	}
	return etf.Tuple{call[0], call[1], names}, nil
}

// initialCallOf is '$initial_call' of the dictionary, or nil.
func (n *Node) initialCallOf(t etf.Term) etf.Tuple {
	pid, ok := t.(etf.Pid)
	if !ok || pid.Node != n.name {
		return nil
	}
	p := n.local(destination{pid: pid})
	if p == nil {
		return nil
	}
	for _, item := range p.loop.Process().Dictionary() {
		if kv := item.(etf.Tuple); etf.IsAtom(kv[0], "$initial_call") {
			if call, ok := kv[1].(etf.Tuple); ok && len(call) == 3 {
				if _, ok := call[2].(etf.Int); ok {
					return call
				}
			}
		}
	}
	return nil
}

// processes is erlang:processes/0.
func (n *Node) processes(context.Context, etf.List) (etf.Term, error) {
	var pids etf.List
	for _, p := range n.registry.all() {
		pids = append(pids, p.pid)
	}
	slices.SortFunc(pids, etf.Compare)
	return pids, nil
}
