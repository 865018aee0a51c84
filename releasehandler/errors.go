package releasehandler

import (
	"context"
	"errors"

	"github.com/gonode-otp/gonode/codechange"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// errorOf is {error, {Word, What}}.
func errorOf(word etf.Atom, what ...etf.Term) *codechange.Error {
	return &codechange.Error{Reason: append(etf.Tuple{word}, what...)}
}

// errorWord is {error, Word}.
func errorWord(word etf.Atom, cause error) *codechange.Error {
	return &codechange.Error{Reason: word, Err: cause}
}

// fileError is {error, {Word, File}}.
func fileError(word etf.Atom, name string, cause error) *codechange.Error {
	return &codechange.Error{Reason: etf.Tuple{word, etf.Charlist(name)}, Err: cause}
}

func noSuchRelease(vsn string) *codechange.Error {
	return errorOf("no_such_release", etf.Charlist(vsn))
}

// raisedError is an error that a function of release_handler raises instead of returning {error, Reason}. It unwraps to
// the *codechange.Error with the reason.
type raisedError struct {
	failed *codechange.Error
	class  etf.Atom // throw or error
}

func (e *raisedError) Error() string { return e.failed.Error() }
func (e *raisedError) Unwrap() error { return e.failed }

// failure is the exception as the caller of the function meets it.
func (e *raisedError) failure() *genserv.Failure {
	f := &genserv.Failure{Class: e.class, Reason: e.failed.Reason}
	if e.class == "error" {
		f.Stack = etf.List{etf.Tuple{etf.Atom("release_handler"), etf.Atom("find_script"), etf.Int(4), etf.List{}}}
	}
	return f
}

// waitError is a change whose turn did not come before its context ended. It unwraps to the cause of that end.
type waitError struct{ cause error }

func (e *waitError) Error() string {
	if e.cause == context.DeadlineExceeded { // the bare one, whose text says nothing more
		return "releasehandler: another change of the node has not ended within the time given"
	}
	return "releasehandler: waiting for another change of the node: " + e.cause.Error()
}

func (e *waitError) Unwrap() error { return e.cause }

// errorTerm is {error, Reason}.
func errorTerm(err error) etf.Term {
	var failed *codechange.Error
	if errors.As(err, &failed) {
		return etf.Tuple{etf.Atom("error"), failed.Reason}
	}
	return etf.Tuple{etf.Atom("error"), etf.Tuple{etf.Atom("EXIT"), genserv.ExitReason(err)}}
}

// badArgument is the error badarg of a function.
func badArgument(module, function etf.Atom, args etf.List) *genserv.Failure {
	return &genserv.Failure{Class: "error", Reason: etf.Atom("badarg"),
		Stack: etf.List{etf.Tuple{module, function, args, etf.List{}}}}
}
