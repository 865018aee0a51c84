package codechange

import (
	"errors"
	"fmt"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// Error is an upgrade that failed or was refused. Everything that it had changed has been undone, see Report.
type Error struct {
	// Reason is what release_handler:install_release/1 returns behind error.
	Reason etf.Term
	// Exit says that it failed after the point of no return. release_handler_1:eval_script/1 then returns {'EXIT',
	// Reason}, else {error, Reason}. OTP would restart the node.
	Exit bool
	// Err is the error of the callback or function behind it, or nil.
	Err error
}

func (e *Error) Error() string { return "codechange: " + etf.FormatMax(e.Reason, maxText) }

// Unwrap returns Err.
func (e *Error) Unwrap() error { return e.Err }

// Term returns what eval_script returns.
func (e *Error) Term() etf.Term {
	if e.Exit {
		return etf.Tuple{etf.Atom("EXIT"), e.Reason}
	}
	return etf.Tuple{etf.Atom("error"), e.Reason}
}

// Hint is the Err of an Error that can say what to do about it.
type Hint struct{ Text string }

func (h *Hint) Error() string { return h.Text }

func newHint(format string, args ...any) error { return &Hint{fmt.Sprintf(format, args...)} }

// errNoDowngrade says that a process cannot run an older version.
var errNoDowngrade = errors.New("there is no way back")

// ErrAborted is the cause of a context by which an upgrade is given up: it fails with the reason {'EXIT', aborted}.
var ErrAborted = errors.New("codechange: the upgrade was given up")

// maxText bounds a reason in the text of an error.
const maxText = 2000

// throwError is what an instruction throws: throw(Reason) of OTP's eval/2.
func throwError(reason etf.Term) *Error { return &Error{Reason: reason} }

// exitError is an exit or error within an instruction, as catch shows it.
func exitError(reason etf.Term) *Error { return throwError(etf.Tuple{etf.Atom("EXIT"), reason}) }

// asError makes the Error of an instruction out of any error.
func asError(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	var failure *genserv.Failure
	if errors.As(err, &failure) && failure.Class == "throw" {
		return &Error{Reason: failure.Reason, Err: err}
	}
	e = exitError(genserv.ExitReason(err))
	e.Err = err
	return e
}

// undefError is the error of applying a function that does not exist.
func undefError(c mfa) *Error {
	return exitError(etf.Tuple{etf.Atom("undef"), etf.List{append(c.term(), etf.List{})}})
}
