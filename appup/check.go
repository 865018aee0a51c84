package appup

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/gonode-otp/gonode/etf"
)

// Check returns everything that is wrong in a file, and what is allowed but hardly meant, in the order of the file.
// What kind of a file it is tells its name: Name.app, Name.appup, Name.rel, and relup or Name.relup. The error is for
// names that are none of these.
func Check(name string, src []byte) ([]*Finding, error) {
	base := path.Base(strings.ReplaceAll(name, `\`, "/"))
	r := &report{file: name}
	read := map[string]func(etf.Node, *report){
		".app":   func(n etf.Node, r *report) { _, _ = readApp(n, r); r.sameName(n, base) },
		".appup": func(n etf.Node, r *report) { readAppup(n, r) },
		".rel":   func(n etf.Node, r *report) { _, _ = readRel(n, r) },
		".relup": func(n etf.Node, r *report) { readRelup(n, r) },
	}
	suffix := path.Ext(base)
	if base == "relup" {
		suffix = ".relup"
	}
	check, known := read[suffix]
	if !known {
		return nil, fmt.Errorf("%s is none of Name.app, Name.appup, Name.rel and relup", name)
	}
	one := r.readFirstTerm
	if suffix == ".relup" {
		one = r.readOnlyTerm
	}
	if n, ok := one(src); ok {
		check(n, r)
	}
	return r.sorted(), nil
}

// sameName looks whether an application is called as its file.
func (r *report) sameName(n etf.Node, base string) {
	parts, _ := tupleElems(n, 3)
	if len(parts) != 3 {
		return
	}
	if name, ok := parts[1].Term.(etf.Atom); ok && string(name)+".app" != base {
		r.fail(parts[1].Pos, etf.Tagged("bad_application_name", name),
			"the application is called %s, so its file has to be %s.app", show(name), name)
	}
}

// checkScript checks a script of an .appup file by itself. What other applications bring to an upgrade is not known
// here.
func checkScript(script []etf.Node, r *report) {
	c := scriptCheck{report: r, dependent: map[etf.Atom]bool{}}
	for _, n := range script {
		for _, full := range expand(n) {
			if r.syntax(full) {
				c.take(normalize(full))
			}
		}
	}
	c.balance()
	c.dependencies()
	c.objectCode()
	for _, n := range c.early {
		r.fail(n.Pos, etf.Tagged("bad_op_before_point_of_no_return", n.Term),
			"only load_object_code and apply may stand before point_of_no_return")
	}
}

// scriptCheck is what a script has.
type scriptCheck struct {
	*report
	seen, early, loads                  []etf.Node // early: what may not stand before point_of_no_return
	ponr                                bool
	suspended, resumed, stopped, starts []etf.Node
	dependent                           map[etf.Atom]bool
	deps, object                        []etf.Node
}

func (c *scriptCheck) take(n etf.Node) {
	if etf.IsAtom(n.Term, "point_of_no_return") {
		if c.ponr {
			c.fail(n.Pos, etf.Atom("too_many_point_of_no_return"), "there is a point_of_no_return already")
			return
		}
		c.ponr = true
		for _, s := range c.seen {
			if t, ok := s.Term.(etf.Tuple); !ok || !etf.IsAtom(t[0], "load_object_code") && !etf.IsAtom(t[0], "apply") {
				c.early = append(c.early, s)
			}
		}
		return
	}
	c.seen = append(c.seen, n)
	t, ok := n.Term.(etf.Tuple)
	if !ok {
		return
	}
	e := nodesOf(n, t)
	word := t[0].(etf.Atom)
	if isDependent(word) {
		c.takeDependent(e)
		return
	}
	list := func() []etf.Node { l, _ := listElems(e[1]); return l }
	switch word {
	case "suspend":
		for _, s := range list() {
			if pair, ok := tupleElems(s, 2); ok {
				s = pair[0]
			}
			c.suspended = append(c.suspended, s)
		}
	case "resume":
		c.resumed = append(c.resumed, list()...)
	case "stop":
		c.stopped = append(c.stopped, list()...)
	case "start":
		c.starts = append(c.starts, list()...)
	case "load":
		c.loads = append(c.loads, nodesOf(e[1], t[1].(etf.Tuple))[0])
	case "load_object_code":
		modules, _ := listElems(nodesOf(e[1], t[1].(etf.Tuple))[2])
		c.object = append(c.object, modules...)
	}
}

// isDependent tells whether an instruction is one of those that are put into an order: ?DEP_INSTRS of systools_rc.
func isDependent(word etf.Atom) bool {
	switch word {
	case "update", "load_module", "add_module", "delete_module":
		return true
	}
	return false
}

func (c *scriptCheck) takeDependent(e []etf.Node) {
	module := e[1].Term.(etf.Atom)
	if c.dependent[module] {
		c.fail(e[0].Pos, etf.Tagged("muldef_module", module), "there is an instruction for the module %s already",
			show(module))
	}
	c.dependent[module] = true
	deps, _ := listElems(e[len(e)-1])
	c.deps = append(c.deps, deps...)
}

func (c *scriptCheck) balance() {
	c.lacking(c.suspended, c.resumed, "suspended_not_resumed", "%s is suspended, but never resumed")
	c.lacking(c.resumed, c.suspended, "resumed_not_suspended", "%s is resumed, but never suspended")
	c.lacking(c.starts, c.stopped, "start_not_stop", "%s is started, but never stopped")
	c.lacking(c.stopped, c.starts, "stop_not_start", "%s is stopped, but never started")
}

func (c *scriptCheck) lacking(has, from []etf.Node, reason etf.Atom, format string) {
	for _, n := range has {
		if !slices.ContainsFunc(from, func(o etf.Node) bool { return o.Term == n.Term }) {
			c.fail(n.Pos, etf.Tagged(reason, etf.List{n.Term}), format, show(n.Term))
		}
	}
}

func (c *scriptCheck) dependencies() {
	for _, n := range c.deps {
		if module := n.Term.(etf.Atom); !c.dependent[module] {
			c.warn(n.Pos, etf.Tagged("undef_module", module),
				"the module %s has no instruction here; without one in another application the upgrade is refused", show(module))
		}
	}
}

func (c *scriptCheck) objectCode() {
	for _, n := range c.loads {
		if !slices.ContainsFunc(c.object, func(o etf.Node) bool { return o.Term == n.Term }) {
			c.warn(n.Pos, etf.Tagged("no_object_code", n.Term),
				"there is no load_object_code with the module %s here; without one in another application the upgrade is refused",
				show(n.Term))
		}
	}
}

// checkLowLevel checks the script of a relup: release_handler_1:syntax_check_script/1 and what its eval/2 takes.
func checkLowLevel(script []etf.Node, r *report) {
	c := scriptCheck{report: r, dependent: map[etf.Atom]bool{}}
	for i, n := range script {
		n, undo := withoutUndo(n)
		if undo {
			r.warn(n.Pos, etf.Tagged("bad_instruction", n.Term), "undo is known to gonode alone: an OTP node refuses the script")
		}
		word := wordOf(n.Term)
		switch {
		case isHighLevel(word):
			r.fail(n.Pos, etf.Tagged("illegal_instruction_after_point_of_no_return", n.Term),
				"%s belongs into an .appup file; a relup has low-level instructions", word)
		case !r.syntax(n):
		case word == "restart" || word == "reboot":
			r.fail(n.Pos, etf.Tagged("illegal_instruction_after_point_of_no_return", n.Term), "no release handler knows %s",
				word)
		case word == "restart_new_emulator" && i == 0:
		default:
			c.take(n)
		}
	}
	for _, n := range c.early {
		r.fail(n.Pos, etf.Tagged("bad_op_before_point_of_no_return", n.Term),
			"only load_object_code and apply may stand before point_of_no_return")
	}
	c.ordered()
	c.balance()
}

// ordered refuses a load without object code: in a relup there is nobody else to bring it.
func (c *scriptCheck) ordered() {
	for _, n := range c.loads {
		if !slices.ContainsFunc(c.object, func(o etf.Node) bool { return o.Term == n.Term }) {
			c.fail(n.Pos, etf.Tagged("no_object_code", n.Term), "there is no load_object_code with the module %s", show(n.Term))
		}
	}
}

func wordOf(t etf.Term) etf.Atom {
	if tuple, ok := t.(etf.Tuple); ok && len(tuple) > 0 {
		t = tuple[0]
	}
	word, _ := t.(etf.Atom)
	return word
}

// withoutUndo takes the undo out of {apply, MFA, {undo, MFA}}.
func withoutUndo(n etf.Node) (etf.Node, bool) {
	e, ok := tupleElems(n, 3)
	if !ok || !etf.IsAtom(e[0].Term, "apply") {
		return n, false
	}
	undo, ok := tupleElems(e[2], 2)
	if !ok || !etf.IsAtom(undo[0].Term, "undo") {
		return n, false
	}
	if r := (&report{}); !r.syntax(tupleAt(n.Pos, e[0], undo[1])) {
		return n, false
	}
	return tupleAt(n.Pos, e[0], e[1]), true
}
