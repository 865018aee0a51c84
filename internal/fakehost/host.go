package fakehost

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/gonode-otp/gonode/codechange"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/genserv/driver"
)

func atom(s string) etf.Atom { return etf.Atom(s) }

// Host is a node whose processes handle a message within Deliver, so that everything happens in order, unless they are
// blocked. It notes what happens.
type Host struct {
	Versions *codechange.Versions
	Work     sync.WaitGroup

	mu            sync.Mutex
	processes     []*Process
	events        []string
	SyncErr       error
	SupervisedErr error // of Supervised
	Restarts      bool  // supervisors start again what is killed
	OnApply       func(function etf.Atom, args etf.List)
	OnWalk        func()
}

func (w *Host) Note(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.events = append(w.events, fmt.Sprintf(format, args...))
}

func (w *Host) TakeEvents() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	events := w.events
	w.events = nil
	return events
}

// Process is one server.
type Process struct {
	w    *Host
	pid  etf.Pid
	name etf.Atom
	mods []etf.Atom
	loop *genserv.Loop
	done chan struct{}

	mu      sync.Mutex
	queue   []etf.Term
	running bool
	yield   chan struct{} // closed when whoever delivered need not wait any longer
	freed   chan struct{}
	idle    chan struct{}
	killed  bool
}

func (w *Host) Start(name etf.Atom, code genserv.Module, n int, mods ...etf.Atom) *Process {
	code, err := w.Versions.CodeServer().Resolve(code)
	if err != nil {
		panic(err)
	}
	if len(mods) == 0 {
		mods = []etf.Atom{code.Name()}
	}
	p := &Process{w: w, name: name, mods: mods, done: make(chan struct{}), freed: make(chan struct{})}
	w.mu.Lock()
	p.pid = etf.Pid{Node: "go@here", ID: uint32(100 + len(w.processes)), Creation: 7}
	w.processes = append(w.processes, p)
	w.mu.Unlock()
	p.loop = genserv.NewLoop(code, proc{p: p}, driver.Options{Name: name})
	p.loop.Start(etf.Tuple{name, etf.Int(n)})
	return p
}

func (w *Host) Find(name etf.Atom) *Process {
	for _, p := range w.processes {
		if p.name == name && !p.dead() {
			return p
		}
	}
	return nil
}

func (p *Process) Pid() etf.Pid          { return p.pid }
func (p *Process) Name() etf.Atom        { return p.name }
func (p *Process) Code() genserv.Module  { return p.loop.Code() }
func (p *Process) Done() <-chan struct{} { return p.done }

func (p *Process) Kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.killed {
		p.killed = true
		p.w.Note("%s killed", p.name)
		close(p.done)
	}
}

func (p *Process) dead() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// asked is a function in the mailbox.
type asked struct {
	etf.Term
	do func(*genserv.Loop)
}

// Do runs f at once if the process is idle, as a node does.
func (p *Process) Do(f func(*genserv.Loop)) {
	p.mu.Lock()
	switch {
	case p.killed:
		p.mu.Unlock()
		return
	case p.running:
		p.queue = append(p.queue, &asked{do: f})
		p.mu.Unlock()
		return
	}
	p.running, p.idle = true, make(chan struct{})
	p.mu.Unlock()
	goes := false
	defer func() {
		if !goes { // f has ended its goroutine
			p.run()
		}
	}()
	p.noteChanges(func() driver.Next { return p.loop.Do(f) })
	goes = true
	p.run()
}

// Deliver returns when the message has been handled or waits behind a callback that is blocked.
func (p *Process) Deliver(msg etf.Term) {
	p.mu.Lock()
	if p.killed {
		p.mu.Unlock()
		return
	}
	p.queue = append(p.queue, msg)
	if p.running {
		p.mu.Unlock()
		return
	}
	p.running, p.yield, p.idle = true, make(chan struct{}), make(chan struct{})
	yield := p.yield
	p.mu.Unlock()
	p.w.Work.Go(p.run)
	<-yield
}

func (p *Process) run() {
	for {
		p.mu.Lock()
		if len(p.queue) == 0 || p.killed {
			p.running = false
			p.yieldLocked()
			close(p.idle)
			p.mu.Unlock()
			return
		}
		msg := p.queue[0]
		p.queue = p.queue[1:]
		p.mu.Unlock()
		if a, ok := msg.(*asked); ok {
			p.noteChanges(func() driver.Next { return p.loop.Do(a.do) })
			continue
		}
		p.noteChanges(func() driver.Next { return p.loop.Handle(msg) })
	}
}

// noteChanges notes what becomes of the process by something.
func (p *Process) noteChanges(do func() driver.Next) {
	suspended, code := p.loop.Suspended(), p.loop.Code()
	next := do()
	for next.Again {
		next = p.loop.Timeout()
	}
	switch {
	case p.loop.Suspended() && !suspended:
		p.w.Note("%s suspend", p.name)
	}
	if now := p.loop.Code(); now != code {
		p.w.Note("%s runs %v", p.name, p.w.Versions.Of(now))
	}
	if !p.loop.Suspended() && suspended {
		p.w.Note("%s resume", p.name)
	}
	if next.Stopped {
		p.Kill()
	}
}

