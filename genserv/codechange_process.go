package genserv

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv/driver"
)

// ProcessCodeChanger is a CodeChanger whose code change needs its process: it may start timers and monitors, send
// messages, also to itself, and make calls. What an undone code change has sent is not taken back. In a rehearsal
// all of that does nothing, and a call fails with ErrRehearsal.
type ProcessCodeChanger[S any] interface {
	CodeChange(p *Process, oldVsn etf.Term, oldState any, extra etf.Term) (S, error)
}

// ProcessDowngrader is a Downgrader that gets its process, see ProcessCodeChanger.
type ProcessDowngrader[S any] interface {
	Downgrade(p *Process, vsn etf.Term, state S, extra etf.Term) (any, error)
}

// CodeChangeEnder is for a server whose states own something that has an end: goroutines, handles, listeners,
// files. It is told what became of each state that its CodeChange or Downgrade has made. kept means that the server
// goes on with newState, and that what only oldState owns can be released; otherwise the upgrade has failed, or was
// a rehearsal, and what only newState owns has to be released.
//
// It runs in the process, before the server goes on. A server that had to go on before the script had ended is told
// when it has ended, and one that ends before that is told that the change was kept, before Terminate. A code
// change that returned an error has made no state: it releases itself what it had begun with. Nothing in OTP
// corresponds to it, for there no code change is undone.
type CodeChangeEnder interface {
	EndCodeChange(p *Process, kept bool, oldState, newState any)
}

// undecided is the instance that runs after a code change, until the change is kept or undone.
type undecided struct {
	instance
	by      instance // whose CodeChange or Downgrade has made the state; nil if nobody has
	old     instance // that ran before; it may be undecided, too
	decided bool
}

// KeepCodeChanges makes the code changes since the last call final and tells the servers that made them; see
// CodeChangeEnder. A driver calls it when nothing can undo the changes any more.
func (l *Loop) KeepCodeChanges() {
	top, ok := l.inst.(*undecided)
	if !ok {
		return
	}
	l.inst = top.instance
	var changes []*undecided
	for c := top; ok; c, ok = c.old.(*undecided) {
		changes = append(changes, c)
	}
	for _, c := range slices.Backward(changes) {
		l.decide(c, true)
	}
}

// Undecided tells whether code changes wait for KeepCodeChanges or for their undo.
func (l *Loop) Undecided() bool {
	_, waiting := l.inst.(*undecided)
	return waiting
}

// decide tells the server that made a state what becomes of it.
func (l *Loop) decide(c *undecided, kept bool) {
	if c.decided || c.by == nil {
		return
	}
	c.decided = true
	if failed := c.by.endChange(&l.p, kept, c.old.state(), c.state()); failed != nil {
		l.p.Logger().LogAttrs(context.Background(), slog.LevelError, "EndCodeChange failed",
			slog.Any("module", LogTerm{Term: c.by.moduleName()}),
			slog.Any("reason", LogTerm{Term: failed.exitReason()}))
	}
}

// replace makes next the instance that runs, and returns a function that undoes this. by has made the state of next;
// nil means that next has the old state.
func (l *Loop) replace(by, next instance) (undo func()) {
	old := l.inst
	if _, waiting := old.(*undecided); !waiting && (by == nil || !by.endsChanges()) {
		l.become(next)
		return func() { l.become(old) }
	}
	c := &undecided{instance: next, by: by, old: old}
	l.become(c)
	return func() {
		l.become(old)
		l.decide(c, false)
	}
}

func (s *server[S]) endsChanges() bool { return s.ender != nil }

func (s *server[S]) endChange(p *Process, kept bool, oldState, newState any) *crash {
	if s.ender == nil {
		return nil
	}
	return protect(func() { s.ender.EndCodeChange(p, kept, oldState, newState) })
}

// ErrRehearsal is the error of what a process may not do while its code change is rehearsed.
var ErrRehearsal = errors.New("genserv: not in a rehearsal")

// rehearsing returns the process as a rehearsal of a code change sees it: nobody else learns of what it does.
func (p *Process) rehearsing() (*Process, *rehearsalProc) {
	p.dictMu.Lock()
	defer p.dictMu.Unlock()
	proc := &rehearsalProc{Proc: p.proc}
	return &Process{proc: proc, name: p.name, kept: &queue{}, dict: append(dictionary(nil), p.dict...)}, proc
}

// rehearsalProc is a Proc that changes nothing outside of the process. It makes references, and answers what changes
// nothing.
type rehearsalProc struct {
	driver.Proc
	refused bool // something that a code change may depend on
}

func (*rehearsalProc) Send(_, _ etf.Term) error     { return nil }
func (*rehearsalProc) Reply(_, _, _ etf.Term) error { return nil }
func (*rehearsalProc) After(time.Duration, etf.Term, etf.Term) func() bool {
	return func() bool { return true }
}

func (*rehearsalProc) SendPriority(_, _ etf.Term) error { return nil }
func (*rehearsalProc) Link(etf.Pid, bool)               {}
func (*rehearsalProc) Unlink(etf.Pid)                   {}
func (*rehearsalProc) Exit(_, _ etf.Term, _ bool)       {}
func (*rehearsalProc) TrapExit(bool) bool               { return true }
func (*rehearsalProc) Demonitor(etf.Ref)                {}
func (*rehearsalProc) Unalias(etf.Ref) bool             { return true }
func (*rehearsalProc) Register(etf.Atom) error          { return nil }
func (*rehearsalProc) Unregister(etf.Atom) error        { return nil }
func (*rehearsalProc) Detach(etf.Term)                  {}

func (r *rehearsalProc) Monitor(etf.Term, driver.MonitorOptions) (etf.Ref, error) { return r.MakeRef() }
func (r *rehearsalProc) Alias(bool) (etf.Ref, error)                              { return r.MakeRef() }

func (r *rehearsalProc) Receive(time.Duration, func(etf.Term) bool) (etf.Term, error) {
	return nil, r.refuse()
}

func (r *rehearsalProc) Spawn(etf.Atom, driver.Module, etf.Term, bool) (etf.Pid, error) {
	return etf.Pid{}, r.refuse()
}

func (r *rehearsalProc) Call(context.Context, etf.Term, etf.Term) (etf.Term, error) {
	return nil, r.refuse()
}

func (r *rehearsalProc) MultiCall(
	_ context.Context, nodes []etf.Atom, _ etf.Atom, _ etf.Term,
) ([]NodeReply, []etf.Atom) {
	_ = r.refuse() // the nodes are told to be bad
	return nil, nodes
}

func (*rehearsalProc) Abcast(context.Context, []etf.Atom, etf.Atom, etf.Term) []etf.Atom { return nil }

func (r *rehearsalProc) Terminate(context.Context, etf.Term, etf.Term) error { return r.refuse() }

func (*rehearsalProc) Locate(_ context.Context, to etf.Term) (etf.Term, error) { return to, nil }

func (r *rehearsalProc) refuse() error {
	r.refused = true
	return ErrRehearsal
}

// uncopied implements instance.
func (s *server[S]) uncopied() string {
	if s.copier != nil {
		return ""
	}
	return sharedPart(goTypeOf[S](), s.current)
}
