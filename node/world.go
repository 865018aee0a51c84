package node

import (
	"errors"
	"log/slog"
	"time"

	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// world is what a server needs of its node: it implements genserv.Proc for one process.
type world struct{ p *process }

// ErrBadArgument is what Erlang calls badarg: a request that a process may not make.
var ErrBadArgument = errors.New("node: bad argument")

func (w world) Self() etf.Pid { return w.p.pid }

// Log makes the logger of a process when it is first asked for: most have nothing to say.
func (w world) Log() *slog.Logger {
	if l := w.p.log.Load(); l != nil {
		return l
	}
	w.p.log.CompareAndSwap(nil, w.p.n.processLog(w.p.pid))
	return w.p.log.Load()
}

// Send never fails for a receiver that is away, as ! does not; an unknown name of this node is badarg.
func (w world) Send(to, msg etf.Term) error {
	n := w.p.n
	if w.p.dead.Load() {
		return nil
	}
	d, err := n.destination(to)
	if err != nil {
		return err
	}
	if name, ok := to.(etf.Atom); ok && n.registry.byName(name) == nil {
		return ErrBadArgument
	}
	from := caller{pid: w.p.pid, process: w.p}
	if w.p.service && d.node != n.name {
		if p := n.peers.up(d.node); p == nil || !p.usable() {
			return nil // noconnect
		}
	}
	if err := n.sendTo(n.ctx, from, d, nil, msg); err != nil {
		return lost(err)
	}
	return nil
}

func (w world) After(d time.Duration, to, msg etf.Term) (stop func() bool) {
	if w.p.dead.Load() {
		return func() bool { return false }
	}
	return w.p.laterSends().set(d, to, msg)
}

// errProcessEnded is what a callback gets from its node that still runs when its process has been killed.
var errProcessEnded = errors.New("the calling process has ended")

// Signal serves the requests of a process to its node, one call a case.
func (w world) Signal(s genserv.Signal) (etf.Term, error) {
	n, p := w.p.n, w.p
	switch s.Op {
	case genserv.OpSpawn, genserv.OpReceive: // these wait
		if p.dead.Load() {
			return nil, errProcessEnded
		}
	default:
		if !p.beginSend() {
			return nil, errProcessEnded
		}
		defer p.endSend()
	}
	switch s.Op {
	case genserv.OpLink:
		return nil, w.withPid(s.To, p.link)
	case genserv.OpUnlink:
		return nil, w.withPid(s.To, p.unlink)
	case genserv.OpMonitor:
		return w.monitor(s.To, s.On)
	case genserv.OpDemonitor:
		return nil, w.demonitor(s.Ref)
	case genserv.OpTrapExit:
		return p.trapExit(s.On), nil
	case genserv.OpExit:
		return nil, w.withPid(s.To, func(pid etf.Pid) error { return n.exit2(p, pid, genserv.SendableReason(s.Reason)) })
	case genserv.OpRegister:
		return nil, w.register(s.To)
	case genserv.OpUnregister:
		return nil, w.unregister(s.To)
	case genserv.OpMakeRef:
		return n.refs.make(), nil
	case genserv.OpAlias:
		ref := n.refs.make()
		p.addAlias(ref)
		return ref, nil
	case genserv.OpUnalias:
		return boolean(p.dropAlias(s.Ref)), nil
	case genserv.OpSpawn:
		return w.spawn(s.Child, s.On)
	case genserv.OpReceive:
		return p.receive(s.Wait, s.Match)
	case genserv.OpForget:
		p.forget(s.Reason)
	case genserv.OpIsAlive:
		return n.isAlive(s.To)
	case genserv.OpRegisteredName:
		return n.registeredName(s.To)
	}
	return nil, ErrBadArgument
}

func (w world) withPid(to etf.Term, do func(etf.Pid) error) error {
	pid, ok := to.(etf.Pid)
	if !ok {
		return &DestinationError{To: to}
	}
	return do(pid)
}

func (w world) register(to etf.Term) error {
	if name, ok := to.(etf.Atom); ok {
		return w.p.n.registry.register(name, w.p)
	}
	return ErrBadArgument
}

func (w world) unregister(to etf.Term) error {
	if name, ok := to.(etf.Atom); ok && w.p.n.registry.unregister(name) {
		return nil
	}
	return ErrBadArgument
}

func (w world) spawn(c *genserv.Child, link bool) (etf.Term, error) {
	o := spawnOptions{name: c.Name, module: c.Module, args: c.Args, ancestors: w.p.n.ancestors(w.p),
		app: w.p.app, token: w.p.token(), leader: w.p.groupLeader(), spawner: w.p.pid, inside: true}
	if link {
		o.parent = w.p
	}
	w.p.letGo()
	pid, err := w.p.n.spawn(w.p.n.ctx, o)
	return pid, err
}

// isAlive is erlang:is_process_alive/1, which takes pids of its own node only.
func (n *Node) isAlive(to etf.Term) (etf.Term, error) {
	pid, ok := to.(etf.Pid)
	if !ok || pid.Node != n.name {
		return nil, ErrBadArgument
	}
	p := n.local(destination{pid: pid})
	return boolean(p != nil && !p.dead.Load()), nil
}

// registeredName is process_info(To, registered_name). A goroutine that calls as the node has no name and never ends.
func (n *Node) registeredName(to etf.Term) (etf.Term, error) {
	pid, ok := to.(etf.Pid)
	if !ok || pid.Node != n.name {
		return nil, ErrBadArgument
	}
	p := n.local(destination{pid: pid})
	switch {
	case p == nil && pid != n.self:
		return etf.Atom("undefined"), nil
	case p != nil:
		if name, ok := n.registry.nameOf(p); ok {
			return name, nil
		}
	}
	return etf.List{}, nil
}

// trapExit is process_flag(trap_exit, On); it returns the old value.
func (p *process) trapExit(on bool) etf.Term {
	p.mu.Lock()
	defer p.mu.Unlock()
	old := p.trap
	p.trap = on
	return boolean(old)
}

func boolean(b bool) etf.Atom {
	if b {
		return "true"
	}
	return "false"
}

// endsItself is exit(self(), normal), which ends a process that does not trap exits: the one case in which the reason
// normal does. erlang:exit/2.
func (p *process) endsItself(to etf.Pid, reason etf.Term) bool {
	if to != p.pid || !etf.Equal(reason, normal) {
		return false
	}
	p.mu.Lock()
	trap := p.trap
	p.mu.Unlock()
	if !trap {
		p.exit(normal)
	}
	return !trap
}

// exit2 is exit/2 of a process of this node.
func (n *Node) exit2(p *process, to etf.Pid, reason etf.Term) error {
	if to.Node == n.name {
		if p.endsItself(to, reason) {
			return nil
		}
		n.exitSignal(p.pid, to, reason, nil)
		return nil
	}
	from := caller{pid: p.pid, process: p}
	via, err := n.reachable(n.ctx, from, to.Node)
	if err != nil {
		return nil // as in Erlang, a signal to a node that is away is lost
	}
	return via.sendAs(n.ctx, from, &dist.Exit2{From: p.pid, To: to}, reason)
}
