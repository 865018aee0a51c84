package appup

import "github.com/gonode-otp/gonode/etf"

// syntax checks an instruction in the full form of its kind, as expand makes it: systools_rc:check_op/1. It tells
// whether all is well, and adds a finding for everything that is not.
func (r *report) syntax(n etf.Node) bool {
	before := len(r.findings)
	switch t := n.Term.(type) {
	case etf.Atom:
		r.syntaxOfWord(n, t)
	case etf.Tuple:
		word, _ := etf.Term(nil).(etf.Atom)
		if len(t) > 0 {
			word, _ = t[0].(etf.Atom)
		}
		if check, known := tupleSyntax[form{word, len(t)}]; known {
			check(r, nodesOf(n, t)[1:])
		} else {
			r.badInstruction(n)
		}
	default:
		r.badInstruction(n)
	}
	return len(r.findings) == before
}

func (r *report) syntaxOfWord(n etf.Node, word etf.Atom) {
	switch word {
	case "point_of_no_return", "restart_new_emulator", "restart_emulator", "restart", "reboot":
	case "mnesia_backup":
		r.fail(n.Pos, etf.Tagged("not_yet_implemented", word), "mnesia_backup is not implemented, in OTP neither")
	default:
		r.badInstruction(n)
	}
}

func (r *report) badInstruction(n etf.Node) {
	r.fail(n.Pos, etf.Tagged("bad_instruction", n.Term), "%s", instructionHint(n.Term))
}

// form is the word of an instruction and the size of its tuple.
type form struct {
	word etf.Atom
	size int
}

// tupleSyntax says how the elements behind the word are checked, in the order of OTP.
var tupleSyntax = map[form]func(r *report, args []etf.Node){
	{"update", 6}: func(r *report, a []etf.Node) { r.module(a[0]); r.change(a[1]); r.purges(a[2:4]); r.modules(a[4]) },
	{"update", 7}: func(r *report, a []etf.Node) {
		r.module(a[0])
		r.timeout(a[1])
		r.change(a[2])
		r.purges(a[3:5])
		r.modules(a[5])
	},
	{"update", 8}: func(r *report, a []etf.Node) {
		r.module(a[0])
		r.moduleType(a[1])
		r.timeout(a[2])
		r.change(a[3])
		r.purges(a[4:6])
		r.modules(a[6])
	},
	{"load_module", 5}:         func(r *report, a []etf.Node) { r.module(a[0]); r.purges(a[1:3]); r.modules(a[3]) },
	{"add_module", 2}:          func(r *report, a []etf.Node) { r.module(a[0]) },
	{"add_module", 3}:          func(r *report, a []etf.Node) { r.module(a[0]); r.modules(a[1]) },
	{"delete_module", 2}:       func(r *report, a []etf.Node) { r.module(a[0]) },
	{"delete_module", 3}:       func(r *report, a []etf.Node) { r.module(a[0]); r.modules(a[1]) },
	{"remove_application", 2}:  func(r *report, a []etf.Node) { r.application(a[0]) },
	{"add_application", 3}:     func(r *report, a []etf.Node) { r.application(a[0]); r.startType(a[1]) },
	{"restart_application", 2}: func(r *report, a []etf.Node) { r.application(a[0]) },
	{"load_object_code", 2}:    func(r *report, a []etf.Node) { r.objectCode(a) },
	{"load", 2}:                func(r *report, a []etf.Node) { r.loadOrRemove("load", a) },
	{"remove", 2}:              func(r *report, a []etf.Node) { r.loadOrRemove("remove", a) },
	{"purge", 2}:               func(r *report, a []etf.Node) { r.modules(a[0]) },
	{"suspend", 2}:             func(r *report, a []etf.Node) { r.checkEach(a[0], (*report).suspendEntry) },
	{"resume", 2}:              func(r *report, a []etf.Node) { r.modules(a[0]) },
	{"code_change", 2}:         func(r *report, a []etf.Node) { r.checkEach(a[0], (*report).codeChangeEntry) },
	{"code_change", 3}:         func(r *report, a []etf.Node) { r.codeChange(a) },
	{"stop", 2}:                func(r *report, a []etf.Node) { r.modules(a[0]) },
	{"start", 2}:               func(r *report, a []etf.Node) { r.modules(a[0]) },
	{"sync_nodes", 3}:          func(r *report, a []etf.Node) { r.syncNodes(a[1]) },
	{"apply", 2}:               func(r *report, a []etf.Node) { r.apply(a) },
}

func (r *report) module(n etf.Node)      { r.atom(n, "bad_module", "a module") }
func (r *report) application(n etf.Node) { r.atom(n, "bad_application", "an application") }

func (r *report) atom(n etf.Node, reason etf.Atom, what string) {
	if _, ok := n.Term.(etf.Atom); !ok {
		r.fail(n.Pos, etf.Tagged(reason, n.Term), "%s has to be an atom, not %s", what, show(n.Term))
	}
}

