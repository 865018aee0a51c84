package appup

import (
	"path"
	"slices"
	"strings"

	"github.com/gonode-otp/gonode/etf"
)

// Linked is a version of an application as a program has it.
type Linked struct {
	App     etf.Atom       `etf:"app"`
	Vsn     string         `etf:"vsn"`
	Modules []LinkedModule `etf:"modules"`
}

// LinkedModule is a module of such a version.
type LinkedModule struct {
	Name etf.Atom `etf:"name"`
	// Version tells one version of the module from another.
	Version etf.Term   `etf:"version"`
	Kind    ModuleKind `etf:"kind,atom"`
}

// ModuleKind is what processes a module is for.
type ModuleKind string

// The kinds of modules.
const (
	KindServer     ModuleKind = "server"
	KindSupervisor ModuleKind = "supervisor"
	KindLibrary    ModuleKind = "library" // no process runs it
)

// Program is what is known of a program, beside the files of its releases.
type Program struct {
	// Linked are the versions of applications that are in it. Without them whether a module that is in two versions
	// of an application differs is unknown.
	Linked []Linked
}

func (p Program) linked(app etf.Atom, vsn string) *Linked {
	i := slices.IndexFunc(p.Linked, func(l Linked) bool { return l.App == app && l.Vsn == vsn })
	if i < 0 {
		return nil
	}
	return &p.Linked[i]
}

func (l *Linked) module(name etf.Atom) *LinkedModule {
	if l == nil {
		return nil
	}
	i := slices.IndexFunc(l.Modules, func(m LinkedModule) bool { return m.Name == name })
	if i < 0 {
		return nil
	}
	return &l.Modules[i]
}

// ModuleVersions returns the modules with their versions.
func (l Linked) ModuleVersions() Modules {
	all := Modules{}
	for _, m := range l.Modules {
		all[m.Name] = m.Version
	}
	return all
}

// modules are those that a file lists, in the versions that are linked.
func (p Program) modules(app *App) Modules {
	of := p.linked(app.Name, app.Vsn)
	all := Modules{}
	for _, name := range app.Modules {
		all[name] = nil
		if m := of.module(name); m != nil {
			all[name] = m.Version
		}
	}
	return all
}

func (p Program) step(from, to *App) Step {
	return Step{to.Name, from.Vsn, to.Vsn, p.modules(from), p.modules(to)}
}

// Check compares a file with the program and with the files beside it. All findings are warnings. Of an .appup file
// they are the gaps in each of its scripts, see Gap: the .app files of the other versions are looked for where
// releases have them, lib/App-Vsn/ebin. Of a relup they are those of its scripts, by the .rel files in releases/Vsn.
// Of an .app file they are modules that it lists and that are not linked, and
// those that it does not list. Other files have none. What is wrong in the file itself tells CheckFile.
//
// The error is that of reading the file.
func (p Program) Check(files Files, name string) ([]*Finding, error) {
	src, err := files.ReadFile(name)
	if err != nil {
		return nil, err
	}
	r := &report{file: name}
	switch {
	case strings.HasSuffix(name, ".app"):
		if n, ok := (&report{}).readFirstTerm(src); ok {
			p.checkApp(n, r)
		}
	case strings.HasSuffix(name, ".appup"):
		if n, ok := (&report{}).readFirstTerm(src); ok {
			p.checkAppup(files, n, r)
		}
	case path.Base(name) == "relup", strings.HasSuffix(name, ".relup"):
		if n, ok := (&report{}).readFirstTerm(src); ok {
			p.checkRelup(files, n, r)
		}
	}
	return r.sorted(), nil
}

