package genserv

import (
	"errors"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv/driver"
)

// changeFailure is a *driver.ChangeError without the traps of a nil pointer in an error.
type changeFailure = driver.ChangeError

func changeError(err error) *changeFailure {
	var reason etf.Term = etf.Binary(clipText(err.Error()))
	var exit *Exit
	if errors.As(err, &exit) {
		reason = orUndefined(exit.Reason)
	}
	return &changeFailure{Reason: etf.Tuple{atomError, reason}, Err: err}
}

func changeCrash(c *crash) *changeFailure {
	reason := c.exitReason()
	return &changeFailure{Reason: etf.Tuple{etf.Atom("EXIT"), reason}, Err: &Exit{Reason: reason}}
}

func (s *server[S]) codeChange(p *Process, oldVsn, extra etf.Term) *changeFailure {
	return s.change(p, oldVsn, s.current, extra)
}

// change makes old the state by the server's CodeChange.
func (s *server[S]) change(p *Process, oldVsn etf.Term, old any, extra etf.Term) *changeFailure {
	var state S
	var err error
	var c *crash
	switch {
	case s.processChanger != nil:
		c = protect(func() { state, err = s.processChanger.CodeChange(p, oldVsn, old, extra) })
	case s.changer != nil:
		c = protect(func() { state, err = s.changer.CodeChange(oldVsn, old, extra) })
	default:
		c = undefined(s.name, "code_change", oldVsn, showAny(old), extra)
	}
	if c != nil {
		return changeCrash(c)
	}
	if err != nil {
		return changeError(err)
	}
	s.current = state
	return nil
}

// showAny shows the state of another server, whose ShowState does not know it.
func showAny(state any) etf.Term {
	return (&server[any]{module: &module[any]{}}).show(state)
}

func (s *server[S]) convert(p *Process, oldVsn etf.Term, from instance, extra etf.Term) *changeFailure {
	return s.change(p, oldVsn, from.state(), extra)
}

func (s *server[S]) adopt(state any) bool {
	v, ok := state.(S)
	if !ok {
		v, ok = alike[S](state)
	}
	if ok {
		s.current = v
	}
	return ok
}

func (s *server[S]) canDowngrade() bool { return s.downgrader != nil || s.processDowngrader != nil }

func (s *server[S]) downgrade(p *Process, vsn, extra etf.Term) (state any, failure *changeFailure) {
	var err error
	c := protect(func() {
		if s.processDowngrader != nil {
			state, err = s.processDowngrader.Downgrade(p, vsn, s.current, extra)
		} else {
			state, err = s.downgrader.Downgrade(vsn, s.current, extra)
		}
	})
	if c != nil {
		return nil, changeCrash(c)
	}
	if err != nil {
		return nil, changeError(err)
	}
	return state, nil
}

// ChangeCode makes the suspended server run m from now on, with the state that m's CodeChange makes of the present
// one; it is what an update instruction of a release does to a process. With oldVsn {down, Vsn} the running server
// makes the older state: by its Downgrade, or by its CodeChange if the older module has the same state type. The
// code change gets a copy of the state if the server that runs now is a StateCopier; see Uncopied.
//
// If it fails nothing has changed, and the error is a *driver.ChangeError. Else undo brings the old module and its
// state back; it may be called only while the server is still suspended, and what the server did in between is
// forgotten. Either undo or KeepCodeChanges has to be called.
func (l *Loop) ChangeCode(oldVsn etf.Term, m Module, extra etf.Term) (undo func(), err error) {
	return l.change(m, &stateChange{p: &l.p, oldVsn: orUndefined(oldVsn), extra: orUndefined(extra)})
}

// ChangeLoaded is ChangeCode for a module that was loaded before: as in OTP, where whatever code is loaded runs, m's
// CodeChange makes the state on the way down, too, unless the running server is a Downgrader. That is how a
// supervisor is changed.
func (l *Loop) ChangeLoaded(oldVsn etf.Term, m Module, extra etf.Term) (undo func(), err error) {
	return l.change(m, &stateChange{p: &l.p, oldVsn: orUndefined(oldVsn), extra: orUndefined(extra), loaded: true})
}

func (l *Loop) change(m Module, c *stateChange) (undo func(), err error) {
	if l.mode != modeSuspended {
		return nil, driver.ErrNotSuspended
	}
	from, failure := l.inst.copyInstance()
	if failure == nil {
		failure = c.make(m, from)
	}
	if failure != nil {
		return nil, failure
	}
	return l.replace(c.by, c.next), nil
}

// LoadCode makes the suspended server run m from now on with the state that it has, as loading a new version of a
// callback module without an update instruction does. The state types have to be the same, or have the same layout.
// For undo and the error see ChangeCode.
func (l *Loop) LoadCode(m Module) (undo func(), err error) {
	if l.mode != modeSuspended {
		return nil, driver.ErrNotSuspended
	}
	next := m.newInstance()
	if failure := adopt(next, l.inst.state()); failure != nil {
		return nil, failure
	}
	return l.replace(nil, next), nil
}

