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
	// ErrNotSuspended means that code can be changed only while the server is suspended.
	ErrNotSuspended = errors.New("genserv: the server is not suspended")
	// ErrBadFrom means that a reply has no destination, because the call that it answers did not say who made it.
	ErrBadFrom = errors.New("genserv: the call does not say who made it")
)

// CallFailure is a call without an answer. It unwraps to what happened: one of the errors of this package, or an *Exit.
type CallFailure struct {
	To    etf.Term // whom
	Err   error    // ErrNoProc, ErrNoConnection, ErrTimeout, ErrCallingSelf or an *Exit
	Cause error    // why the caller waited no longer, for ErrTimeout
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

// CallError returns the error of a call to a process whose monitor said that it ended with reason.
func CallError(to, reason etf.Term) error {
	return &CallFailure{To: to, Err: reasonError(reason)}
}

func reasonError(reason etf.Term) error {
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
		if len(r) == 2 && isAtom(r[0], "nodedown") {
			return ErrNoConnection
		}
	}
	return &Exit{Reason: orUndefined(reason)}
}

// TimeoutError returns the error of a call that the caller gave up because of cause, usually context.Cause of the
// context; nil means context.DeadlineExceeded.
func TimeoutError(to etf.Term, cause error) error {
	if cause == nil {
		cause = context.DeadlineExceeded
	}
	return &CallFailure{To: to, Err: ErrTimeout, Cause: cause}
}

// StartError turns the acknowledgement of Loop.Start into an error: nil for {ok, Pid}, ErrIgnore for ignore, and an
// *Exit with the reason for {error, Reason}; a reason {already_started, Pid} is an *AlreadyStarted.
func StartError(ack etf.Term) error {
	switch t := ack.(type) {
	case etf.Atom:
		return ErrIgnore
	case etf.Tuple:
		if len(t) == 2 && isAtom(t[0], "ok") {
			return nil
		}
		if len(t) == 2 {
			return startReason(t[1])
		}
	}
	return &Exit{Reason: etf.Tuple{etf.Atom("bad_start_result"), orUndefined(ack)}}
}

func startReason(reason etf.Term) error {
	if t, ok := reason.(etf.Tuple); ok && len(t) == 2 && isAtom(t[0], "already_started") {
		if pid, ok := t[1].(etf.Pid); ok {
			return &AlreadyStarted{Pid: pid}
		}
	}
	return &Exit{Reason: reason}
}

// ErrIgnore means that Init decided that the server is not wanted.
var ErrIgnore = errors.New("genserv: init said ignore")

// AlreadyStarted means that the name of the server is taken.
type AlreadyStarted struct{ Pid etf.Pid } // who has it

func (e *AlreadyStarted) Error() string { return "already started: " + etf.Format(e.Pid) }
