package tsrv

import (
	"io/fs"
	"maps"
	"slices"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// V2 is version 2 of t__srv. It counts how often each application was configured, which the call {changes, App} tells,
// and has a language to fall back on.
type V2 struct{ core }

// NewV2 makes it, as NewV1 does version 1.
func NewV2(texts fs.FS) V2 { return V2{core{texts}} }

// State2 is the state of versions 2 and 3: that of version 1, and what is new.
type State2 struct {
	State
	Changes  map[etf.Atom]int
	Fallback etf.Term // text, or undefined
}

// StateTerm returns the record.
func (s State2) StateTerm() etf.Term {
	changes := make(etf.Map, 0, len(s.Changes))
	for _, app := range slices.Sorted(maps.Keys(s.Changes)) {
		changes = append(changes, etf.MapPair{Key: app, Value: etf.Int(s.Changes[app])})
	}
	return etf.Tuple(append(s.record(), changes, s.Fallback))
}

// option knows the options of version 2.
func (s *State2) option(t etf.Term) bool {
	o, isFallback := etf.AsTuple(t, "fallback", 2)
	if !isFallback || !isText(o[1]) {
		return false
	}
	s.Fallback = o[1]
	return true
}

// Init implements genserv.Server.
func (v V2) Init(p *genserv.Process, args etf.Term) genserv.InitResult[State2] {
	s, err := v.start(p, args)
	if err != nil {
		return notStarted[State2](err)
	}
	return initResult(s.Idle, State2{State: s, Fallback: undefined})
}

// HandleCall implements genserv.Server.
func (v V2) HandleCall(p *genserv.Process, request etf.Term, from genserv.From, s State2) genserv.Result[State2] {
	var a action
	switch verb, args := etf.Verb(request); {
	case verb == "changes" && len(args) == 1:
		app, _ := args[0].(etf.Atom)
		a = reply(etf.Int(s.Changes[app]))
	case verb == "translate" && len(args) == 4 && !etf.IsAtom(s.Fallback, undefined):
		language, _ := etf.AsText(s.Fallback)
		a = reply(s.translate(args, language))
	default:
		a = v.call(p, request, from, &s.State)
		s.count(request, etf.IsAtom(a.reply, ok))
	}
	return result(a, s.Idle, s)
}

// count counts a request that has changed a configuration.
func (s *State2) count(request etf.Term, done bool) {
	verb, args := etf.Verb(request)
	if !done || verb != "config_set" && verb != "config_delete" {
		return
	}
	s.Changes = maps.Clone(s.Changes)
	if s.Changes == nil {
		s.Changes = make(map[etf.Atom]int)
	}
	s.Changes[args[0].(etf.Atom)]++
}

// HandleCast implements genserv.Caster.
func (v V2) HandleCast(p *genserv.Process, request etf.Term, s State2) genserv.Result[State2] {
	if verb, args := etf.Verb(request); verb == "config_set" && len(args) == 2 ||
		verb == "config_delete" && len(args) == 1 {
		s.count(request, etf.IsAtom(v.configure(p, verb, args, &s.State), ok))
		return result(action{}, s.Idle, s)
	}
	a := v.cast(p, request, &s.State)
	return result(a, s.Idle, s)
}

// HandleInfo implements genserv.Informer.
func (v V2) HandleInfo(p *genserv.Process, msg etf.Term, s State2) genserv.Result[State2] {
	v.info(p, msg, &s.State)
	return result(action{}, s.Idle, s)
}

// Terminate implements genserv.Terminator.
func (v V2) Terminate(p *genserv.Process, reason etf.Term, s State2) { v.terminate(p, reason, s.State) }

// CopyState says that no code change alters what the state has pointers to.
func (V2) CopyState(s State2) State2 { return s }

// CodeChange makes the state of version 2 of that of version 1, or takes over one of its own.
func (v V2) CodeChange(p *genserv.Process, vsn etf.Term, old any, extra etf.Term) (State2, error) {
	s, isNew := old.(State2)
	if first, isOld := old.(State); isOld {
		s, isNew = State2{State: first, Fallback: undefined}, true
	}
	if !isNew {
		return s, oldState(vsn, old)
	}
	return s, v.change(p, vsn, &s.State, extra, s.option)
}

// Downgrade makes the state of version 1. It implements genserv.ProcessDowngrader.
func (v V2) Downgrade(p *genserv.Process, vsn etf.Term, s State2, extra etf.Term) (any, error) {
	err := v.change(p, etf.Tagged("down", vsn), &s.State, extra, nobody)
	return s.State, err
}
