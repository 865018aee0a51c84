package codechange

import (
	"context"
	"slices"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// undoStep takes back one step of the script.
type undoStep struct {
	process *subject  // has to go back to its old code and state
	do      func()    // or this has to be done
	call    *callUndo // or that
}

// callUndo undoes a step by calling a function, which may need processes and take time.
type callUndo struct {
	what string // for people, what could not be undone if it fails
	do   func(ctx context.Context) error
}

func (r *run) undo(do func()) { r.undos = append(r.undos, undoStep{do: do}) }

func (r *run) undoByCall(what string, do func(ctx context.Context) error) {
	r.undos = append(r.undos, undoStep{call: &callUndo{what, do}})
}

// uncancelled is the context of steps that are done even if the upgrade was told to stop.
func (r *run) uncancelled() context.Context { return context.WithoutCancel(r.ctx) }

// rollback undoes the script step by step, in reverse. Each process gets back its old code and state and handles all
// messages that wait for it. A process that is busy does so as soon as it has time. What cannot be undone is reported.
//
// Before a function call is undone, the processes that were changed after the call are reverted and resumed, and no
// others: the undo runs with the code with which the function was applied. A supervisor that has to terminate a child
// is then not suspended, and knows the child.
func (r *run) rollback() {
	r.resolvePending()
	for undos := r.undos; ; {
		last := len(undos) - 1
		for last >= 0 && undos[last].call == nil {
			last--
		}
		r.revertSteps(undos[last+1:])
		if last < 0 {
			break
		}
		r.resumeReverted()
		r.undoFunction(undos[last].call)
		undos = undos[:last]
	}
	r.revertAllStarted()
	r.resumeReverted()
	r.report.Left = r.irreversible
	for _, call := range r.endingCalls {
		r.report.NotUndone = append(r.report.NotUndone,
			call+" has ended servers: they were started again, without the states that they had")
	}
}

// revertSteps undoes the steps between two function calls. First it suspends all processes that these steps have
// changed.
func (r *run) revertSteps(undos []undoStep) {
	r.suspendAgain(undos)
	var back []*reverting
	for _, u := range slices.Backward(undos) {
		switch {
		case u.process == nil:
			r.awaitReverted(back)
			back = nil
			u.do()
		case u.process.switched && u.process.suspended:
			u.process.switched = false
			back = append(back, &reverting{task: task{subject: u.process}, undone: UndoneForgot})
		}
	}
	r.awaitReverted(back)
}

// undoFunction calls a function that undoes another, with a time-out.
func (r *run) undoFunction(u *callUndo) {
	ctx, cancel := context.WithCancel(r.uncancelled())
	defer cancel()
	if d := timeoutOf(r.options.UndoTimeout, 0); d >= 0 {
		ctx, cancel = context.WithTimeout(ctx, d)
		defer cancel()
	}
	if err := u.do(ctx); err != nil {
		r.report.NotUndone = append(r.report.NotUndone, u.what+": "+etf.FormatMax(genserv.ExitReason(err), maxText))
	}
}

// resolvePending finds out which of the processes that were told to suspend themselves have done so.
func (r *run) resolvePending() {
	for _, p := range r.report.Processes {
		if s := r.subjects[keyOf(p.Pid)]; s != nil && s.suspending != nil {
			r.resolveSuspend(s)
		}
	}
}

// suspendAgain suspends the processes that have been changed and resumed. A busy one gets a request that restores it
// when it has time.
func (r *run) suspendAgain(undos []undoStep) {
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
	busy, _ := r.awaitMissing(r.uncancelled(), again, limit)
	for _, s := range busy {
		r.restoreLater(s)
	}
}

// reverting is a process that gets its old code and state back. Its fields are set in the process and read when the
// request is done.
type reverting struct {
	task
	undone Undone
}

// awaitReverted has processes restore their old code and state, and waits for each as long as for a code change at
// most.
func (r *run) awaitReverted(back []*reverting) {
	tasks := make([]*task, len(back))
	for i, g := range back {
		tasks[i] = &g.task
	}
	pool := r.newWorkerPool(r.uncancelled(), StepUndo, tasks, defaultTimeout)
	defer pool.stopTicker()
	pool.work(func(i int) {
		g := back[i]
		g.sendTo(g, func(l *genserv.Loop) func() {
			g.undone = g.revert(l)
			r.traced(g, StepUndo, nil)
			return nil
		})
	})
	for _, g := range back {
		switch pool.watch(&g.task) {
		case fateDone:
			g.report.Undone = g.undone
			if g.undone == UndoneUncopied && g.report.Reason == "" {
				g.report.Reason = uncopiedReason(g.uncopied)
			}
		case fateEnded:
			g.noteEnded()
		default:
			g.report.Undone = UndoneLater
		}
	}
}

// restoreLater asks a busy process to restore its old code and state when it has time.
func (r *run) restoreLater(s *subject) {
	s.switched, s.report.Undone = false, UndoneLater
	sendRequest(s, func(l *genserv.Loop) func() {
		running := !l.Suspended()
		l.Suspend()
		s.revert(l)
		r.traced(s, StepUndo, nil)
		if running {
			l.Resume()
		}
		return nil
	})
}

// revert restores the old code and state; it runs in the process. If the process has served something with its new
// code, that is kept if the server has a Downgrade or if the state has kept its shape.
func (s *subject) revert(l *genserv.Loop) Undone {
	served := l.Handled() != s.handled
	if served && s.from != nil && s.downgrade(l) == nil {
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

// downgrade makes the present state one of the old code.
func (s *subject) downgrade(l *genserv.Loop) error {
	if s.last == nil {
		_, err := l.LoadCode(s.from.Code)
		return err
	}
	return changeBack(l, s.last.target, s.from, s.last.changeEntry, s.last.down)
}

// changeBack undoes a code change by another one in the opposite direction.
func changeBack(l *genserv.Loop, from, to *Module, e changeEntry, down bool) error {
	var vsn etf.Term
	switch {
	case down:
		vsn = from.Version()
	case l.CanDowngrade():
		vsn = etf.Tuple{etf.Atom("down"), to.Version()}
	default:
		return errNoDowngrade
	}
	_, err := l.ChangeCode(vsn, to.Code, e.extra)
	if err == nil {
		l.KeepCodeChanges() // also those before, whose state the server has lived with
	}
	return err
}

// resumeReverted resumes the processes that have their old code and state.
func (r *run) resumeReverted() {
	var going []*resuming
	for _, s := range slices.Backward(r.suspendOrder) {
		if s.suspended && !s.switched {
			s.suspended = false
			g := &resuming{subject: s, handled: s.handled}
			g.sent = sendRequest(s, func(l *genserv.Loop) func() {
				l.Resume()
				r.traced(s, StepResume, etf.Atom("resume"))
				return nil
			})
			going = append(going, g)
		}
	}
	r.awaitResumed(going)
}
