package releasehandler

import (
	"context"
	"fmt"
	"slices"

	"github.com/gonode-otp/gonode/codechange"
	"github.com/gonode-otp/gonode/etf"
)

// oldProcesses are the processes that run another version of a module than the current one.
type oldProcesses struct {
	module etf.Atom
	pids   []etf.Pid
}

// oldByBrutalPurge are the processes that would be killed if the current release were made permanent: those that run
// older versions of modules whose script says brutal_purge.
func (h *Handler) oldByBrutalPurge() (all []oldProcesses) {
	h.mu.Lock()
	left := slices.Clone(h.unpurged)
	h.mu.Unlock()
	for _, u := range left {
		if u.Purge != "brutal_purge" {
			continue
		}
		old := oldProcesses{module: u.Module}
		for _, p := range codechange.OldProcesses(h.config.Host, h.config.Versions, u.Module) {
			old.pids = append(old.pids, p.Pid())
		}
		if len(old.pids) > 0 {
			all = append(all, old)
		}
	}
	return all
}

// refusePurge returns the error {old_processes, [{Module, [Pid]}]} if there are such processes. Differs from OTP, whose
// purge spares a process that waits for a message outside of the module, as servers do.
func (h *Handler) refusePurge() error {
	all := h.oldByBrutalPurge()
	if len(all) == 0 {
		return nil
	}
	list, count := etf.List{}, 0
	for _, old := range all {
		pids := etf.List{}
		for _, pid := range old.pids {
			pids = append(pids, pid)
		}
		list, count = append(list, etf.Tuple{old.module, pids}), count+len(pids)
	}
	e := errorOf("old_processes", list)
	e.Err = &codechange.Hint{Text: fmt.Sprintf("%d servers stayed with an older version and would be ended, with their "+
		"states; ask for a purge if that is what you want", count)}
	return e
}

// MakePermanentAndPurge is MakePermanent, but kills the processes because of which MakePermanent is refused.
func (h *Handler) MakePermanentAndPurge(ctx context.Context, vsn string) error {
	unlock, err := h.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	return h.makePermanent(vsn, true)
}

// codePurge serves code:purge/1.
func (h *Handler) codePurge(ctx context.Context, module etf.Term) etf.Term {
	unlock, err := h.lock(ctx)
	if err != nil {
		return errorTerm(err)
	}
	defer unlock()
	name, _ := module.(etf.Atom)
	return etf.Bool(h.purge(name))
}

// keepUnpurged remembers which modules have processes of older versions, until MakePermanent.
func (h *Handler) keepUnpurged(more []codechange.Unpurged) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.unpurged = slices.DeleteFunc(h.unpurged, func(u codechange.Unpurged) bool {
		return slices.ContainsFunc(more, func(m codechange.Unpurged) bool { return m.Module == u.Module })
	})
	h.unpurged = append(h.unpurged, more...)
}

// brutalPurge kills the processes that still run older versions of modules whose script says brutal_purge:
// brutal_purge/1 of release_handler.erl.
func (h *Handler) brutalPurge() {
	h.mu.Lock()
	left := h.unpurged
	h.unpurged = nil
	h.mu.Unlock()
	for _, u := range left {
		if u.Purge == "brutal_purge" {
			h.purge(u.Module)
		}
	}
}

// purge kills the processes that run another version of a module than the current one: code:purge/1.
func (h *Handler) purge(module etf.Atom) (killed bool) {
	for _, p := range codechange.OldProcesses(h.config.Host, h.config.Versions, module) {
		p.Kill()
		killed = true
	}
	return killed
}
