package codechange

import (
	"time"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// eval changes the state and the code of the suspended processes of modules.
func (i changeCode) eval(r *run) error {
	for _, e := range i.entries {
		r.changes[e.module], r.extra[e.module] = changeDone{e, i.down}, e.extra
		if err := r.changeAll(r.suspended[e.module], e, i.down); err != nil {
			return err
		}
	}
	return nil
}

// maxBatch is how many processes change at a time at most.
const maxBatch = 256

// changeAll changes processes: at first one after the other, so that a code change that does not work is found out with few,
// and then more and more at a time. Differs from OTP, where it is one all the way.
func (r *run) changeAll(group []*subject, e changeEntry, down bool) error {
	for size, begin := 1, true; len(group) > 0; {
		batch := group[:min(size, len(group))]
		group = group[len(batch):]
		if err := r.changeBatch(batch, e, down); err != nil {
			return err
		}
		if !begin {
			size = min(2*size, maxBatch)
		}
		begin = false
	}
	return nil
}

// changeBatch changes processes at a time. It returns when it is known of each what became of it.
func (r *run) changeBatch(batch []*subject, e changeEntry, down bool) error {
	limit, stop := limitOf(r.options.CodeChangeTimeout, 0)
	defer stop()
	var all []*change
	var failure error
	for _, s := range batch {
		c, err := r.begin(s, e, down)
		if err != nil {
			failure = err
			break
		}
		if c != nil {
			all = append(all, c)
		}
	}
	for _, c := range all {
		if err := r.finish(c, limit); err != nil && failure == nil {
			failure = err
		}
	}
	return failure
}

// change is the code change of one process. What is found out in the process lies here until it is known to be complete.
type change struct {
	*subject
	entry  changeEntry
	vsn    etf.Term
	target *Module
	sent   *errand

	undo      func()
	err       error
	took      time.Duration
	uncopied  string // part of the old state that the code change could alter
	undecided bool   // the server has to be told that the change is kept
}

// begin asks a process to change itself. It returns nil if its end has been noticed already.
func (r *run) begin(s *subject, e changeEntry, down bool) (*change, error) {
	if !s.suspended || s.excluded {
		return nil, nil
	}
	c := &change{subject: s, entry: e, vsn: r.oldVsn(s, e.module, down), target: r.target(s)}
	if c.target == nil || c.target.Code == nil {
		return nil, exited(etf.Tuple{etf.Atom("undef"), etf.List{etf.Tuple{s.report.Module, etf.Atom("code_change"), etf.Int(3), etf.List{}}}})
	}
	_, loaded := r.left[c.target.name()]
	r.options.under.ask(s, StepChange)
	c.sent = send(s, func(l *genserv.Loop) func() {
		changeCode := l.ChangeCode
		if loaded {
			changeCode = l.ChangeLoaded
		}
		began := time.Now()
		c.uncopied = l.Uncopied()
		c.undo, c.err = changeCode(c.vsn, c.target.Code, e.extra)
		c.undecided = l.Undecided()
		c.took = time.Since(began)
		r.traced(s, StepChange, etf.Tuple{etf.Atom("change_code"), e.module, c.vsn, e.extra})
		return c.undo
	})
	return c, nil
}

// finish waits for a change and notes what became of it.
func (r *run) finish(c *change, limit <-chan struct{}) error {
	s := c.subject
	switch c.sent.wait(r.ctx, s, limit) {
	case fateDone:
	case fateEnded:
		s.ended()
		return nil
	case fateCalled:
		s.hang()
		return stopping(r.ctx)
	default:
		s.hang()
		return exited(etf.Tuple{etf.Atom("timeout"), etf.Tuple{etf.Atom("sys"), etf.Atom("change_code"), r.changeArgs(c)}})
	}
	s.report.Took += c.took
	if s.uncopied == "" {
		s.uncopied = c.uncopied
	}
	if c.err != nil {
		s.report.Outcome, s.report.Reason = Failed, c.err.Error()
		if s.uncopied != "" {
			s.report.Undone = Uncopied
		}
		return &Error{Reason: etf.Tuple{etf.Atom("code_change_failed"), s.Pid(), c.entry.module, c.vsn, genserv.ChangeReason(c.err)}, Err: c.err}
	}
	s.changed(c)
	r.undos = append(r.undos, undoing{process: s})
	return nil
}

func (s *subject) changed(c *change) {
	s.undos = append(s.undos, c.undo)
	s.extra, s.switched, s.undecided = c.entry.extra, true, c.undecided
	s.report.Outcome = Changed
	if c.target.name() != "" {
		s.report.To = c.target.vsnText()
	}
}

// target is the version of its callback module that a process is to run after the script.
func (r *run) target(s *subject) *Module {
	name := s.Code().Name()
	if v, ok := r.vsns[name]; ok {
		return v.new
	}
	if m, known := r.versions.Current(name); known {
		return m
	}
	return &Module{Code: s.Code()} // a module without versions changes its state only
}

// oldVsn is what CodeChange gets. Differs from OTP, where it is the version of the code that was loaded last: a process that an
// earlier upgrade left behind is told the version that it really runs.
func (r *run) oldVsn(s *subject, module etf.Atom, down bool) etf.Term {
	v, known := r.vsns[module]
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

func (s *subject) ended() { s.excluded, s.suspended, s.report.Outcome = true, false, Ended }

// hang notes that a process does not come back from its code change. When it does it takes that back and goes on.
func (s *subject) hang() { s.excluded, s.suspended, s.report.Outcome = true, false, Hung }
