package appup

import (
	"slices"

	"github.com/gonode-otp/gonode/etf"
)

// appup makes the .appup file of an application up, with an entry for each of its versions.
func (d dice) appup(a *madeApp, apps []*madeApp) etf.Term {
	vsn := a.vsns[0]
	if d.once(30) {
		vsn = "other"
	}
	halves := [2]etf.List{{}, {}}
	for mode := range halves {
		if d.once(10) {
			halves[mode] = append(halves[mode], etf.Tuple{etf.Binary(one(d, `1\.`, `2`, `[0-9]|.*`, `.*?`, `x|y`)), etf.List{}})
		}
		if d.once(40) {
			halves[mode] = append(halves[mode], oneTerm(d, etf.Atom("odd"), etf.Tuple{etf.Atom("odd"), etf.List{}},
				etf.Tuple{etf.Binary("("), etf.List{}}))
		}
		for r, old := range a.vsns[1:] {
			if old == "" || d.once(60) {
				continue
			}
			from, to, toVsn := a.modules[r+1], a.modules[0], a.vsns[0]
			if mode == int(ModeDown) {
				from, to, toVsn = to, from, old
			}
			key := etf.Term(etf.Charlist(old))
			if d.once(5) {
				key = etf.Binary(one(d, `[0-9]\.[0-9]`, `^`+old+`$`, `\d+(\.\d+)*`, old[:1]+`\..*`))
			}
			halves[mode] = append(halves[mode], etf.Tuple{key, d.script(a, toVsn, from, to, apps)})
		}
	}
	return etf.Tuple{etf.Charlist(vsn), halves[0], halves[1]}
}

// script makes a script up that changes modules of an application.
func (d dice) script(a *madeApp, vsn string, from, to []etf.Atom, apps []*madeApp) etf.List {
	var script etf.List
	both := slices.DeleteFunc(slices.Clone(to), func(m etf.Atom) bool { return !slices.Contains(from, m) })
	added := slices.DeleteFunc(slices.Clone(to), func(m etf.Atom) bool { return slices.Contains(from, m) })
	gone := slices.DeleteFunc(slices.Clone(from), func(m etf.Atom) bool { return slices.Contains(to, m) })
	both = some(d, both, 1+d.IntN(5))
	if d.once(25) {
		script = append(script, etf.Tuple{etf.Atom("restart_application"), a.name})
		both, added, gone = nil, nil, nil
	}
	all := slices.Concat(both, added, gone)
	for _, m := range both {
		script = append(script, d.change(m, d.deps(m, all, apps)))
	}
	for _, m := range added {
		script = append(script, d.form("add_module", m, d.deps(m, all, apps)))
	}
	for _, m := range gone {
		script = append(script, d.form("delete_module", m, d.deps(m, all, apps)))
	}
	if d.once(60) && len(all) > 0 {
		script = append(script, d.change(one(d, all...), etf.List{}))
	}
	if d.once(40) {
		script = append(script, d.change("stranger", etf.List{}))
	}
	for d.once(2) {
		script = append(script, d.extra()...)
	}
	if d.once(20) {
		script = append(script, d.broken())
	}
	d.Shuffle(len(script), func(i, j int) { script[i], script[j] = script[j], script[i] })
	script = append(script, d.lowLevel(a, vsn)...)
	if d.once(6) {
		script = slices.Concat(d.before(a, vsn), etf.List{etf.Atom("point_of_no_return")}, script)
	}
	if d.once(60) {
		script = append(script, etf.Atom("point_of_no_return"))
	}
	if d.once(30) && len(script) > 0 {
		script[0] = etf.List{script[0]}
	}
	return script
}

func (d dice) form(word, m etf.Atom, deps etf.List) etf.Term {
	if len(deps) == 0 && d.once(2) {
		return etf.Tuple{word, m}
	}
	return etf.Tuple{word, m, deps}
}

// deps picks modules that a module depends on; circles are welcome.
func (d dice) deps(m etf.Atom, all []etf.Atom, apps []*madeApp) etf.List {
	deps := etf.List{}
	if d.once(2) {
		return deps
	}
	for _, other := range some(d, all, d.IntN(3)) {
		if other != m || d.once(20) {
			deps = append(deps, other)
		}
	}
	if d.once(15) {
		if other := one(d, apps...); len(other.modules[0]) > 0 {
			deps = append(deps, one(d, other.modules[0]...))
		}
	}
	return deps
}

