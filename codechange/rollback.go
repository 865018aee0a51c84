package codechange

import (
	"context"
	"slices"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// undoing takes back one step of the script.
type undoing struct {
	process *subject // has to go back to its old code and state
	do      func()   // or this has to be done
	outside bool     // do may need processes that are suspended
}

func (r *run) undo(do func())        { r.undos = append(r.undos, undoing{do: do}) }
func (r *run) undoOutside(do func()) { r.undos = append(r.undos, undoing{do: do, outside: true}) }

// anyway is the context of what has to be done even if the upgrade was told to stop.
func (r *run) anyway() context.Context { return context.WithoutCancel(r.ctx) }

// rollback makes everything be as it was before the script: step by step in reverse, every process gets its old code and state
// back and goes on with all that waits for it. Nothing in it can fail; what a process is too busy for it does as soon as it has
// time.
func (r *run) rollback() {
	r.settlePending()
	r.suspendAgain()
	var back []*goingBack
	for _, u := range slices.Backward(r.undos) {
		if u.process != nil {
			back = r.restore(back, u.process)
			continue
		}
		r.awaitBack(back)
		back = nil
		if u.outside {
			r.release()
		}
		u.do()
	}
	r.awaitBack(back)
	r.newcomersBack()
	r.release()
	r.report.Left = r.applied
	for _, call := range r.anew {
		r.report.NotUndone = append(r.report.NotUndone,
			call+" has ended servers: they were started again, without the states that they had")
	}
}

// settlePending finds out which of the processes that were told to suspend themselves have done so.
func (r *run) settlePending() {
	for _, p := range r.report.Processes {
		s := r.subjects[p.Pid]
		if s == nil || s.suspending == nil {
			continue
		}
		if s.suspending.drop() == fateDone {
			<-s.suspending.done
			s.suspended = true
			r.inOrder = append(r.inOrder, s)
		}
		s.suspending = nil
	}
}

// suspendAgain suspends the processes that have been changed and already gone on. One that is busy gets an errand that does
// all the rest when its turn has come.
func (r *run) suspendAgain() {
	var again []*subject
	for _, p := range r.report.Processes {
		switch s := r.subjects[p.Pid]; {
		case s == nil || !s.switched || s.suspended:
		case s.report.Outcome == Hung:
			r.restoreLater(s)
		case !s.excluded:
			r.suspend(s)
			again = append(again, s)
		}
	}
	limit, stop := limitOf(r.options.SuspendTimeout, 0)
	defer stop()
	for _, s := range again {
		f := s.suspending.wait(r.anyway(), s, limit)
		s.suspending = nil
		switch f {
		case fateDone:
			s.suspended = true
			r.inOrder = append(r.inOrder, s)
		case fateEnded:
			s.ended()
		default:
			r.restoreLater(s)
		}
	}
}

// goingBack is a process on its way back. What is found out in the process lies here until it is known to be complete.
type goingBack struct {
	*subject
	sent *errand
	how  Undone
}

// restore gives a suspended process its old code and state back.
func (r *run) restore(back []*goingBack, s *subject) []*goingBack {
	if !s.switched || !s.suspended {
		return back
	}
	s.switched = false
	g := &goingBack{subject: s}
	g.sent = send(s, func(l *genserv.Loop) func() {
		g.how = s.goBack(l)
		r.traced(s, StepUndo, nil)
		return nil
	})
	return append(back, g)
}

func (r *run) awaitBack(back []*goingBack) {
	limit, stop := limitOf(0, 0)
	defer stop()
	for _, g := range back {
		switch g.sent.watch(g, limit) {
		case fateDone:
			g.report.Undone = g.how
			if g.how == Uncopied && g.report.Reason == "" {
				g.report.Reason = uncopiedReason(g.uncopied)
			}
		case fateEnded:
			g.ended()
		default:
			g.report.Undone = Later
		}
	}
}

// restoreLater gives a busy process its old code and state back when it has time.
func (r *run) restoreLater(s *subject) {
	s.report.Undone = Later
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

// goBack runs in the process. What it has served since it went on with its new code is kept if the server knows how, by its
// Downgrade or because the state did not change its shape.
func (s *subject) goBack(l *genserv.Loop) Undone {
	served := s.wentOn && l.Handled() != s.handled
	if served && s.from != nil {
		if s.extra == nil {
			if _, err := l.LoadCode(s.from.Code); err == nil {
				return Downgraded
			}
		} else if l.CanDowngrade() {
			if _, err := l.ChangeCode(etf.Tuple{etf.Atom("down"), s.from.Version()}, s.from.Code, s.extra); err == nil {
				l.KeepCodeChanges() // also those of the way up, whose state the server has lived with
				return Downgraded
			}
		}
	}
	for _, undo := range slices.Backward(s.undos) {
		undo()
	}
	switch {
	case served:
		return Forgot
	case s.uncopied != "":
		return Uncopied
	}
	return Restored
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
