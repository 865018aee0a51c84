package typed

import (
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// OnInit registers what makes the first state from the arguments of the start. Module:init/1 that returns {ok, State}.
// An error, or arguments that do not fit A, is {stop, Reason}, with the reason that genserv.ExitReason has of it. With
// struct{} for A the arguments are not looked at.
//
// It panics if there is one already, or if A is a type into which no term goes.
func OnInit[S, A any](m *Mux[S], f func(p *genserv.Process, args A) (S, error)) {
	register(m, "OnInit", func(p *genserv.Process, args A) genserv.InitResult[S] {
		s, err := f(p, args)
		if err != nil {
			return genserv.StopInit[S](genserv.ExitReason(err))
		}
		return genserv.Ok(s)
	})
}

// HandleInit is OnInit with all that Init may answer: time-outs, Ignore, Continue and so on.
func HandleInit[S, A any](m *Mux[S], f func(p *genserv.Process, args A) genserv.InitResult[S]) {
	register(m, "HandleInit", f)
}

func register[S, A any](m *Mux[S], function string, f func(p *genserv.Process, args A) genserv.InitResult[S]) {
	m.once(function, m.init != nil)
	var zero A
	if _, none := any(zero).(struct{}); none {
		m.init = func(p *genserv.Process, _ etf.Term) genserv.InitResult[S] { return f(p, zero) }
		return
	}
	decode, err := etf.UnmarshalFunc[A]()
	if err != nil {
		m.panic(function, err.Error())
	}
	m.init = func(p *genserv.Process, args etf.Term) genserv.InitResult[S] {
		a, err := decode(args)
		if err != nil {
			return genserv.StopInit[S](badArgument(err))
		}
		return f(p, a)
	}
}

// OnCall registers what answers the calls of that name: Module:handle_call/3 that returns {reply, Reply, State}. How a
// request goes with A is said in the documentation of the package.
//
// The reply goes through etf.Marshal; with struct{} for R it is the atom ok. For an error it is that of ErrorReply,
// and the state stays s. A request that does not fit A is answered {error, {bad_argument, Text}}, and a reply that
// has no term, such as a NaN, {error, {bad_reply, Text}}.
//
// It panics if there is a handler for such requests already, or if A or R are types without terms.
func OnCall[S, A, R any](m *Mux[S], name etf.Atom, f func(p *genserv.Process, s S, a A) (reply R, next S, err error)) {
	encode, err := replyFunc[R]()
	if err != nil {
		m.panic("OnCall "+etf.Format(name), err.Error())
	}
	addCall(m, "OnCall", name, func(p *genserv.Process, s S, a A, _ genserv.From) genserv.Result[S] {
		reply, next, err := f(p, s, a)
		if err != nil {
			return genserv.Reply(ErrorReply(err), s)
		}
		t, err := encode(reply)
		if err != nil {
			return genserv.Reply(ErrorReply(&Error{Reason: badReply(err)}), next)
		}
		return genserv.Reply(t, next)
	})
}

// HandleCall is OnCall with all that HandleCall may answer: a reply that comes later, Stop, time-outs and so on. Reply
// and ReplyTo make the terms of replies.
func HandleCall[S, A any](m *Mux[S], name etf.Atom,
	f func(p *genserv.Process, s S, a A, from genserv.From) genserv.Result[S]) {
	addCall(m, "HandleCall", name, f)
}

func addCall[S, A any](m *Mux[S], function string, name etf.Atom,
	f func(p *genserv.Process, s S, a A, from genserv.From) genserv.Result[S]) {
	k, decode := patternFor[A](m, function, name)
	if m.calls[k] != nil {
		m.panic(function, "there are two handlers for "+k.String())
	}
	m.calls[k] = func(p *genserv.Process, s S, request etf.Term, from genserv.From) genserv.Result[S] {
		a, err := decode(request)
		if err != nil {
			return genserv.Reply[S](etf.Tuple{atomError, badArgument(err)}, s)
		}
		return f(p, s, a, from)
	}
}

// OnCast registers what handles the casts of that name: Module:handle_cast/2 that returns {noreply, State}. An error
// is logged, and the state stays s; a request that does not fit A is logged and dropped. It panics as OnCall does.
func OnCast[S, A any](m *Mux[S], name etf.Atom, f func(p *genserv.Process, s S, a A) (next S, err error)) {
	add(m, m.casts, "OnCast", name, short(m, "a cast failed", f))
}

// HandleCast is OnCast with all that HandleCast may answer.
func HandleCast[S, A any](m *Mux[S], name etf.Atom, f func(p *genserv.Process, s S, a A) genserv.Result[S]) {
	add(m, m.casts, "HandleCast", name, whole(f))
}

// OnInfo registers what handles the other messages of that name, such as timeout with struct{} for A, 'DOWN' with
// genserv.Down and 'EXIT' with Exited: Module:handle_info/2 that returns {noreply, State}. What goes wrong is dealt
// with as for OnCast. It panics as OnCall does.
func OnInfo[S, A any](m *Mux[S], name etf.Atom, f func(p *genserv.Process, s S, a A) (next S, err error)) {
	add(m, m.infos, "OnInfo", name, short(m, "a message was not handled", f))
}

// HandleInfo is OnInfo with all that HandleInfo may answer.
func HandleInfo[S, A any](m *Mux[S], name etf.Atom, f func(p *genserv.Process, s S, a A) genserv.Result[S]) {
	add(m, m.infos, "HandleInfo", name, whole(f))
}

// full is a handler of casts or infos; it gets the message too, for the log.
type full[S, A any] func(p *genserv.Process, s S, a A, msg etf.Term) genserv.Result[S]

func whole[S, A any](f func(p *genserv.Process, s S, a A) genserv.Result[S]) full[S, A] {
	return func(p *genserv.Process, s S, a A, _ etf.Term) genserv.Result[S] { return f(p, s, a) }
}

// short makes a handler of one that returns the next state or an error, which is logged with text.
func short[S, A any](m *Mux[S], text string, f func(p *genserv.Process, s S, a A) (S, error)) full[S, A] {
	return func(p *genserv.Process, s S, a A, msg etf.Term) genserv.Result[S] {
		next, err := f(p, s, a)
		if err != nil {
			m.warn(p, text, msg, err)
			return genserv.NoReply(s)
		}
		return genserv.NoReply(next)
	}
}

func add[S, A any](m *Mux[S], to map[pattern]handler[S], function string, name etf.Atom, f full[S, A]) {
	k, decode := patternFor[A](m, function, name)
	if to[k] != nil {
		m.panic(function, "there are two handlers for "+k.String())
	}
	to[k] = func(p *genserv.Process, s S, msg etf.Term) genserv.Result[S] {
		a, err := decode(msg)
		if err != nil {
			m.warn(p, "a message that does not fit its handler is dropped", msg, err)
			return genserv.NoReply(s)
		}
		return f(p, s, a, msg)
	}
}

// patternFor is argument, for which an error is one of the program.
func patternFor[A, S any](m *Mux[S], function string, name etf.Atom) (pattern, func(etf.Term) (A, error)) {
	k, decode, err := argument[A](name)
	if err != nil {
		m.panic(function+" "+etf.Format(name), err.Error())
	}
	return k, decode
}

// Exited is the argument of OnInfo(m, "EXIT", ...): what is left of {'EXIT', Pid, Reason}, which a process gets that
// traps exits. From is a pid or a port.
type Exited struct {
	_      struct{} `etf:"tuple"`
	From   etf.Term
	Reason etf.Term
}
