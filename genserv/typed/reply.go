package typed

import (
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// Error is {error, Reason}, as an answer. A handler returns it to answer a reason that is a term,
//
//	return 0, s, &typed.Error{Reason: etf.Atom("insufficient_funds")}
//
// and Call returns it for such an answer, so that a server that hands on the error of a call hands on the reason.
type Error struct{ Reason etf.Term }

// Error returns the reason: its text if it is one, else in Erlang syntax.
func (e *Error) Error() string {
	if text, ok := e.Reason.(etf.Binary); ok {
		return string(text)
	}
	return "error: " + etf.FormatMax(e.term(), maxLogged)
}

// Is tells whether target is an *Error with the same reason (=:=).
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && etf.Equal(e.term(), t.term())
}

func (e *Error) term() etf.Term {
	if e.Reason == nil {
		return etf.Atom("undefined")
	}
	return e.Reason
}

// ExitReason returns the reason, for genserv.ExitReason.
func (e *Error) ExitReason() etf.Term { return e.term() }

// ErrorReply returns {error, Reason} with the Reason that genserv.ExitReason has of an error: that of an *Error or a
// *genserv.Exit, also if it is wrapped, and the text of an error that knows none.
func ErrorReply(err error) etf.Term { return etf.Tuple{atomError, genserv.ExitReason(err)} }

// Reply is genserv.Reply with a Go value: etf.Marshal makes the term. An error is answered as ErrorReply, and so is a
// value without a term.
func Reply[S any](value any, s S) genserv.Result[S] { return genserv.Reply(replyTerm(value), s) }

// ReplyTo is Process.Reply with a Go value, as Reply: it answers a call for which HandleCall returned NoReply.
func ReplyTo(p *genserv.Process, from genserv.From, value any) { p.Reply(from, replyTerm(value)) }

func replyTerm(value any) etf.Term {
	switch v := value.(type) {
	case error:
		return ErrorReply(v)
	case struct{}:
		return atomOk
	}
	t, err := etf.Marshal(value)
	if err != nil {
		return etf.Tuple{atomError, badReply(err)}
	}
	return t
}

// OK is {ok, Value}, as a reply of a handler and as an answer to Call.
type OK[T any] struct {
	_     struct{} `etf:"record=ok"`
	Value T
}

// replyFunc returns what makes the term of a reply: the atom ok of a struct{}.
func replyFunc[R any]() (func(R) (etf.Term, error), error) {
	var zero R
	if _, none := any(zero).(struct{}); none {
		return func(R) (etf.Term, error) { return atomOk, nil }, nil
	}
	return etf.MarshalFunc[R]()
}

// badArgument is the reason for an argument that does not fit.
func badArgument(err error) etf.Term {
	return etf.Tuple{etf.Atom("bad_argument"), etf.Binary(err.Error())}
}

// badReply is the reason for a reply without a term.
func badReply(err error) etf.Term { return etf.Tuple{etf.Atom("bad_reply"), etf.Binary(err.Error())} }

var (
	atomOk         etf.Term = etf.Atom("ok")
	atomError      etf.Term = etf.Atom("error")
	unknownRequest etf.Term = etf.Tuple{etf.Atom("error"), etf.Atom("unknown_request")}
)
