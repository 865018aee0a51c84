package driver

import (
	"errors"
	"fmt"

	"github.com/gonode-otp/gonode/etf"
)

// ErrNotSuspended means that code can be changed only while the server is suspended.
var ErrNotSuspended = errors.New("genserv: the server is not suspended")

// ChangeError is a code change that failed. It unwraps to the error that the callback returned, to a *genserv.Exit if
// it panicked, or to a *StateTypeError.
type ChangeError struct {
	Reason etf.Term // as sys:change_code tells it: the returned {error, Reason}, or {'EXIT', Reason}
	Err    error
}

func (e *ChangeError) Error() string { return e.Err.Error() }

// Unwrap returns Err.
func (e *ChangeError) Unwrap() error { return e.Err }

// ChangeReason is what sys:change_code tells of a failed code change.
func ChangeReason(err error) etf.Term {
	var failed *ChangeError
	if errors.As(err, &failed) {
		return failed.Reason
	}
	return etf.Tuple{etf.Atom("error"), etf.Binary(clipText(err.Error()))}
}

// StateTypeError is a code change whose state does not fit the code it is for.
type StateTypeError struct {
	Module etf.Atom // the callback module that should have run with it
	State  string   // Go type of the state
}

func (e *StateTypeError) Error() string {
	return fmt.Sprintf("genserv: %s cannot run with a state of type %s", e.Module, e.State)
}

// UntriedError is a code change that cannot be rehearsed.
type UntriedError struct {
	Module etf.Atom
	Why    string
}

func (e *UntriedError) Error() string {
	return "genserv: the code change of " + string(e.Module) + " was not tried: " + e.Why
}
