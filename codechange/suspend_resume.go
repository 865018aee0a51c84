package codechange

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// subject is a process that the script has suspended, or tried to.
type subject struct {
	Process
	report *ProcessReport
	from   *Module // what it ran at first; nil if that is no version of anything

	suspending *request // until it is known what became of it
	began      time.Time
	suspended  bool
	excluded   bool // busy, hung or ended: no instruction is about it any more
	listed     bool // in run.inOrder
	groups     int  // modules for which it is suspended

	undos    []func()    // what brings the old code and state back, within the process
	handled  uint64      // messages that its callbacks had seen when it was given another code than at first
	last     *lastChange // nil if its code was only loaded
	switched bool        // its code is another one than at first

	uncopied  string // part of its old state that its code change could alter
	undecided bool   // it has to be told whether its code change is kept
}

// eval suspends the processes of modules, one module after the other. A script lists callers before the servers that
// they call, so these can still serve them. Differs from OTP, which also waits for each process of a module before it
// tells the next.
func (i suspend) eval(r *run) error {
	children, err := r.host.Supervised(r.ctx)
	if err != nil {
		return err
	}
	for _, e := range i.entries {
		room := r.canaryRoom(e.module)
		var group []*subject
		for _, c := range children {
			if slices.Contains(c.Modules, e.module) {
				if s := r.suspendProcess(c.Process, &room); s != nil {
					group = append(group, s)
				}
			}
		}
		if err := r.awaitSuspended(e, group); err != nil {
			return err
		}
	}
	return nil
}

// canaryRoom is how many processes of a module may be canaries; negative means no limit.
func (r *run) canaryRoom(module etf.Atom) int {
	if r.options.Canary.Count == 0 || r.afterCanaries {
		return -1
	}
	return r.options.Canary.Count
}

// suspendProcess tells a process to suspend itself. It returns nil for a process that the script leaves alone.
func (r *run) suspendProcess(p Process, room *int) *subject {
	s := r.subjects[keyOf(p.Pid())]
	switch {
	case s == nil && *room == 0:
		return nil
	case s == nil:
		s = r.newSubject(p)
		*room--
	case s.excluded || r.afterCanaries && s.switched:
		return nil
	case s.suspended || s.suspending != nil:
		return s // it is in several modules of one instruction
	}
	r.suspend(s)
	return s
}

// subjectsAtOnce is for how many subjects memory is allocated at a time.
const subjectsAtOnce = 32

func (r *run) newSubject(p Process) *subject {
	if len(r.spare) == 0 {
		r.spare, r.spareReports = make([]subject, subjectsAtOnce), make([]ProcessReport, subjectsAtOnce)
	}
	s := &r.spare[0]
	s.Process, s.from, s.report = p, r.versions.Of(p.Code()), &r.spareReports[0]
	r.spare, r.spareReports = r.spare[1:], r.spareReports[1:]
	*s.report = ProcessReport{Pid: p.Pid(), Name: p.Name(), Module: p.Code().Name(), From: s.from.vsnText(),
		Outcome: OutcomeSuspended}
	s.report.To = s.report.From
	r.subjects[keyOf(p.Pid())] = s
	r.report.Processes = append(r.report.Processes, s.report)
	return s
}

func (r *run) suspend(s *subject) {
	s.began = time.Now()
	if r.firstSuspend.IsZero() {
		r.firstSuspend = s.began
	}
	s.suspending = sendRequest(s, func(l *genserv.Loop) func() {
		l.Suspend()
		r.traced(s, StepSuspend, etf.Atom("suspend"))
		return func() {}
	})
	r.noteAsked(s, s.suspending, StepSuspend)
}

// awaitSuspended waits until the processes of an entry have suspended themselves, and also those that meanwhile serve
// something.
func (r *run) awaitSuspended(e suspendEntry, group []*subject) error {
	var missing []*subject
	for _, s := range group {
		if s.suspending != nil {
			missing = append(missing, s)
		}
	}
	limit, stop := limitOf(r.options.SuspendTimeout, e.limit)
	defer stop()
	if r.options.Busy == BusyWait {
		limit = nil
	}
	busy, err := r.awaitMissing(r.ctx, missing, limit)
	if err != nil {
		return err
	}
	if err := r.excludeBusy(busy); err != nil {
		return err
	}
	for _, s := range group {
		if s.suspended {
			s.groups++
			r.suspended[e.module] = append(r.suspended[e.module], s)
		}
	}
	return nil
}

