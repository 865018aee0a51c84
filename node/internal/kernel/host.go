package kernel

import (
	"context"
	"net"

	"github.com/gonode-otp/gonode/etf"
)

// Host is the node as its kernel services see it. The methods may be called from any goroutine.
type Host interface {
	Processes
	Nodes
	Allower
	Servers
	Runner
}

// Processes are the processes of the node.
type Processes interface {
	// Whereis returns the process that is registered under a name.
	Whereis(name etf.Atom) (pid etf.Pid, ok bool)
	// Registered returns the names that are registered, sorted.
	Registered() etf.List
	// Processes returns the pids of all processes, in no order.
	Processes() etf.List
	// Process returns the process of this node with a pid, or nil.
	Process(pid etf.Pid) Process
}

// Process is what a process of the node tells of itself, without being asked to stop for it.
type Process interface {
	// IsAlive reports whether the process has not begun to end.
	IsAlive() bool
	// Get returns the value of a key of the process dictionary.
	Get(key etf.Term) (value etf.Term, ok bool)
	// Info returns the value of an item of erlang:process_info/2 that the node keeps for each process; which these are,
	// processinfo.go says.
	Info(item etf.Atom) etf.Term
}

// Nodes are the node itself and those that it is connected with.
type Nodes interface {
	Name() etf.Atom
	// Peers returns the nodes that are connected, in no order.
	Peers() []Peer
	Ping(ctx context.Context, name etf.Atom) error
	Connect(ctx context.Context, name etf.Atom) error
	Disconnect(name etf.Atom) bool
}

// Peer is a connected node.
type Peer struct {
	Name   etf.Atom
	Hidden bool
	// ConnectionID tells the connections of the node apart.
	ConnectionID uint64
	Address      net.Addr // of the other end
	// Reads and Writes count the system calls of the connection.
	Reads, Writes uint64
	// Apply is erpc:call/4 on that node.
	Apply func(ctx context.Context, module, function etf.Atom, args etf.List) (etf.Term, error)
}

// Allower has the list of net_kernel:allow/1.
type Allower interface {
	Allow(nodes []etf.Atom)
	Allowed() []etf.Atom
}

// Servers calls servers on behalf of the node. Only ctx limits the time.
type Servers interface {
	// CallServer is gen_server:call/3 with infinity.
	CallServer(ctx context.Context, to, request etf.Term) (etf.Term, error)
	// CallSystem sends {system, From, Request} and waits for the answer: sys:send_system_msg/2.
	CallSystem(ctx context.Context, to, request etf.Term) (etf.Term, error)
}

// Runner runs functions for other nodes.
type Runner interface {
	// Run runs work in a goroutine of the node, at once or when others have ended. ctx ends when work returns
	// or the node stops.
	Run(work func(ctx context.Context))
}
