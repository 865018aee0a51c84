package codechange

import (
	"time"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/genserv/driver"
)

// eval changes the state and the code of the suspended processes of modules.
func (i changeCode) eval(r *run) error {
	for _, e := range i.entries {
		done := executedChange{e, i.down}
		r.openChanges[e.module], r.executedChanges[e.module] = done, done
		if err := r.changeAll(r.suspended[e.module], e, i.down); err != nil {
			return err
		}
	}
	return nil
}

// maxBatch is how many processes change at a time at most, and batchGrowth how much larger a batch is than the one
// before.
const maxBatch, batchGrowth = 4096, 4

// changeAll changes processes: at first one after the other, so that a code change that does not work is found out with
// few, and then more and more at a time until one of them fails. Differs from OTP, where it is one all the way.
func (r *run) changeAll(group []*subject, e changeEntry, down bool) error {
	for n, size := 0, 1; len(group) > 0; n++ {
		if n > 1 {
			size = min(batchGrowth*size, maxBatch)
		}
		batch := group[:min(size, len(group))]
		group = group[len(batch):]
		if err := r.changeBatch(batch, e, down); err != nil {
			return err
		}
	}
	return nil
}

// changeBatch changes processes at a time. It returns when it is known of each what became of it.
func (r *run) changeBatch(batch []*subject, e changeEntry, down bool) error {
	all := make([]change, 0, len(batch))
	tasks := make([]*task, 0, len(batch))
	var failure error
	for _, s := range batch {
		if !s.suspended || s.excluded {
			continue // its end has been noticed already
		}
		target := r.targetModule(s)
		if target == nil || target.Code == nil {
			failure = exitError(etf.Tuple{etf.Atom("undef"),
				etf.List{etf.Tuple{s.report.Module, etf.Atom("code_change"), etf.Int(3), etf.List{}}}})
			break
		}
		all = append(all, change{task: task{subject: s}, entry: e, down: down, vsn: r.oldVsn(s, e.module, down),
			target: target, err: errGoexit})
		tasks = append(tasks, &all[len(all)-1].task)
	}
	crew := r.newWorkerPool(r.ctx, StepChange, tasks, timeoutOf(r.options.CodeChangeTimeout, 0))
	defer crew.stopTicker()
	crew.work(func(i int) { r.sendChange(&all[i], crew) })
	crew.stop()
	missed := false
	for i := range all {
		if !crew.wasSent(tasks[i]) {
			missed = true // another one has failed before
			continue
		}
		if err := r.noteChange(&all[i], crew.await(tasks[i])); err != nil && failure == nil {
			failure = err
		}
	}
	if missed && failure == nil {
		return cancelledError(r.ctx)
	}
	return failure
}

// change is the code change of one process. What is found out in the process lies here until it is known to be
// complete.
type change struct {
	task
	entry  changeEntry
	down   bool
	vsn    etf.Term
	target *Module

	undo      func()
	err       error
	took      time.Duration
	handled   uint64 // messages that its callbacks had seen
	uncopied  string // part of the old state that the code change could alter
	undecided bool   // the server has to be told that the change is kept
}

// lastChange is the code change that a process has made last.
type lastChange struct {
	changeEntry
	down   bool
	target *Module
}

// errGoexit is a code change that has ended its goroutine by runtime.Goexit, as test doubles do.
var errGoexit = &driver.ChangeError{Reason: etf.Tuple{etf.Atom("EXIT"), etf.Atom("goexit")},
	Err: &genserv.Exit{Reason: etf.Atom("goexit")}}

// sendChange asks a process to change itself. If that fails no other one is asked.
func (r *run) sendChange(c *change, crew *workerPool) {
	_, loaded := r.postPurge[c.target.name()]
	c.request.sendTo(c, func(l *genserv.Loop) func() {
		defer func() {
			if c.err != nil {
				crew.stop()
			}
		}()
		return r.changeInProcess(c, l, loaded)
	})
}