func (r *report) oneOf(n etf.Node, reason etf.Atom, what string, words ...etf.Atom) {
	for _, w := range words {
		if etf.IsAtom(n.Term, w) {
			return
		}
	}
	r.fail(n.Pos, etf.Tagged(reason, n.Term), "%s, not %s", what, show(n.Term))
}

func (r *report) change(n etf.Node) {
	if pair, ok := tupleElems(n, 2); ok && etf.IsAtom(pair[0].Term, "advanced") {
		return
	}
	r.oneOf(n, "bad_change", "a change is soft or {advanced, Extra}", "soft")
}

func (r *report) moduleType(n etf.Node) {
	r.oneOf(n, "bad_mod_type", "the type of a module is static or dynamic", "static", "dynamic")
}

func (r *report) purges(nodes []etf.Node) {
	for _, n := range nodes {
		r.oneOf(n, "bad_purge_method", "a purge method is soft_purge or brutal_purge", "soft_purge", "brutal_purge")
	}
}

func (r *report) timeout(n etf.Node) {
	if !isPositive(n.Term) {
		r.oneOf(n, "bad_timeout", "a time-out is a number of milliseconds above 0, infinity or default", "default",
			"infinity")
	}
}

func (r *report) startType(n etf.Node) {
	r.oneOf(n, "bad_start_type", "a start type is permanent, transient, temporary, load or none",
		"none", "load", "temporary", "transient", "permanent")
}

// checkEach checks every element of a list.
func (r *report) checkEach(n etf.Node, check func(*report, etf.Node)) {
	switch t := n.Term.(type) {
	case etf.List:
		for _, e := range nodesOf(n, t) {
			check(r, e)
		}
	case etf.ImproperList:
		for _, e := range nodesOf(n, append(t.Elems[:len(t.Elems):len(t.Elems)], t.Tail))[:len(t.Elems)] {
			check(r, e)
		}
		r.fail(n.Pos, crashReason("function_clause"), "the list has to end in [], not in %s", show(t.Tail))
	default:
		r.fail(n.Pos, etf.Tagged("bad_list", n.Term), "expected a list, not %s", show(n.Term))
	}
}

func (r *report) modules(n etf.Node) { r.checkEach(n, (*report).module) }

func (r *report) suspendEntry(n etf.Node) {
	if pair, ok := tupleElems(n, 2); ok {
		r.module(pair[0])
		r.timeout(pair[1])
		return
	}
	r.module(n)
}

func (r *report) codeChangeEntry(n etf.Node) {
	pair, ok := tupleElems(n, 2)
	if !ok {
		r.fail(n.Pos, etf.Tagged("bad_code_change", n.Term), "expected {Module, Extra}, not %s", show(n.Term))
		return
	}
	r.module(pair[0])
}

func (r *report) codeChange(a []etf.Node) {
	if !isList(a[1].Term) {
		r.checkEach(a[1], nil)
	}
	r.oneOf(a[0], "bad_mode", "code is changed up or down", "up", "down")
	if isList(a[1].Term) {
		r.checkEach(a[1], (*report).codeChangeEntry)
	}
}

// tupleOf takes the elements of the only argument, a tuple of three.
func (r *report) tupleOf(a []etf.Node, word etf.Atom, want string) ([]etf.Node, bool) {
	parts, ok := tupleElems(a[0], 3)
	if !ok {
		whole := etf.Tuple{word, a[0].Term}
		r.fail(a[0].Pos, etf.Tagged("bad_instruction", whole), "expected {%s, %s}, not %s", word, want, show(whole))
	}
	return parts, ok
}

func (r *report) objectCode(a []etf.Node) {
	parts, ok := r.tupleOf(a, "load_object_code", "{App, Vsn, [Module]}")
	if !ok {
		return
	}
	r.atom(parts[0], "bad_lib", "an application")
	if !isList(parts[1].Term) {
		r.fail(parts[1].Pos, etf.Tagged("bad_lib_vsn", parts[1].Term),
			"the version of an application has to be a string, not %s", show(parts[1].Term))
	}
	r.modules(parts[2])
}

func (r *report) loadOrRemove(word etf.Atom, a []etf.Node) {
	if parts, ok := r.tupleOf(a, word, "{Module, PrePurge, PostPurge}"); ok {
		r.module(parts[0])
		r.purges(parts[1:])
	}
}

func (r *report) apply(a []etf.Node) {
	if parts, ok := r.tupleOf(a, "apply", "{Module, Function, Arguments}"); ok {
		r.mfa(parts)
	}
}

func (r *report) mfa(parts []etf.Node) {
	r.module(parts[0])
	r.atom(parts[1], "bad_func", "a function")
	if !isList(parts[2].Term) {
		r.fail(parts[2].Pos, etf.Tagged("bad_args_list", parts[2].Term), "arguments have to be a list, not %s",
			show(parts[2].Term))
	}
}

func (r *report) syncNodes(n etf.Node) {
	if parts, ok := tupleElems(n, 3); ok {
		r.mfa(parts)
		return
	}
	r.checkEach(n, func(r *report, n etf.Node) { r.atom(n, "bad_node", "a node") })
}
