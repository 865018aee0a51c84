package appup

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gonode-otp/gonode/etf"
)

// Draft writes an .appup file to start from, for the ways between two versions of an application: a module that is
// added gets add_module, one that is removed delete_module, a server that has changed update with a code change, a
// supervisor that has changed update as a supervisor, and what no process runs load_module. Unchanged modules get
// nothing. If it is not known whether a module has changed it is taken for a server that has, and a comment says so.
// The file has no findings, see CheckFile.
//
// The error is for versions that are no two of one application.
func (p Program) Draft(from, to *App) (string, error) {
	switch {
	case from.Name != to.Name:
		return "", fmt.Errorf("%v and %v are two applications", from, to)
	case from.Vsn == to.Vsn:
		return "", fmt.Errorf("both are %v", to)
	}
	var b strings.Builder
	b.WriteString("%% coding: utf-8\n")
	fmt.Fprintf(&b, "%%%% %s: from %s to %s and back.\n",
		show(to.Name), show(etf.Charlist(from.Vsn)), show(etf.Charlist(to.Vsn)))
	if unknown := p.unknown(from, to); len(unknown) > 0 {
		b.WriteString("%% The files do not tell whether these have changed. Delete the lines of those that have not:\n")
		fmt.Fprintf(&b, "%%%% %s\n", strings.Join(unknown, ", "))
	}
	fmt.Fprintf(&b, "{%s", etf.Format(etf.Charlist(to.Vsn)))
	for _, way := range [][]string{p.instructions(from, to), p.instructions(to, from)} {
		fmt.Fprintf(&b, ",\n [{%s,\n   [%s]}]", etf.Format(etf.Charlist(from.Vsn)), strings.Join(way, ",\n    "))
	}
	b.WriteString("}.\n")
	return b.String(), nil
}

func (p Program) unknown(from, to *App) (names []string) {
	step := p.step(from, to)
	for _, m := range to.Modules {
		if step.Before.change(step.After, m) == ModuleUnknown {
			names = append(names, etf.Format(m))
		}
	}
	return names
}

// instructions are those of one way: what others may need comes first, and what they may have needed goes last.
func (p Program) instructions(from, to *App) []string {
	step := p.step(from, to)
	kinds := p.linked(to.Name, to.Vsn)
	var added, changed, removed []string
	for _, m := range slices.Concat(to.Modules, minus(from.Modules, to.Modules)) {
		name := etf.Format(m)
		switch step.Before.change(step.After, m) {
		case ModuleAdded:
			added = append(added, "{add_module, "+name+"}")
		case ModuleRemoved:
			removed = append(removed, "{delete_module, "+name+"}")
		case ModuleChanged, ModuleUnknown:
			changed = append(changed, changedInstruction(name, kinds.module(m)))
		}
	}
	slices.Reverse(removed)
	return slices.Concat(added, changed, removed)
}

func changedInstruction(name string, m *LinkedModule) string {
	switch {
	case m != nil && m.Kind == KindSupervisor:
		return "{update, " + name + ", supervisor}"
	case m != nil && m.Kind == KindLibrary:
		return "{load_module, " + name + "}"
	}
	return "{update, " + name + ", {advanced, []}}"
}