func (d dice) purge() etf.Term { return one(d, etf.Atom("soft_purge"), brutalPurge) }

// change updates or loads a module, in all the forms.
func (d dice) change(m etf.Atom, deps etf.List) etf.Term {
	update := etf.Atom("update")
	change := oneTerm(d, etf.Atom("soft"), etf.Tuple{etf.Atom("advanced"), m}, etf.Tuple{etf.Atom("advanced"), etf.List{}})
	timeout := oneTerm(d, etf.Atom("default"), etf.Atom("infinity"), etf.Int(1+d.IntN(9000)))
	modType := one(d, etf.Atom("static"), "dynamic")
	if len(deps) == 0 && d.once(2) {
		return oneTerm(d, etf.Tuple{update, m}, etf.Tuple{update, m, change}, etf.Tuple{update, m, etf.Atom("supervisor")},
			etf.Tuple{etf.Atom("load_module"), m})
	}
	return oneTerm(d, etf.Tuple{update, m, deps}, etf.Tuple{update, m, change, deps},
		etf.Tuple{update, m, change, d.purge(), d.purge(), deps}, etf.Tuple{update, m, timeout, change, d.purge(),
			d.purge(), deps},
		etf.Tuple{update, m, modType, timeout, change, d.purge(), d.purge(), deps},
		etf.Tuple{etf.Atom("load_module"), m, deps}, etf.Tuple{etf.Atom("load_module"), m, d.purge(), d.purge(), deps})
}

func (d dice) call() etf.Term {
	return etf.Tagged("apply", etf.Tuple{etf.Atom("m"), one(d, etf.Atom("f"), "g"), etf.List{etf.Int(d.IntN(100))}})
}

// extra are instructions that stand where they stand.
func (d dice) extra() etf.List {
	switch d.IntN(25) {
	case 0:
		return etf.List{etf.Atom("restart_emulator")}
	case 1:
		return etf.List{etf.Atom("restart_new_emulator")}
	case 2:
		return etf.List{etf.Tagged("sync_nodes", etf.Atom("id"), oneTerm(d, etf.List{etf.Atom("n@h")},
			etf.Tuple{etf.Atom("m"), etf.Atom("f"), etf.List{}}))}
	case 3:
		return etf.List{oneTerm(d, etf.Atom("restart"), etf.Atom("reboot"))}
	case 4:
		return etf.List{etf.Tagged("purge", etf.List{etf.Atom("p")})}
	case 5:
		return etf.List{etf.Tagged(one(d, etf.Atom("add_application"), "remove_application", "restart_application"),
			one(d, etf.Atom("a"), "c", "nowhere"))}
	case 6:
		return etf.List{etf.Tagged("add_application", one(d, etf.Atom("a"), "b"), one(d, etf.Atom("load"), "none",
			"transient"))}
	case 7:
		return etf.List{etf.Tagged("code_change", oneTerm(d, etf.Atom("up"), etf.Atom("down")),
			etf.List{etf.Tuple{etf.Atom("m"), etf.Int(1)}})}
	}
	return etf.List{d.call()}
}

// lowLevel is a sequence for modules that no high-level instruction has.
func (d dice) lowLevel(a *madeApp, version string) etf.List {
	mods := func() etf.Term { return etf.List{one(d, etf.Atom("x1"), "x2"), one(d, etf.Atom("x3"), "x1")} }
	switch d.IntN(12) {
	case 0:
		m := mods()
		script := etf.List{etf.Tagged("suspend", m), d.call(), etf.Tagged("code_change",
			etf.List{etf.Tuple{etf.Atom("x1"), etf.Atom("e")}}), etf.Tagged("resume", m)}
		if d.once(20) {
			script = script[:3]
		}
		return script
	case 1:
		m := mods()
		return etf.List{etf.Tagged("stop", m), etf.Tagged("start", m)}[d.IntN(15)/14:]
	case 2:
		vsn := etf.Charlist(version)
		if d.once(10) {
			vsn = etf.Charlist("0")
		}
		script := etf.List{etf.Tagged("load", etf.Tuple{etf.Atom("x1"), d.purge(), d.purge()}),
			etf.Tagged("load_object_code", etf.Tuple{a.name, vsn, etf.List{etf.Atom("x1"), etf.Atom("a0"), etf.Atom("x1")}})}
		if d.once(20) {
			script = script[:1]
		}
		return script
	case 3:
		return etf.List{etf.Tagged("suspend", etf.List{etf.Tuple{etf.Atom("x1"), etf.Int(5)}, etf.Atom("x2")}),
			etf.Tagged("remove", etf.Tuple{etf.Atom("x1"), d.purge(), d.purge()}),
			etf.Tagged("resume", etf.List{etf.Atom("x2"), etf.Atom("x1")})}
	}
	return nil
}

