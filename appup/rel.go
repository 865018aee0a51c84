package appup

import (
	"slices"

	"github.com/gonode-otp/gonode/etf"
)

// Rel is a release as its resource file describes it. See https://www.erlang.org/doc/man/rel.html.
type Rel struct {
	Name, Vsn, Erts string
	Apps            []RelApp
}

// RelApp is an application of a release.
type RelApp struct {
	Name etf.Atom
	Vsn  string
	// Type is permanent, transient, temporary, load or none; permanent if the file does not say.
	Type etf.Atom
	// Included replaces, if Includes is set, the included applications that the application itself names.
	Included []etf.Atom
	Includes bool
}

// Find returns the application of that name.
func (r *Rel) Find(name etf.Atom) (RelApp, bool) {
	i := slices.IndexFunc(r.Apps, func(a RelApp) bool { return a.Name == name })
	if i < 0 {
		return RelApp{}, false
	}
	return r.Apps[i], true
}

// Record returns the release as OTP's record #release{}, which is part of some errors.
func (r *Rel) Record() etf.Tuple {
	apps, included := etf.List{}, etf.List{}
	for _, a := range r.Apps {
		apps = append(apps, etf.Tuple{a.Name, etf.Charlist(a.Vsn), a.Type})
		if a.Includes {
			included = append(included, etf.Tuple{a.Name, etf.Atoms(a.Included...)})
		}
	}
	return etf.Tuple{etf.Atom("release"), etf.Charlist(r.Name), etf.Charlist(r.Vsn), etf.Charlist(r.Erts), apps, included}
}

// ParseRel reads a release resource file, Name.rel. The name is for messages alone. The error is a *FileError with all
// findings.
func ParseRel(name string, src []byte) (*Rel, error) {
	r := &report{file: name}
	n, ok := r.readFirstTerm(src)
	if !ok {
		return nil, r.err()
	}
	rel, _ := readRel(n, r)
	return rel, r.err()
}

// readRel reads a release as systools_make:check_rel/1 does. bad is the reason for which that refuses it, or nil.
func readRel(n etf.Node, r *report) (rel *Rel, bad etf.Term) {
	parts, _ := tupleElems(n, 4)
	var id, erts []etf.Node
	if len(parts) == 4 && etf.IsAtom(parts[0].Term, "release") {
		id, _ = tupleElems(parts[1], 2)
		erts, _ = tupleElems(parts[2], 2)
	}
	if id == nil || erts == nil || !etf.IsAtom(erts[0].Term, "erts") || !isList(parts[3].Term) {
		r.fail(n.Pos, etf.Atom("badly_formatted_release"),
			"expected {release, {Name, Vsn}, {erts, Vsn}, [{App, Vsn}]}, not %s", show(n.Term))
		return nil, etf.Atom("badly_formatted_release")
	}
	rd := relReader{report: r}
	rel = &Rel{}
	rel.Name = rd.text(id[0], "the name of the release", etf.Tagged("illegal_name", id[0].Term))
	rel.Vsn = rd.text(id[1], "the version of the release", etf.Tagged("illegal_form", id[1].Term))
	rel.Erts = rd.text(erts[1], "the version of erts", etf.Tagged("illegal_form", etf.Tagged("erts", erts[1].Term)))
	rd.apps(rel, parts[3])
	if rd.bad != nil {
		return nil, rd.bad
	}
	return rel, nil
}

type relReader struct {
	*report
	bad etf.Term // the first reason, as systools_make words it
}

func (r *relReader) refuse(pos etf.Pos, why etf.Term, format string, args ...any) {
	if r.bad == nil {
		r.bad = why
	}
	r.fail(pos, why, format, args...)
}

func (r *relReader) text(n etf.Node, what string, why etf.Term) string {
	s, kind := stringOf(n.Term)
	if kind == textCrashes {
		why = etf.Tagged("EXIT", crashReason("badarg"))
	}
	if kind != textOK {
		r.refuse(n.Pos, why, "%s has to be a string, not %s", what, show(n.Term))
	}
	return s
}

