package appup

import (
	"fmt"
	"maps"
	"slices"

	"github.com/gonode-otp/gonode/etf"
)

// Modules are the modules of a version of an application, each with its own version. A version that is not known is
// nil: then only whether the module is there is.
type Modules map[etf.Atom]etf.Term

// Change is what becomes of a module between two versions of its application.
type Change string

// What becomes of modules.
const (
	ModuleAdded     Change = "added"
	ModuleRemoved   Change = "removed"
	ModuleChanged   Change = "changed"
	ModuleUnchanged Change = "unchanged"
	ModuleUnknown   Change = "unknown" // it is in both, and at least one version of it is not known
)

// change tells what becomes of a module on the way to other modules.
func (m Modules) change(to Modules, module etf.Atom) Change {
	before, was := m[module]
	after, is := to[module]
	switch {
	case !was:
		return ModuleAdded
	case !is:
		return ModuleRemoved
	case before == nil || after == nil:
		return ModuleUnknown
	case etf.Equal(before, after):
		return ModuleUnchanged
	}
	return ModuleChanged
}

// Gap is a module whose instructions do not fit what becomes of it: it is added, removed or changed and no
// instruction is about it, or it is unchanged and one is.
type Gap struct {
	App      etf.Atom
	From, To string // versions of the application
	Module   etf.Atom
	Change   Change

	pos etf.Pos // of the instruction
}

// String says it in words.
func (g Gap) String() string {
	way := fmt.Sprintf("%s %s to %s: the module %s ", show(g.App), g.From, g.To, show(g.Module))
	if g.Change == ModuleUnchanged {
		return way + "is the same in both versions, but there is an instruction for it"
	}
	return way + "is " + string(g.Change) + ", but no instruction is about it"
}

// Reason is {uncovered_module, Module} or {unchanged_module, Module}. OTP has none: systools looks at no code.
func (g Gap) Reason() etf.Tuple {
	if g.Change == ModuleUnchanged {
		return etf.Tagged("unchanged_module", g.Module)
	}
	return etf.Tagged("uncovered_module", g.Module)
}

// Step is an upgrade of one application from one version to another.
type Step struct {
	App      etf.Atom
	From, To string
	// Before and After are the modules of both versions.
	Before, After Modules
}

// Gaps compares a script, of an .appup file or of a relup, with what becomes of the modules of applications. A
// script that restarts the emulator has no gaps: all code is new then.
func Gaps(script etf.List, steps ...Step) []Gap {
	ins := newCoverage(NewScript(script...).nodes)
	var gaps []Gap
	for _, s := range steps {
		gaps = append(gaps, ins.gaps(s)...)
	}
	return gaps
}

// coverage is what a script has instructions about.
type coverage struct {
	modules map[etf.Atom]etf.Pos
	apps    map[etf.Atom]bool // as a whole
	all     bool
}

func newCoverage(scripts ...[]etf.Node) coverage {
	ins := coverage{modules: map[etf.Atom]etf.Pos{}, apps: map[etf.Atom]bool{}}
	for _, n := range slices.Concat(scripts...) {
		for _, full := range expand(n) {
			full, _ = withoutUndo(full)
			if (&report{}).syntax(full) {
				ins.addInstruction(full)
			}
		}
	}
	return ins
}

func (ins coverage) addModule(n etf.Node) {
	if module, ok := n.Term.(etf.Atom); ok {
		ins.modules[module] = n.Pos
	}
}

// addInstruction notes what an instruction is about, whose syntax is right.
func (ins *coverage) addInstruction(n etf.Node) {
	t, _ := n.Term.(etf.Tuple)
	e := nodesOf(n, t)
	switch word := wordOf(n.Term); word {
	case "update", "load_module", "add_module", "delete_module":
		ins.addModule(e[1])
	case "load", "remove":
		ins.addModule(nodesOf(e[1], t[1].(etf.Tuple))[0])
	case "add_application", "remove_application", "restart_application":
		app, _ := t[1].(etf.Atom)
		ins.apps[app] = true
	case "apply":
		ins.addCall(mfaOf(t[1]))
	case "restart_new_emulator", "restart_emulator", "restart", "reboot":
		ins.all = true
	}
}

// addCall finds what systools_rc makes of instructions for whole applications: they are stopped or started.
func (ins *coverage) addCall(call MFA) {
	args, _ := call.Args.(etf.List)
	if call.Module != "application" || call.Function != "start" && call.Function != "stop" || len(args) == 0 {
		return
	}
	app, _ := args[0].(etf.Atom)
	ins.apps[app] = true
}

func (ins coverage) gaps(s Step) []Gap {
	if ins.all || ins.apps[s.App] {
		return nil
	}
	both := maps.Clone(s.Before)
	maps.Copy(both, s.After)
	var gaps []Gap
	for _, module := range slices.Sorted(maps.Keys(both)) {
		pos, covered := ins.modules[module]
		g := Gap{s.App, s.From, s.To, module, s.Before.change(s.After, module), pos}
		if g.Change != ModuleUnknown && covered == (g.Change == ModuleUnchanged) {
			gaps = append(gaps, g)
		}
	}
	return gaps
}
