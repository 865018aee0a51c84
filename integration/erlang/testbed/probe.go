package main

import (
	"slices"
	"time"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// probe is a gen_server that carries out the requests in its messages, and records what happens to it. Its
// clauses are those of probe.erl.
type probe struct{}

// record is the state of a probe.
type record struct {
	seen    []etf.Term // what has happened, oldest first
	watcher etf.Term   // the process to tell at once, or undefined
	changed etf.Term   // {OldVsn, Extra} of the last change of code, or undefined
}

const (
	ok        = etf.Atom("ok")
	undefined = etf.Atom("undefined")
	badarg    = etf.Atom("badarg")
)

// StateTerm returns the state in the form of probe.erl.
func (s record) StateTerm() etf.Term {
	return etf.Map{{Key: etf.Atom("changed"), Value: s.changed}, {Key: etf.Atom("seen"), Value: etf.List(s.seen)},
		{Key: etf.Atom("watcher"), Value: s.watcher}}
}

// ModuleName implements genserv.Namer.
func (probe) ModuleName() etf.Atom { return "probe" }

// Init implements genserv.Server.
func (probe) Init(p *genserv.Process, args etf.Term) genserv.InitResult[record] {
	s := record{watcher: undefined, changed: undefined}
	verb, rest := etf.Verb(args)
	switch {
	case verb == "ignore":
		return genserv.Ignore[record]()
	case verb == "stop" && len(rest) == 1:
		return genserv.StopInit[record](rest[0])
	case verb == "raise" && len(rest) == 2:
		raise(rest)
	case verb == "continue" && len(rest) == 1:
		return genserv.Ok(s).Continue(rest[0])
	case verb == "timeout" && len(rest) == 1:
		return genserv.Ok(s).WithTimeout(millis(rest[0]))
	case verb == "trap_exit":
		p.TrapExit(true)
	}
	return genserv.Ok(s)
}

// HandleCall implements genserv.Server.
func (probe) HandleCall(p *genserv.Process, request etf.Term, from genserv.From, s record) genserv.Result[record] {
	verb, args := etf.Verb(request)
	switch {
	case verb == "seen":
		return genserv.Reply(etf.List(s.seen), s)
	case verb == "clear":
		return genserv.Reply(ok, record{watcher: s.watcher, changed: s.changed})
	case verb == "watch" && len(args) == 1:
		s.watcher = args[0]
		return genserv.Reply(ok, s)
	case verb == "reply" && len(args) == 1:
		return genserv.Reply(args[0], s)
	case verb == "noreply":
		return genserv.NoReply(s)
	case verb == "hold" && len(args) == 1:
		hold(p, from, args[0])
		return genserv.NoReply(s)
	case verb == "release":
		release(p)
		return genserv.Reply(ok, s)
	case verb == "later" && len(args) == 2:
		p.SendAfter(millis(args[0]), p.Self(), etf.Tuple{etf.Atom("$later"), from.Term(), args[1]})
		return genserv.NoReply(s)
	case verb == "other" && len(args) == 1:
		go func() { _ = p.TryReply(from, args[0]) }()
		return genserv.NoReply(s)
	case verb == "twice" && len(args) == 1:
		p.Reply(from, args[0])
		return genserv.Reply(args[0], s)
	case verb == "forward" && len(args) == 2:
		check(p.TrySend(args[0], etf.Tuple{etf.Atom("$gen_call"), from.Term(), args[1]}))
		return genserv.NoReply(s)
	case verb == "stop" && len(args) == 2:
		return genserv.StopReply(args[0], args[1], s)
	}
	if r, done := control(verb, args, s, genserv.Reply[record](ok, s)); done {
		return r
	}
	return genserv.Reply(do(p, verb, args), s)
}

// held is the key of the calls whose answers are held back until release, oldest first: a list of {From, Reply}.
const held = etf.Atom("held")

func hold(p *genserv.Process, from genserv.From, reply etf.Term) {
	calls, _ := p.Get(held)
	list, _ := calls.(etf.List)
	p.Put(held, append(slices.Clone(list), etf.Tuple{from.Term(), reply}))
}

func release(p *genserv.Process) {
	calls, _ := p.Erase(held)
	list, _ := calls.(etf.List)
	for _, t := range list {
		from, _ := genserv.FromTerm(t.(etf.Tuple)[0])
		p.Reply(from, t.(etf.Tuple)[1])
	}
}

// control is the common part of a call, a cast and a message: how the callback ends. next is its usual result.
func control(verb etf.Atom, args etf.Tuple, s record, next genserv.Result[record]) (r genserv.Result[record],
	done bool) {
	switch {
	case verb == "stop" && len(args) == 1:
		return genserv.Stop(args[0], s), true
	case verb == "raise" && len(args) == 2:
		raise(args)
	case verb == "bad_return":
		return genserv.Result[record]{}, true
	case verb == "timeout" && len(args) == 1:
		return next.WithTimeout(millis(args[0])), true
	case verb == "hibernate":
		return next.Hibernate(), true
	case verb == "continue" && len(args) == 1:
		return next.Continue(args[0]), true
	}
	return r, false
}

// HandleCast implements genserv.Caster.
func (probe) HandleCast(p *genserv.Process, request etf.Term, s record) genserv.Result[record] {
	return event(p, "cast", request, s)
}

// HandleInfo implements genserv.Informer.
func (probe) HandleInfo(p *genserv.Process, msg etf.Term, s record) genserv.Result[record] {
	if verb, args := etf.Verb(msg); verb == "$later" && len(args) == 2 {
		from, _ := genserv.FromTerm(args[0])
		p.Reply(from, args[1])
		return genserv.NoReply(s)
	}
	// The reason in an EXIT or DOWN message may be a request {do, Deed}. The probe then carries it out.
	if t, _ := msg.(etf.Tuple); len(t) == 3 && etf.IsAtom(t[0], "EXIT") || len(t) == 5 &&
		etf.IsAtom(t[0], "DOWN") {
		if verb, args := etf.Verb(t[len(t)-1]); verb == "do" && len(args) == 1 {
			return event(p, "info", t[len(t)-1], s)
		}
	}
	return event(p, "info", msg, s)
}

// HandleContinue implements genserv.Continuer.
func (probe) HandleContinue(p *genserv.Process, term etf.Term, s record) genserv.Result[record] {
	return genserv.NoReply(note(p, etf.Tuple{etf.Atom("continue"), term}, s))
}

// Terminate implements genserv.Terminator.
func (probe) Terminate(p *genserv.Process, reason etf.Term, s record) {
	note(p, etf.Tuple{etf.Atom("terminate"), reason}, s)
}

// CodeChange implements genserv.CodeChanger.
func (probe) CodeChange(oldVsn etf.Term, old any, extra etf.Term) (record, error) {
	verb, args := etf.Verb(extra)
	switch {
	case verb == "fail" && len(args) == 1:
		return record{}, &genserv.Exit{Reason: args[0]}
	case verb == "raise" && len(args) == 2:
		raise(args)
	}
	s := old.(record)
	s.changed = etf.Tuple{oldVsn, extra}
	return s, nil
}

// event carries out a request without a caller, or records it.
func event(p *genserv.Process, kind etf.Atom, what etf.Term, s record) genserv.Result[record] {
	verb, args := etf.Verb(what)
	if r, done := control(verb, args, s, genserv.NoReply(s)); done {
		return r
	}
	if verb == "do" && len(args) == 1 {
		verb, args = etf.Verb(args[0])
		do(p, verb, args)
		return genserv.NoReply(s)
	}
	return genserv.NoReply(note(p, etf.Tuple{kind, what}, s))
}

// note records what has happened and tells the watcher.
func note(p *genserv.Process, what etf.Term, s record) record {
	if s.watcher != etf.Term(undefined) {
		p.Send(s.watcher, etf.Tuple{etf.Atom("probe"), p.Self(), what})
	}
	s.seen = append(slices.Clip(s.seen), what)
	return s
}

// raise does erlang:Class(Term).
func raise(args etf.Tuple) {
	if etf.IsAtom(args[0], "exit") {
		panic(genserv.Exit{Reason: args[1]})
	}
	panic(args[1])
}

// check panics with badarg if err is not nil, as the Erlang function fails.
func check(err error) {
	if err != nil {
		panic(etf.Term(badarg))
	}
}

// millis converts a time-out of Erlang.
func millis(t etf.Term) time.Duration {
	if etf.IsAtom(t, "infinity") {
		return genserv.Infinity
	}
	return time.Duration(t.(etf.Int)) * time.Millisecond
}
