package codechange

import (
	"context"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// Host is the node that an upgrade changes. Its methods may be called from any goroutine.
type Host interface {
	// Supervised returns the processes that instructions are about, in the order of
	// release_handler_1:get_supervised_procs/0. If it fails, the upgrade fails with that error; an *genserv.Exit keeps its
	// reason as a term.
	Supervised(ctx context.Context) ([]Child, error)
	// Users returns the processes whose callback module has this name, supervised or not.
	Users(module etf.Atom) []Process
	// Exported tells whether there is a function to apply under this name.
	Exported(module, function etf.Atom, arity int) bool
	// Apply applies a function. The error of one that failed is a *genserv.Failure or an *genserv.Exit.
	Apply(ctx context.Context, module, function etf.Atom, args etf.List) (etf.Term, error)
	// Sync tells the other nodes that this one has come to the sync_nodes instruction id, and waits until each of them has
	// said the same. The error is an *Error with the reason {sync_error, {nodedown, Node}} if a node went down.
	Sync(ctx context.Context, id etf.Term, nodes []etf.Atom) error
	// Go runs f in a goroutine of its own.
	Go(f func())
}

// Child is a process in its place in a supervision tree.
type Child struct {
	Process
	// Supervisor is the process that supervises the child; the zero Pid for one at the top.
	Supervisor etf.Pid
	// ID is the identifier of its child specification.
	ID etf.Term
	// Modules are the modules of its child specification: it takes part in the change of each of them.
	Modules []etf.Atom
	// Restarts says that its supervisor starts it again if it is killed.
	Restarts bool
}

// Process is one server of the Host.
type Process interface {
	Pid() etf.Pid
	// Name returns the registered name, or "".
	Name() etf.Atom
	// Code returns what the process runs now.
	Code() genserv.Module
	// Do runs f in the process between two messages, after those that wait already, whether the server is suspended or
	// not. If the process is idle, f runs at once, in the goroutine of the caller. If the process ends before, f never
	// runs.
	Do(f func(*genserv.Loop))
	// Done returns a channel that is closed when the process has ended.
	Done() <-chan struct{}
	// Kill ends the process: exit(Pid, kill).
	Kill()
}
