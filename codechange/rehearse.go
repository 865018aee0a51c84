package codechange

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/genserv/driver"
)

// Rehearse finds out what Run would do, and changes nothing. It checks the script, makes the code change of each
// process with a copy of its present state, see genserv.StateCopier, and forgets the result. It applies no function and
// waits for no other node. Each server is suspended while its code change is tried, for as long as that may take in an
// upgrade at most.
//
// All processes are tried, even if some fail; the error is the first one, as Run would return it. A server whose state
// cannot be copied is reported as OutcomeUntried, with the reason; that is no error.
func Rehearse(ctx context.Context, host Host, versions *Versions, script Script, o Options) (*Report, error) {
	r := &rehearsal{run: newRun(ctx, host, versions, script, o), members: map[etf.Atom][]Process{}}
	r.report.Rehearsed = true
	began := time.Now()
	r.rehearse(script.Instructions)
	r.report.Total = time.Since(began)
	if r.failure != nil {
		return &r.report, r.failure
	}
	return &r.report, nil
}

type rehearsal struct {
	*run
	members         map[etf.Atom][]Process // that would be suspended
	failure         *Error                 // the first
	removed         []etf.Atom
	mayEndProcesses bool // something came that may end processes
}

func (r *rehearsal) fail(err *Error, exit bool) {
	if err != nil && r.failure == nil {
		err.Exit = exit
		r.failure = err
	}
}

func (r *rehearsal) rehearse(script etf.List) {
	if err := r.check(script); err != nil {
		r.fail(err, false)
		return
	}
	for _, s := range r.before {
		if do, ok := s.do.(loadObjectCode); ok {
			if err := do.eval(r.run); err != nil {
				r.fail(asError(err), false)
				return
			}
		}
	}
	for i, s := range r.after {
		if r.ctx.Err() != nil {
			r.fail(cancelledError(r.ctx), true)
			return
		}
		now := Progress{len(r.before) + i + 1, len(r.before) + len(r.after), s.term, len(r.report.Processes)}
		r.options.Tracker.step(now)
		if r.options.Progress != nil {
			r.options.Progress(now)
		}
		if err := r.step(s.do); err != nil {
			r.fail(asError(err), true)
			return
		}
	}
}

// step does what an instruction would do, without its effects.
func (r *rehearsal) step(do instruction) error {
	switch do := do.(type) {
	case loadObjectCode:
		return do.eval(r.run)
	case suspend:
		return r.suspendStep(do)
	case load:
		return r.loadStep(do)
	case remove:
		r.postPurge[do.module] = do.post
		r.removed = append(r.removed, do.module)
	case purge:
		if !r.mayEndProcesses {
			return r.checkChildren(slices.DeleteFunc(slices.Clone(do.modules), func(m etf.Atom) bool {
				return !slices.Contains(r.removed, m)
			}))
		}
	case apply:
		r.mayEndProcesses = true
	case changeCode:
		for _, e := range do.entries {
			for _, p := range r.members[e.module] {
				r.fail(r.rehearseChange(p, e, do.down), true)
			}
		}
	case stop:
		r.mayEndProcesses = true
		return r.stopStep(do)
	}
	return nil
}

func (r *rehearsal) suspendStep(do suspend) error {
	children, err := r.host.Supervised(r.ctx)
	if err != nil {
		return err
	}
	for _, e := range do.entries {
		r.members[e.module] = nil
		for _, c := range children {
			if slices.Contains(c.Modules, e.module) {
				r.members[e.module] = append(r.members[e.module], c.Process)
			}
		}
		if !slices.Contains(r.changing, e.module) {
			for _, p := range r.members[e.module] {
				r.reportLoad(p)
			}
		}
	}
	return nil
}

func (r *rehearsal) loadStep(do load) error {
	if r.objectCode[do.module] == nil {
		return do.eval(r.run) // fails
	}
	r.postPurge[do.module] = do.post
	if !slices.Contains(r.suspending, do.module) {
		for _, p := range r.host.Users(do.module) {
			r.reportLoad(p)
		}
	}
	return nil
}

// reportLoad reports a process that changes its code without a code change.
func (r *rehearsal) reportLoad(p Process) {
	if r.subjects[keyOf(p.Pid())] != nil {
		return // it would be stopped before
	}
	s := r.newSubject(p)
	target := r.targetModule(s)
	switch {
	case s.from == nil || target == nil || target == s.from:
	case stateFits(s.from, target):
		s.report.Outcome, s.report.To = OutcomeLoaded, target.vsnText()
	default:
		s.report.Outcome, s.report.Reason = OutcomeStayed, s.from.stateMisfit(target)
	}
}

