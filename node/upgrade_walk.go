package node

import (
	"cmp"
	"context"
	"slices"

	"github.com/gonode-otp/gonode/codechange"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/supervisor"
)

// Supervised implements codechange.Host: first the processes of the applications, in the order of
// release_handler_1:get_supervised_procs/0, then those of supervisors and servers that were started outside of every
// application, which OTP does not find, in the order in which they were started.
//
// Supervisors that are suspended, for the changes of an upgrade before, are looked into.
func (h upgradeHost) Supervised(ctx context.Context) ([]codechange.Child, error) {
	limited, cancel := context.WithTimeout(ctx, sysTimeout)
	defer cancel()
	found, err := h.n.supervisedProcesses(limited, true)
	if err == nil {
		found, err = h.outside(limited, found)
	}
	switch {
	case err != nil && ctx.Err() == nil && limited.Err() != nil:
		return nil, &genserv.Exit{Reason: etf.Atom("which_children_failed")} // a supervisor is too busy
	case err != nil:
		return nil, err
	}
	return h.children(found), nil
}

// outside adds the trees and servers that belong to no application.
func (h upgradeHost) outside(ctx context.Context, found []SupervisedProcess) ([]SupervisedProcess, error) {
	w := walk{n: h.n, peek: true}
	known := map[etf.Pid]bool{}
	for _, s := range found {
		known[s.Pid] = true
	}
	for _, p := range h.n.registry.inOrder() {
		if known[p.pid] {
			continue
		}
		var tree []SupervisedProcess
		if supervisor.Is(p.loop.Code()) {
			var err error
			if tree, err = w.below(ctx, p.pid, etf.Atom("undefined")); err != nil {
				return nil, err
			}
		}
		for _, s := range append(tree, SupervisedProcess{ID: etf.Atom("undefined"), Pid: p.pid}) {
			if !known[s.Pid] {
				known[s.Pid] = true
				found = append(found, s)
			}
		}
	}
	return found, nil
}

// children finds the processes behind the pids. One without modules, because its child spec says dynamic or because it is in
// none, has its callback module.
func (h upgradeHost) children(found []SupervisedProcess) []codechange.Child {
	all := make([]codechange.Child, 0, len(found))
	for _, s := range found {
		p := h.n.registry.byPid(s.Pid)
		if p == nil {
			continue
		}
		if s.Modules == nil {
			s.Modules = []etf.Atom{p.loop.Code().Name()}
		}
		all = append(all, codechange.Child{Process: upgraded{p}, Supervisor: s.Supervisor, ID: s.ID, Modules: s.Modules,
			Restarts: s.restart == supervisor.Permanent || s.restart == supervisor.Transient})
	}
	return all
}

// inOrder returns the processes that are alive now, in the order in which they were started.
func (r *registry) inOrder() []*process {
	all := r.all()
	slices.SortFunc(all, func(a, b *process) int { return cmp.Compare(a.entry, b.entry) })
	return all
}
