package appup

import (
	"slices"
	"strings"

	"github.com/gonode-otp/gonode/etf"
)

// Release is a release with its applications, in the order in which they are started.
type Release struct {
	Rel
	Apps []*App
}

// ReadRelease reads a release file and the resource files of its applications, and checks that they belong together:
// systools_make:get_release/2. The suffix .rel of the file may be left out. path are the directories to look in, with
// wildcards such as lib/*/ebin; the working directory is the last.
//
// The error is an *Error with the reason of systools_make.
func ReadRelease(files Files, file string, path []string) (*Release, error) {
	r, err := readRelease(searchPath(files, path), file)
	if err != nil {
		return nil, err
	}
	return r, nil
}

func readRelease(p searchedFiles, file string) (*Release, *Error) {
	rel, err := readRelFile(p, strings.TrimSuffix(file, ".rel")+".rel")
	if err != nil {
		return nil, err
	}
	r := &Release{Rel: *rel}
	var errs etf.List
	for _, a := range rel.Apps {
		app, reason := readApplication(p, a.Name, etf.Charlist(a.Vsn))
		if reason == nil {
			reason = include(app, a)
		}
		switch {
		case reason != nil:
			errs = append(etf.List{etf.Tagged("error_reading", etf.Tuple{a.Name, reason})}, errs...)
		case app.Name != a.Name:
			errs = append(etf.List{etf.Tagged("bad_application_name", etf.Tuple{a.Name,
				etf.Tuple{app.Name, etf.Charlist(app.Vsn)}})}, errs...)
		default:
			app.Type = a.Type
			r.Apps = append(r.Apps, app)
		}
	}
	var reason etf.Term
	if errs != nil {
		reason = errs
	} else {
		reason = r.arrange()
	}
	if reason != nil {
		return nil, &Error{Module: "systools_make", Reason: reason, File: file}
	}
	return r, nil
}

func readRelFile(p searchedFiles, file string) (*Rel, *Error) {
	full, src, ok := p.openFirst(append([]string{"."}, p.dirs...), file)
	if !ok {
		return nil, &Error{Module: "systools_make", Reason: etf.Tagged("not_found", etf.Charlist(file))}
	}
	n, broken := firstNode(file, src)
	if broken != nil {
		return nil, broken.at("systools_make", broken.reason, full)
	}
	r := &report{file: full}
	rel, bad := readRel(n, r)
	if bad != nil {
		return nil, &Error{Module: "systools_make", Reason: bad, File: full, Line: n.Pos.Line, Column: n.Pos.Column}
	}
	return rel, nil
}

// at is the error of a file that cannot be read.
func (b *brokenFile) at(module etf.Atom, reason etf.Term, file string) *Error {
	e := &Error{Module: module, Reason: reason, File: file}
	if b.parse != nil {
		e.Line, e.Column = b.parse.Line, b.parse.Column
	}
	return e
}

// readApplication looks for the file of an application in the version that the release has: read_application/4. A
// file with another version, or that does not parse, is passed over, but the first of them is the reason if there is
// no other.
func readApplication(p searchedFiles, of etf.Atom, vsn etf.Term) (*App, etf.Term) {
	name := string(of) + ".app"
	var first etf.Term
	note := func(reason etf.Term) {
		if first == nil {
			first = reason
		}
	}
	for _, dir := range p.dirs {
		full, src, ok := p.openFirst([]string{dir}, name)
		if !ok {
			continue
		}
		n, broken := firstNode(name, src)
		if broken != nil {
			if etf.IsAtom(broken.reason[0], "parse") {
				what := broken.reason[2].(etf.Tuple)
				note(etf.Tagged("parse_error", etf.Tuple{etf.Charlist(join(dir, name)), what[0], what[2]}))
			}
			continue
		}
		app, bad := readApp(n, &report{file: full})
		switch {
		case bad != nil:
			return nil, bad
		case !etf.Equal(etf.Charlist(app.Vsn), vsn):
			note(etf.Tagged("no_valid_version", etf.Tuple{etf.Tuple{etf.Charlist("should be"), vsn},
				etf.Tuple{etf.Charlist("found file"), etf.Charlist(join(dir, name)), etf.Charlist(app.Vsn)}}))
			continue
		}
		app.Dir = dir
		return app, nil
	}
	if first == nil {
		first = etf.Tagged("not_found", etf.Charlist(name))
	}
	return nil, first
}