func (r *rehearsal) stopStep(do stop) error {
	children, err := r.host.Supervised(r.ctx)
	if err != nil {
		return err
	}
	for _, module := range do.modules {
		for _, c := range children {
			if c.Supervisor != (etf.Pid{}) && slices.Contains(c.Modules, module) {
				r.newSubject(c.Process).report.Outcome = OutcomeStopped
			}
		}
	}
	return nil
}

// trial is the rehearsal of one code change.
type trial struct {
	work          func() error
	err           error
	before, after etf.Term // the state as it is shown
	running       bool
}

// rehearseChange rehearses the code change of a process.
func (r *rehearsal) rehearseChange(p Process, e changeEntry, down bool) *Error {
	s := r.newSubject(p)
	target := r.targetModule(s)
	if target == nil || target.Code == nil {
		return undefError(mfa{s.report.Module, "code_change", etf.List{}})
	}
	vsn := r.oldVsn(s, e.module, down)
	_, loaded := r.postPurge[target.name()]
	t := &trial{}
	began := time.Now()
	r.options.Tracker.ask(p, StepChange)
	defer r.options.Tracker.done(p.Pid())
	sent := sendRequest(p, func(l *genserv.Loop) func() {
		t.running = !l.Suspended()
		t.before = l.State()
		if t.work, t.err = l.Rehearse(vsn, target.Code, e.extra, loaded); t.err == nil {
			l.Suspend()
		}
		return func() {}
	})
	limit, stop := limitOf(r.options.SuspendTimeout, 0)
	defer stop()
	switch sent.wait(r.ctx, p, limit) {
	case fateDone:
	case fateEnded:
		s.report.Outcome = OutcomeEnded
		return nil
	case fateCancelled:
		return cancelledError(r.ctx)
	default:
		s.report.Outcome = OutcomeBusy
		if r.options.Busy != BusyFail {
			return nil
		}
		return suspendError(etf.List{etf.Tuple{p.Pid(), s.report.Module}})
	}
	hung := t.err == nil && r.runTrial(s, t)
	var untried *driver.UntriedError
	if errors.As(t.err, &untried) {
		s.report.Outcome, s.report.Reason = OutcomeUntried, untried.Why
		return nil
	}
	s.report.Took, s.report.Paused = time.Since(began), time.Since(began)
	return r.reportTrial(s, t, e, vsn, target, hung)
}

// runTrial makes the code change outside of the process, and lets the process go on in any case.
func (r *rehearsal) runTrial(s *subject, t *trial) (hung bool) {
	done := make(chan error, 1)
	r.host.Go(func() { done <- t.work() })
	limit, stop := limitOf(r.options.CodeChangeTimeout, 0)
	defer stop()
	select {
	case t.err = <-done:
	case <-limit:
		hung = true
	case <-r.ctx.Done():
		hung = true
	}
	back := sendRequest(s, func(l *genserv.Loop) func() {
		t.after = l.State()
		if t.running {
			l.Resume()
		}
		return nil
	})
	limit, stop = limitOf(0, 0)
	defer stop()
	if back.watch(s, limit) != fateDone {
		t.after = t.before // it has ended
	}
	return hung
}

func (r *rehearsal) reportTrial(s *subject, t *trial, e changeEntry, vsn etf.Term, target *Module, hung bool) *Error {
	switch {
	case hung:
		s.report.Outcome = OutcomeHung
		return exitError(etf.Tuple{etf.Atom("timeout"), etf.Tuple{etf.Atom("sys"), etf.Atom("change_code"),
			r.changeArgs(&change{task: task{subject: s}, entry: e, vsn: vsn})}})
	case t.err == nil && !etf.Equal(t.before, t.after):
		t.err = fmt.Errorf("the code change altered the state that the server goes on with: "+
			"CopyState of %s does not copy all of it", s.report.Module)
	}
	if t.err != nil {
		s.report.Outcome, s.report.Reason = OutcomeFailed, t.err.Error()
		return &Error{Reason: etf.Tuple{etf.Atom("code_change_failed"), s.Pid(), e.module, vsn,
			driver.ChangeReason(t.err)}, Err: t.err}
	}
	s.report.Outcome = OutcomeChanged
	if target.name() != "" {
		s.report.To = target.vsnText()
	}
	return nil
}