func (p Program) checkApp(n etf.Node, r *report) {
	app, _ := readApp(n, &report{})
	if app == nil || !slices.ContainsFunc(p.Linked, func(l Linked) bool { return l.App == app.Name }) {
		return
	}
	l := p.linked(app.Name, app.Vsn)
	if l == nil {
		r.warn(n.Pos, etf.Tagged("unlinked_application", app.Name), "%v is not linked into the program", app)
		return
	}
	for _, m := range app.Modules {
		if l.module(m) == nil {
			r.warn(n.Pos, etf.Tagged("unlinked_module", m), "the module %s is listed, but %v has none in the program",
				show(m), app)
		}
	}
	for _, m := range l.Modules {
		if !slices.Contains(app.Modules, m.Name) {
			r.warn(n.Pos, etf.Tagged("unlisted_module", m.Name), "the module %s is not listed, but %v has it in the program",
				show(m.Name), app)
		}
	}
}

func (p Program) checkAppup(files Files, n etf.Node, r *report) {
	of := strings.TrimSuffix(r.file, ".appup")
	src, err := files.ReadFile(of + ".app")
	if err != nil {
		return
	}
	app, err := ParseApp(of+".app", src)
	parts, isAppup := tupleElems(n, 3)
	if err != nil || !isAppup {
		return
	}
	others := p.others(files, app, path.Join(path.Dir(r.file), "..", ".."))
	for _, mode := range []Mode{ModeUp, ModeDown} {
		list, _ := listElems(mode.entries(parts))
		for _, other := range others {
			p.checkEntry(mode, list, app, other, r)
		}
	}
}

// others are the other versions of an application: those of files, and those that are linked only.
func (p Program) others(files Files, app *App, lib string) []*App {
	var all []*App
	dirs, _ := files.ReadDir(lib)
	for _, d := range dirs {
		if !strings.HasPrefix(d.Name(), string(app.Name)+"-") {
			continue
		}
		file := path.Join(lib, d.Name(), "ebin", string(app.Name)+".app")
		src, err := files.ReadFile(file)
		if err != nil {
			continue
		}
		if other, err := ParseApp(file, src); err == nil && other.Name == app.Name && other.Vsn != app.Vsn {
			all = append(all, other)
		}
	}
	for _, l := range p.Linked {
		known := slices.ContainsFunc(all, func(a *App) bool { return a.Vsn == l.Vsn })
		if l.App != app.Name || l.Vsn == app.Vsn || known {
			continue
		}
		other := &App{Name: l.App, Vsn: l.Vsn}
		for _, m := range l.Modules {
			other.Modules = append(other.Modules, m.Name)
		}
		all = append(all, other)
	}
	return all
}

// checkEntry looks at the script for the way from, or to, another version.
func (p Program) checkEntry(mode Mode, entries []etf.Node, app, other *App, r *report) {
	for _, e := range entries {
		parts, ok := tupleElems(e, 2)
		if !ok {
			continue
		}
		if v, ok := readVersion(parts[0], &report{}); !ok || !v.Fits(other.Vsn) {
			continue
		}
		script, _ := listElems(parts[1])
		step := p.step(other, app)
		if mode == ModeDown {
			step = p.step(app, other)
		}
		r.gaps(parts[0].Pos, newCoverage(script).gaps(step))
		return
	}
}

// gaps warns of gaps. One without an instruction is at pos.
func (r *report) gaps(pos etf.Pos, gaps []Gap) {
	for _, g := range gaps {
		at := g.pos
		if at == (etf.Pos{}) {
			at = pos
		}
		r.warn(at, g.Reason(), "%v", g)
	}
}

// findGaps finds the gaps in the scripts of a relup between releases. Applications that are added or removed as a
// whole have none.
func (m *maker) findGaps(scripts []Script, from, to *Release) {
	nodes := make([][]etf.Node, len(scripts))
	for i, s := range scripts {
		nodes[i] = s.nodes
	}
	ins := newCoverage(nodes...)
	for _, app := range to.Apps {
		old := findApp(from.Apps, app.Name)
		if old == nil || old.Vsn == app.Vsn {
			continue
		}
		holder := app // of the file
		if findApp(m.top.Apps, app.Name) != app {
			holder = old
		}
		r := &report{file: join(holder.Dir, string(app.Name)+".appup")}
		r.gaps(etf.Pos{}, ins.gaps(m.options.Program.step(old, app)))
		m.gaps = append(m.gaps, r.findings...)
	}
}
