package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/genserv/driver"
)

// proc is the node as one server sees it: it implements driver.Proc for that process.
type proc struct{ p *process }

func (pr proc) Self() etf.Pid { return pr.p.pid }

// Log returns the logger of the process. It is made on first use, because most processes never log.
func (pr proc) Log() *slog.Logger {
	if l := pr.p.log.Load(); l != nil {
		return l
	}
	pr.p.log.CompareAndSwap(nil, pr.p.n.processLog(pr.p.pid))
	return pr.p.log.Load()
}

// Send never fails for a receiver that is away, as ! does not. A name that is not registered on this node is badarg.
func (pr proc) Send(to, msg etf.Term) error {
	n := pr.p.n
	if pr.p.dead.Load() {
		return nil
	}
	d, err := pr.locate(to)
	if err != nil {
		return err
	}
	if name, ok := to.(etf.Atom); ok && n.registry.byName(name) == nil {
		return &NotRegisteredError{name}
	}
	from := caller{pid: pr.p.pid, process: pr.p}
	if pr.p.service && d.node != n.name {
		if p := n.peers.up(d.node); p == nil || !p.usable() {
			return nil // noconnect
		}
	}
	if err := n.sendTo(n.ctx, from, d, nil, msg); err != nil {
		return ignoreUnreachable(err)
	}
	return nil
}

// locate is destination for {global, Name} too, which it looks up on a connected node.
func (pr proc) locate(to etf.Term) (destination, error) {
	if t, ok := to.(etf.Tuple); !ok || len(t) == 0 || !etf.IsAtom(t[0], "global") && !etf.IsAtom(t[0], "via") {
		return pr.p.n.destination(to)
	}
	pr.p.yieldReader()
	return pr.p.n.locate(pr.p.n.ctx, to)
}

func (pr proc) After(d time.Duration, to, msg etf.Term) (stop func() bool) {
	if pr.p.dead.Load() {
		return func() bool { return false }
	}
	return pr.p.laterSends().set(d, to, msg)
}

// errProcessEnded is the error of a callback that still runs after its process has been killed.
var errProcessEnded = errors.New("the calling process has ended")

// SendPriority implements driver.Proc.
func (pr proc) SendPriority(to, msg etf.Term) error {
	d, err := pr.p.n.destination(to)
	if err != nil || d.alias.Len == 0 {
		return pr.Send(to, msg)
	}
	err = errProcessEnded
	pr.signal(func() { err = pr.p.n.sendPriority(caller{pid: pr.p.pid, process: pr.p}, d, msg) })
	return ignoreUnreachable(err)
}

// Link implements driver.Linker.
func (pr proc) Link(pid etf.Pid, priority bool) { pr.signal(func() { pr.p.link(pid, priority) }) }

// Unlink implements driver.Linker.
func (pr proc) Unlink(pid etf.Pid) { pr.signal(func() { pr.p.unlink(pid) }) }

// Exit implements driver.Linker.
func (pr proc) Exit(to, reason etf.Term, priority bool) {
	reason = driver.SendableReason(reason)
	pr.signal(func() {
		switch to := to.(type) {
		case etf.Pid:
			pr.p.n.exit2(pr.p, to, reason)
		case etf.Ref:
			pr.p.n.exitAlias(pr.p, to, reason, priority)
		}
	})
}

// TrapExit implements driver.Linker.
func (pr proc) TrapExit(on bool) (old bool) {
	pr.signal(func() { old = pr.p.trapExit(on) })
	return old
}

// Monitor implements driver.Monitorer.
func (pr proc) Monitor(to etf.Term, o driver.MonitorOptions) (ref etf.Ref, err error) {
	err = errProcessEnded
	pr.signal(func() { ref, err = pr.monitor(to, o) })
	return ref, err
}

// Demonitor implements driver.Monitorer.
func (pr proc) Demonitor(ref etf.Ref) {
	pr.signal(func() { pr.demonitor(ref) })
}

// Register implements driver.Registrar.
func (pr proc) Register(name etf.Atom) error {
	err := errProcessEnded
	pr.signal(func() { err = pr.p.n.registry.register(name, pr.p) })
	return err
}

// Unregister implements driver.Registrar.
func (pr proc) Unregister(name etf.Atom) error {
	err := errProcessEnded
	pr.signal(func() {
		if err = nil; !pr.p.n.registry.unregister(name) {
			err = &NotRegisteredError{name}
		}
	})
	return err
}

// NameOf implements driver.Registrar. A goroutine that calls as the node has no name and never ends.
func (pr proc) NameOf(pid etf.Pid) (name etf.Atom, alive bool) {
	n := pr.p.n
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
func (pr proc) MakeRef() (etf.Ref, error) { return pr.p.n.refs.make(), nil }

// Alias implements driver.Aliaser.
func (pr proc) Alias(priority bool) (ref etf.Ref, err error) {
	err = errProcessEnded
	pr.signal(func() {
		ref, err = pr.p.n.refs.make(), nil
		pr.p.addAlias(ref, priority)
	})
	return ref, err
}

// Unalias implements driver.Aliaser.
func (pr proc) Unalias(ref etf.Ref) (was bool) {
	pr.signal(func() { was = pr.p.dropAlias(ref) })
	return was
}

// Detach implements driver.Proc.
func (pr proc) Detach(reason etf.Term) {
	pr.signal(func() { pr.p.detach(reason) })
}

// Context implements driver.Proc.
func (pr proc) Context() context.Context { return pr.p.context() }

// Receive implements driver.Proc.
func (pr proc) Receive(d time.Duration, match func(etf.Term) bool) (etf.Term, error) {
	if pr.p.dead.Load() {
		return nil, errProcessEnded
	}
	return pr.p.receive(d, match)
}

// Spawn implements driver.Proc.
func (pr proc) Spawn(name etf.Atom, m driver.Module, args etf.Term, link bool) (etf.Pid, error) {
	n, p := pr.p.n, pr.p
	module, ok := m.(genserv.Module)
	switch {
	case !ok:
		return etf.Pid{}, fmt.Errorf("%w: a child without a module", ErrBadArgument)
	case p.dead.Load():
		return etf.Pid{}, errProcessEnded
	}
	o := spawnOptions{name: name, module: module, args: args, ancestors: n.ancestors(p),
		app: p.app, token: p.token(), leader: p.groupLeader(), spawner: p.pid, inside: true}
	if link {
		o.parent = p
	}
	p.yieldReader()
	return n.spawn(n.ctx, o)
}

// signal calls do, whose signals go out before the end of the process. If the process has ended, it does nothing.
func (pr proc) signal(do func()) {
	if pr.p.beginSend() {
		defer pr.p.endSend()
		do()
	}
}

// trapExit is process_flag(trap_exit, On); it returns the old value.
func (p *process) trapExit(on bool) (old bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	old, p.trap = p.trap, on
	return old
}

// endsItself reports whether the process calls exit(self(), normal) and does not trap exits. Only in this case does
// the reason normal end a process. erlang:exit/2.
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

// exit2 is erlang:exit/2 called by a process of this node.
func (n *Node) exit2(p *process, to etf.Pid, reason etf.Term) {
	if to.Node == n.name {
		if p.endsItself(to, reason) {
			return
		}
		n.exitSignal(p.pid, to, reason, nil)
		return
	}
	from := caller{pid: p.pid, process: p}
	via, err := n.peerFor(n.ctx, from, to.Node)
	if err != nil {
		return // as in Erlang, a signal to a node that is away is lost
	}
	_ = via.sendAs(n.ctx, from, &dist.Exit2{From: p.pid, To: to}, reason) // a signal to a node that goes away is lost too
}
