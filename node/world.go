package node

import (
	"context"
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

func (w world) Log() *slog.Logger { return w.p.log }

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
	return n.sendTo(n.ctx, w.p.pid, d, nil, msg)
}

func (w world) After(d time.Duration, to, msg etf.Term) (stop func() bool) {
	return time.AfterFunc(d, func() { _ = w.Send(to, msg) }).Stop
}

// Call ends early when the process is killed meanwhile, for its goroutine would wait for nobody.
func (w world) Call(ctx context.Context, to, request etf.Term) (etf.Term, error) {
	return w.p.n.call(ctx, caller{pid: w.p.pid, gone: w.p.done()}, to, request)
}

var errProcessEnded = errors.New("the calling process has ended")

// Signal serves the requests of a process to its node, one call a case.
func (w world) Signal(s genserv.Signal) (etf.Term, error) {
	n, p := w.p.n, w.p
	switch s.Op {
	case genserv.OpLink:
		return nil, w.withPid(s.To, p.link)
	case genserv.OpUnlink:
		return nil, w.withPid(s.To, p.unlink)
	case genserv.OpMonitor:
		return w.monitor(s.To)
	case genserv.OpDemonitor:
		return nil, w.demonitor(s.Ref)
	case genserv.OpTrapExit:
		return p.trapExit(s.On), nil
	case genserv.OpExit:
		return nil, w.withPid(s.To, func(pid etf.Pid) error { return n.exit2(p.pid, pid, s.Reason) })
	case genserv.OpRegister:
		return nil, w.register(s.To)
	case genserv.OpUnregister:
		return nil, w.unregister(s.To)
	case genserv.OpMakeRef:
		return n.refs.make(), nil
	case genserv.OpAlias:
		return p.alias(), nil
	case genserv.OpUnalias:
		return p.unalias(s.Ref), nil
	case genserv.OpSpawn:
		return w.spawn(s.Child, s.On)
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
	if name, ok := to.(etf.Atom); ok && w.p.n.registry.register(name, w.p) {
		return nil
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
	o := spawnOptions{name: c.Name, module: c.Module, args: c.Args}
	if link {
		o.parent = w.p
	}
	pid, err := w.p.n.spawn(w.p.n.ctx, o)
	return pid, err
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

// exit2 is exit/2 of a process of this node.
func (n *Node) exit2(from, to etf.Pid, reason etf.Term) error {
	if to.Node == n.name {
		n.exitSignal(from, to, reason)
		return nil
	}
	via, err := n.connect(n.ctx, to.Node)
	if err != nil {
		return nil // as in Erlang, a signal to a node that is away is lost
	}
	return via.conn.Send(n.ctx, &dist.Exit2{From: from, To: to}, reason)
}

// alias makes a reference that reaches the process until unalias or its end.
func (p *process) alias() etf.Ref {
	ref := p.n.refs.make()
	p.n.aliases.add(ref, p)
	p.mu.Lock()
	p.aliases = append(p.aliases, ref)
	p.mu.Unlock()
	return ref
}

func (p *process) unalias(ref etf.Ref) etf.Term {
	return boolean(p.n.aliases.remove(ref, p))
}
