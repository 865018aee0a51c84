package node

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/genserv/driver"
)

// Spawn starts the gen_server c and registers it under its name, if it has one, so that other nodes can call it by
// that name. Its Init gets c.Args unchanged. Spawn returns when Init has returned, or when ctx ends, in which case the
// server is killed.
//
// The error is a *genserv.AlreadyStarted if the name is taken, genserv.ErrIgnore if Init returned it, a *genserv.Exit
// with the reason if Init failed, an *InvalidNameError, ErrBadArgument if there is no module, ErrTooManyProcesses, or
// ErrStopped. gen_server:start/4.
func (n *Node) Spawn(ctx context.Context, c genserv.Child) (etf.Pid, error) {
	if c.Module == nil {
		return etf.Pid{}, fmt.Errorf("%w: a child without a module", ErrBadArgument)
	}
	n.yieldReaders()
	return n.spawn(ctx, spawnOptions{name: c.Name, module: c.Module, args: c.Args})
}

// SpawnLink is Spawn for the start function of a child whose supervisor is on another node. The supervisor calls a
// Function by erpc:call or rpc:call, and the Function calls SpawnLink and returns the pid. The server is linked to the
// caller, its parent. It ends when the caller ends or its node goes away (noconnection). ctx is the context that the
// Function got. If the Function runs as a process of its own (see ProcessOf), that process is the parent.
//
// The errors are those of Spawn, and ErrBadArgument if ctx does not come from such a call. gen_server:start_link/4.
func (n *Node) SpawnLink(ctx context.Context, c genserv.Child) (etf.Pid, error) {
	caller, ok := ctx.Value(callerKey{}).(etf.Pid)
	switch {
	case !ok:
		return etf.Pid{}, fmt.Errorf("%w: no process of another node called this function", ErrBadArgument)
	case c.Module == nil:
		return etf.Pid{}, fmt.Errorf("%w: a child without a module", ErrBadArgument)
	}
	if p, ok := ProcessOf(ctx); ok {
		return p.SpawnLink(c)
	}
	n.yieldReaders()
	return n.spawn(ctx, spawnOptions{name: c.Name, module: c.Module, args: c.Args, caller: caller,
		ancestors: etf.List{caller}})
}

type spawnOptions struct {
	name      etf.Atom
	module    genserv.Module
	args      etf.Term
	parent    *process // the new process is linked to it; nil means no link
	caller    etf.Pid  // its parent on another node, to which it is linked; zero means none
	ancestors etf.List // of the process that starts it
	app       etf.Atom // the application that it belongs to
	leader    etf.Pid  // group leader; zero means the node
	token     etf.Term // its sequential trace token, nil for none
	spawner   etf.Pid  // the process that starts it without a link; zero if no process does
	quiet     bool     // it logs warnings and errors only
	inside    bool     // a process of this node starts it, which is possible until the last one has ended
}

// maxNameText bounds the part of an invalid name that an error shows.
const maxNameText = 300

// spawn makes a process and runs the server's init in it.
func (n *Node) spawn(ctx context.Context, o spawnOptions) (etf.Pid, error) {
	if o.name != "" && !validName(o.name) {
		return etf.Pid{}, &InvalidNameError{o.name}
	}
	s := &starting{n: n, o: o, result: make(chan error, 1)}
	start := n.goWork
	if o.inside {
		start = n.goChild
	}
	if !start(s.run) {
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
		return etf.Pid{}, &waitError{"the start of a process", context.Cause(ctx)}
	}
}

// starting is the start of a process. It is dropped when init has ended.
type starting struct {
	n      *Node
	o      spawnOptions
	p      *process
	result chan error // one place
}

func (s *starting) answerStarter(err error) {
	select {
	case s.result <- err:
	default:
	}
}

// abandon kills a process whose starter no longer waits.
func (s *starting) abandon() {
	if err := <-s.result; err == nil {
		s.p.exit(killed)
	}
}

// run makes the process, runs its init and then its loop.
func (s *starting) run() {
	number, ok := s.n.registry.reserveNumber()
	if !ok {
		s.answerStarter(ErrTooManyProcesses)
		return
	}
	p := s.makeProcess(number)
	if err := s.n.newLoop(p, s.o, s.loopOptions(p)); err != nil {
		s.n.registry.releaseNumber(number)
		s.answerStarter(err)
		return
	}
	s.p = p
	if s.o.quiet {
		p.log.Store(slog.New(warnings{s.n.processLog(p.pid).Handler()}))
	}
	if s.n.isSealed() {
		// Stop has already listed the processes that it ends.
		s.answerStarter(ErrStopped)
		p.exit(shutdown)
		return
	}
	if p.parent != p.pid && p.beginSend() {
		p.link(p.parent, false)
		p.endSend()
	}
	if token, ok := s.o.token.(etf.Tuple); ok {
		p.setToken(token)
	}
	if next := s.init(); !next.Stopped {
		p.run(next)
	}
}

// init runs the server's Init, which may end its goroutine, and tells the starter the outcome.
func (s *starting) init() driver.Next {
	p, returned := s.p, false
	defer func() {
		if !returned {
			s.failStart(&genserv.Exit{Reason: p.loop.Goexit(nil).Reason})
		}
	}()
	_, next, err := p.loop.Start(s.o.args)
	returned = true
	if next.Stopped {
		s.failStart(err)
		return next
	}
	p.endStarting()
	s.answerStarter(nil)
	return next
}

// failStart ends a process whose init has failed.
func (s *starting) failStart(err error) {
	s.p.endStarting()
	s.p.exit(s.p.loop.Next().Reason)
	<-s.p.done() // its name is free
	s.answerStarter(err)
}

func (s *starting) makeProcess(number pidNumber) *process {
	p := &process{n: s.n, busy: true, starting: s, app: s.o.app, pid: s.n.pid(number), leader: s.o.leader}
	p.parent, p.spawner, p.service = p.pid, s.o.spawner, noSuspend(s.o.module)
	switch {
	case s.o.parent != nil:
		p.parent, p.spawner = s.o.parent.pid, s.o.parent.pid
	case s.o.caller.Node != "":
		p.parent, p.spawner = s.o.caller, s.o.caller
	}
	if p.leader.Node == "" {
		p.leader = s.n.self
	}
	return p
}

func (s *starting) loopOptions(p *process) driver.Options {
	o := driver.Options{Host: &s.n.host, Ancestors: s.o.ancestors, Parent: p.parent}
	if s.o.name != "" {
		o.Name = s.o.name
	}
	return o
}

// endStarting notes that init has ended. From now on the starter gets the outcome of init, and not the end of the
// process.
func (p *process) endStarting() {
	p.mu.Lock()
	p.starting = nil
	p.mu.Unlock()
}

// ancestors returns '$ancestors' for the children of p: its name or pid, and its own ancestors
// (proc_lib:get_ancestors/0).
func (n *Node) ancestors(p *process) etf.List {
	list := etf.List{p.pid}
	if name, ok := n.registry.nameOf(p); ok {
		list[0] = name
	}
	if t, ok := p.loop.Process().Get(etf.Atom("$ancestors")); ok {
		if own, ok := t.(etf.List); ok {
			list = append(list, own...)
		}
	}
	return list
}
