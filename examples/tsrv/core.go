package tsrv

import (
	"cmp"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// core is what the versions of the server have in common. Its methods work on the state of version 1, which the others
// have in theirs.
type core struct{ texts fs.FS }

// ModuleName is the same for all versions.
func (core) ModuleName() etf.Atom { return "t__srv" }

// MayBlock says that callbacks read files.
func (core) MayBlock() bool { return true }

// action is what a callback has come to. The zero value goes on without a reply.
type action struct {
	reply   etf.Term
	replies bool
	stop    etf.Term // a reason, nil to go on
}

func reply(t etf.Term) action { return action{reply: t, replies: true} }

// result is an action with the state that the server goes on with.
func result[S any](a action, idle etf.Term, s S) genserv.Result[S] {
	switch {
	case a.stop != nil && a.replies:
		return genserv.StopReply(a.stop, a.reply, s)
	case a.stop != nil:
		return genserv.Stop(a.stop, s)
	}
	r := genserv.NoReply(s)
	if a.replies {
		r = genserv.Reply(a.reply, s)
	}
	switch idle := idle.(type) {
	case etf.Int:
		return r.WithTimeout(time.Duration(idle) * time.Millisecond)
	case etf.Atom:
		if idle == "hibernate" {
			return r.Hibernate()
		}
	}
	return r
}

// initResult is {ok, State} with what Idle says.
func initResult[S any](idle etf.Term, s S) genserv.InitResult[S] {
	r := genserv.Ok(s)
	switch idle := idle.(type) {
	case etf.Int:
		return r.WithTimeout(time.Duration(idle) * time.Millisecond)
	case etf.Atom:
		if idle == "hibernate" {
			return r.Hibernate()
		}
	}
	return r
}

// start reads the options of start_link. The error is genserv.ErrIgnore, or an *Exit with the reason to stop.
func (c core) start(p *genserv.Process, args etf.Term) (State, error) {
	s := newState()
	options, isList := args.(etf.List)
	if !isList {
		return s, &genserv.Exit{Reason: etf.Tagged("bad_options", args)}
	}
	for _, o := range options {
		verb, values := etf.Verb(o)
		switch {
		case verb == "enabled" && len(values) == 1 && etf.IsAtom(values[0], "false"):
			return s, genserv.ErrIgnore
		case verb == "trap_exit" && len(values) == 0:
			p.TrapExit(true)
		case !s.option(o):
			return s, &genserv.Exit{Reason: etf.Tagged("bad_option", o)}
		}
	}
	s.changed(p, c.texts)
	s.tell(p, etf.Tagged("init", p.Self(), args))
	return s, nil
}

// call handles the requests that all versions know. Every other one is answered with error.
func (c core) call(p *genserv.Process, request etf.Term, from genserv.From, s *State) action {
	switch verb, a := etf.Verb(request); {
	case verb == "config_set" && len(a) == 2, verb == "config_delete" && len(a) == 1:
		return reply(c.configure(p, verb, a, s))
	case verb == "config_await" && len(a) == 1:
		return s.await(p, a[0], from)
	case verb == "translate" && len(a) == 4:
		return reply(s.translate(a))
	case verb == "tables" && len(a) == 0:
		return reply(s.listTables())
	case verb == "dev_count" && len(a) == 0:
		return reply(etf.Int(s.DevCount))
	case verb == "stop" && len(a) == 1:
		return action{reply: etf.Atom("stopping"), replies: true, stop: a[0]}
	case verb == "abort" && len(a) == 1:
		p.Reply(from, etf.Atom("aborting"))
		return action{stop: a[0]}
	case verb == "crash" && len(a) == 1:
		panic(a[0])
	}
	return reply(etf.Atom("error"))
}

// cast handles the casts that all versions know. Every other one is ignored.
func (c core) cast(p *genserv.Process, request etf.Term, s *State) action {
	switch verb, a := etf.Verb(request); {
	case verb == "config_set" && len(a) == 2, verb == "config_delete" && len(a) == 1:
		c.configure(p, verb, a, s)
	case verb == "stop" && len(a) == 1:
		return action{stop: a[0]}
	case verb == "crash" && len(a) == 1:
		panic(a[0])
	}
	return action{}
}

// info handles all other messages: monitor is that of its own timer, and nothing else means anything.
func (c core) info(p *genserv.Process, msg etf.Term, s *State) {
	if etf.IsAtom(msg, "monitor") {
		s.stopTimer()
		s.changed(p, c.texts)
	}
	s.tell(p, etf.Tagged("info", msg))
}

// configure does config_set and config_delete and returns the reply.
func (c core) configure(p *genserv.Process, verb etf.Atom, a etf.Tuple, s *State) etf.Term {
	app, isAtom := a[0].(etf.Atom)
	if !isAtom {
		return etf.Atom("error")
	}
	if verb == "config_delete" {
		if !s.remove(app) {
			return etf.Tagged("error", etf.Atom("not_found"))
		}
		s.changed(p, c.texts)
		return ok
	}
	config, isConfig := asConfig(app, a[1])
	if !isConfig {
		return etf.Atom("error")
	}
	s.set(config)
	s.changed(p, c.texts)
	s.answer(p, app)
	return ok
}

// await is config_await: whoever asks before the application has a configuration waits for it.
func (s *State) await(p *genserv.Process, app etf.Term, from genserv.From) action {
	name, isAtom := app.(etf.Atom)
	if !isAtom {
		return reply(etf.Atom("error"))
	}
	if i := s.index(name); i >= 0 {
		return reply(etf.Tagged("ok", s.Configs[i].Term()))
	}
	s.Waiting = append(slices.Clone(s.Waiting), Waiter{name, from})
	s.tell(p, etf.Tagged("waiting", name, from.Term()))
	return action{}
}

// answer replies to those who have waited for the configuration of an application.
func (s *State) answer(p *genserv.Process, app etf.Atom) {
	var rest []Waiter
	for _, w := range s.Waiting {
		if w.App == app {
			p.Reply(w.From, etf.Tagged("ok", s.Configs[s.index(app)].Term()))
		} else {
			rest = append(rest, w)
		}
	}
	s.Waiting = rest
}

// translate is {translate, App, Repository, Language, Text}, the text possibly {Context, Text}: the translation as a
// binary, or Text as it is. The language undefined is that of the application.
func (s *State) translate(a etf.Tuple, fallback ...string) etf.Term {
	app, isAtom := a[0].(etf.Atom)
	name, isText := etf.AsText(a[1])
	_, isLanguage := etf.AsText(a[2])
	m, isMessage := asMessage(a[3])
	if !isAtom || !isText || !isLanguage || !isMessage {
		return etf.Atom("error")
	}
	if text, found := s.find(tableID{app, name}, m, append(s.languages(app, a[2]), fallback...)...); found {
		return etf.Binary(text)
	}
	if m.hasContext {
		return a[3].(etf.Tuple)[1]
	}
	return a[3]
}

// listTables is [{App, Repository, Size}], in order.
func (s *State) listTables() etf.Term {
	ids := make([]tableID, 0, len(s.tables))
	for id := range s.tables {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b tableID) int { return cmp.Or(cmp.Compare(a.app, b.app), cmp.Compare(a.name, b.name)) })
	list := make(etf.List, len(ids))
	for i, id := range ids {
		list[i] = etf.Tuple{id.app, etf.Binary(id.name), etf.Int(s.tables[id].size())}
	}
	return list
}

// terminate ends what the server has begun.
func (c core) terminate(p *genserv.Process, reason etf.Term, s State) {
	s.stopTimer()
	s.tell(p, etf.Tagged("terminate", reason))
}

// change takes over the options in Extra of a code change, [Option]; the timer goes on.
func (c core) change(p *genserv.Process, vsn etf.Term, s *State, extra etf.Term, own func(option etf.Term) bool) error {
	s.tell(p, etf.Tagged("code_change", vsn, extra))
	options, isList := extra.(etf.List)
	if !isList {
		return &genserv.Exit{Reason: etf.Tagged("bad_options", extra)}
	}
	for _, o := range options {
		if !own(o) && !s.option(o) {
			return &genserv.Exit{Reason: etf.Tagged("bad_option", o)}
		}
	}
	return nil
}

// oldState is the error of a code change that is given a state it does not know.
func oldState(vsn etf.Term, old any) error {
	return fmt.Errorf("version %s has a state of type %T", etf.Format(vsn), old)
}
