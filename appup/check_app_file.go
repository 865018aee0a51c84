package appup

import (
	"slices"
	"strings"

	"github.com/gonode-otp/gonode/etf"
)

// CheckFile is Check of a file that is read from files. An .appup file is compared with the .app file of the same
// name beside it, if there is one: the version on top has to be that of the application, and the modules of the way
// up have to be among its modules. The error is that of reading the file, or of Check.
func CheckFile(files Files, name string) ([]*Finding, error) {
	src, err := files.ReadFile(name)
	if err != nil {
		return nil, err
	}
	findings, err := Check(name, src)
	of, isAppup := strings.CutSuffix(name, ".appup")
	if err != nil || !isAppup {
		return findings, err
	}
	beside, err := files.ReadFile(of + ".app")
	if err != nil {
		return findings, nil // an .appup file by itself
	}
	r := &report{file: name, findings: findings}
	silent := &report{file: name}
	n, ok := silent.readFirstTerm(src)
	parts, isAppupTerm := tupleElems(n, 3)
	if !ok || !isAppupTerm {
		return findings, nil
	}
	app, err := ParseApp(of+".app", beside)
	if err != nil {
		first, _, _ := strings.Cut(err.Error(), "\n")
		r.warn(parts[0].Pos, etf.Tagged("bad_application", etf.Charlist(of+".app")),
			"not compared with the .app file, which is broken: %s", first)
		return r.sorted(), nil
	}
	appFileCheck{r, app}.file(parts)
	return r.sorted(), nil
}

// appFileCheck compares an .appup file with an application.
type appFileCheck struct {
	*report
	app *App
}

func (c appFileCheck) file(parts []etf.Node) {
	if top, kind := stringOf(parts[0].Term); kind == textOK && top != c.app.Vsn {
		c.warn(parts[0].Pos, etf.Tagged("bad_vsn", etf.Tuple{parts[0].Term, etf.Charlist(c.app.Vsn)}),
			"the file is for version %s, but %s.app says %s", show(parts[0].Term), c.app.Name, show(etf.Charlist(c.app.Vsn)))
	}
	for _, mode := range []Mode{ModeUp, ModeDown} {
		list, _ := listElems(mode.entries(parts))
		for _, e := range list {
			pair, _ := tupleElems(e, 2)
			if pair == nil {
				continue
			}
			script, _ := listElems(pair[1])
			c.script(mode, script)
		}
	}
}

func (c appFileCheck) script(mode Mode, script []etf.Node) {
	for _, n := range script {
		for _, full := range expand(n) {
			e, _ := tupleElems(full, -1)
			if len(e) < 2 || !(&report{}).syntax(full) {
				continue
			}
			c.instruction(mode, wordOf(full.Term), e)
		}
	}
}

// instruction looks for the modules of an instruction. Those of the version that a downgrade leads to are not known
// here.
func (c appFileCheck) instruction(mode Mode, word etf.Atom, e []etf.Node) {
	switch {
	case word == "load_object_code":
		c.objectCode(mode, nodesOf(e[1], e[1].Term.(etf.Tuple)))
	case !isDependent(word):
	case mode == ModeUp && word != "delete_module":
		c.module(e[1])
	case mode == ModeDown && word == "delete_module" && !c.has(e[1].Term):
		c.warn(e[1].Pos, etf.Tagged("no_such_module", e[1].Term),
			"the way down deletes the module %s, which %s.app does not have", show(e[1].Term), c.app.Name)
	case mode == ModeUp && c.has(e[1].Term):
		c.warn(e[1].Pos, etf.Tagged("delete_module", e[1].Term), "the module %s is deleted, but %s.app has it",
			show(e[1].Term),
			c.app.Name)
	case word == "add_module" && c.has(e[1].Term):
		c.warn(e[1].Pos, etf.Tagged("add_module", e[1].Term), "the way down adds the module %s, but %s.app has it already",
			show(e[1].Term), c.app.Name)
	}
}

// objectCode looks at {App, Vsn, Modules}.
func (c appFileCheck) objectCode(mode Mode, e []etf.Node) {
	if mode == ModeDown || !etf.IsAtom(e[0].Term, c.app.Name) {
		return
	}
	if vsn, kind := stringOf(e[1].Term); kind == textOK && vsn != c.app.Vsn {
		c.fail(e[1].Pos, etf.Tagged("bad_lib_vsn", c.app.Name, etf.Charlist(c.app.Vsn)),
			"object code of version %s, but %s.app says %s",
			show(e[1].Term), c.app.Name, show(etf.Charlist(c.app.Vsn)))
	}
	modules, _ := listElems(e[2])
	for _, m := range modules {
		c.module(m)
	}
}

func (c appFileCheck) module(n etf.Node) {
	if !c.has(n.Term) {
		c.fail(n.Pos, etf.Tagged("no_such_module", n.Term),
			"%s.app has no module %s; without one in another application the upgrade is refused",
			c.app.Name, show(n.Term))
	}
}

func (c appFileCheck) has(module etf.Term) bool {
	name, ok := module.(etf.Atom)
	return ok && slices.Contains(c.app.Modules, name)
}