// changeInProcess runs in the process.
func (r *run) changeInProcess(c *change, l *genserv.Loop, loaded bool) (undo func()) {
	changeCode := l.ChangeCode
	if loaded {
		changeCode = l.ChangeLoaded
	}
	began := time.Now()
	c.uncopied = l.Uncopied()
	c.undo, c.err = changeCode(c.vsn, c.target.Code, c.entry.extra)
	c.undecided = l.Undecided()
	c.took, c.handled = time.Since(began), l.Handled()
	r.traced(c, StepChange, etf.Tuple{etf.Atom("change_code"), c.entry.module, c.vsn, c.entry.extra})
	return c.undo
}

// noteChange notes what became of a change.
func (r *run) noteChange(c *change, f fate) error {
	s := c.subject
	switch f {
	case fateDone:
	case fateEnded:
		s.noteEnded()
		return nil
	case fateCancelled:
		s.noteHung()
		return cancelledError(r.ctx)
	default:
		s.noteHung()
		return exitError(etf.Tuple{etf.Atom("timeout"), etf.Tuple{etf.Atom("sys"), etf.Atom("change_code"), r.changeArgs(c)}})
	}
	s.report.Took += c.took
	if s.uncopied == "" {
		s.uncopied = c.uncopied
	}
	if c.err != nil {
		s.report.Outcome, s.report.Reason = OutcomeFailed, c.err.Error()
		if s.uncopied != "" {
			s.report.Undone = UndoneUncopied
		}
		return &Error{Reason: etf.Tuple{etf.Atom("code_change_failed"), s.Pid(), c.entry.module, c.vsn,
			driver.ChangeReason(c.err)}, Err: c.err}
	}
	s.noteChanged(c)
	r.undos = append(r.undos, undoStep{process: s})
	return nil
}

func (s *subject) noteChanged(c *change) {
	s.undos = append(s.undos, c.undo)
	s.undecided = c.undecided
	s.last = &lastChange{c.entry, c.down, c.target}
	s.noteSwitched(c.handled)
	s.report.Outcome = OutcomeChanged
	if c.target.name() != "" {
		s.report.To = c.target.vsnText()
	}
}

// targetModule is the version of its callback module that a process is to run after the script.
func (r *run) targetModule(s *subject) *Module {
	name := s.Code().Name()
	if v, ok := r.versionPairs[name]; ok {
		return v.new
	}
	if m, known := r.versions.Current(name); known {
		return m
	}
	return &Module{Code: s.Code()} // a module without versions changes its state only
}

// oldVsn is what CodeChange gets. Differs from OTP, where it is the version of the code that was loaded last: a
// process that an earlier upgrade left behind is told the version that it really runs.
func (r *run) oldVsn(s *subject, module etf.Atom, down bool) etf.Term {
	v, known := r.versionPairs[module]
	switch {
	case !known && down:
		return etf.Tuple{etf.Atom("down"), etf.Atom("undefined")}
	case !known:
		return etf.Atom("undefined")
	case down:
		return etf.Tuple{etf.Atom("down"), v.new.Version()}
	}
	if m := r.versions.Of(s.Code()); m != nil && m.name() == module && m != v.new {
		return m.Version()
	}
	if v.old == nil {
		return etf.Atom("undefined")
	}
	return v.old.Version()
}

// changeArgs are the arguments of sys:change_code/4 and /5, as its exit reason shows them.
func (r *run) changeArgs(c *change) etf.List {
	args := etf.List{c.Pid(), c.entry.module, c.vsn, c.entry.extra}
	if t := r.options.CodeChangeTimeout; t != 0 {
		args = append(args, etf.Int(t.Milliseconds()))
	}
	return args
}

// noteEnded notes that a process has ended: there is nothing to be undone in it, or no longer.
func (s *subject) noteEnded() {
	s.excluded, s.suspended = true, false
	s.report.Outcome, s.report.Undone = OutcomeEnded, ""
}

// noteHung notes that a process does not come back from its code change. When it does it takes that back and goes on.
func (s *subject) noteHung() { s.excluded, s.suspended, s.report.Outcome = true, false, OutcomeHung }
