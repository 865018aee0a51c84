package codechange

import (
	"context"
	"errors"
	"slices"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// undoing takes back one step of the script.
type undoing struct {
	process *subject // has to go back to its old code and state
	do      func()   // or this has to be done
	outside *outside // or that
}

// outside is what undoes something beside the code: it may need processes, and take time.
type outside struct {
	what string // for people, what could not be undone if it fails
	do   func(ctx context.Context) error
}

func (r *run) undo(do func()) { r.undos = append(r.undos, undoing{do: do}) }

func (r *run) undoOutside(what string, do func(ctx context.Context) error) {
	r.undos = append(r.undos, undoing{outside: &outside{what, do}})
}

// anyway is the context of what has to be done even if the upgrade was told to stop.
func (r *run) anyway() context.Context { return context.WithoutCancel(r.ctx) }

// rollback makes everything be as it was before the script: step by step in reverse, every process gets its old code
// and state back and goes on with all that waits for it. What a process is too busy for it does as soon as it has
// time. What cannot be undone is reported.
//
// A function is undone with the code with which it was applied: what had been changed before goes back only then, so
// that a supervisor that is to end a child again is not suspended, and knows the child.
func (r *run) rollback() {
	r.settlePending()
	for undos := r.undos; ; {
		last := len(undos) - 1
		for last >= 0 && undos[last].outside == nil {
			last--
		}
		r.stepsBack(undos[last+1:])
		if last < 0 {
			break
		}
		r.release()
		r.undoFunction(undos[last].outside)
		undos = undos[:last]
	}
	r.newcomersBack()
	r.release()
	r.report.Left = r.applied
	for _, call := range r.anew {
		r.report.NotUndone = append(r.report.NotUndone,
			call+" has ended servers: they were started again, without the states that they had")
	}
}

// stepsBack undoes steps between two functions, when all processes are suspended that go back in them.
func (r *run) stepsBack(undos []undoing) {
	r.suspendAgain(undos)
	var back []*goingBack
	for _, u := range slices.Backward(undos) {
		switch {
		case u.process == nil:
			r.awaitBack(back)
			back = nil
			u.do()
		case u.process.switched && u.process.suspended:
			u.process.switched = false
			back = append(back, &goingBack{task: task{subject: u.process}, how: UndoneForgot})
		}
	}
	r.awaitBack(back)
}

// undoFunction does not wait for ever for a function that undoes another.
func (r *run) undoFunction(u *outside) {
	ctx, cancel := context.WithCancel(r.anyway())
	defer cancel()
	if d := timeoutOf(r.options.UndoTimeout, 0); d >= 0 {
		ctx, cancel = context.WithTimeout(ctx, d)
		defer cancel()
	}
	if err := u.do(ctx); err != nil {
		r.report.NotUndone = append(r.report.NotUndone, u.what+": "+whyText(err))
	}
}

// whyText is an error for people.
func whyText(err error) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return "timeout"
	}
	return etf.FormatMax(ExitReason(err), maxText)
}

// settlePending finds out which of the processes that were told to suspend themselves have done so.
func (r *run) settlePending() {
	for _, p := range r.report.Processes {
		if s := r.subjects[keyOf(p.Pid)]; s != nil && s.suspending != nil {
			r.settledNow(s)
		}
	}
}

// suspendAgain suspends the processes that have been changed and already gone on. One that is busy gets an errand
// that does all the rest when its turn has come.
func (r *run) suspendAgain(undos []undoing) {
	var again []*subject
	for _, u := range undos {
		switch s := u.process; {
		case s == nil || !s.switched || s.suspended || s.suspending != nil:
		case s.report.Outcome == OutcomeHung:
			r.restoreLater(s)
		case !s.excluded:
			r.suspend(s)
			again = append(again, s)
		}
	}
	limit, stop := limitOf(r.options.SuspendTimeout, 0)
	defer stop()
	busy, _ := r.awaitMissing(r.anyway(), again, limit)
	for _, s := range busy {
		r.restoreLater(s)
	}
}

// goingBack is a process on its way back. What is found out in the process lies here until it is known to be complete.
type goingBack struct {
	task
	how Undone
}

// awaitBack has processes go back to their old code and state, and waits for none of them longer than for a code
// change.
func (r *run) awaitBack(back []*goingBack) {
	tasks := make([]*task, len(back))
	for i, g := range back {
		tasks[i] = &g.task
	}
	crew := r.newCrew(r.anyway(), StepUndo, tasks, defaultTimeout)
	defer crew.dismiss()
	crew.work(func(i int) {
		g := back[i]
		g.give(g, func(l *genserv.Loop) func() {
			g.how = g.goBack(l)
			r.traced(g, StepUndo, nil)
			return nil
		})
	})
	for _, g := range back {
		switch crew.watch(&g.task) {
		case fateDone:
			g.report.Undone = g.how
			if g.how == UndoneUncopied && g.report.Reason == "" {
				g.report.Reason = uncopiedReason(g.uncopied)
			}
		case fateEnded:
			g.ended()
		default:
			g.report.Undone = UndoneLater
		}
	}
}

// restoreLater gives a busy process its old code and state back when it has time.
func (r *run) restoreLater(s *subject) {
	s.switched, s.report.Undone = false, UndoneLater
	send(s, func(l *genserv.Loop) func() {
		running := !l.Suspended()
		l.Suspend()
		s.goBack(l)
		r.traced(s, StepUndo, nil)
		if running {
			l.Resume()
		}
		return nil
	})
}

// goBack runs in the process. What it has served since it went on with its new code is kept if the server knows how,
// by its Downgrade or because the state did not change its shape.
func (s *subject) goBack(l *genserv.Loop) Undone {
	served := l.Handled() != s.handled
	if served && s.from != nil && s.convertBack(l) == nil {
		return UndoneDowngraded
	}
	now := l.Value()
	for _, undo := range slices.Backward(s.undos) {
		undo()
	}
	switch {
	case !served && s.uncopied != "":
		return UndoneUncopied
	case !served:
		return UndoneRestored
	case l.Revert(now):
		return UndoneDowngraded
	}
	return UndoneForgot
}

// convertBack makes the state of now one of the old code.
func (s *subject) convertBack(l *genserv.Loop) error {
	if s.last == nil {
		_, err := l.LoadCode(s.from.Code)
		return err
	}
	return wayBack(l, s.last.target, s.from, s.last.changeEntry, s.last.down)
}

// wayBack undoes a code change by another one in the opposite direction.
func wayBack(l *genserv.Loop, from, to *Module, e changeEntry, down bool) error {
	var vsn etf.Term
	switch {
	case down:
		vsn = from.Version()
	case l.CanDowngrade():
		vsn = etf.Tuple{etf.Atom("down"), to.Version()}
	default:
		return errNoWayBack
	}
	_, err := l.ChangeCode(vsn, to.Code, e.extra)
	if err == nil {
		l.KeepCodeChanges() // also those before, whose state the server has lived with
	}
	return err
}

// release resumes the processes that are what they were.
func (r *run) release() {
	var going []*goingOn
	for _, s := range slices.Backward(r.inOrder) {
		if s.suspended && !s.switched {
			s.suspended = false
			g := &goingOn{subject: s, handled: s.handled}
			g.sent = send(s, func(l *genserv.Loop) func() {
				l.Resume()
				r.traced(s, StepResume, etf.Atom("resume"))
				return nil
			})
			going = append(going, g)
		}
	}
	r.awaitGoing(going)
}
