package node

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/genserv/driver"
)

// world is what a server needs of its node: it implements driver.Proc for one process.
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

// Link implements driver.Linker.
func (w world) Link(pid etf.Pid) error { return w.signal(func() error { return w.p.link(pid) }) }

// Unlink implements driver.Linker.
func (w world) Unlink(pid etf.Pid) error { return w.signal(func() error { return w.p.unlink(pid) }) }

// Exit implements driver.Linker.
func (w world) Exit(pid etf.Pid, reason etf.Term) error {
	return w.signal(func() error { return w.p.n.exit2(w.p, pid, driver.SendableReason(reason)) })
}

// TrapExit implements driver.Linker.
func (w world) TrapExit(on bool) (old bool) {
	_ = w.signal(func() error { // a process that has ended has no flag
		old = w.p.trapExit(on)
		return nil
	})
	return old
}

// Monitor implements driver.Monitorer.
func (w world) Monitor(to etf.Term, alias bool) (ref etf.Ref, err error) {
	err = w.signal(func() error {
		ref, err = w.monitor(to, alias)
		return err
	})
	return ref, err
}

// Demonitor implements driver.Monitorer.
func (w world) Demonitor(ref etf.Ref) {
	_ = w.signal(func() error { // a process that has ended monitors nobody
		w.demonitor(ref)
		return nil
	})
}

// Register implements driver.Registrar.
func (w world) Register(name etf.Atom) error {
	return w.signal(func() error { return w.p.n.registry.register(name, w.p) })
}

// Unregister implements driver.Registrar.
func (w world) Unregister(name etf.Atom) error {
	return w.signal(func() error {
		if w.p.n.registry.unregister(name) {
			return nil
		}
		return ErrBadArgument
	})
}

// NameOf implements driver.Registrar. A goroutine that calls as the node has no name and never ends.
func (w world) NameOf(pid etf.Pid) (name etf.Atom, alive bool) {
	n := w.p.n
	if pid.Node != n.name {
		return "", false
	}
	p := n.local(destination{pid: pid})
	if p == nil || p.dead.Load() {
		return "", pid == n.self
	}
	name, _ = n.registry.nameOf(p)
	return name, true
}

// MakeRef implements driver.Aliaser.
func (w world) MakeRef() (etf.Ref, error) { return w.p.n.refs.make(), nil }

// Alias implements driver.Aliaser.
func (w world) Alias() (ref etf.Ref, err error) {
	err = w.signal(func() error {
		ref = w.p.n.refs.make()
		w.p.addAlias(ref)
		return nil
	})
	return ref, err
}

// Unalias implements driver.Aliaser.
func (w world) Unalias(ref etf.Ref) (was bool) {
	_ = w.signal(func() error { // a process that has ended has no aliases
		was = w.p.dropAlias(ref)
		return nil
	})
	return was
}

// Forget implements driver.Proc.
func (w world) Forget(reason etf.Term) {
	_ = w.signal(func() error { // a process that has ended has forgotten everything
		w.p.forget(reason)
		return nil
	})
}

// Context implements driver.Proc.
func (w world) Context() context.Context { return w.p.context() }

// Receive implements driver.Proc.
func (w world) Receive(d time.Duration, match func(etf.Term) bool) (etf.Term, error) {
	if w.p.dead.Load() {
		return nil, errProcessEnded
	}
	return w.p.receive(d, match)
}

// Spawn implements driver.Proc.
func (w world) Spawn(name etf.Atom, m driver.Module, args etf.Term, link bool) (etf.Pid, error) {
	n, p := w.p.n, w.p
	module, ok := m.(genserv.Module)
	switch {
	case !ok:
		return etf.Pid{}, ErrBadArgument
	case p.dead.Load():
		return etf.Pid{}, errProcessEnded
	}
	o := spawnOptions{name: name, module: module, args: args, ancestors: n.ancestors(p),
		app: p.app, token: p.token(), leader: p.groupLeader(), spawner: p.pid, inside: true}
	if link {
		o.parent = p
	}
	p.letGo()
	return n.spawn(n.ctx, o)
}

// signal does something for the process that goes before its end, or returns errProcessEnded.
func (w world) signal(do func() error) error {
	if !w.p.beginSend() {
		return errProcessEnded
	}
	defer w.p.endSend()
	return do()
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

// trapExit is process_flag(trap_exit, On); it returns the old value.
func (p *process) trapExit(on bool) (old bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	old, p.trap = p.trap, on
	return old
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