// before is what may stand before the point of no return, and sometimes what may not.
func (d dice) before(a *madeApp, vsn string) etf.List {
	script := etf.List{d.call()}
	if d.once(2) {
		script = append(script, etf.Tagged("load_object_code", etf.Tuple{a.name, etf.Charlist(vsn),
			etf.List{etf.Atom("a1"), etf.Atom("y")}}))
	}
	if d.once(20) {
		script = append(script, etf.Tagged("load_module", etf.Atom("m")))
	}
	return script
}

// broken is an instruction that is none.
func (d dice) broken() etf.Term {
	m, soft := etf.Atom("m"), etf.Atom("soft_purge")
	return oneTerm(d, etf.Atom("mnesia_backup"), etf.Atom("odd"), etf.Int(5), etf.Tuple{}, etf.Tagged("update"),
		etf.Tagged("load_module"),
		etf.Tagged("update", m, etf.Atom("supervisor"), etf.List{}), etf.Tagged("update", m, etf.Tagged("odd", m)),
		etf.Tagged("update", etf.Int(1)),
		etf.Tagged("update", m, etf.Int(0), etf.Atom("soft"), soft, soft, etf.List{}), etf.Tagged("update", m,
			etf.Atom("hard")),
		etf.Tagged("update", m, etf.Atom("odd"), etf.Int(1), etf.Atom("soft"), soft, soft, etf.List{}),
		etf.Tagged("load_module", m, soft, etf.Int(2), etf.List{}),
		etf.Tagged("load_module", m, m), etf.Tagged("add_module", m, etf.List{etf.Int(1)}), etf.Tagged("add_module", m, m),
		etf.Tagged("delete_module", etf.Charlist("m")), etf.Tagged("delete_module", m,
			etf.ImproperList{Elems: []etf.Term{m}, Tail: m}),
		etf.Tagged("add_application", m, etf.Atom("odd")), etf.Tagged("remove_application", etf.Int(1)),
		etf.Tagged("load_object_code", etf.Tuple{m, etf.Int(1), etf.List{}}),
		etf.Tagged("load_object_code", etf.Tuple{m, etf.Charlist("1")}), etf.Tagged("load_object_code", m), etf.Tagged("load",
			m),
		etf.Tagged("load", etf.Tuple{etf.Int(1), soft, soft}),
		etf.Tagged("remove", etf.Tuple{m, soft, m}), etf.Tagged("purge", m), etf.Tagged("suspend", etf.List{etf.Tuple{m,
			etf.Int(-1)}}),
		etf.Tagged("resume", etf.List{etf.Int(1)}),
		etf.Tagged("code_change", etf.List{m}), etf.Tagged("code_change", etf.Atom("odd"), etf.List{}),
		etf.Tagged("code_change", etf.Atom("odd"), m),
		etf.Tagged("sync_nodes", m, etf.List{etf.Int(1)}), etf.Tagged("sync_nodes", m, m),
		etf.Tagged("sync_nodes", m, etf.Tuple{m, etf.Int(1), etf.List{}}),
		etf.Tagged("apply", etf.Tuple{m, m, m}), etf.Tagged("apply", etf.Tuple{m, etf.Int(1), etf.List{}}),
		etf.Tagged("apply", etf.Tuple{m, m}), etf.Tagged("apply", m),
		etf.Tagged("apply", etf.Tuple{m, m, etf.List{}}, etf.Tagged("undo", etf.Tuple{m, m, etf.List{}})))
}
