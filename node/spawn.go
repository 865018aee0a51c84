package node

import (
	"context"
	"errors"
	"fmt"
	"math"

	"ergo.services/ergo/gen"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// Spawn starts a gen_server and registers it under name, which other nodes call it by; "" means no name. args goes to its
// Init as it is. It returns when Init has, or when ctx ends, in which case the server is killed.
//
// The error is a *genserv.AlreadyStarted if the name is taken, genserv.ErrIgnore if Init said so, a *genserv.Exit with the
// reason if it failed, or ErrStopped. gen_server:start/4.
func (n *Node) Spawn(ctx context.Context, name etf.Atom, module genserv.Module, args etf.Term) (etf.Pid, error) {
	n.othersLetGo()
	return n.spawn(ctx, spawnOptions{name: name, module: module, args: args})
}

type spawnOptions struct {
	name      etf.Atom
	module    genserv.Module
	args      etf.Term
	parent    *process // the new process is linked to it; nil means no link
	ancestors etf.List // of the process that starts it
	app       etf.Atom // the application that it belongs to
	leader    etf.Pid  // group leader; none means the node
	token     etf.Term // its sequential trace token, nil for none
	inside    bool     // a process of this node starts it, which it may do until the last has ended
}

// spawn lets ergo make a process and runs the server's init in it.
func (n *Node) spawn(ctx context.Context, o spawnOptions) (etf.Pid, error) {
	s := &starting{n: n, o: o, result: make(chan error, 1)}
	start := n.goWork
	if o.inside {
		start = n.goChild
	}
	ok := start(func() {
		options := gen.ProcessOptions{InitTimeout: math.MaxInt32}
		if _, err := n.engine.Spawn(func() gen.ProcessBehavior { return &body{starting: s} }, options); err != nil {
			s.answer(fmt.Errorf("node: spawn: %w", err)) // unless ProcessInit has said why
			return
		}
		s.p.enterEngine()
		s.answer(nil)
	})
	if !ok {
		return etf.Pid{}, ErrStopped
	}
	select {
	case err := <-s.result:
		if err != nil {
			return etf.Pid{}, err
		}
		return s.p.pid, nil
	case <-ctx.Done():
		n.goWork(s.abandon)
		return etf.Pid{}, context.Cause(ctx)
	}
}

// starting is the start of a process, of which nothing is kept when its init has ended.
type starting struct {
	n      *Node
	o      spawnOptions
	p      *process
	result chan error // one place
}

func (s *starting) answer(err error) {
	select {
	case s.result <- err:
	default:
	}
}

// abandon kills a process whose starter waits no longer.
func (s *starting) abandon() {
	if err := <-s.result; err == nil {
		s.p.exit(killed)
	}
}

var errInit = errors.New("init failed")

// body is ergo's view of one process: it begins with the server's init, and ends when the process has ended.
type body struct {
	p        *process
	starting *starting // until its init has ended
}

// ProcessInit implements gen.ProcessBehavior.
func (b *body) ProcessInit(e gen.Process, _ ...any) error {
	s := b.starting
	b.starting = nil
	n := s.n
	id, serial := pidWords(e.PID().ID)
	p := &process{n: n, engine: e, busy: true, starting: s, app: s.o.app, pid: etf.Pid{Node: n.name, ID: id, Serial: serial, Creation: n.creation}}
	p.parent, p.leader = p.pid, s.o.leader
	if p.leader.Node == "" {
		p.leader = n.self
	}
	options := genserv.Options{Host: &n.host, Ancestors: s.o.ancestors}
	if s.o.parent != nil {
		p.parent = s.o.parent.pid
	}
	if s.o.name != "" {
		options.Name = s.o.name
	}
	options.Parent = p.parent
	if err := n.newLoop(p, s.o, options); err != nil {
		s.answer(err)
		return errInit
	}
	s.p, b.p = p, p
	if n.isSealed() {
		// Too late for the list of processes that Stop ends.
		s.answer(ErrStopped)
		p.exit(shutdown)
		return errInit
	}
	if s.o.parent != nil {
		_ = p.link(p.parent)
	}
	if token, ok := s.o.token.(etf.Tuple); ok {
		p.trace(token)
	}
	ack, next := p.loop.Start(s.o.args)
	p.started()
	if next.Stopped {
		p.exit(next.Reason)
		s.answer(genserv.StartError(ack))
		return errInit
	}
	p.wake(next)
	return nil
}

// started notes that init has ended: from now on its outcome, and not the end of the process, is what the starter learns.
func (p *process) started() {
	p.mu.Lock()
	p.starting = nil
	p.mu.Unlock()
}

// ProcessRun implements gen.ProcessBehavior. The loop does not run here: ergo only calls when leaveEngine asks it to.
func (b *body) ProcessRun() error {
	mailbox := b.p.engine.Mailbox()
	for {
		msg, ok := mailbox.Main.Pop()
		if !ok {
			return nil
		}
		if end, ok := msg.(*gen.MailboxMessage).Message.(engineEnd); ok {
			return end
		}
	}
}

// ProcessTerminate implements gen.ProcessBehavior.
func (*body) ProcessTerminate(error) {}

// engineEnd makes ergo end a process whose end everybody else knows already.
type engineEnd struct{ *genserv.Exit }

// enterEngine notes that ergo has finished the spawn. Before that nothing may be sent to its process, whose state ergo
// sets without regard to others.
func (p *process) enterEngine() {
	p.mu.Lock()
	p.inEngine = true
	dead := p.dead.Load()
	p.mu.Unlock()
	if dead {
		p.leaveEngine()
	}
}

// leaveEngine makes ergo forget a process that has ended.
func (p *process) leaveEngine() {
	p.mu.Lock()
	ready := p.inEngine
	p.mu.Unlock()
	if ready {
		_ = p.n.engine.Send(p.engine.PID(), engineEnd{&genserv.Exit{Reason: p.reason}})
	}
}

// ancestors is '$ancestors' of the children of p: its name or pid, and its own ancestors (proc_lib:get_ancestors/0).
func (n *Node) ancestors(p *process) etf.List {
	list := etf.List{p.pid}
	if name := n.registry.nameOf(p); name != "" {
		list[0] = name
	}
	if t, ok := p.loop.Process().Get(etf.Atom("$ancestors")); ok {
		if own, ok := t.(etf.List); ok {
			list = append(list, own...)
		}
	}
	return list
}