func (p *Process) yieldLocked() {
	if p.yield != nil {
		close(p.yield)
		p.yield = nil
	}
}

// block is called by a callback: it stays there until free.
func (p *Process) Block() {
	p.mu.Lock()
	p.yieldLocked()
	p.mu.Unlock()
	<-p.freed
}

// free lets a blocked callback go on, and waits until the process has nothing more to do.
func (p *Process) Free() {
	p.freed <- struct{}{}
	p.mu.Lock()
	idle := p.idle
	p.mu.Unlock()
	<-idle
}

// Supervised implements codechange.Host: all processes, in the order in which they were started.
func (w *Host) Supervised(context.Context) ([]codechange.Child, error) {
	w.Note("walk")
	if w.OnWalk != nil {
		defer w.OnWalk()
	}
	if w.SupervisedErr != nil {
		return nil, w.SupervisedErr
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []codechange.Child
	for _, p := range w.processes {
		if !p.dead() {
			all = append(all, codechange.Child{Process: p, Supervisor: etf.Pid{Node: "go@here", ID: 1}, ID: p.name,
				Modules: p.mods, Restarts: w.Restarts})
		}
	}
	return all, nil
}

func (w *Host) Users(module etf.Atom) []codechange.Process {
	w.mu.Lock()
	defer w.mu.Unlock()
	var users []codechange.Process
	for _, p := range w.processes {
		if !p.dead() && p.Code().Name() == module {
			users = append(users, p)
		}
	}
	return users
}

func (w *Host) Exported(module, function etf.Atom, _ int) bool {
	return module == "test" || module == "application" || module == "supervisor" &&
		slices.Contains([]etf.Atom{"restart_child", "terminate_child"}, function)
}

// Apply knows a few functions: test:fail(R) and test:exit(R) fail, test:refuse(R) returns {error, R}, test:hang() does
// not come back, test:call(Name) calls a server, all others return ok.
func (w *Host) Apply(ctx context.Context, module, function etf.Atom, args etf.List) (etf.Term, error) {
	if module == "supervisor" {
		w.Note("%s %s", etf.Format(args[1]), function)
	} else if function != "info" {
		list := etf.Format(args)
		w.Note("apply %s:%s(%s)", module, function, list[1:len(list)-1])
	}
	if w.OnApply != nil {
		w.OnApply(function, args)
	}
	switch function {
	case "fail":
		return nil, &genserv.Failure{Class: "error", Reason: args[0], Stack: etf.List{}}
	case "exit":
		return nil, &genserv.Exit{Reason: args[0]}
	case "refuse":
		return etf.Tuple{atom("error"), args[0]}, nil
	case "hang":
		<-ctx.Done()
		return nil, ctx.Err()
	case "call":
		w.Find(args[0].(etf.Atom)).Deliver(driver.CallMessage(Client, etf.Int(1), atom("add")))
	case "block":
		w.Find(args[0].(etf.Atom)).Deliver(driver.CallMessage(Client, etf.Int(1), atom("block")))
	case "nodes":
		return args[0], nil
	case "info":
		return etf.List{etf.Tuple{atom("started"), etf.List{etf.Tuple{atom("old"), atom("permanent")}}},
			etf.Tuple{atom("running"), etf.List{etf.Tuple{atom("old"), Client}}}}, nil
	case "terminate_child":
		w.Find(args[1].(etf.Atom)).Kill()
	case "restart_child":
		name := args[1].(etf.Atom)
		for _, p := range slices.Backward(w.processes) {
			if p.name == name {
				w.Start(name, p.Code(), 0)
				break
			}
		}
	}
	return atom("ok"), nil
}

func (w *Host) Sync(_ context.Context, id etf.Term, nodes []etf.Atom) error {
	w.Note("sync %s %v", etf.Format(id), nodes)
	return w.SyncErr
}

func (w *Host) Go(f func()) { w.Work.Go(f) }

// Client is the process that calls the servers.
var Client = etf.Pid{Node: "go@here", ID: 1, Creation: 7}

// proc is what a server of the world may ask for: it can reply.
type proc struct {
	driver.Proc
	p *Process
}

func (p proc) Self() etf.Pid { return p.p.pid }
func (p proc) Send(_, msg etf.Term) error {
	p.p.w.Note("%s replies %s", p.p.name, etf.Format(msg.(etf.Tuple)[1]))
	return nil
}

func (proc) Detach(etf.Term)                 {}
func (proc) NameOf(etf.Pid) (etf.Atom, bool) { return "", false }
func (proc) MakeRef() (etf.Ref, error)       { return etf.Ref{}, errors.ErrUnsupported }

func (p proc) Reply(to, tag, reply etf.Term) error { return p.Send(to, etf.Tuple{tag, reply}) }

func (proc) After(time.Duration, etf.Term, etf.Term) func() bool { return func() bool { return false } }
func (proc) Log() *slog.Logger                                   { return nil }
