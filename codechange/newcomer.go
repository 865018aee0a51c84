package codechange

import (
	"slices"
	"sync/atomic"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// newcomer is a process that began with code that the script had loaded, such as a child that its supervisor has
// started anew. If the script fails it has no old state to go back to.
type newcomer struct {
	Process
	vsns
	report *ProcessReport
	sent   *errand
	how    Undone // found out in the process
	killed atomic.Bool
}

// noteOlder notes which processes run a version before the script makes it current: they are no newcomers.
func (r *run) noteOlder(m *Module) {
	for _, p := range r.host.Users(m.name()) {
		if p.Code() == m.Code {
			r.older[keyOf(p.Pid())] = true
		}
	}
}

// newcomersBack gives newcomers the old code: with the state that a code change in the opposite direction makes, or
// with the one that they have if it has the same shape. One that has handled nothing yet begins anew otherwise. Those
// that can do none of this are killed; their supervisors start them anew with the old code. It comes when the old
// versions are current again.
func (r *run) newcomersBack() {
	var all []*newcomer
	for name, v := range r.vsns {
		for _, p := range r.host.Users(name) {
			key := keyOf(p.Pid())
			if v.new != v.old && p.Code() == v.new.Code && !r.older[key] && r.subjects[key] == nil && r.loaded[key] == nil {
				all = append(all, r.newcomer(p, v))
			}
		}
	}
	slices.SortFunc(all, func(a, b *newcomer) int { return etf.Compare(a.Pid(), b.Pid()) })
	limit, stop := limitOf(0, 0)
	defer stop()
	for _, n := range all {
		n.sent = send(n, func(l *genserv.Loop) func() {
			r.newcomerBack(n, l)
			return nil
		})
	}
	for _, n := range all {
		r.report.Processes = append(r.report.Processes, n.report)
		switch n.sent.watch(n, limit) {
		case fateDone:
			n.report.Undone = n.how
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

func (r *run) newcomer(p Process, v vsns) *newcomer {
	return &newcomer{Process: p, vsns: v, report: &ProcessReport{Pid: p.Pid(), Name: p.Name(), Module: v.new.name(),
		From: v.new.vsnText(), To: v.new.vsnText(), Outcome: OutcomeBegan}}
}

// newcomerBack runs in the process, at once or when that has time.
func (r *run) newcomerBack(n *newcomer, l *genserv.Loop) {
	running := !l.Suspended()
	l.Suspend()
	if n.how = r.wayOfNewcomer(n.vsns, l); n.how == UndoneKilled {
		n.killed.Store(true)
		n.Kill()
		return
	}
	r.traced(n, StepUndo, nil)
	if running {
		l.Resume()
	}
}

func (r *run) wayOfNewcomer(v vsns, l *genserv.Loop) Undone {
	if v.old == nil || v.old.Code == nil {
		return UndoneKilled
	}
	err := error(errNoWayBack)
	if change, changes := r.entries[v.new.name()]; changes {
		err = wayBack(l, v.new, v.old, change.changeEntry, change.down)
	} else if fits(v.new, v.old) {
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
