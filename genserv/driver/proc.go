package driver

import (
	"context"
	"log/slog"
	"time"

	"github.com/gonode-otp/gonode/etf"
)

// Proc is what a server needs of its node: the services of the node for one process. Its methods may be called from
// any goroutine. The methods of Client, Spawn and Receive wait; everything else returns soon. When the process has
// ended, all of them do nothing, and those that return an error may fail.
type Proc interface {
	// Self returns the pid of the process.
	Self() etf.Pid
	// Send sends msg to a pid, to a registered name of this node (an etf.Atom), to {Name, Node} or to an alias (an
	// etf.Ref). That nobody is there is no error for a pid, {Name, Node} and an alias. An error that wraps an
	// *etf.EncodeError means that msg is no term; any other one that to is no destination, or a name that nobody has.
	Send(to, msg etf.Term) error
	// SendPriority is Send with the option priority of erlang:send/3.
	SendPriority(to, msg etf.Term) error
	// Reply is Send of the tuple {tag, reply}.
	Reply(to, tag, reply etf.Term) error
	// After sends msg to a process after d, as erlang:send_after/3. stop cancels that; it reports whether it was in
	// time. Timers of a process go off in the order of their times, also after its end; one towards a process that has
	// ended does nothing.
	After(d time.Duration, to, msg etf.Term) (stop func() bool)
	// Receive is receive ... after d: it takes the first message that match accepts out of the mailbox and returns it;
	// nil if none came in time. It fails if the process has ended.
	Receive(d time.Duration, match func(msg etf.Term) bool) (etf.Term, error)
	// Spawn starts another server, links it to this process if link is set, waits for its init and returns its pid.
	// Errors are those of genserv.Loop.Start. name is its registered name, or "" for none.
	Spawn(name etf.Atom, m Module, args etf.Term, link bool) (etf.Pid, error)
	// Detach ends what the process has begun, as its own end would: its timers, monitors and aliases, and its links
	// but for that to its parent; whoever else is linked to it gets an exit signal with reason.
	Detach(reason etf.Term)
	// Context returns a context that ends when the process has ended. It is the same one at every call.
	Context() context.Context
	// Log returns where the process reports; nil means nowhere.
	Log() *slog.Logger

	Linker
	Monitorer
	Aliaser
	Registrar
	Client
}

// Linker sends exit signals and deals with those that come.
type Linker interface {
	// Link is link(pid), or link(pid, [priority]). A process that does not exist, or cannot be reached, answers with an
	// exit signal, not an error.
	Link(pid etf.Pid, priority bool)
	// Unlink is unlink(pid). When it has returned, no exit signal from pid follows.
	Unlink(pid etf.Pid)
	// Exit is exit(to, reason), or exit(to, reason, [priority]); to is a pid or an alias.
	Exit(to, reason etf.Term, priority bool)
	// TrapExit is process_flag(trap_exit, on); it returns the old value.
	TrapExit(on bool) (old bool)
}

// Monitorer watches other processes.
type Monitorer interface {
	// Monitor is monitor(process, to); to is a pid, a registered name of this node (an etf.Atom), or {Name, Node}. A
	// DOWN for what does not exist follows at once.
	Monitor(to etf.Term, o MonitorOptions) (etf.Ref, error)
	// Demonitor is demonitor(ref, [flush]): when it has returned, no DOWN with ref follows, and one that waits in the
	// mailbox is removed.
	Demonitor(ref etf.Ref)
}

// MonitorOptions are the options of monitor/3.
type MonitorOptions struct {
	// Alias makes the reference an alias too until it is demonitored or DOWN comes: {alias, demonitor}.
	Alias bool
	// Priority makes DOWN a priority message: priority.
	Priority bool
}

// Aliaser makes references.
type Aliaser interface {
	// MakeRef is make_ref().
	MakeRef() (etf.Ref, error)
	// Alias is alias(), or alias([priority]).
	Alias(priority bool) (etf.Ref, error)
	// Unalias is unalias(ref); it reports whether ref was an alias of the process.
	Unalias(ref etf.Ref) bool
}

// Registrar knows the names and the processes of the node.
type Registrar interface {
	// Register is register(name, self()). It fails if the name is taken or the process has one.
	Register(name etf.Atom) error
	// Unregister is unregister(name). It fails if no process has that name.
	Unregister(name etf.Atom) error
	// NameOf returns the registered name of a process of this node, "" if it has none; alive is false if it has ended,
	// or is no process of this node. process_info(pid, registered_name) and is_process_alive(pid).
	NameOf(pid etf.Pid) (name etf.Atom, alive bool)
}

// Client makes requests that wait for something. Whatever the context, all of them end soon after the process has been
// killed.
type Client interface {
	// Call makes a gen_server:call and waits for the answer, or until ctx ends. Its error is a *genserv.CallFailure;
	// calling_self if to is the process itself.
	Call(ctx context.Context, to, request etf.Term) (etf.Term, error)
	// MultiCall calls the server registered as name on all the nodes at once. Both results keep the order of nodes.
	MultiCall(ctx context.Context, nodes []etf.Atom, name etf.Atom, request etf.Term) (replies []NodeReply, bad []etf.Atom)
	// Abcast casts to the server registered as name on all the nodes and returns those that could not be reached.
	Abcast(ctx context.Context, nodes []etf.Atom, name etf.Atom, request etf.Term) (bad []etf.Atom)
	// Terminate makes a gen_server:stop and waits for the end of the server, or until ctx ends.
	Terminate(ctx context.Context, to, reason etf.Term) error
	// Locate returns the pid of {global, Name}; anything else that names a process is returned as it is. The error
	// matches genserv.ErrNoProc if no node that is asked knows the name.
	Locate(ctx context.Context, to etf.Term) (etf.Term, error)
}

// NodeReply is one answer to MultiCall.
type NodeReply struct {
	Node  etf.Atom
	Reply etf.Term
}

// Module is a server as its driver sees it. It is always a genserv.Module, which genserv.Of makes.
type Module interface {
	// Name returns the name of the callback module.
	Name() etf.Atom
	// Server returns what Of was given.
	Server() any
}
