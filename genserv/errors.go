package genserv

import (
	"context"
	"errors"

	"github.com/gonode-otp/gonode/etf"
)

// What can become of a call. Every other end of the called process is an *Exit with its reason.
var (
	// ErrNoProc means that there is no such process, or none of that name. gen_server:call exits with noproc.
	ErrNoProc = errors.New("no such process")
	// ErrNoConnection means that the node of the process cannot be reached, or that the connection went away while the
	// call waited. gen_server:call exits with {nodedown, Node}.
	ErrNoConnection = errors.New("no connection to the node")
	// ErrTimeout means that no answer came in time; it may still come, and is then dropped. gen_server:call exits with
	// timeout. An error that matches it also matches the cause of the context, such as context.DeadlineExceeded.
	ErrTimeout = errors.New("time-out")
	// ErrCallingSelf means that a server called itself, which it could never answer. gen_server:call exits with
	// calling_self.
	ErrCallingSelf = errors.New("the process called itself")
	// ErrBadFrom means that a reply has no destination: the From of the call is malformed.
	ErrBadFrom = errors.New("genserv: the call does not say who made it")
)

// CallFailure is a call without an answer. It unwraps to what happened: one of the errors of this package, or an *Exit.
type CallFailure struct {
	To    etf.Term // whom
	Err   error    // ErrNoProc, ErrNoConnection, ErrTimeout, ErrCallingSelf or an *Exit
	Cause error    // why the caller waited no longer, for ErrTimeout: the cause of its context
}

func (e *CallFailure) Error() string {
	text := "call to " + etf.FormatMax(orUndefined(e.To), maxReasonText) + ": " + e.Err.Error()
	switch {
	case e.Cause == nil:
	case e.Cause == context.DeadlineExceeded: // the bare one, whose text says nothing more
		text += ": no answer within the time given"
	default:
		text += ": " + e.Cause.Error()
	}
	return text
}

// Unwrap returns Err and Cause.
func (e *CallFailure) Unwrap() []error {
	if e.Cause == nil {
		return []error{e.Err}
	}
	return []error{e.Err, e.Cause}
}

// callFailed is the error of a call to a process whose monitor said that it ended with reason.
func callFailed(to, reason etf.Term) error { return &CallFailure{To: to, Err: ReasonError(reason)} }

// ReasonError returns what a call fails with to a process that ended with reason: ErrNoProc for noproc, ErrNoConnection
// for noconnection and {nodedown, Node}, ErrCallingSelf for calling_self, and an *Exit for any other.
func ReasonError(reason etf.Term) error {
	switch r := reason.(type) {
	case etf.Atom:
		switch r {
		case "noproc":
			return ErrNoProc
		case "noconnection":
			return ErrNoConnection
		case "calling_self":
			return ErrCallingSelf
		}
	case etf.Tuple:
		if len(r) == 2 && etf.IsAtom(r[0], "nodedown") {
			return ErrNoConnection
		}
	}
	return &Exit{Reason: orUndefined(reason)}
}

// timeout is the error of a request whose response did not come in time.
func timeout(to etf.Term) error {
	return &CallFailure{To: to, Err: ErrTimeout, Cause: context.DeadlineExceeded}
}

// startError is {error, Reason} of a start; the reason {already_started, Pid} is an *AlreadyStarted.
func startError(reason etf.Term) error {
	if t, ok := etf.AsTuple(reason, "already_started", 2); ok {
		if pid, ok := t[1].(etf.Pid); ok {
			return &AlreadyStarted{Pid: pid}
		}
	}
	return &Exit{Reason: orUndefined(reason)}
}

// ErrIgnore means that Init decided that the server is not wanted.
var ErrIgnore = errors.New("genserv: init said ignore")

// AlreadyStarted means that the name of the server is taken.
type AlreadyStarted struct{ Pid etf.Pid } // the process that has the name

func (e *AlreadyStarted) Error() string { return "already started: " + etf.Format(e.Pid) }