// Value returns the state itself, in the type that the server gave it.
func (l *Loop) Value() any { return l.inst.state() }

// Revert has a server whose code is back, after a code change was undone, keep what became of now, the state that the
// newer code had; see Reverter. It reports whether it has.
func (l *Loop) Revert(now any) bool { return l.inst.revert(now) }

// CanDowngrade tells whether the server that runs now is a Downgrader.
func (l *Loop) CanDowngrade() bool { return l.inst.canDowngrade() }

// Uncopied tells which part of the state a code change could alter although the state is kept, such as ".Cache is a
// map"; "" if there is none, because the server is a StateCopier or the state is a value.
func (l *Loop) Uncopied() string { return l.inst.uncopied() }

// Rehearse prepares ChangeCode without doing it: the returned function makes the new state and forgets it. It may
// be called from any goroutine; the state it works on is a copy. loaded makes it a rehearsal of ChangeLoaded. Its
// error is that of ChangeCode, or an *driver.UntriedError, as that of Rehearse is if the state cannot be copied.
func (l *Loop) Rehearse(oldVsn etf.Term, m Module, extra etf.Term, loaded bool) (rehearse func() error, err error) {
	if part := l.inst.uncopied(); part != "" {
		return nil, &driver.UntriedError{Module: l.inst.moduleName(),
			Why: "a code change could alter the state in place, for " + part + " and the server is no genserv.StateCopier"}
	}
	copied, failure := l.inst.copyInstance()
	if failure != nil {
		return nil, failure
	}
	p, proc := l.p.rehearsing()
	name := l.inst.moduleName()
	return func() error {
		c := &stateChange{p: p, oldVsn: orUndefined(oldVsn), extra: orUndefined(extra), loaded: loaded}
		failure := c.make(m, copied)
		if failure == nil {
			return c.by.endChange(p, false, copied.state(), c.next.state()).asError()
		}
		if proc.refused {
			return &driver.UntriedError{Module: name, Why: "it starts a process or waits for one, which a rehearsal does not do"}
		}
		return failure
	}, nil
}

func (l *Loop) become(inst instance) {
	l.inst = inst
	l.code.Store(inst.code())
}

// stateChange is one code change: it makes the state of a new instance out of that of an old one.
type stateChange struct {
	p             *Process
	oldVsn, extra etf.Term
	loaded        bool

	by, next instance // by has made the new state, which next has
}

func (c *stateChange) make(m Module, old instance) *changeFailure {
	c.next = m.newInstance()
	vsn, down := downVsn(c.oldVsn)
	if !down || c.loaded && !old.canDowngrade() {
		c.by = c.next
		return c.next.convert(c.p, c.oldVsn, old, c.extra)
	}
	c.by = old
	before := old.state()
	var changed any
	var failure *changeFailure
	if old.canDowngrade() {
		changed, failure = old.downgrade(c.p, vsn, c.extra)
	} else {
		failure = old.codeChange(c.p, c.oldVsn, c.extra)
		changed = old.state()
		old.adopt(before)
	}
	if failure != nil {
		return failure
	}
	if failure = adopt(c.next, changed); failure != nil {
		_ = c.by.endChange(c.p, false, before, changed)
	}
	return failure
}

// adopt gives a state to an instance. A state of another type is an error here; OTP would find it only later.
func adopt(next instance, state any) *changeFailure {
	if next.adopt(state) {
		return nil
	}
	err := &driver.StateTypeError{Module: next.moduleName(), State: typeName(reflectType(state))}
	return &changeFailure{Reason: etf.Tuple{etf.Atom("bad_state"), etf.Binary(err.State)}, Err: err}
}

// copyInstance implements instance.
func (s *server[S]) copyInstance() (instance, *changeFailure) {
	t := &server[S]{module: s.module, current: s.current}
	if s.copier == nil {
		return t, nil
	}
	if c := protect(func() { t.current = s.copier.CopyState(s.current) }); c != nil {
		return nil, changeCrash(c)
	}
	return t, nil
}

// revert implements instance.
func (s *server[S]) revert(now any) bool {
	if s.reverter == nil {
		return false
	}
	var state S
	var err error
	if c := protect(func() { state, err = s.reverter.Revert(s.current, now) }); c != nil || err != nil {
		return false
	}
	s.current = state
	return true
}

// downVsn takes {down, Vsn} apart.
func downVsn(oldVsn etf.Term) (vsn etf.Term, down bool) {
	if t, ok := etf.AsTuple(oldVsn, "down", 2); ok {
		return t[1], true
	}
	return nil, false
}
