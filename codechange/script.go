package codechange

import (
	"time"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// instruction is one low-level instruction of a relup, in the form that run executes.
type instruction interface{ eval(r *run) error }

type (
	loadObjectCode struct {
		app     etf.Atom
		vsn     string
		modules []etf.Atom
	}
	pointOfNoReturn struct{}
	load            struct{ purgeRule }
	remove          struct{ purgeRule }
	purge           struct{ modules []etf.Atom }
	suspend         struct{ entries []suspendEntry }
	resume          struct{ modules []etf.Atom }
	changeCode      struct {
		down    bool
		entries []changeEntry
	}
	stop      struct{ modules []etf.Atom }
	start     struct{ modules []etf.Atom }
	syncNodes struct {
		id    etf.Term
		nodes []etf.Atom
		from  *mfa // computes the nodes
	}
	apply struct {
		mfa
		undo *mfa // in a script that was not made by systools
	}
	restart struct{ word etf.Atom } // restart_emulator and restart_new_emulator
)

type purgeRule struct {
	module    etf.Atom
	pre, post etf.Atom
}

// suspendEntry names a module, with how long its processes may take to suspend themselves: 0 is the default.
type suspendEntry struct {
	module etf.Atom
	limit  time.Duration
}

type changeEntry struct {
	module etf.Atom
	extra  etf.Term
}

type mfa struct {
	module, function etf.Atom
	args             etf.List
}

func (c mfa) term() etf.Tuple { return etf.Tuple{c.module, c.function, c.args} }

// parseInstruction reads an instruction; nil means that it is none. release_handler_1:eval/2 and syntax_check_script/1.
func parseInstruction(t etf.Term) instruction {
	switch t := t.(type) {
	case etf.Atom:
		switch t {
		case "point_of_no_return":
			return pointOfNoReturn{}
		case "restart_emulator", "restart_new_emulator":
			return restart{t}
		}
	case etf.Tuple:
		if len(t) < 2 {
			return nil
		}
		word, _ := t[0].(etf.Atom)
		return parseTuple(word, t[1:])
	}
	return nil
}

func parseTuple(word etf.Atom, args etf.Tuple) instruction {
	switch {
	case word == "load_object_code" && len(args) == 1:
		return parseObjectCode(args[0])
	case word == "load" && len(args) == 1:
		return parseRule(args[0], func(p purgeRule) instruction { return load{p} })
	case word == "remove" && len(args) == 1:
		return parseRule(args[0], func(p purgeRule) instruction { return remove{p} })
	case word == "purge" && len(args) == 1:
		return parseModules(args[0], func(m []etf.Atom) instruction { return purge{m} })
	case word == "resume" && len(args) == 1:
		return parseModules(args[0], func(m []etf.Atom) instruction { return resume{m} })
	case word == "stop" && len(args) == 1:
		return parseModules(args[0], func(m []etf.Atom) instruction { return stop{m} })
	case word == "start" && len(args) == 1:
		return parseModules(args[0], func(m []etf.Atom) instruction { return start{m} })
	case word == "suspend" && len(args) == 1:
		return parseSuspend(args[0])
	case word == "code_change" && len(args) == 1:
		return parseChange(etf.Atom("up"), args[0])
	case word == "code_change" && len(args) == 2:
		return parseChange(args[0], args[1])
	case word == "sync_nodes" && len(args) == 2:
		return parseSync(args[0], args[1])
	case word == "apply" && (len(args) == 1 || len(args) == 2):
		return parseApply(args)
	}
	return nil
}

func parseObjectCode(t etf.Term) instruction {
	tuple, _ := t.(etf.Tuple)
	if len(tuple) != 3 {
		return nil
	}
	app, ok1 := tuple[0].(etf.Atom)
	vsn, ok2 := etf.AsCharlist(tuple[1])
	modules, ok3 := etf.AsAtoms(tuple[2])
	if !ok1 || !ok2 || !ok3 {
		return nil
	}
	return loadObjectCode{app, vsn, modules}
}

func parseRule(t etf.Term, make func(purgeRule) instruction) instruction {
	tuple, _ := t.(etf.Tuple)
	if len(tuple) != 3 {
		return nil
	}
	module, ok1 := tuple[0].(etf.Atom)
	pre, ok2 := tuple[1].(etf.Atom)
	post, ok3 := tuple[2].(etf.Atom)
	if !ok1 || !ok2 || !ok3 {
		return nil
	}
	return make(purgeRule{module, pre, post})
}

func parseModules(t etf.Term, make func([]etf.Atom) instruction) instruction {
	list, ok := etf.AsAtoms(t)
	if !ok {
		return nil
	}
	return make(list)
}

func parseSuspend(t etf.Term) instruction {
	list, ok := t.(etf.List)
	if !ok {
		return nil
	}
	var s suspend
	for _, e := range list {
		entry, ok := parseSuspendEntry(e)
		if !ok {
			return nil
		}
		s.entries = append(s.entries, entry)
	}
	return s
}

func parseSuspendEntry(t etf.Term) (suspendEntry, bool) {
	if module, ok := t.(etf.Atom); ok {
		return suspendEntry{module: module}, true
	}
	tuple, _ := t.(etf.Tuple)
	if len(tuple) != 2 {
		return suspendEntry{}, false
	}
	module, ok1 := tuple[0].(etf.Atom)
	limit, ok2 := readTimeout(tuple[1])
	if etf.IsAtom(tuple[1], "default") {
		limit, ok2 = 0, true
	}
	return suspendEntry{module, limit}, ok1 && ok2
}

// readTimeout reads a time-out of OTP: milliseconds, or infinity.
func readTimeout(t etf.Term) (time.Duration, bool) {
	switch t := t.(type) {
	case etf.Int:
		if t > 0 && int64(t) < int64(genserv.Infinity/time.Millisecond) {
			return time.Duration(t) * time.Millisecond, true
		}
	case etf.Atom:
		return genserv.Infinity, t == "infinity"
	}
	return 0, false
}

func parseChange(mode, t etf.Term) instruction {
	list, ok := t.(etf.List)
	word, _ := mode.(etf.Atom)
	if !ok || word != "up" && word != "down" {
		return nil
	}
	c := changeCode{down: word == "down"}
	for _, e := range list {
		tuple, _ := e.(etf.Tuple)
		if len(tuple) != 2 {
			return nil
		}
		module, ok := tuple[0].(etf.Atom)
		if !ok {
			return nil
		}
		c.entries = append(c.entries, changeEntry{module, tuple[1]})
	}
	return c
}

func parseSync(id, t etf.Term) instruction {
	if nodes, ok := etf.AsAtoms(t); ok {
		return syncNodes{id: id, nodes: nodes}
	}
	if from, ok := parseMFA(t); ok {
		return syncNodes{id: id, from: &from}
	}
	return nil
}

// parseApply also reads {apply, {M,F,A}, {undo, {M,F,A}}}, which systools neither writes nor reads.
func parseApply(args etf.Tuple) instruction {
	call, ok := parseMFA(args[0])
	if !ok {
		return nil
	}
	a := apply{mfa: call}
	if len(args) == 1 {
		return a
	}
	t, _ := args[1].(etf.Tuple)
	if len(t) != 2 || !etf.IsAtom(t[0], "undo") {
		return nil
	}
	undo, ok := parseMFA(t[1])
	if !ok {
		return nil
	}
	a.undo = &undo
	return a
}

func parseMFA(t etf.Term) (mfa, bool) {
	tuple, _ := t.(etf.Tuple)
	if len(tuple) != 3 {
		return mfa{}, false
	}
	module, ok1 := tuple[0].(etf.Atom)
	function, ok2 := tuple[1].(etf.Atom)
	args, ok3 := tuple[2].(etf.List)
	return mfa{module, function, args}, ok1 && ok2 && ok3
}
