package genserv

import (
	"errors"
	"fmt"

	"github.com/gonode-otp/gonode/etf"
)

// changeFailure is a code_change that did not return {ok, State}.
type changeFailure struct {
	why etf.Term // what sys:change_code tells: the returned {error, Reason}, or {'EXIT', Reason}
	err error    // the same as an error
}

func changeError(err error) *changeFailure {
	var reason etf.Term = etf.Binary(clipText(err.Error()))
	var exit *Exit
	if errors.As(err, &exit) {
		reason = orUndefined(exit.Reason)
	}
	return &changeFailure{why: etf.Tuple{atomError, reason}, err: err}
}

func changeCrash(c *crash) *changeFailure {
	reason := c.exitReason()
	return &changeFailure{why: etf.Tuple{etf.Atom("EXIT"), reason}, err: &Exit{Reason: reason}}
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
// If it fails nothing has changed; the error is what CodeChange returned, an *Exit if it panicked, or a *StateTypeError. Else
// undo brings the old module and its state back; it may be called only while the server is still suspended, and what the
// server did in between is forgotten.
func (l *Loop) ChangeCode(oldVsn etf.Term, m Module, extra etf.Term) (undo func(), err error) {
	return l.swap(m, func(next instance) error { return changeTo(next, l.inst, orUndefined(oldVsn), orUndefined(extra)) })
}

// LoadCode makes the suspended server run m from now on with the state that it has, as loading a new version of a callback
// module without an update instruction does. The state types have to be the same. For undo see ChangeCode.
func (l *Loop) LoadCode(m Module) (undo func(), err error) {
	return l.swap(m, func(next instance) error { return adopt(next, l.inst.state()) })
}

func (l *Loop) swap(m Module, fill func(next instance) error) (undo func(), err error) {
	if l.mode != modeSuspended {
		return nil, ErrNotSuspended
	}
	old, next := l.inst, m.newInstance()
	if err := fill(next); err != nil {
		return nil, err
	}
	l.inst = next
	return func() { l.inst = old }, nil
}

func changeTo(next, old instance, oldVsn, extra etf.Term) error {
	vsn, down := downVsn(oldVsn)
	if !down {
		return next.convert(oldVsn, old, extra).asError()
	}
	if old.canDowngrade() {
		state, failure := old.downgrade(vsn, extra)
		if failure != nil {
			return failure.err
		}
		return adopt(next, state)
	}
	before := old.state()
	if failure := old.codeChange(oldVsn, extra); failure != nil {
		return failure.err
	}
	changed := old.state()
	old.adopt(before)
	return adopt(next, changed)
}

func (f *changeFailure) asError() error {
	if f == nil {
		return nil
	}
	return f.err
}

func adopt(next instance, state any) error {
	if !next.adopt(state) {
		return &StateTypeError{Module: next.moduleName(), State: fmt.Sprintf("%T", state)}
	}
	return nil
}

// downVsn takes {down, Vsn} apart.
func downVsn(oldVsn etf.Term) (vsn etf.Term, down bool) {
	if t, ok := oldVsn.(etf.Tuple); ok && len(t) == 2 && isAtom(t[0], "down") {
		return t[1], true
	}
	return nil, false
}
