package node

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/gonode-otp/gonode/codechange"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/node/internal/kernel"
	"github.com/gonode-otp/gonode/supervisor"
)

// Supervised implements codechange.Host: first the processes of the applications, in the order of
// release_handler_1:get_supervised_procs/0, then those of supervisors and servers that were started outside of every
// application, which OTP does not find, in the order in which they were started.
//
// Supervisors that are suspended, for the changes of an upgrade before, are looked into.
func (h upgradeHost) Supervised(ctx context.Context) ([]codechange.Child, error) {
	limited, cancel := context.WithTimeout(ctx, kernel.SysTimeout)
	defer cancel()
	all, err := h.walk(limited)
	if err != nil && ctx.Err() == nil && limited.Err() != nil {
		return nil, &genserv.Exit{Reason: etf.Atom("which_children_failed")} // a supervisor is too busy
	}
	return all, err
}

func (h upgradeHost) walk(ctx context.Context) ([]codechange.Child, error) {
	found, err := h.n.supervisedProcesses(ctx, true)
	if err != nil {
		return nil, err
	}
	processes := h.n.registry.inOrder()
	c := collected{n: h.n, known: make(map[pidNumber]bool, len(processes)), modules: map[etf.Atom][]etf.Atom{},
		all: make([]codechange.Child, 0, len(processes))}
	for _, s := range found {
		c.add(s)
	}
	// The trees and servers that belong to no application.
	w := walk{n: h.n, peek: true}
	for _, p := range processes {
		if c.known[numberOf(p.pid)] {
			continue
		}
		if supervisor.Is(p.loop.Code()) {
			tree, err := w.below(ctx, p.pid, etf.Atom("undefined"))
			if err != nil {
				return nil, err
			}
			for _, s := range tree {
				c.add(s)
			}
		}
		c.addProcess(p, SupervisedProcess{ID: etf.Atom("undefined"), Pid: p.pid})
	}
	return c.all, nil
}

// collected are the processes that a walk has found, each once.
type collected struct {
	n       *Node
	known   map[pidNumber]bool
	modules map[etf.Atom][]etf.Atom // of those that only have their callback module
	all     []codechange.Child
}

func (c *collected) add(s SupervisedProcess) {
	if p := c.n.registry.byPid(s.Pid); p != nil {
		c.addProcess(p, s)
	}
}

// addProcess adds a process. One without modules, because its child spec says dynamic or because it is in none, has its
// callback module.
func (c *collected) addProcess(p *process, s SupervisedProcess) {
	if c.known[numberOf(p.pid)] {
		return
	}
	c.known[numberOf(p.pid)] = true
	if s.Modules == nil {
		name := p.loop.Code().Name()
		if s.Modules = c.modules[name]; s.Modules == nil {
			s.Modules = []etf.Atom{name}
			c.modules[name] = s.Modules
		}
	}
	c.all = append(c.all, codechange.Child{Process: upgraded{p}, Supervisor: s.Supervisor, ID: s.ID, Modules: s.Modules,
		Restarts: s.restart == supervisor.Permanent || s.restart == supervisor.Transient})
}

// inOrder returns the processes that are alive now, in the order in which they were started.
func (r *registry) inOrder() []*process {
	all := r.all()
	first, last := uint64(math.MaxUint64), uint64(0)
	for _, p := range all {
		first, last = min(first, p.entry), max(last, p.entry)
	}
	if len(all) == 0 || last-first > uint64(8*len(all)) {
		slices.SortFunc(all, func(a, b *process) int { return cmp.Compare(a.entry, b.entry) })
		return all
	}
	// Most of those that were entered between them are alive, so each can be put into its place.
	places := make([]*process, last-first+1)
	for _, p := range all {
		places[p.entry-first] = p
	}
	return slices.DeleteFunc(places, func(p *process) bool { return p == nil })
}
