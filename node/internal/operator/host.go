package operator

import (
	"cmp"
	"context"
	"time"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/node/internal/kernel"
)

// Host is the node as the functions of operators see it. The methods may be called from any goroutine.
type Host interface {
	kernel.Host
	Spawner
	Figures

	// Exported reports whether Module:Function/Arity can be applied.
	Exported(module, function etf.Atom, arity int) bool
	// Modules returns the modules of which the node has exported functions or a running server, sorted.
	Modules() []etf.Atom
	// Functions returns the exported functions of a module, sorted.
	Functions(module etf.Atom) []FunctionName
	// Apply is apply(Module, Function, Args).
	Apply(ctx context.Context, module, function etf.Atom, args etf.List) (etf.Term, *genserv.Failure)
}

// FunctionName is a function of a module.
type FunctionName struct {
	Name  etf.Atom
	Arity int
}

// Compare orders functions by name and arity.
func (f FunctionName) Compare(other FunctionName) int {
	return cmp.Or(cmp.Compare(f.Name, other.Name), cmp.Compare(f.Arity, other.Arity))
}

// Spawner starts servers on behalf of the caller of a function.
type Spawner interface {
	// Spawn is gen_server:start.
	Spawn(ctx context.Context, c genserv.Child) (etf.Pid, error)
	// SpawnLink is gen_server:start_link by the process that called the function. ctx is the context of that function.
	SpawnLink(ctx context.Context, c genserv.Child) (etf.Pid, error)
}

// Figures are what a node counts.
type Figures interface {
	// ProcessCount returns the number of processes.
	ProcessCount() int
	// Traffic returns the bytes that came in and went out on the connections with other nodes since the start.
	Traffic() (in, out uint64)
	// Started returns when the node was started.
	Started() time.Time
}
