package appup

import (
	"fmt"
	"math/rand/v2"
	"path"
	"slices"
	"strings"

	"github.com/gonode-otp/gonode/etf"
)

// dice make releases up that nobody would write: most of them are fine, others have the mistakes that systools looks
// for.
type dice struct{ *rand.Rand }

// once says yes once in n times.
func (d dice) once(n int) bool { return d.IntN(n) == 0 }

func one[T any](d dice, all ...T) T { return all[d.IntN(len(all))] }

func oneTerm(d dice, all ...etf.Term) etf.Term { return one(d, all...) }

func some[T any](d dice, all []T, most int) []T {
	picked := []T{}
	for _, i := range d.Perm(len(all)) {
		if len(picked) < most {
			picked = append(picked, all[i])
		}
	}
	return picked
}

// madeApp is an application in its old and its new versions.
type madeApp struct {
	name     etf.Atom
	vsns     []string     // by release, the new one first; "" where the release does not have it
	modules  [][]etf.Atom // by release
	needs    []etf.Atom
	optional []etf.Atom
	includes []etf.Atom
}

// madeUp makes an input up.
func madeUp(seed uint64) *input {
	d := dice{rand.New(rand.NewPCG(seed, 6))}
	in := &input{option: Options{RestartEmulator: d.once(8), WarningsAsErrors: d.once(30)}}
	releases := 2
	if d.once(4) {
		releases = 3
	}
	apps := make([]*madeApp, 1+d.IntN(4))
	for i := range apps {
		apps[i] = d.app(i, len(apps), releases)
	}
	sasl := one(d, "4.0", "4.0", "4.0", "10.0", "2.1.9")
	for _, core := range []struct{ name, vsn, needs string }{{"kernel", "4.0", ""}, {"stdlib", "4.0", "kernel"},
		{"sasl", sasl, "kernel stdlib"}} {
		a := &madeApp{name: etf.Atom(core.name), vsns: make([]string, releases), modules: make([][]etf.Atom, releases)}
		for r := range a.vsns {
			a.vsns[r] = core.vsn
		}
		if core.needs != "" {
			a.needs = []etf.Atom{"kernel"}
		}
		apps = append(apps, a)
	}
	for r := range releases {
		name := "new"
		if r > 0 {
			name = fmt.Sprintf("old%d", r)
			in.rels = append(in.rels, Base{name, oneTerm(d, etf.List{}, etf.Charlist("described"), etf.Atom("any"))})
		}
		in.put(name+".rel", d.rel(apps, r))
	}
	for _, a := range apps {
		for r, vsn := range a.vsns {
			if vsn != "" && (len(a.name) > 1 || !d.once(400)) { // systools would find one of its own for stdlib
				in.put(fmt.Sprintf("lib/%s-%s/ebin/%s.app", a.name, vsn, a.name), d.resource(a, r, apps))
			}
		}
		if a.vsns[0] != "" && !d.once(60) {
			in.put(fmt.Sprintf("lib/%s-%s/ebin/%s.appup", a.name, a.vsns[0], a.name), d.appup(a, apps))
		}
	}
	if d.once(25) {
		d.spoil(in)
	}
	in.option.Path = d.path(in)
	return in
}

// path lists the directories. systools takes what a wildcard stands for in the order of the file system, which
// decides some of its errors.
func (d dice) path(in *input) []string {
	var dirs []string
	for name := range in.files {
		if dir := path.Dir(name); dir != "." && !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
		}
	}
	slices.Sort(dirs)
	d.Shuffle(len(dirs), func(i, j int) { dirs[i], dirs[j] = dirs[j], dirs[i] })
	return dirs
}

func (d dice) app(i, of, releases int) *madeApp {
	a := &madeApp{name: etf.Atom(rune('a' + i))}
	current := 3
	for r := range releases {
		vsn := fmt.Sprintf("%d.%d", current-r, d.IntN(3))
		switch {
		case r > 0 && d.once(6):
			vsn = a.vsns[0] // unchanged
		case d.once(8):
			vsn = ""
		}
		a.vsns = append(a.vsns, vsn)
		var modules []etf.Atom
		if r > 0 && vsn == a.vsns[0] {
			modules = a.modules[0]
		} else {
			for m := range 5 {
				if !d.once(5) {
					modules = append(modules, etf.Atom(fmt.Sprintf("%s%d", a.name, m)))
				}
			}
			if d.once(100) {
				modules = append(modules, "a1")
			}
			d.Shuffle(len(modules), func(i, j int) { modules[i], modules[j] = modules[j], modules[i] })
		}
		a.modules = append(a.modules, modules)
	}
	a.needs = []etf.Atom{"kernel", "stdlib"}
	for j := range of {
		other := etf.Atom(rune('a' + j))
		switch {
		case j == i:
		case (j < i || d.once(60)) && d.once(3):
			a.needs = append(a.needs, other)
			if d.once(5) {
				a.optional = append(a.optional, other)
			}
		case j > i && d.once(15): // a circle of inclusions keeps systools busy for ever
			a.includes = append(a.includes, other)
		}
	}
	if d.once(25) {
		a.needs, a.optional = append(a.needs, "absent"), append(a.optional, "absent")
	}
	d.Shuffle(len(a.needs), func(i, j int) { a.needs[i], a.needs[j] = a.needs[j], a.needs[i] })
	return a
}

