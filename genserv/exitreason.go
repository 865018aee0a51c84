package genserv

import (
	"context"
	"errors"

	"github.com/gonode-otp/gonode/etf"
)

// ExitReason returns the exit reason that stands for an error in Erlang: what catch exit:Reason sees of a call that
// failed. It is for a process that ends, or answers, because of the error.
//
//	nil                                   normal
//	*Exit                                 its Reason
//	ErrNoProc                             noproc
//	ErrNoConnection of a *CallFailure     {nodedown, Node}; noconnection if To names no node
//	ErrTimeout, context.DeadlineExceeded  timeout
//	ErrCallingSelf                        calling_self
//	*AlreadyStarted                       {already_started, Pid}
//	ErrIgnore                             ignore
//	an error with ExitReason() etf.Term   what that returns, as *Failure has it
//	any other                             its text, a binary
//
// Wrapped errors count. ReasonError is the way back. gen:do_call/4, gen:start/6.
func ExitReason(err error) etf.Term {
	if err == nil {
		return Normal
	}
	var exit *Exit
	var taken *AlreadyStarted
	var own interface{ ExitReason() etf.Term }
	switch {
	case errors.As(err, &exit):
		return orUndefined(exit.Reason)
	case errors.As(err, &taken):
		return etf.Tuple{etf.Atom("already_started"), taken.Pid}
	case errors.Is(err, ErrTimeout), errors.Is(err, context.DeadlineExceeded):
		return atomTimeout
	case errors.Is(err, ErrNoProc):
		return etf.Atom("noproc")
	case errors.Is(err, ErrNoConnection):
		return nodeDown(err)
	case errors.Is(err, ErrCallingSelf):
		return etf.Atom("calling_self")
	case errors.Is(err, ErrIgnore):
		return etf.Atom("ignore")
	case errors.As(err, &own):
		return own.ExitReason()
	}
	return etf.Binary(clipText(err.Error()))
}

// nodeDown returns {nodedown, Node} with the node that was called: get_node/1 of gen.erl.
func nodeDown(err error) etf.Term {
	var failure *CallFailure
	if errors.As(err, &failure) {
		switch to := failure.To.(type) {
		case etf.Pid:
			return etf.Tuple{etf.Atom("nodedown"), to.Node}
		case etf.Tuple:
			if len(to) == 2 && !etf.IsAtom(to[0], "global") {
				return etf.Tuple{etf.Atom("nodedown"), to[1]}
			}
		}
	}
	return etf.Atom("noconnection")
}
