package codechange

import (
	"slices"
	"sync/atomic"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// startedDuring is a process that began with code that the script had loaded, such as a child that its supervisor has
// started anew. If the script fails it has no old state to go back to.
type startedDuring struct {
	Process
	versionPair
	report *ProcessReport
	sent   *request
	undone Undone // found out in the process
	killed atomic.Bool
}

// noteEarlierUsers notes which processes run a version before the script makes it current: they are no newcomers.
func (r *run) noteEarlierUsers(m *Module) {
	for _, p := range r.host.Users(m.name()) {
		if p.Code() == m.Code {
			r.earlierUsers[keyOf(p.Pid())] = true
		}
	}
}

// revertAllStarted gives newcomers the old code: with the state that a code change in the opposite direction makes, or
// with the one that they have if it has the same shape. One that has handled nothing yet begins anew otherwise. Those
// that can do none of this are killed; their supervisors start them anew with the old code. It comes when the old
// versions are current again.
func (r *run) revertAllStarted() {
	var all []*startedDuring
	for name, v := range r.versionPairs {
		for _, p := range r.host.Users(name) {
			key := keyOf(p.Pid())
			if v.new != v.old && p.Code() == v.new.Code && !r.earlierUsers[key] && r.subjects[key] == nil && r.loaded[key] == nil {
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
	return &startedDuring{Process: p, versionPair: v, report: &ProcessReport{Pid: p.Pid(), Name: p.Name(), Module: v.new.name(),
		From: v.new.vsnText(), To: v.new.vsnText(), Outcome: OutcomeBegan}}
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
	case l.Handled() == 0 && l.BeginAnew(v.old.Code) == nil:
		return UndoneAnew
	}
	return UndoneKilled
}