// apps reads the applications: check_appl/1.
func (r *relReader) apps(rel *Rel, n etf.Node) {
	list, ok := listElems(n)
	if !ok {
		r.refuse(n.Pos, etf.Tagged("EXIT", crashReason("function_clause")),
			"the list of applications has to end in [], not in something else")
		return
	}
	var illegal etf.List
	crashed, broken := false, map[etf.Atom]bool{}
	for _, e := range list {
		app, kind := relApp(e.Term)
		switch kind {
		case textOK:
			rel.Apps = append(rel.Apps, app)
			continue
		case textCrashes:
			crashed = true
		}
		illegal = append(illegal, e.Term)
		broken[app.Name] = true
		r.fail(e.Pos, etf.Tagged("illegal_applications", etf.List{e.Term}),
			"expected {App, Vsn}, {App, Vsn, Type}, {App, Vsn, [Included]} or {App, Vsn, Type, [Included]}, not %s",
			show(e.Term))
	}
	switch {
	case r.bad != nil:
	case crashed:
		r.bad = etf.Tagged("EXIT", crashReason("badarg"))
	case illegal != nil:
		r.bad = etf.Tagged("illegal_applications", illegal)
	}
	r.checkMandatory(rel, broken, n.Pos)
	for i, a := range rel.Apps {
		if slices.ContainsFunc(rel.Apps[:i], func(b RelApp) bool { return a.Name == b.Name }) {
			r.warn(n.Pos, etf.Tagged("duplicate_application", a.Name), "the application %s is listed twice", show(a.Name))
		}
	}
}

// relApp reads one application.
func relApp(t etf.Term) (RelApp, textKind) {
	tuple, _ := t.(etf.Tuple)
	if len(tuple) < 2 || len(tuple) > 4 {
		return RelApp{}, textOther
	}
	name, ok := tuple[0].(etf.Atom)
	app := RelApp{Name: name, Type: "permanent"}
	rest := tuple[2:]
	if len(rest) > 0 {
		if word, isAtom := rest[0].(etf.Atom); isAtom {
			app.Type, rest = word, rest[1:]
		}
	}
	var included etf.Term
	if len(rest) > 0 {
		included, rest = rest[0], rest[1:]
	}
	if !ok || len(rest) > 0 || included != nil && !isList(included) {
		return app, textOther
	}
	var kind textKind
	app.Vsn, kind = stringOf(tuple[1])
	if included != nil {
		app.Included, app.Includes = etf.AsAtoms(included)
	}
	if kind == textOK && (!isAppType(app.Type) || included != nil && !app.Includes) {
		kind = textOther
	}
	return app, kind
}

// isAppType is systools_make:is_app_type/1.
func isAppType(t etf.Atom) bool {
	return slices.Contains([]etf.Atom{"permanent", "transient", "temporary", "none", "load"}, t)
}

// checkMandatory looks for the applications that each release has: mandatory_applications/4. Without sasl there are
// releases, but no upgrades. Those that are there but broken have been told of.
func (r *relReader) checkMandatory(rel *Rel, broken map[etf.Atom]bool, pos etf.Pos) {
	for _, name := range []etf.Atom{"kernel", "stdlib"} {
		switch a, found := rel.Find(name); {
		case !found && broken[name]:
		case !found:
			r.refuse(pos, etf.Tagged("missing_mandatory_app", name), "the application %s is missing", name)
		case a.Type != "permanent":
			r.refuse(pos, etf.Tagged("mandatory_app", name, a.Type), "the application %s has to be permanent, not %s", name,
				a.Type)
		}
	}
	if _, found := rel.Find("sasl"); !found && !broken["sasl"] {
		r.warn(pos, etf.Atom("missing_sasl"),
			"the application sasl is missing: the release cannot be upgraded, nor upgraded to")
	}
}
