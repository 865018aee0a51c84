package appup

import (
	"fmt"
	"slices"

	"github.com/gonode-otp/gonode/etf"
)

// App is an application as its resource file describes it. What may be left out of the file has OTP's default here.
type App struct {
	Name            etf.Atom
	Vsn             string
	ID, Description string
	// Modules decide which application a module belongs to.
	Modules    []etf.Atom
	Registered []etf.Atom
	// Applications are those that have to run before it, Optional those among them that need not be there, Included those
	// that it starts itself.
	Applications, Optional, Included []etf.Atom
	Env                              etf.List
	// Mod is {Module, Argument} or [], StartPhases a list or undefined, MaxT and MaxP a number or infinity.
	Mod, StartPhases, MaxT, MaxP etf.Term
	// Type is how a release starts it; permanent if no release said otherwise.
	Type etf.Atom
	// Dir is the directory in which the file was found, if it was looked for.
	Dir string
}

// ParseApp reads the resource file of an application, App.app. The name is for messages alone. The error is a
// *FileError with all findings. See application resource files, https://www.erlang.org/doc/man/app.html.
func ParseApp(name string, src []byte) (*App, error) {
	r := &report{file: name}
	n, ok := r.readFirstTerm(src)
	if !ok {
		return nil, r.err()
	}
	app, _ := readApp(n, r)
	return app, r.err()
}

// readApp reads an application as systools_make:parse_application/4 does. bad is the reason for which that refuses
// it, or nil.
func readApp(n etf.Node, r *report) (app *App, bad etf.Term) {
	parts, _ := tupleElems(n, 3)
	if len(parts) != 3 || !etf.IsAtom(parts[0].Term, "application") {
		return badApp(n, r)
	}
	name, ok1 := parts[1].Term.(etf.Atom)
	pairs, ok2 := listElems(parts[2])
	if !ok1 || !ok2 {
		return badApp(n, r)
	}
	d := appDict{report: r, pairs: pairs, pos: parts[1].Pos, of: n.Term}
	app = &App{Name: name, Type: "permanent"}
	app.Vsn = d.text("vsn")
	app.ID = d.optionalText("id")
	app.Description = d.text("description")
	app.Modules = d.atoms("modules", true)
	app.Registered = d.atoms("registered", true)
	app.Applications = d.atoms("applications", true)
	app.Optional = d.atoms("optional_applications", false)
	app.Included = d.atoms("included_applications", false)
	app.Mod = d.value("mod", etf.List{}, "{Module, Argument} or []", isCallback)
	app.StartPhases = d.value("start_phases", etf.Atom("undefined"), "[{Phase, Argument}] or undefined", isPhases)
	env := d.value("env", etf.List{}, "[{Key, Value}]", isPairs)
	app.Env, _ = env.(etf.List)
	app.MaxT = d.value("maxT", etf.Atom("infinity"), "milliseconds or infinity", isMax)
	app.MaxP = d.value("maxP", etf.Atom("infinity"), "a number of processes or infinity", isMax)
	d.checkRepeated(app.Modules)
	if d.bad != nil {
		return nil, d.bad
	}
	return app, nil
}

func badApp(n etf.Node, r *report) (*App, etf.Term) {
	reason := etf.Tagged("badly_formatted_application", n.Term)
	r.fail(n.Pos, reason, "expected {application, Name, [{Key, Value}]}, not %s", show(n.Term))
	return nil, reason
}

// appDict is the list of keys and values of an application.
type appDict struct {
	*report
	pairs []etf.Node
	pos   etf.Pos
	of    etf.Term
	bad   etf.Term
}

// find is lists:keysearch/3.
func (d *appDict) find(key etf.Atom) (etf.Node, bool) {
	for _, p := range d.pairs {
		if t, ok := p.Term.(etf.Tuple); ok && len(t) > 0 && etf.IsAtom(t[0], key) {
			return p, true
		}
	}
	return etf.Node{}, false
}

// get returns the value of a key. If it is not there and has to be, or is no pair, that is a finding.
func (d *appDict) get(key etf.Atom, must bool) (etf.Node, bool) {
	pair, found := d.find(key)
	if !found {
		if must {
			d.refuse(d.pos, etf.Tagged("missing_param", key), "%s is missing", key)
		}
		return etf.Node{}, false
	}
	parts, ok := tupleElems(pair, 2)
	if !ok {
		d.refuse(pair.Pos, etf.Tagged("missing_param", key), "expected {%s, Value}, not %s", key, show(pair.Term))
		return etf.Node{}, false
	}
	return parts[1], true
}

// refuse adds a finding and remembers the first as systools_make words it.
func (d *appDict) refuse(pos etf.Pos, why etf.Term, format string, args ...any) {
	if d.bad == nil {
		d.bad = etf.Tuple{why, d.of}
	}
	d.fail(pos, why, format, args...)
}

