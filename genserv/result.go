package genserv

import (
	"math"
	"time"

	"github.com/gonode-otp/gonode/etf"
)

// Infinity as a time-out waits for ever, which is also what a result without a time-out does.
const Infinity time.Duration = math.MaxInt64

// Result is what a callback answers: one of Reply, NoReply, Stop and StopReply, with at most one action. Its zero value
// is a bad return value and ends the server with {bad_return_value, 'genserv.Result{}'}.
//
// A Result as the value of a panic is Erlang's throw: the callback has then returned it.
type Result[S any] struct {
	kind   resultKind
	action action
	reply  etf.Term
	reason etf.Term
	state  S
}

type resultKind uint8

const (
	resultBad resultKind = iota
	resultReply
	resultNoReply
	resultStop
	resultStopReply
)

// Reply answers the call with reply and goes on with state: {reply, Reply, State}. Only HandleCall may return it. A nil
// reply is the atom undefined.
func Reply[S any](reply etf.Term, state S) Result[S] {
	return Result[S]{kind: resultReply, reply: orUndefined(reply), state: state}
}

// NoReply goes on with state: {noreply, State}. If HandleCall returns it, somebody has to answer with Process.Reply
// later.
func NoReply[S any](state S) Result[S] {
	return Result[S]{kind: resultNoReply, state: state}
}

// Stop ends the server: {stop, Reason, State}. Terminate runs with state, then the process exits with reason. A
// caller that still waits sees the reason as its exit.
func Stop[S any](reason etf.Term, state S) Result[S] {
	return Result[S]{kind: resultStop, reason: orUndefined(reason), state: state}
}

// StopReply ends the server and answers the call: {stop, Reason, Reply, State}. Only HandleCall may return it.
// Terminate runs before the reply is sent.
func StopReply[S any](reason, reply etf.Term, state S) Result[S] {
	return Result[S]{kind: resultStopReply, reason: orUndefined(reason), reply: orUndefined(reply), state: state}
}

// WithTimeout adds a time-out: if no message comes within d, HandleInfo is called with the atom timeout. Any message
// cancels it, except that after a system message the server waits for the whole d again. 0 means at once unless a
// message is waiting. A negative d is a bad return value. {reply, Reply, State, Timeout} and {noreply, State,
// Timeout}.
func (r Result[S]) WithTimeout(d time.Duration) Result[S] {
	r.action = action{kind: actTimeout, wait: d}
	return r
}

// WithTimeoutMessage adds a time-out of the kind that OTP 28 introduced: {timeout, Time, Message}. If no message
// comes within d, HandleInfo is called with msg. System messages do not restart it, any other message cancels it, and
// 0 delivers msg at once, before whatever is waiting. A following Hibernate makes it {hibernate, Time, Message}.
func (r Result[S]) WithTimeoutMessage(d time.Duration, msg etf.Term) Result[S] {
	r.action = action{kind: actTimer, wait: d, term: orUndefined(msg)}
	return r
}

// Hibernate tells that it will be long before the next message, so that the process keeps no more memory than it needs:
// {reply, Reply, State, hibernate}.
func (r Result[S]) Hibernate() Result[S] {
	r.action = r.action.hibernate()
	return r
}

// Continue runs HandleContinue with term before any message is looked at: {reply, Reply, State, {continue, Term}}.
func (r Result[S]) Continue(term etf.Term) Result[S] {
	r.action = action{kind: actContinue, term: orUndefined(term)}
	return r
}

// badResult is how a Result without a kind is called where Erlang would show the returned term.
const badResult = etf.Atom("genserv.Result{}")

// term returns r as the Erlang callback would have returned it.
func (r Result[S]) term(state etf.Term) etf.Term {
	var t etf.Tuple
	switch r.kind {
	case resultReply:
		t = etf.Tuple{etf.Atom("reply"), r.reply, state}
	case resultNoReply:
		t = etf.Tuple{etf.Atom("noreply"), state}
	case resultStop:
		t = etf.Tuple{etf.Atom("stop"), r.reason, state}
	case resultStopReply:
		t = etf.Tuple{etf.Atom("stop"), r.reason, r.reply, state}
	default:
		return badResult
	}
	if r.action.kind != actNone {
		t = append(t, r.action.Term())
	}
	return t
}

// valid tells whether OTP takes r from this callback.
func (r Result[S]) valid(mayReply bool) bool {
	switch r.kind {
	case resultReply:
		return mayReply && r.action.valid()
	case resultNoReply:
		return r.action.valid()
	case resultStop:
		return r.action.kind == actNone
	case resultStopReply:
		return mayReply && r.action.kind == actNone
	}
	return false
}

// InitResult is what Init answers: one of Ok, Ignore, StopInit and Fail. Its zero value is a bad return value.
type InitResult[S any] struct {
	kind   initKind
	action action
	reason etf.Term
	state  S
}

type initKind uint8

const (
	initBad initKind = iota
	initOk
	initIgnore
	initStop
	initFail
)

// Ok starts the server with its first state: {ok, State}.
func Ok[S any](state S) InitResult[S] { return InitResult[S]{kind: initOk, state: state} }

// Ignore ends the process without an error: its starter gets ignore, and a supervisor goes on without the child.
func Ignore[S any]() InitResult[S] { return InitResult[S]{kind: initIgnore} }

// StopInit refuses to start: {stop, Reason}. The starter gets {error, Reason}, and the process exits with reason, which
// linked processes see.
func StopInit[S any](reason etf.Term) InitResult[S] {
	return InitResult[S]{kind: initStop, reason: orUndefined(reason)}
}

// Fail refuses to start without an exit signal: {error, Reason} (OTP 26). The starter gets {error, Reason}, and the
// process exits with the reason normal.
func Fail[S any](reason etf.Term) InitResult[S] {
	return InitResult[S]{kind: initFail, reason: orUndefined(reason)}
}

// WithTimeout is that of Result: {ok, State, Timeout}.
func (r InitResult[S]) WithTimeout(d time.Duration) InitResult[S] {
	r.action = action{kind: actTimeout, wait: d}
	return r
}

// WithTimeoutMessage is that of Result: {ok, State, {timeout, Time, Message}}.
func (r InitResult[S]) WithTimeoutMessage(d time.Duration, msg etf.Term) InitResult[S] {
	r.action = action{kind: actTimer, wait: d, term: orUndefined(msg)}
	return r
}

// Hibernate is that of Result: {ok, State, hibernate}.
func (r InitResult[S]) Hibernate() InitResult[S] {
	r.action = r.action.hibernate()
	return r
}

// Continue runs HandleContinue after the start was acknowledged and before any message: {ok, State, {continue, Term}}.
func (r InitResult[S]) Continue(term etf.Term) InitResult[S] {
	r.action = action{kind: actContinue, term: orUndefined(term)}
	return r
}

func (r InitResult[S]) term(state etf.Term) etf.Term {
	var t etf.Tuple
	switch r.kind {
	case initOk:
		t = etf.Tuple{atomOk, state}
	case initIgnore:
		t = etf.Tuple{etf.Atom("ignore")}
	case initStop:
		t = etf.Tuple{etf.Atom("stop"), r.reason}
	case initFail:
		t = etf.Tuple{atomError, r.reason}
	default:
		return etf.Atom("genserv.InitResult{}")
	}
	if r.action.kind != actNone {
		t = append(t, r.action.Term())
	}
	return t
}

func (r InitResult[S]) valid() bool {
	if r.kind == initOk {
		return r.action.valid()
	}
	return r.kind != initBad && r.action.kind == actNone
}
