package upgrade

import (
	"context"

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
func (h *Host) Supervised(ctx context.Context) ([]codechange.Child, error) {
	limited, cancel := context.WithTimeout(ctx, kernel.SysTimeout)
	defer cancel()
	all, err := h.walk(limited)
	if err != nil && ctx.Err() == nil && limited.Err() != nil {
		return nil, &genserv.Exit{Reason: etf.Atom("which_children_failed")} // a supervisor is too busy
	}
	return all, err
}

func (h *Host) walk(ctx context.Context) ([]codechange.Child, error) {
	found, err := supervisedProcesses(ctx, h, true)
	if err != nil {
		return nil, err
	}
	processes := h.InOrder()
	c := collected{node: h, known: make(map[codechange.Process]bool, len(processes)), modules: map[etf.Atom][]etf.Atom{},
		all: make([]codechange.Child, 0, len(processes))}
	for _, s := range found {
		c.add(s)
	}
	// The trees and servers that belong to no application.
	w := walk{node: h, peek: true}
	for _, p := range processes {
		if c.known[p] {
			continue
		}
		if supervisor.Is(p.Code()) {
			tree, err := w.below(ctx, p.Pid(), etf.Atom("undefined"))
			if err != nil {
				return nil, err
			}
			for _, s := range tree {
				c.add(s)
			}
		}
		c.addProcess(p, SupervisedProcess{ID: etf.Atom("undefined")})
	}
	return c.all, nil
}

// collected are the processes that a walk has found, each once.
type collected struct {
	node    Processes
	known   map[codechange.Process]bool
	modules map[etf.Atom][]etf.Atom // of those that only have their callback module
	all     []codechange.Child
}

func (c *collected) add(s SupervisedProcess) {
	if p := c.node.Process(s.Pid); p != nil {
		c.addProcess(p, s)
	}
}

// addProcess adds a process. One without modules, because its child spec says dynamic or because it is in none, has its
// callback module.
func (c *collected) addProcess(p codechange.Process, s SupervisedProcess) {
	if c.known[p] {
		return
	}
	c.known[p] = true
	if s.Modules == nil {
		name := p.Code().Name()
		if s.Modules = c.modules[name]; s.Modules == nil {
			s.Modules = []etf.Atom{name}
			c.modules[name] = s.Modules
		}
	}
	c.all = append(c.all, codechange.Child{Process: p, Supervisor: s.Supervisor, ID: s.ID, Modules: s.Modules,
		Restarts: s.restart == supervisor.Permanent || s.restart == supervisor.Transient})
}