// excludeBusy takes processes out of the upgrade that have not suspended themselves in time. A process that has been
// changed already and is only late from serving others does not count as busy.
func (r *run) excludeBusy(busy []*subject) error {
	list := etf.List{}
	for _, s := range busy {
		if !s.switched {
			s.excluded, s.report.Outcome = true, OutcomeBusy
		}
		if !s.switched || r.options.Busy == BusyFail {
			list = append(list, etf.Tuple{s.Pid(), s.report.Module})
		}
	}
	if r.options.Busy == BusyFail && len(list) > 0 {
		return suspendError(list)
	}
	return nil
}

// suspendError is the failure of an upgrade because of busy processes, a list of {Pid, Module}.
func suspendError(busy etf.List) *Error {
	return throwError(etf.Tuple{etf.Atom("suspend_failed"), busy, etf.Atom("timeout")})
}

// limitOf returns a channel that is closed after the time-out of timeoutOf, and nil if there is no limit.
func limitOf(option, written time.Duration) (limit <-chan struct{}, stop func()) {
	d := timeoutOf(option, written)
	if d < 0 {
		return nil, func() {}
	}
	ctx, stop := context.WithTimeout(context.Background(), d)
	return ctx.Done(), stop
}

// timeoutOf returns the time-out of the options, else that of the instruction, else the default; negative means no
// limit.
func timeoutOf(option, written time.Duration) time.Duration {
	switch d := cmp.Or(option, written, defaultTimeout); d {
	case genserv.Infinity:
		return -1
	default:
		return d
	}
}

// eval resumes processes, or notes them for resumePending if that is safer.
func (i resume) eval(r *run) error {
	for _, module := range i.modules {
		for _, s := range r.suspended[module] {
			s.groups--
			r.toResume = append(r.toResume, s)
		}
		delete(r.suspended, module)
		delete(r.openChanges, module)
	}
	if r.options.Resume == ResumeInPlace {
		r.resumePending()
	}
	return nil
}

// resumePending resumes the processes that resume instructions have named so far.
func (r *run) resumePending() {
	held := r.toResume
	r.toResume = nil
	var going []*resuming
	for _, s := range held {
		if s.suspended && s.groups == 0 {
			going = append(going, r.resumeSubject(s))
		}
	}
	r.awaitResumed(going)
}

// resuming is a process that is being resumed. Its fields are set in the process and read when the request is done.
type resuming struct {
	*subject
	sent    *request
	undo    func()
	loaded  *Module
	stayed  string
	handled uint64
}

// resumeSubject resumes a process. If the script has no code change for it, it changes to the new code now, provided
// that its state fits.
func (r *run) resumeSubject(s *subject) *resuming {
	s.suspended = false
	g := &resuming{subject: s}
	target := r.targetModule(s)
	g.sent = sendRequest(s, func(l *genserv.Loop) func() {
		if target != nil && target.Code != nil && target.Code != l.Code() {
			g.loadCode(l, r.versions.Of(l.Code()), target)
		}
		if g.loaded != nil {
			r.traced(s, StepLoad, nil)
		}
		g.handled = l.Handled()
		l.Resume()
		r.traced(s, StepResume, etf.Atom("resume"))
		return nil
	})
	return g
}

// loadCode runs in the process.
func (g *resuming) loadCode(l *genserv.Loop, from, target *Module) {
	if from == nil {
		return
	}
	if !stateFits(from, target) {
		g.stayed = from.stateMisfit(target)
		return
	}
	undo, err := l.LoadCode(target.Code)
	if err != nil {
		g.stayed = err.Error()
		return
	}
	g.undo, g.loaded = undo, target
}

// awaitResumed waits until processes have resumed, for each as long as sys:resume does at most.
func (r *run) awaitResumed(going []*resuming) {
	limit, stop := limitOf(0, 0)
	defer stop()
	for _, g := range going {
		switch g.sent.watch(g, limit) {
		case fateDone:
			r.noteResumed(g)
		case fateEnded:
			g.noteEnded()
		}
		g.report.Paused += time.Since(g.began)
	}
	if len(going) > 0 {
		r.report.Pause = time.Since(r.firstSuspend)
		r.suspendOrder = slices.DeleteFunc(r.suspendOrder, func(s *subject) bool {
			s.listed = s.suspended
			return !s.suspended
		})
	}
}

func (r *run) noteResumed(g *resuming) {
	if g.undo != nil {
		g.undos = append(g.undos, g.undo)
		g.noteSwitched(g.handled)
		r.undos = append(r.undos, undoStep{process: g.subject})
		g.report.Outcome, g.report.To = OutcomeLoaded, g.loaded.vsnText()
	}
	if g.stayed != "" {
		g.report.Outcome, g.report.Reason = OutcomeStayed, g.stayed
	}
}

// noteSwitched notes that a process runs another code than at first, and how many messages it had handled by then.
func (s *subject) noteSwitched(handled uint64) {
	if !s.switched {
		s.switched, s.handled = true, handled
	}
}
