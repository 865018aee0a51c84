package codechange

import (
	"slices"

	"github.com/gonode-otp/gonode/etf"
)

// checkPurge refuses to purge a removed module while supervisors would restart children that run it: each restart would
// fail with undef, until the supervisors and their applications have ended. Differs from OTP, where that happens.
func (r *run) checkPurge(modules []etf.Atom) error {
	removed := slices.DeleteFunc(slices.Clone(modules), func(module etf.Atom) bool {
		current, known := r.versions.Current(module)
		return !known || current != nil
	})
	return r.checkChildren(removed)
}

// checkChildren refuses to end the processes of removed modules that supervisors would restart.
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
			e := throwError(etf.Tuple{etf.Atom("supervised_processes"), module, pids})
			e.Err = newHint("the module %s is removed while supervisors have %d children that run it: let the script "+
				"stop them before, by {stop,[%s]} or {apply,{supervisor,terminate_child,[Supervisor,Id]}}",
				module, len(pids), etf.Format(module))
			return e
		}
	}
	return nil
}
