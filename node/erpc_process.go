package node

import (
	"context"

	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/genserv/driver"
	"github.com/gonode-otp/gonode/node/internal/kernel"
)

// An exported function that another node spawns runs as a process: erlang:spawn/4, spawn_link/4, spawn_monitor/4 and
// spawn_request/5 of Module, Function and Args. The process has a mailbox, links, monitors and, if it takes one, a
// name, as every process of the node. Its goroutine runs the function and nothing else, so its loop never starts.

// ProcessOf returns the process that runs a Function. ctx is what the Function got. The Function may receive messages
// there, link itself, trap exits, and so on, as a callback does. ok is false if another node has called the function
// by rpc or erpc: such a call has no mailbox.
func ProcessOf(ctx context.Context) (p *genserv.Process, ok bool) {
	p = kernel.ProcessOf(ctx)
	return p, p != nil
}

// spawnedFunction is the module of a process that runs a function. It says which function that is.
type spawnedFunction struct {
	module, function etf.Atom
	arity            int
}

// ModuleName implements genserv.Namer.
func (f spawnedFunction) ModuleName() etf.Atom { return f.module }

// Init implements genserv.Server. It never runs.
func (spawnedFunction) Init(*genserv.Process, etf.Term) genserv.InitResult[struct{}] {
	return genserv.Ignore[struct{}]()
}

// HandleCall implements genserv.Server. It never runs.
func (spawnedFunction) HandleCall(*genserv.Process, etf.Term, genserv.From, struct{}) genserv.Result[struct{}] {
	return genserv.NoReply(struct{}{})
}

// call returns {Module, Function, Arity}.
func (f spawnedFunction) call() etf.Tuple { return etf.Tuple{f.module, f.function, etf.Int(f.arity)} }

// functionOf returns the function that the process runs. ok is false for a server.
func (p *process) functionOf() (f spawnedFunction, ok bool) {
	f, ok = p.loop.Code().Server().(spawnedFunction)
	return f, ok
}

// isFunction reports whether the process runs a function and is no server.
func (p *process) isFunction() bool {
	_, ok := p.functionOf()
	return ok
}

// spawnProcess serves SPAWN_REQUEST for a function that is exported. The reader calls it. The reply goes out before any
// signal of the process.
func (p *peer) spawnProcess(m *dist.SpawnRequest, args etf.List) {
	n := p.n
	f := spawnedFunction{m.Module, m.Function, m.Arity}
	proc := n.newFunctionProcess(f, m.From, m.GroupLeader)
	if proc == nil {
		p.send(&dist.SpawnReply{Ref: m.Ref, To: m.From, Error: "system_limit"}, nil)
		return
	}
	proc.beginSend() // its end waits until endSend
	link, monitor := hasOption(m.Opts, "link"), hasOption(m.Opts, "monitor")
	if link {
		proc.addLink(m.From, p)
	}
	if monitor {
		w := &inboundMonitor{ref: m.Ref, watcher: m.From, peer: p, target: proc}
		p.mu.Lock()
		p.inbound[keyOf(w.ref)] = w
		p.mu.Unlock()
		w.attach()
	}
	p.send(&dist.SpawnReply{Ref: m.Ref, To: m.From, Link: link, Monitor: monitor, Pid: proc.pid}, nil)
	proc.endSend()
	caller := m.From
	if !n.goWork(func() {
		defer n.spawns.leave()
		proc.runFunction(f, caller, args)
	}) {
		n.spawns.leave()
		proc.exit(shutdown)
	}
}

// newFunctionProcess makes a process for a function and enters it into the registry. It is busy for good: no message
// starts its loop. It returns nil if there are too many processes. When the function has returned, n.spawns.leave has
// to be called.
func (n *Node) newFunctionProcess(f spawnedFunction, spawner, leader etf.Pid) *process {
	if !n.spawns.enter() {
		return nil
	}
	number, ok := n.registry.reserveNumber()
	if !ok {
		n.spawns.leave()
		return nil
	}
	p := &process{n: n, busy: true, pid: n.pid(number), leader: leader, spawner: spawner}
	p.parent = p.pid
	p.loop = genserv.NewLoop(genserv.Of(f), proc{p}, driver.Options{Host: &n.host, Parent: p.pid})
	for _, key := range []etf.Atom{"$initial_call", "$ancestors"} { // which only proc_lib puts there
		p.loop.Process().Erase(key)
	}
	n.registry.add(p, "")
	return p
}

// runFunction runs the function of the process and ends the process. caller is the process that has requested it.
func (p *process) runFunction(f spawnedFunction, caller etf.Pid, args etf.List) {
	ctx := context.WithValue(p.context(), callerKey{}, caller)
	_, failure := p.n.functions.Apply(kernel.WithProcess(ctx, p.loop.Process()), f.module, f.function, args)
	if failure == nil {
		p.exit(normal)
		return
	}
	reason := failure.ExitReason()
	if failure.Class != "exit" && !p.dead.Load() {
		// erts_do_exit_process logs an error and a throw, and no exit.
		p.n.log.Error("spawned process ended", "pid", p.pid, "function", f.call(), "reason", genserv.LogTerm{Term: reason})
	}
	p.exit(reason)
}
