package upgrade

import (
	"context"
	"slices"

	"github.com/gonode-otp/gonode/codechange"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// Node is the node that is upgraded. The methods may be called from any goroutine.
type Node interface {
	Processes
	Servers
	Nodes
	Exports
}

// Processes are the processes of the node, as an upgrade changes them. A process is the same value, which is
// comparable, whichever method returns it.
type Processes interface {
	// InOrder returns the processes that are alive, in the order in which they were started, in a slice of the caller.
	InOrder() []codechange.Process
	// Process returns the process of this node with a pid, or nil.
	Process(pid etf.Pid) codechange.Process
	// Codes calls count with what each process runs.
	Codes(count func(genserv.Module))
	// Applications returns those that run, the one first that was started last.
	Applications(ctx context.Context) ([]Application, error)
	// YieldReaders makes sure that processes which readers of connections run do not wait for the caller, who is about
	// to wait for a process.
	YieldReaders()
}

// Application is an application that runs.
type Application struct {
	Name etf.Atom
	Top  etf.Pid // its supervisor at the top; zero for a library
}

// Servers calls and starts servers.
type Servers interface {
	Call(ctx context.Context, to, request etf.Term) (etf.Term, error)
	Spawn(ctx context.Context, child genserv.Child) (etf.Pid, error)
}

// Nodes are the other nodes, as an upgrade of several of them needs them.
type Nodes interface {
	Name() etf.Atom
	Send(ctx context.Context, to, msg etf.Term) error
	// Tell sends a message over a connection that is up, and otherwise drops it.
	Tell(to etf.Pid, msg etf.Term)
	// NodesDown returns the nodes whose connections go down from now on.
	NodesDown(ctx context.Context) NodesDown
	// UntilStop returns a context that ends with ctx or when the node stops, and then with a cause that says so.
	UntilStop(ctx context.Context) (context.Context, context.CancelFunc)
}

// NodesDown are nodes whose connections went down.
type NodesDown interface {
	// Take takes the next one, if there is one.
	Take() (node etf.Atom, ok bool)
	// Wake returns a channel that has a value when another one may have come.
	Wake() <-chan struct{}
	Close()
}

// Exports are the functions that the node has exported, and goroutines to run them. See codechange.Host.
type Exports interface {
	Exported(module, function etf.Atom, arity int) bool
	Apply(ctx context.Context, module, function etf.Atom, args etf.List) (etf.Term, error)
	Go(f func())
}

// Host is a node as package codechange upgrades it: it implements codechange.Host and codechange.Census.
type Host struct {
	Node
	syncs syncTable
}

// NewHost returns the host of a node's upgrades.
func NewHost(n Node) *Host { return &Host{Node: n} }

// Users implements codechange.Host.
func (h *Host) Users(module etf.Atom) []codechange.Process {
	return slices.DeleteFunc(h.InOrder(), func(p codechange.Process) bool { return p.Code().Name() != module })
}