func (d *appDict) text(key etf.Atom) string {
	n, ok := d.get(key, true)
	if !ok {
		return ""
	}
	return d.textOf(key, n)
}

func (d *appDict) optionalText(key etf.Atom) string {
	n, ok := d.get(key, false)
	if !ok {
		return ""
	}
	return d.textOf(key, n)
}

func (d *appDict) textOf(key etf.Atom, n etf.Node) string {
	s, kind := stringOf(n.Term)
	why := etf.Term(etf.Tagged("bad_param", key))
	if kind == textCrashes {
		why = etf.Tagged("EXIT", crashReason("badarg"))
	}
	if kind != textOK {
		d.refuse(n.Pos, why, "%s has to be a string, not %s", key, show(n.Term))
	}
	return s
}

func (d *appDict) atoms(key etf.Atom, must bool) []etf.Atom {
	n, ok := d.get(key, must)
	if !ok {
		return nil
	}
	atoms, ok := etf.AsAtoms(n.Term)
	if ok {
		return atoms
	}
	pos, what := n.Pos, n.Term
	if elems, isList := listElems(n); isList {
		i := slices.IndexFunc(elems, func(e etf.Node) bool { _, ok := e.Term.(etf.Atom); return !ok })
		pos, what = elems[i].Pos, elems[i].Term
	}
	d.refuse(pos, etf.Tagged("bad_param", key), "%s has to be a list of atoms, not %s", key, show(what))
	return nil
}

// value returns what stands for a key that may be left out.
func (d *appDict) value(key etf.Atom, otherwise etf.Term, want string, fits func(etf.Term) bool) etf.Term {
	n, ok := d.get(key, false)
	if !ok {
		return otherwise
	}
	if !fits(n.Term) {
		why := etf.Tagged("bad_param", key)
		if key == "mod" { // no clause of check_item/2 is about it
			why[0] = etf.Atom("missing_param")
		}
		d.refuse(n.Pos, why, "%s has to be %s, not %s", key, want, show(n.Term))
	}
	return n.Term
}

// checkRepeated warns of what is there twice, and refuses modules that are: systools_make:check_modules/3.
func (d *appDict) checkRepeated(modules []etf.Atom) {
	seen := map[etf.Atom]bool{}
	for _, p := range d.pairs {
		t, _ := p.Term.(etf.Tuple)
		if len(t) == 0 {
			d.warn(p.Pos, etf.Tagged("bad_param", p.Term), "expected {Key, Value}, not %s", show(p.Term))
			continue
		}
		key, _ := t[0].(etf.Atom)
		if seen[key] {
			d.warn(p.Pos, etf.Tagged("duplicate_param", key), "%s is there twice; only the first counts", show(t[0]))
		}
		seen[key] = true
	}
	list, _ := d.find("modules")
	if parts, ok := tupleElems(list, 2); ok {
		elems, _ := listElems(parts[1])
		for i, m := range modules {
			if slices.Contains(modules[:i], m) {
				d.fail(elems[i].Pos, etf.Tagged("duplicate_modules", m), "the module %s is listed twice", show(m))
			}
		}
	}
}

func isCallback(t etf.Term) bool {
	if list, ok := t.(etf.List); ok {
		return len(list) == 0
	}
	pair, _ := t.(etf.Tuple)
	if len(pair) != 2 {
		return false
	}
	_, ok := pair[0].(etf.Atom)
	return ok
}

func isPhases(t etf.Term) bool { return etf.IsAtom(t, "undefined") || isPairs(t) }

func isMax(t etf.Term) bool { return etf.IsAtom(t, "infinity") || isPositive(t) }

// isPositive tells whether a term is an integer above 0.
func isPositive(t etf.Term) bool {
	switch t := t.(type) {
	case etf.Int:
		return t > 0
	case *etf.BigInt:
		return t.Big().Sign() > 0
	}
	return false
}

// Record returns the application as OTP's record #application{}, which is part of some errors.
func (a *App) Record() etf.Tuple {
	return etf.Tuple{etf.Atom("application"), a.Name, a.Type, etf.Charlist(a.Vsn), etf.Charlist(a.ID),
		etf.Charlist(a.Description),
		etf.Atoms(a.Modules...), etf.Atoms(a.Applications...), etf.Atoms(a.Optional...), etf.Atoms(a.Included...),
		etf.Atoms(a.Registered...),
		a.Env, a.MaxT, a.MaxP, a.Mod, a.StartPhases, etf.Charlist(a.Dir)}
}

// String returns Name-Vsn.
func (a *App) String() string { return fmt.Sprintf("%s-%s", a.Name, a.Vsn) }
