package node

import (
	"context"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv/driver"
	"github.com/gonode-otp/gonode/node/internal/application"
	"github.com/gonode-otp/gonode/node/internal/kernel"
	"github.com/gonode-otp/gonode/node/internal/operator"
	"github.com/gonode-otp/gonode/node/internal/upgrade"
)

// Function is what runs when another node applies an exported function, see Node.Export. The number of args is the
// arity that it was exported with. ctx ends when the node stops, and when the result is no longer wanted: the caller
// has given up, has ended or is away. A function that starts a child of the caller passes ctx to Node.SpawnLink.
//
// A nil result is the atom undefined. A *genserv.Exit is erlang:exit(Reason), and a *genserv.Failure is raised as it
// is. Every other error is error(Reason) with the reason of genserv.ExitReason: badarg for ErrBadArgument, and the
// text of an error that it does not know. A panic means the same as in a callback.
type Function = kernel.Function

// Export makes Module:Function/Arity known to rpc and erpc. Functions that are not exported are undef. It replaces an
// earlier export of the same name; nil removes it.
func (n *Node) Export(module, function etf.Atom, arity int, f Function) {
	n.functions.Set(module, function, arity, f)
}

// detached returns f as a function that goes on when its caller is gone, as every function does on a BEAM.
func (n *Node) detached(f Function) Function {
	return func(_ context.Context, args etf.List) (etf.Term, error) { return f(n.ctx, args) }
}

// startServices starts the processes that every node has, and exports its functions. Any process that can call the
// node can end them, by an exit signal or a system message. So net_kernel, rex and release_handler are restarted, and
// the node ends with application_controller or with the supervisor of the three.
func (n *Node) startServices(ctx context.Context) error {
	host := kernelHost{n}
	if n.cfg.Operators != OperatorsNone {
		kernel.Export(n.functions, host)
		n.exportApplication()
		operator.Export(n.functions, operatorHost{host}, n.cfg.Operators == OperatorsChange)
	}
	if err := n.startNeeded(ctx, spawnOptions{name: application.ControllerName, module: n.apps.Controller()}); err != nil {
		return err
	}
	var more []kernel.Service
	if n.releases != nil {
		more = append(more, kernel.Service{Name: upgrade.ReleaseHandlerName,
			Module: upgrade.ReleaseHandler(n.ctx, n.upgrades, n.releases)})
	}
	return n.startNeeded(ctx, spawnOptions{name: kernel.SupervisorName, quiet: true,
		module: kernel.Supervisor(n.functions, host, more...)})
}

// startNeeded starts a process without which the node ends: a kernel pid in the words of init of a BEAM.
func (n *Node) startNeeded(ctx context.Context, o spawnOptions) error {
	pid, err := n.spawn(ctx, o)
	if err != nil {
		return err
	}
	p := n.registry.byPid(pid)
	if p == nil {
		return ErrStopped
	}
	n.goWork(func() {
		<-p.done()
		n.fail(etf.Tuple{etf.Atom("kernel_pid_terminated"), o.name, p.reason})
	})
	return nil
}

// kernelHost is the node as its kernel services see it: it implements kernel.Host.
type kernelHost struct{ *Node }

// Whereis implements kernel.Processes.
func (h kernelHost) Whereis(name etf.Atom) (etf.Pid, bool) {
	if p := h.registry.byName(name); p != nil {
		return p.pid, true
	}
	return etf.Pid{}, false
}

// Registered implements kernel.Processes.
func (h kernelHost) Registered() etf.List { return h.registry.registered() }

// Processes implements kernel.Processes.
func (h kernelHost) Processes() etf.List {
	var pids etf.List
	for _, p := range h.registry.all() {
		pids = append(pids, p.pid)
	}
	return pids
}

// Process implements kernel.Processes.
func (h kernelHost) Process(pid etf.Pid) kernel.Process {
	if p := h.local(destination{pid: pid}); p != nil {
		return processInfo{p}
	}
	return nil
}

// Peers implements kernel.Nodes.
func (h kernelHost) Peers() []kernel.Peer {
	var peers []kernel.Peer
	for _, p := range h.peers.all() {
		stats := p.conn.Stats()
		peers = append(peers, kernel.Peer{Name: p.name, Hidden: p.info.Hidden(), ConnectionID: p.id,
			Address: p.conn.RemoteAddr(), Reads: stats.Reads, Writes: stats.Writes, Apply: p.erpcCall})
	}
	return peers
}

// Allow implements kernel.Allower.
func (h kernelHost) Allow(nodes []etf.Atom) { h.allow.add(nodes) }

// Allowed implements kernel.Allower.
func (h kernelHost) Allowed() []etf.Atom { return h.allow.all() }

// CallServer implements kernel.Servers.
func (h kernelHost) CallServer(ctx context.Context, to, request etf.Term) (etf.Term, error) {
	return h.call(ctx, caller{pid: h.self}, to, request)
}

// CallSystem implements kernel.Servers.
func (h kernelHost) CallSystem(ctx context.Context, to, request etf.Term) (etf.Term, error) {
	d, err := h.locate(ctx, to)
	if err != nil {
		return nil, err
	}
	from := caller{pid: h.self}
	h.yieldReaderOf(from)
	return h.callTo(ctx, from, to, d, func(tag etf.Term) etf.Term { return driver.SystemMessage(h.self, tag, request) })
}

// Run implements kernel.Runner. Functions of rpc count towards maxRunning, as those of erpc do.
func (h kernelHost) Run(work func(context.Context)) {
	h.spawns.start(h.Node, func() {
		ctx, cancel := context.WithCancel(h.ctx)
		defer cancel()
		work(ctx)
	})
}
