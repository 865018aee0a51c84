package operator

import (
	"cmp"
	"context"
	"log/slog"
	"time"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/node/internal/kernel"
)

// Host is the node as the functions of operators see it. The methods may be called from any goroutine.
type Host interface {
	kernel.Host
	Modules
	Actor
	Configured
	Figures
	Logger
}

// Modules are the functions and servers of the node by their modules.
type Modules interface {
	// Exported reports whether Module:Function/Arity can be applied.
	Exported(module, function etf.Atom, arity int) bool
	// Apply is apply(Module, Function, Args).
	Apply(ctx context.Context, module, function etf.Atom, args etf.List) (etf.Term, *genserv.Failure)
	// Modules returns the modules of which the node has exported functions or a running server, sorted.
	Modules() []etf.Atom
	// IsModule reports whether Modules returns the module.
	IsModule(module etf.Atom) bool
	// IsServer reports whether a server runs the module.
	IsServer(module etf.Atom) bool
	// ModuleVsn returns the version of a module that can be upgraded, nil for any other one.
	ModuleVsn(module etf.Atom) etf.Term
	// Functions returns the exported functions of a module, sorted.
	Functions(module etf.Atom) []FunctionName
	// Master returns the master of an application that runs with processes.
	Master(app etf.Atom) (etf.Pid, bool)
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

// Actor does something on behalf of the caller of a function.
type Actor interface {
	// Spawn is gen_server:start.
	Spawn(ctx context.Context, c genserv.Child) (etf.Pid, error)
	// SpawnLink is gen_server:start_link by the process that called the function. ctx is the context of that function.
	SpawnLink(ctx context.Context, c genserv.Child) (etf.Pid, error)
	// Send sends a message as erlang:send/2 does.
	Send(ctx context.Context, to, msg etf.Term) error
	// Exit sends an exit signal as erlang:exit/2 does.
	Exit(pid etf.Pid, reason etf.Term)
	// Terminate is gen_server:stop/3.
	Terminate(ctx context.Context, server, reason etf.Term) error
	// End ends the node when the function that got ctx has been answered: in order, or at once with now. reason is what
	// the node fails with, nil if it does not fail.
	End(ctx context.Context, reason etf.Term, now bool)
}

// Configured is what the node was started with.
type Configured interface {
	// Self is the pid that stands for the node itself.
	Self() etf.Pid
	Creation() uint32
	Hidden() bool
	LongNames() bool
	TickTime() time.Duration
	// Cookie is that of the node.
	Cookie() etf.Atom
	// SetCookie sets the cookie for a peer, or for every peer without one of its own if the name is that of the node.
	SetCookie(node, cookie etf.Atom) error
	// EPMDNames returns what the EPMD of this host knows.
	EPMDNames(ctx context.Context) ([]EPMDName, error)
}

// EPMDName is a node that EPMD knows.
type EPMDName struct {
	Name string
	Port uint16
}

// Figures are what a node counts.
type Figures interface {
	// ProcessCount returns the number of processes.
	ProcessCount() int
	// Handled returns the number of messages that processes have handled, and of functions that ran for other nodes.
	Handled() uint64
	// Traffic returns the bytes that came in and went out on the connections with other nodes since the start.
	Traffic() (in, out uint64)
	// Started returns when the node was started.
	Started() time.Time
	// Stopping reports whether the node has begun to end.
	Stopping() bool
}

// Logger is the log of the node.
type Logger interface {
	// Warn logs a warning.
	Warn(msg string, args ...any)
	// LogLevel returns the lowest level that is logged.
	LogLevel() slog.Level
	// SetLogLevel sets it; false means that it cannot be set.
	SetLogLevel(level slog.Level) bool
}
