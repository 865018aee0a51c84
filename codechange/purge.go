package codechange

import (
	"context"
	"slices"

	"github.com/gonode-otp/gonode/etf"
)

// checkPurge refuses to purge a removed module while children run it that their supervisors would start again: each
// start fails with undef, until the supervisors have given up and their applications have ended. Differs from OTP,
// where that is what happens.
func (r *run) checkPurge(modules []etf.Atom) error {
	removed := slices.DeleteFunc(slices.Clone(modules), func(module etf.Atom) bool {
		current, known := r.versions.Current(module)
		return !known || current != nil
	})
	return r.checkChildren(removed)
}

// checkChildren refuses to end what runs the modules if supervisors would start it again.
func (r *run) checkChildren(removed []etf.Atom) error {
	if len(removed) == 0 {
		return nil
	}
	children, err := r.host.Supervised(r.ctx)
	if err != nil {
		return err
	}
	for _, module := range removed {
		pids := etf.List{}
		for _, c := range children {
			if c.Restarts && c.Code().Name() == module {
				pids = append(pids, c.Pid())
			}
		}
		if len(pids) > 0 {
			e := thrown(etf.Tuple{etf.Atom("supervised_processes"), module, pids})
			e.Err = hint("the module %s is removed while supervisors have %d children that run it: let the script "+
				"stop them before, by {stop,[%s]} or {apply,{supervisor,terminate_child,[Supervisor,Id]}}",
				module, len(pids), etf.Format(module))
			return e
		}
	}
	return nil
}

// OldProcesses are processes that run another version of a module than the current one.
type OldProcesses struct {
	Module etf.Atom
	Pids   []etf.Pid
}

// condemned are the processes that making the current release permanent would end: those that run older versions of
// what a script has said is to be purged brutally.
func (h *Handler) condemned() (all []OldProcesses) {
	h.mu.Lock()
	left := slices.Clone(h.unpurged)
	h.mu.Unlock()
	for _, u := range left {
		if u.Purge != "brutal_purge" {
			continue
		}
		old := OldProcesses{Module: u.Module}
		for _, p := range oldProcesses(h.config.Host, h.config.Versions, u.Module) {
			old.Pids = append(old.Pids, p.Pid())
		}
		if len(old.Pids) > 0 {
			all = append(all, old)
		}
	}
	return all
}

// refusePurge is the error of not ending those processes: {old_processes, [{Module, [Pid]}]}. Differs from OTP,
// whose purge spares a process that waits for a message outside of the module, as servers do.
func (h *Handler) refusePurge() error {
	all := h.condemned()
	if len(all) == 0 {
		return nil
	}
	list, count := etf.List{}, 0
	for _, old := range all {
		pids := etf.List{}
		for _, pid := range old.Pids {
			pids = append(pids, pid)
		}
		list, count = append(list, etf.Tuple{old.Module, pids}), count+len(pids)
	}
	e := errorOf("old_processes", list)
	e.Err = hint("%d servers stayed with an older version and would be ended, with their states; ask for a purge if "+
		"that is what you want", count)
	return e
}

// MakePermanentAndPurge is MakePermanent that ends the processes for whose sake that refuses to.
func (h *Handler) MakePermanentAndPurge(ctx context.Context, vsn string) error {
	unlock, err := h.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	return h.makePermanent(vsn, true)
}

// codePurge is code:purge/1, in the turn of the handler.
func (h *Handler) codePurge(ctx context.Context, module etf.Term) etf.Term {
	unlock, err := h.lock(ctx)
	if err != nil {
		return errorTerm(err)
	}
	defer unlock()
	name, _ := module.(etf.Atom)
	return boolean(h.purge(name))
}
