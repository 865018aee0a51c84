package codechange

import (
	"slices"
	"sync/atomic"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// startedDuring is a process that was started during the script, with code that the script had loaded, such as a child
// that its supervisor has restarted. If the script fails, it has no old state to go back to.
type startedDuring struct {
	Process
	versionPair
	report *ProcessReport
	sent   *request
	undone Undone // found out in the process
	killed atomic.Bool
}

// noteEarlierUsers notes which processes run a version before the script makes it current: they were not started during
// the script.
func (r *run) noteEarlierUsers(m *Module) {
	for _, p := range r.host.Users(m.name()) {
		if p.Code() == m.Code {
			r.earlierUsers[keyOf(p.Pid())] = true
		}
	}
}

// revertAllStarted gives the old code to the processes that were started during the script. It is called when the old
// versions are current again. For each process it tries in this order:
//
//  1. a code change in the opposite direction, or the old code with the state as it is if that has the same shape;
//  2. Init of the old code, if the process has handled nothing yet;
//  3. to kill the process: its supervisor starts it again with the old code.
func (r *run) revertAllStarted() {
	var all []*startedDuring
	for name, v := range r.versionPairs {
		for _, p := range r.host.Users(name) {
			key := keyOf(p.Pid())
			known := r.earlierUsers[key] || r.subjects[key] != nil || r.loaded[key] != nil
			if v.new != v.old && p.Code() == v.new.Code && !known {
				all = append(all, r.newStartedDuring(p, v))
			}
		}
	}
	slices.SortFunc(all, func(a, b *startedDuring) int { return etf.Compare(a.Pid(), b.Pid()) })
	limit, stop := limitOf(0, 0)
	defer stop()
	for _, n := range all {
		n.sent = sendRequest(n, func(l *genserv.Loop) func() {
			r.revertStarted(n, l)
			return nil
		})
	}
	for _, n := range all {
		r.report.Processes = append(r.report.Processes, n.report)
		switch n.sent.watch(n, limit) {
		case fateDone:
			n.report.Undone = n.undone
		case fateEnded:
			if n.killed.Load() {
				n.report.Undone = UndoneKilled
			} else {
				n.report.Outcome = OutcomeEnded
			}
		default:
			n.report.Undone = UndoneLater
		}
	}
}

func (r *run) newStartedDuring(p Process, v versionPair) *startedDuring {
	return &startedDuring{Process: p, versionPair: v, report: &ProcessReport{Pid: p.Pid(), Name: p.Name(),
		Module: v.new.name(), From: v.new.vsnText(), To: v.new.vsnText(), Outcome: OutcomeBegan}}
}

// revertStarted runs in the process, at once or when that has time.
func (r *run) revertStarted(n *startedDuring, l *genserv.Loop) {
	running := !l.Suspended()
	l.Suspend()
	if n.undone = r.downgradeStarted(n.versionPair, l); n.undone == UndoneKilled {
		n.killed.Store(true)
		n.Kill()
		return
	}
	r.traced(n, StepUndo, nil)
	if running {
		l.Resume()
	}
}

func (r *run) downgradeStarted(v versionPair, l *genserv.Loop) Undone {
	if v.old == nil || v.old.Code == nil {
		return UndoneKilled
	}
	err := error(errNoDowngrade)
	if change, changes := r.executedChanges[v.new.name()]; changes {
		err = changeBack(l, v.new, v.old, change.changeEntry, change.down)
	} else if stateFits(v.new, v.old) {
		_, err = l.LoadCode(v.old.Code)
	}
	switch {
	case err == nil:
		return UndoneDowngraded
	case l.Handled() == 0 && l.Reinit(v.old.Code) == nil:
		return UndoneAnew
	}
	return UndoneKilled
}
