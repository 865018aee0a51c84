package node

import (
	"context"
	"slices"

	"github.com/gonode-otp/gonode/codechange"
	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/node/internal/application"
	"github.com/gonode-otp/gonode/node/internal/upgrade"
	"github.com/gonode-otp/gonode/supervisor"
)

// upgradeNode is the node as an upgrade sees it: it implements upgrade.Node.
type upgradeNode struct{ *Node }

// InOrder implements upgrade.Processes.
func (u upgradeNode) InOrder() []codechange.Process {
	all := slices.DeleteFunc(u.registry.inOrder(), (*process).isFunction)
	processes := make([]codechange.Process, len(all))
	for i, p := range all {
		processes[i] = upgraded{p}
	}
	return processes
}

// Process implements upgrade.Processes.
func (u upgradeNode) Process(pid etf.Pid) codechange.Process {
	if p := u.local(destination{pid: pid}); p != nil && !p.isFunction() {
		return upgraded{p}
	}
	return nil
}

// Codes implements upgrade.Processes.
func (u upgradeNode) Codes(count func(genserv.Module)) {
	for _, p := range u.registry.all() {
		if !p.isFunction() {
			count(p.loop.Code())
		}
	}
}

// Applications implements upgrade.Processes.
func (u upgradeNode) Applications(ctx context.Context) ([]upgrade.Application, error) {
	infos, err := u.Node.Applications().List(ctx)
	if err != nil {
		return nil, err
	}
	apps := make([]upgrade.Application, len(infos))
	for i, info := range infos {
		apps[i] = upgrade.Application{Name: info.Name, Top: u.topSupervisor(ctx, info.Name)}
	}
	return apps, nil
}

// topSupervisor asks the master of an application for its top supervisor. Only the controller and the child know the
// master.
func (u upgradeNode) topSupervisor(ctx context.Context, app etf.Atom) etf.Pid {
	for _, p := range u.registry.all() {
		if p.app == app && application.IsMaster(p.loop.Code()) {
			answer, _ := u.call(ctx, caller{pid: u.self}, p.pid, etf.Atom("get_child"))
			top, _ := answer.(etf.Pid)
			return top
		}
	}
	return etf.Pid{}
}

// YieldReaders implements upgrade.Processes.
func (u upgradeNode) YieldReaders() { u.yieldReaders() }

// Tell implements upgrade.Nodes.
func (u upgradeNode) Tell(pid etf.Pid, msg etf.Term) {
	if pid.Node == u.name {
		u.sendLocal(destination{pid: pid}, msg, nil, nil)
	} else if p := u.peers.up(pid.Node); p != nil && p.usable() {
		p.send(&dist.Send{From: u.self, To: pid}, msg)
	}
}

// NodesDown implements upgrade.Nodes.
func (u upgradeNode) NodesDown(ctx context.Context) upgrade.NodesDown {
	return nodesDown{u.SubscribeNodes(ctx)}
}

// nodesDown are the nodes that a subscription says have gone.
type nodesDown struct{ *NodeEvents }

// Take implements upgrade.NodesDown.
func (d nodesDown) Take() (etf.Atom, bool) {
	for {
		e, ok, _ := d.takeEvent()
		if !ok || !e.Up {
			return e.Node, ok
		}
	}
}

// Wake implements upgrade.NodesDown.
func (d nodesDown) Wake() <-chan struct{} { return d.wake }

// UntilStop implements upgrade.Nodes.
func (u upgradeNode) UntilStop(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	forget := context.AfterFunc(u.ctx, func() { cancel(ErrStopped) })
	return ctx, func() {
		forget()
		cancel(nil)
	}
}

// Exported implements upgrade.Exports.
func (u upgradeNode) Exported(module, function etf.Atom, arity int) bool {
	return u.functions.Has(module, function, arity)
}

// Apply implements upgrade.Exports. It does not wait for a function that has not returned when ctx ends.
func (u upgradeNode) Apply(ctx context.Context, module, function etf.Atom, args etf.List) (etf.Term, error) {
	type outcome struct {
		result  etf.Term
		failure *genserv.Failure
	}
	ctx, cancel := u.UntilStop(ctx)
	defer cancel()
	done := make(chan outcome, 1)
	if !u.goWork(func() {
		result, failure := u.functions.Apply(u.ctx, module, function, args)
		done <- outcome{result, failure}
	}) {
		return nil, ErrStopped
	}
	select {
	case o := <-done:
		if o.failure != nil {
			return nil, o.failure
		}
		return o.result, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// Go implements upgrade.Exports.
func (u upgradeNode) Go(f func()) { u.goWork(f) }

// upgraded is a process as an upgrade sees it: it implements codechange.Process.
type upgraded struct{ p *process }

// Pid implements codechange.Process, and so do the methods below.
func (u upgraded) Pid() etf.Pid             { return u.p.pid }
func (u upgraded) Code() genserv.Module     { return u.p.loop.Code() }
func (u upgraded) Do(f func(*genserv.Loop)) { u.p.runBetweenMessages(f) }
func (u upgraded) Done() <-chan struct{}    { return u.p.done() }

func (u upgraded) Name() etf.Atom {
	name, _ := u.p.n.registry.nameOf(u.p)
	return name
}

// Kill implements codechange.Process. The supervisor of the process does not count this end as a failure.
func (u upgraded) Kill() {
	if sup := u.p.n.local(destination{pid: u.p.parent}); sup != nil && sup != u.p && supervisor.Is(sup.loop.Code()) {
		sup.runBetweenMessages(func(l *genserv.Loop) { supervisor.Forgive(l, u.p.pid) })
	}
	u.p.exit(killed)
}
