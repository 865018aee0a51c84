package kernel

import (
	"context"

	"github.com/gonode-otp/gonode/etf"
)

// Export makes the functions known that every node has.
func Export(functions *Functions, host Host) {
	exportErlang(functions, host)
	exportProcesses(functions, host)
	exportNodes(functions, host)
	exportAllow(functions, host)
	exportSys(functions, host)
	exportSupervisor(functions, host)
}

// exportErlang exports the functions of the module erlang by which operators find their way on a node.
func exportErlang(functions *Functions, host Host) {
	functions.Set("erlang", "node", 0, func(context.Context, etf.List) (etf.Term, error) { return host.Name(), nil })
	functions.Set("erlang", "registered", 0, func(context.Context, etf.List) (etf.Term, error) {
		return host.Registered(), nil
	})
	functions.Set("erlang", "whereis", 1, func(_ context.Context, args etf.List) (etf.Term, error) {
		name, ok := args[0].(etf.Atom)
		if !ok {
			return nil, ErrBadArgument
		}
		if pid, ok := host.Whereis(name); ok {
			return pid, nil
		}
		return etf.Atom("undefined"), nil
	})
}
