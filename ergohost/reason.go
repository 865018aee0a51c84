package ergohost

import (
	"errors"

	"ergo.services/ergo/gen"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// reasons are those that both sides have a word for. The first one of a term is the one that a term becomes.
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

// Reason returns the term of a termination reason of ergo, as a BEAM sees it. gen.TerminateReasonNormal, -Shutdown
// and -Kill are normal, shutdown and killed, -Panic is panic, and what ergo has errors for is OTP's word for it:
// noproc, noconnection, timeout, mailbox_full for a mailbox without room. A *genserv.Exit is its Reason, which makes
// it the error to end an actor with where the reason matters. Anything else is its text as a binary.
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

// Error is the inverse of Reason: the error with which ergo's links and monitors tell of a process that ended with
// reason on a BEAM. It is one of ergo's own, or a *genserv.Exit.
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
