package codechange

import (
	"slices"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// newcomer is a process that began with code that the script had loaded, such as a child that its supervisor has started anew. If
// the script fails it has no old state to go back to.
type newcomer struct {
	Process
	report *ProcessReport
	sent   *errand
	back   bool // it runs the old code
}

// noteOlder notes which processes run a version before the script makes it current: they are no newcomers.
func (r *run) noteOlder(m *Module) {
	for _, p := range r.host.Users(m.name()) {
		if p.Code() == m.Code {
			r.older[p.Pid()] = true
		}
	}
}

// newcomersBack gives newcomers the old code: with the state that their Downgrade makes, or with the one that they have if it has
// the same shape. Those that can do neither are killed; their supervisors start them anew with the old code. It comes when the old
// versions are current again.
func (r *run) newcomersBack() {
	var all []*newcomer
	for name, v := range r.vsns {
		for _, p := range r.host.Users(name) {
			if v.new == v.old || p.Code() != v.new.Code || r.older[p.Pid()] || r.subjects[p.Pid()] != nil || r.loaded[p.Pid()] != nil {
				continue
			}
			all = append(all, r.newcomer(p, v))
		}
	}
	slices.SortFunc(all, func(a, b *newcomer) int { return etf.Compare(a.Pid(), b.Pid()) })
	limit, stop := limitOf(0, 0)
	defer stop()
	for _, n := range all {
		r.report.Processes = append(r.report.Processes, n.report)
		switch n.sent.watch(n, limit) {
		case fateEnded:
			n.report.Outcome = Ended
		case fateDone:
			if n.back {
				n.report.Undone = Downgraded
			} else {
				n.report.Undone = Killed
				n.Kill()
			}
		default:
			n.report.Undone = Later
		}
	}
}

func (r *run) newcomer(p Process, v vsns) *newcomer {
	n := &newcomer{Process: p, report: &ProcessReport{Pid: p.Pid(), Name: p.Name(), Module: v.new.name(), From: v.new.vsnText(),
		To: v.new.vsnText(), Outcome: Began}}
	extra, changes := r.extra[v.new.name()]
	n.sent = send(p, func(l *genserv.Loop) func() {
		running := !l.Suspended()
		l.Suspend()
		err := error(errNoWayBack)
		switch {
		case v.old == nil || v.old.Code == nil:
		case changes && l.CanDowngrade():
			_, err = l.ChangeCode(etf.Tuple{etf.Atom("down"), v.old.Version()}, v.old.Code, extra)
			l.KeepCodeChanges()
		case !changes && fits(v.new, v.old):
			_, err = l.LoadCode(v.old.Code)
		}
		if n.back = err == nil; n.back {
			r.traced(p, StepUndo, nil)
		}
		if running {
			l.Resume()
		}
		return nil
	})
	return n
}
