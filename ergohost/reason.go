package ergohost

import (
	"errors"

	"ergo.services/ergo/gen"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// reasons are the reasons for which both sides have a word. A term becomes the first reason in the list that has the
// term.
var reasons = []struct {
	err  error
	term etf.Atom
}{
	{gen.TerminateReasonNormal, genserv.Normal},
	{gen.TerminateReasonShutdown, genserv.Shutdown},
	{gen.TerminateReasonKill, genserv.Killed},
	{gen.TerminateReasonKill, "kill"},
	{gen.TerminateReasonPanic, "panic"},
	{gen.ErrProcessUnknown, "noproc"},
	{gen.ErrProcessTerminated, "noproc"},
	{gen.ErrNameUnknown, "noproc"},
	{gen.ErrNoConnection, "noconnection"},
	{gen.ErrTimeout, "timeout"},
	{gen.ErrProcessMailboxFull, "mailbox_full"},
	{gen.ErrNodeTerminated, genserv.Shutdown},
}

// Reason returns the term that a BEAM gets for a termination reason of ergo. gen.TerminateReasonNormal, -Shutdown and
// -Kill become normal, shutdown and killed, and -Panic becomes panic. Other errors of ergo become OTP's word: noproc,
// noconnection, timeout, or mailbox_full for a full mailbox. A *genserv.Exit becomes its Reason; end an actor with it
// where the reason matters. Any other error becomes its text as a binary.
func Reason(err error) etf.Term {
	var exit *genserv.Exit
	if errors.As(err, &exit) {
		return exit.Reason
	}
	for _, r := range reasons {
		if errors.Is(err, r.err) {
			return r.term
		}
	}
	return etf.Binary(err.Error())
}

// Error is the inverse of Reason: the error with which ergo's links and monitors report a process that ended with
// reason on a BEAM. It is an error of ergo, or a *genserv.Exit.
func Error(reason etf.Term) error {
	for _, r := range reasons {
		if etf.IsAtom(reason, r.term) {
			return r.err
		}
	}
	return &genserv.Exit{Reason: reason}
}

// callError is the error that an actor gets for a call to a Remote.
func callError(err error) error {
	switch {
	case errors.Is(err, genserv.ErrNoProc):
		return gen.ErrProcessUnknown
	case errors.Is(err, genserv.ErrNoConnection):
		return gen.ErrNoConnection
	case errors.Is(err, genserv.ErrTimeout):
		return gen.ErrTimeout
	}
	var exit *genserv.Exit
	if errors.As(err, &exit) {
		return Error(exit.Reason)
	}
	return err
}
