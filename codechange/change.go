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

// maxBatch is how many processes are changed at the same time at most. Each batch is batchGrowth times as large as the
// one before.
const maxBatch, batchGrowth = 4096, 4

// changeAll changes processes: one after the other at first, so that a bad code change is found with few processes, and
// then in growing batches until one fails. Differs from OTP, which changes one process at a time.
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

// changeBatch changes some processes at the same time. It returns when the result of each is known.
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
	pool := r.newWorkerPool(r.ctx, StepChange, tasks, timeoutOf(r.options.CodeChangeTimeout, 0))
	defer pool.stopTicker()
	pool.work(func(i int) { r.sendChange(&all[i], pool) })
	pool.stop()
	missed := false
	for i := range all {
		if !pool.wasSent(tasks[i]) {
			missed = true // another one has failed before
			continue
		}
		if err := r.noteChange(&all[i], pool.await(tasks[i])); err != nil && failure == nil {
			failure = err
		}
	}
	if missed && failure == nil {
		return cancelledError(r.ctx)
	}
	return failure
}

// change is the code change of one process. Its fields are set in the process and read when the request is done.
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

// sendChange asks a process to change its code. If that fails, no further process is asked.
func (r *run) sendChange(c *change, pool *workerPool) {
	_, loaded := r.postPurge[c.target.name()]
	c.request.sendTo(c, func(l *genserv.Loop) func() {
		defer func() {
			if c.err != nil {
				pool.stop()
			}
		}()
		return r.changeInProcess(c, l, loaded)
	})
}

// changeInProcess makes the code change; it runs in the process.
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

// oldVsn is the first argument of CodeChange. Differs from OTP, where it is the version of the code that was loaded
// last: a process that an earlier upgrade left behind is told the version that it really runs.
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

// noteHung notes that a process does not return from its code change. If it returns later, it undoes the code change
// and resumes.
func (s *subject) noteHung() { s.excluded, s.suspended, s.report.Outcome = true, false, OutcomeHung }
