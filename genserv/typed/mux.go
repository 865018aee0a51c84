package typed

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// Mux hands the requests of a gen_server with a state of type S to the handlers that were registered for them, as
// net/http's ServeMux does with paths. It is a genserv.Server itself, for genserv.Of, or is embedded in one that has
// further callbacks.
//
// Handlers are registered before genserv.Of. A Mux then serves any number of processes at a time.
type Mux[S any] struct {
	name  etf.Atom
	init  func(p *genserv.Process, args etf.Term) genserv.InitResult[S]
	calls map[pattern]callHandler[S]
	casts map[pattern]handler[S]
	infos map[pattern]handler[S]

	otherCall func(p *genserv.Process, request etf.Term, from genserv.From, s S) genserv.Result[S]
	otherCast func(p *genserv.Process, request etf.Term, s S) genserv.Result[S]
	otherInfo func(p *genserv.Process, msg etf.Term, s S) genserv.Result[S]
}

// callHandler and handler get what came as it came, and take the argument out of it.
type (
	callHandler[S any] func(p *genserv.Process, s S, request etf.Term, from genserv.From) genserv.Result[S]
	handler[S any]     func(p *genserv.Process, s S, msg etf.Term) genserv.Result[S]
)

// NewMux returns a Mux without handlers. module is the name of the callback module, as '$initial_call' and reports
// show it and as an upgrade names it.
func NewMux[S any](module etf.Atom) *Mux[S] {
	return &Mux[S]{
		name:  module,
		calls: map[pattern]callHandler[S]{},
		casts: map[pattern]handler[S]{},
		infos: map[pattern]handler[S]{},
	}
}

var (
	_ genserv.Caster[int]   = (*Mux[int])(nil)
	_ genserv.Informer[int] = (*Mux[int])(nil)
	_ genserv.Namer         = (*Mux[int])(nil)
)

// ModuleName implements genserv.Namer.
func (m *Mux[S]) ModuleName() etf.Atom { return m.name }

// Init implements genserv.Server by the handler of OnInit or HandleInit. Without one the state is the zero value of S,
// whatever the arguments.
func (m *Mux[S]) Init(p *genserv.Process, args etf.Term) genserv.InitResult[S] {
	if m.init == nil {
		var zero S
		return genserv.Ok(zero)
	}
	return m.init(p, args)
}

// HandleCall implements genserv.Server.
func (m *Mux[S]) HandleCall(p *genserv.Process, request etf.Term, from genserv.From, s S) genserv.Result[S] {
	if h := m.calls[patternOf(request)]; h != nil {
		return h(p, s, request, from)
	}
	if m.otherCall != nil {
		return m.otherCall(p, request, from, s)
	}
	return genserv.Reply[S](unknownRequest, s)
}

// HandleCast implements genserv.Caster.
func (m *Mux[S]) HandleCast(p *genserv.Process, request etf.Term, s S) genserv.Result[S] {
	if h := m.casts[patternOf(request)]; h != nil {
		return h(p, s, request)
	}
	if m.otherCast != nil {
		return m.otherCast(p, request, s)
	}
	m.warn(p, "a cast for which there is no handler is dropped", request, nil)
	return genserv.NoReply(s)
}

// HandleInfo implements genserv.Informer.
func (m *Mux[S]) HandleInfo(p *genserv.Process, msg etf.Term, s S) genserv.Result[S] {
	if h := m.infos[patternOf(msg)]; h != nil {
		return h(p, s, msg)
	}
	if m.otherInfo != nil {
		return m.otherInfo(p, msg, s)
	}
	m.warn(p, "a message for which there is no handler is dropped", msg, nil)
	return genserv.NoReply(s)
}

// OnOtherCall registers what answers the calls for which there is no handler, instead of {error, unknown_request}.
func (m *Mux[S]) OnOtherCall(f func(*genserv.Process, etf.Term, genserv.From, S) genserv.Result[S]) {
	m.once("OnOtherCall", m.otherCall != nil)
	m.otherCall = f
}

// OnOtherCast registers what gets the casts for which there is no handler, instead of a warning in the log.
func (m *Mux[S]) OnOtherCast(f func(*genserv.Process, etf.Term, S) genserv.Result[S]) {
	m.once("OnOtherCast", m.otherCast != nil)
	m.otherCast = f
}

// OnOtherInfo registers what gets the messages for which there is no handler, instead of a warning in the log.
func (m *Mux[S]) OnOtherInfo(f func(*genserv.Process, etf.Term, S) genserv.Result[S]) {
	m.once("OnOtherInfo", m.otherInfo != nil)
	m.otherInfo = f
}

// once panics if something is registered for the second time.
func (m *Mux[S]) once(function string, there bool) {
	if there {
		m.panic(function, "there is one already")
	}
}

// panic tells about an error of the program, at the time of the registration.
func (m *Mux[S]) panic(function, text string) {
	panic(fmt.Sprintf("typed: %s of the server %v: %s", function, m.name, text))
}

// maxLogged bounds how much of a message is logged.
const maxLogged = 500

// warn logs what became of a message that nobody gets an answer to.
func (m *Mux[S]) warn(p *genserv.Process, text string, msg etf.Term, err error) {
	log := p.Logger()
	if !log.Enabled(context.Background(), slog.LevelWarn) {
		return
	}
	args := []any{"module", string(m.name), "message", etf.FormatMax(msg, maxLogged)}
	if err != nil {
		args = append(args, "error", err.Error())
	}
	log.Warn(text, args...)
}
