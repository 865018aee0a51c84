package genserv

import (
	"errors"
	"fmt"

	"github.com/gonode-otp/gonode/etf"
)

// ChangeError is a code change that failed. It unwraps to the error that the callback returned, to an *Exit if it
// panicked, or to a *StateTypeError.
type ChangeError struct {
	Reason etf.Term // as sys:change_code tells it: the returned {error, Reason}, or {'EXIT', Reason}
	Err    error
}

func (e *ChangeError) Error() string { return e.Err.Error() }

// Unwrap returns Err.
func (e *ChangeError) Unwrap() error { return e.Err }

// changeFailure is a *ChangeError without the traps of a nil pointer in an error.
type changeFailure = ChangeError

// ChangeReason is what sys:change_code tells of a failed ChangeCode.
func ChangeReason(err error) etf.Term {
	var failed *ChangeError
	if errors.As(err, &failed) {
		return failed.Reason
	}
	return etf.Tuple{atomError, etf.Binary(clipText(err.Error()))}
}

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

func (s *server[S]) codeChange(oldVsn, extra etf.Term) *changeFailure {
	return s.change(oldVsn, s.current, extra)
}

// change makes old the state by the server's CodeChange.
func (s *server[S]) change(oldVsn etf.Term, old any, extra etf.Term) *changeFailure {
	if s.changer == nil {
		return changeCrash(undefined(s.name, "code_change", oldVsn, showAny(old), extra))
	}
	var state S
	var err error
	if c := protect(func() { state, err = s.changer.CodeChange(oldVsn, old, extra) }); c != nil {
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

func (s *server[S]) convert(oldVsn etf.Term, from instance, extra etf.Term) *changeFailure {
	return s.change(oldVsn, from.state(), extra)
}

func (s *server[S]) adopt(state any) bool {
	v, ok := state.(S)
	if ok {
		s.current = v
	}
	return ok
}

func (s *server[S]) canDowngrade() bool { return s.downgrader != nil }

func (s *server[S]) downgrade(vsn, extra etf.Term) (state any, failure *changeFailure) {
	var err error
	if c := protect(func() { state, err = s.downgrader.Downgrade(vsn, s.current, extra) }); c != nil {
		return nil, changeCrash(c)
	}
	if err != nil {
		return nil, changeError(err)
	}
	return state, nil
}

// StateTypeError is a code change whose state does not fit the code it is for.
type StateTypeError struct {
	Module etf.Atom // the callback module that should have run with it
	State  string   // Go type of the state
}

func (e *StateTypeError) Error() string {
	return fmt.Sprintf("genserv: %s cannot run with a state of type %s", e.Module, e.State)
}

// ChangeCode makes the suspended server run m from now on, with the state that m's CodeChange makes of the present one; it
// is what an update instruction of a release does to a process. With oldVsn {down, Vsn} the running server makes the older
// state: by its Downgrade, or by its CodeChange if the older module has the same state type.
//
// If it fails nothing has changed, and the error is a *ChangeError. Else undo brings the old module and its state back; it
// may be called only while the server is still suspended, and what the server did in between is forgotten.
func (l *Loop) ChangeCode(oldVsn etf.Term, m Module, extra etf.Term) (undo func(), err error) {
	return l.swap(m, func(next instance) *changeFailure {
		return changeTo(next, l.inst, orUndefined(oldVsn), orUndefined(extra))
	})
}

// ChangeLoaded is ChangeCode for a module that was loaded before: as in OTP, where whatever code is loaded runs, m's CodeChange
// makes the state on the way down, too, unless the running server is a Downgrader. That is how a supervisor is changed.
func (l *Loop) ChangeLoaded(oldVsn etf.Term, m Module, extra etf.Term) (undo func(), err error) {
	if l.inst.canDowngrade() {
		return l.ChangeCode(oldVsn, m, extra)
	}
	return l.swap(m, func(next instance) *changeFailure {
		return next.convert(orUndefined(oldVsn), l.inst, orUndefined(extra))
	})
}

// LoadCode makes the suspended server run m from now on with the state that it has, as loading a new version of a callback
// module without an update instruction does. The state types have to be the same. For undo and the error see ChangeCode.
func (l *Loop) LoadCode(m Module) (undo func(), err error) {
	return l.swap(m, func(next instance) *changeFailure { return adopt(next, l.inst.state()) })
}

// Value returns the state itself, in the type that the server gave it.
func (l *Loop) Value() any { return l.inst.state() }

// CanDowngrade tells whether the server that runs now is a Downgrader.
func (l *Loop) CanDowngrade() bool { return l.inst.canDowngrade() }

// Rehearse prepares ChangeCode without doing it: the returned function makes the new state and forgets it. It may be called
// from any goroutine, at best while the server is still suspended; the state it works on is a copy if the server is a
// StateCopier. loaded makes it a rehearsal of ChangeLoaded. Its error is that of ChangeCode.
func (l *Loop) Rehearse(oldVsn etf.Term, m Module, extra etf.Term, loaded bool) (rehearse func() error, err error) {
	twin, failure := l.inst.twin()
	if failure != nil {
		return nil, failure
	}
	return func() error {
		if loaded && !twin.canDowngrade() {
			return m.newInstance().convert(orUndefined(oldVsn), twin, orUndefined(extra)).asError()
		}
		return changeTo(m.newInstance(), twin, orUndefined(oldVsn), orUndefined(extra)).asError()
	}, nil
}

func (l *Loop) swap(m Module, fill func(next instance) *changeFailure) (undo func(), err error) {
	if l.mode != modeSuspended {
		return nil, ErrNotSuspended
	}
	old, next := l.inst, m.newInstance()
	if failure := fill(next); failure != nil {
		return nil, failure
	}
	l.become(next)
	return func() { l.become(old) }, nil
}

func (l *Loop) become(inst instance) {
	l.inst = inst
	l.code.Store(inst.code())
}

func changeTo(next, old instance, oldVsn, extra etf.Term) *changeFailure {
	vsn, down := downVsn(oldVsn)
	if !down {
		return next.convert(oldVsn, old, extra)
	}
	if old.canDowngrade() {
		state, failure := old.downgrade(vsn, extra)
		if failure != nil {
			return failure
		}
		return adopt(next, state)
	}
	before := old.state()
	if failure := old.codeChange(oldVsn, extra); failure != nil {
		return failure
	}
	changed := old.state()
	old.adopt(before)
	return adopt(next, changed)
}

// asError keeps a nil pointer from becoming an error that is not nil.
func (e *ChangeError) asError() error {
	if e == nil {
		return nil
	}
	return e
}

// adopt gives a state to an instance. A state of another type is the odd return value of OTP, where it would be found later.
func adopt(next instance, state any) *changeFailure {
	if next.adopt(state) {
		return nil
	}
	err := &StateTypeError{Module: next.moduleName(), State: fmt.Sprintf("%T", state)}
	return &changeFailure{Reason: etf.Tuple{etf.Atom("bad_state"), etf.Binary(err.State)}, Err: err}
}

// twin implements instance.
func (s *server[S]) twin() (instance, *changeFailure) {
	t := &server[S]{module: s.module, current: s.current}
	if s.copier == nil {
		return t, nil
	}
	if c := protect(func() { t.current = s.copier.CopyState(s.current) }); c != nil {
		return nil, changeCrash(c)
	}
	return t, nil
}

// downVsn takes {down, Vsn} apart.
func downVsn(oldVsn etf.Term) (vsn etf.Term, down bool) {
	if t, ok := oldVsn.(etf.Tuple); ok && len(t) == 2 && isAtom(t[0], "down") {
		return t[1], true
	}
	return nil, false
}