// include takes over the included applications of the release file, which have to be among those of the application:
// override_include/3.
func include(app *App, a RelApp) etf.Term {
	if !a.Includes {
		return nil
	}
	var unknown etf.List
	for _, i := range a.Included {
		if !slices.Contains(app.Included, i) {
			unknown = append(unknown, i)
		}
	}
	if unknown != nil {
		return etf.Tagged("override_include", unknown)
	}
	app.Included = a.Included
	return nil
}

// arrange checks that the applications belong together and puts them into the order in which they start:
// check_applications/1, sort_used_and_incl_appls/2, check_modules/3 and sort_appls/1.
func (r *Release) arrange() etf.Term {
	if missing := r.undefined(); missing != nil {
		return etf.Tagged("undefined_applications", missing)
	}
	byVsn := func(words func(*App) []etf.Atom) []item {
		var all []item
		for _, a := range r.Apps {
			for _, w := range words(a) {
				all = append(all, item{w, etf.Tuple{w, a.Name, etf.Charlist(a.Vsn), etf.Charlist(a.Dir)}})
			}
		}
		return all
	}
	if twice := duplicates(byVsn(func(a *App) []etf.Atom { return a.Registered })); twice != nil {
		return etf.Tagged("duplicate_register", twice)
	}
	if twice := duplicates(byVsn(func(a *App) []etf.Atom { return a.Included })); twice != nil {
		return etf.Tagged("duplicate_include", twice)
	}
	r.useTopApps()
	for _, a := range r.Apps {
		a.Included, a.Applications = r.inOrder(a.Included), r.inOrder(a.Applications)
	}
	var modules []item
	for _, a := range r.Apps {
		for _, m := range a.Modules {
			modules = append(modules, item{m, etf.Tuple{m, a.Name, etf.Charlist(a.Dir)}})
		}
	}
	if twice := duplicates(modules); twice != nil {
		return etf.Tagged("duplicate_modules", twice)
	}
	sorted, reason := startOrder(r.Apps)
	r.Apps = sorted
	return reason
}

// undefined returns the applications that others need and that the release does not have: undefined_applications/1.
func (r *Release) undefined() etf.List {
	var missing etf.List
	for _, a := range r.Apps {
		for _, name := range append(minus(a.Applications, a.Optional), a.Included...) {
			if findApp(r.Apps, name) == nil && !slices.Contains(missing, etf.Term(name)) {
				missing = append(missing, name)
			}
		}
	}
	return missing
}

// minus is the operator -- of Erlang: each element of less takes one of all away.
func minus[T comparable](all, less []T) []T {
	all = slices.Clone(all)
	for _, l := range less {
		if i := slices.Index(all, l); i >= 0 {
			all = slices.Delete(all, i, i+1)
		}
	}
	return all
}

type item struct {
	key  etf.Atom
	term etf.Tuple
}

// duplicates returns pairs of items with the same key: duplicates/1.
func duplicates(items []item) etf.List {
	slices.SortStableFunc(items, func(a, b item) int { return etf.Compare(a.key, b.key) })
	var pairs etf.List
	for i := 1; i < len(items); i++ {
		if items[i-1].key == items[i].key {
			pairs = append(pairs, etf.Tuple{items[i-1].term, items[i].term})
		}
	}
	slices.Reverse(pairs)
	return pairs
}

// inOrder puts applications into the order of the release file; those that are not in it come last.
func (r *Release) inOrder(names []etf.Atom) []etf.Atom {
	place := func(name etf.Atom) int {
		i := slices.IndexFunc(r.Rel.Apps, func(a RelApp) bool { return a.Name == name })
		if i < 0 {
			return len(r.Rel.Apps)
		}
		return i
	}
	names = slices.Clone(names)
	slices.SortStableFunc(names, func(a, b etf.Atom) int { return place(a) - place(b) })
	return names
}
