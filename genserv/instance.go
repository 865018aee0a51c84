package genserv

import "github.com/gonode-otp/gonode/etf"

// instance is one process' server with its state, behind an interface without the type of the state. Its methods run
// the callbacks; none of them panics.
type instance interface {
	init(p *Process, args etf.Term) initOutcome
	call(p *Process, request etf.Term, from From) outcome
	cast(p *Process, request etf.Term) outcome
	info(p *Process, msg etf.Term) outcome
	continueWith(p *Process, term etf.Term) outcome
	terminate(p *Process, reason etf.Term) *crash

	stateTerm() etf.Term
	formatStatus(s Status) Status
	moduleName() etf.Atom
	mayBlock() bool

	// codeChange runs the code change of the running module, for sys:change_code.
	codeChange(p *Process, oldVsn, extra etf.Term) *changeFailure
	// convert makes the state of another instance, of whatever type, the state of this one.
	convert(p *Process, oldVsn etf.Term, from instance, extra etf.Term) *changeFailure
	// adopt takes a state that is of this instance's type already, or of one with the same layout.
	adopt(state any) bool
	// downgrade makes the state for an older module; canDowngrade says whether the server has a method for that.
	downgrade(p *Process, vsn, extra etf.Term) (any, *changeFailure)
	canDowngrade() bool
	// revert keeps what became of the state of newer code; false if the server is no Reverter, or refuses.
	revert(now any) bool
	state() any
	// code returns the Module of the instance.
	code() *Module
	// copyInstance returns another instance of the module with a copy of the state, or with the state itself if the
	// server cannot copy it.
	copyInstance() (instance, *changeFailure)
	// uncopied tells which part of the state a copy has in common with this instance; "" means none.
	uncopied() string
	// endsChanges says whether the server is a CodeChangeEnder, and endChange tells it what became of a state that
	// it has made.
	endsChanges() bool
	endChange(p *Process, kept bool, oldState, newState any) *crash
}

// outcome is the Result of a callback without its state, which the instance has taken over, or what became of it
// instead.
type outcome struct {
	kind   outcomeKind
	action action
	reply  etf.Term
	reason etf.Term
	crash  *crash
}

type outcomeKind uint8

const (
	outReply outcomeKind = iota
	outNoReply
	outStop
	outStopReply
	outBad       // reason is {bad_return_value, Result}
	outCrash     // crash
	outUnhandled // the server has no HandleInfo
)

// initOutcome is the same for Init.
type initOutcome struct {
	kind   initKind // initBad: reason is {bad_return_value, Result}, or crash is set
	action action
	reason etf.Term
	crash  *crash
}

// server is the instance of a Server.
type server[S any] struct {
	*module[S]
	current S
}

func (s *server[S]) init(p *Process, args etf.Term) initOutcome {
	var r InitResult[S]
	if c := protect(func() { r = s.srv.Init(p, args) }); c != nil {
		thrown, ok := c.value.(InitResult[S])
		if !ok {
			return initOutcome{crash: c}
		}
		r = thrown
	}
	if !r.valid() {
		return initOutcome{reason: badReturn(r.term(s.show(r.state)))}
	}
	s.current = r.state
	return initOutcome{kind: r.kind, action: r.action, reason: r.reason}
}

func (s *server[S]) call(p *Process, request etf.Term, from From) outcome {
	var r Result[S]
	c := protect(func() { r = s.srv.HandleCall(p, request, from, s.current) })
	return s.applyResult(&r, c, true)
}

func (s *server[S]) cast(p *Process, request etf.Term) outcome {
	if s.caster == nil {
		return s.undef("handle_cast", request)
	}
	var r Result[S]
	c := protect(func() { r = s.caster.HandleCast(p, request, s.current) })
	return s.applyResult(&r, c, false)
}

func (s *server[S]) info(p *Process, msg etf.Term) outcome {
	if s.informer == nil {
		return outcome{kind: outUnhandled}
	}
	var r Result[S]
	c := protect(func() { r = s.informer.HandleInfo(p, msg, s.current) })
	return s.applyResult(&r, c, false)
}

func (s *server[S]) continueWith(p *Process, term etf.Term) outcome {
	if s.continuer == nil {
		return s.undef("handle_continue", term)
	}
	var r Result[S]
	c := protect(func() { r = s.continuer.HandleContinue(p, term, s.current) })
	return s.applyResult(&r, c, false)
}

// applyResult takes over the state of a result if the callback may return that result.
func (s *server[S]) applyResult(r *Result[S], c *crash, mayReply bool) outcome {
	if c != nil {
		thrown, ok := c.value.(Result[S])
		if !ok {
			return outcome{kind: outCrash, crash: c}
		}
		*r = thrown
	}
	if !r.valid(mayReply) {
		return outcome{kind: outBad, reason: badReturn(r.term(s.show(r.state)))}
	}
	s.current = r.state
	return outcome{kind: outcomeOf[r.kind], action: r.action, reply: r.reply, reason: r.reason}
}

var outcomeOf = [...]outcomeKind{
	resultReply: outReply, resultNoReply: outNoReply, resultStop: outStop, resultStopReply: outStopReply,
}

func badReturn(value etf.Term) etf.Term {
	return etf.Tuple{etf.Atom("bad_return_value"), value}
}

func (s *server[S]) terminate(p *Process, reason etf.Term) *crash {
	if s.terminator == nil {
		return nil
	}
	c := protect(func() { s.terminator.Terminate(p, reason, s.current) })
	if c != nil {
		if _, thrown := c.value.(Result[S]); thrown {
			return nil
		}
	}
	return c
}

// undef is what becomes of a message for which the server has no callback: the error that calling the missing Erlang
// function raises.
func (s *server[S]) undef(function etf.Atom, arg etf.Term) outcome {
	return outcome{kind: outCrash, crash: undefined(s.name, function, arg, s.stateTerm())}
}

func (s *server[S]) moduleName() etf.Atom { return s.name }
func (s *server[S]) state() any           { return s.current }
func (s *server[S]) code() *Module        { return &s.itself }