func (d dice) rel(apps []*madeApp, r int) etf.Term {
	list := etf.List{}
	for _, i := range d.Perm(len(apps)) {
		a := apps[i]
		if a.vsns[r] == "" || d.once(400) {
			continue
		}
		entry := etf.Tuple{a.name, etf.Charlist(a.vsns[r])}
		if len(a.name) == 1 {
			switch {
			case d.once(4):
				entry = append(entry, one(d, etf.Atom("permanent"), "transient", "temporary", "load", "none"))
			case d.once(100):
				entry = append(entry, etf.Atom("always"))
			}
			if len(a.includes) > 0 && d.once(2) {
				entry = append(entry, etf.Atoms(a.includes[:d.IntN(len(a.includes)+1)]...))
			}
		}
		list = append(list, entry)
	}
	erts := "1.0"
	if r > 0 && d.once(6) {
		erts = "0.9"
	}
	return etf.Tuple{etf.Atom("release"), etf.Tuple{etf.Charlist("rel"), etf.Charlist(fmt.Sprintf("R%d", 9-r))},
		etf.Tuple{etf.Atom("erts"), etf.Charlist(erts)}, list}
}

func (d dice) resource(a *madeApp, r int, apps []*madeApp) etf.Term {
	missing := func(name etf.Atom) bool { // in the release
		i := slices.IndexFunc(apps, func(a *madeApp) bool { return a.name == name })
		return i >= 0 && apps[i].vsns[r] == "" && !d.once(30)
	}
	b := *a
	a = &b
	a.needs, a.includes = slices.DeleteFunc(slices.Clone(a.needs), missing),
		slices.DeleteFunc(slices.Clone(a.includes), missing)
	pair := func(key etf.Atom, v etf.Term) etf.Term { return etf.Tuple{key, v} }
	keys := etf.List{pair("description", etf.Charlist("made up")), pair("vsn", etf.Charlist(a.vsns[r])),
		pair("modules", etf.Atoms(a.modules[r]...)),
		pair("registered", etf.List{etf.Atom(a.name + "_name")}), pair("applications", etf.Atoms(a.needs...))}
	if a.optional != nil {
		keys = append(keys, pair("optional_applications", etf.Atoms(a.optional...)))
	}
	if a.includes != nil {
		keys = append(keys, pair("included_applications", etf.Atoms(a.includes...)))
	}
	if d.once(4) {
		keys = append(keys, pair("mod", etf.Tuple{etf.Atom("a1"), etf.List{}}),
			pair("env", etf.List{etf.Tuple{etf.Atom("k"), etf.Int(1)}}),
			pair("start_phases", etf.List{etf.Tuple{etf.Atom("go"), etf.List{}}}), pair("maxT", etf.Int(5)),
			pair("id", etf.Charlist("id")))
	}
	switch {
	case d.once(400):
		i := d.IntN(len(keys))
		keys[i] = pair(keys[i].(etf.Tuple)[0].(etf.Atom), oneTerm(d, etf.Atom("odd"), etf.Int(1), etf.List{etf.Int(-1)},
			etf.List{etf.Atom("x"), etf.Int(1)}))
	case d.once(400):
		i := d.IntN(len(keys))
		keys = append(keys[:i:i], keys[i+1:]...)
	}
	d.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
	return etf.Tuple{etf.Atom("application"), a.name, keys}
}

// spoil breaks the text of a file.
func (d dice) spoil(in *input) {
	var names []string
	for name := range in.files {
		// systools has files of its own for stdlib
		if len(path.Base(name)) == len("a.app") || !strings.HasPrefix(name, "lib/") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	f := in.files[one(d, names...)]
	switch d.IntN(3) {
	case 0:
		f.Data = f.Data[:d.IntN(len(f.Data))]
	case 1:
		f.Data = append(f.Data, "and more"...)
	default:
		f.Data = []byte(one(d, "", "% nothing\n", "odd.\n", "{a,\n,b}.\n", "{a,b.\n", "X.\n", "{a}}.\n",
			"{release, {\"rel\", \"1\"}, {erts, 1}, []}.\n"))
	}
}
