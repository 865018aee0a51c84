package appup

import (
	"slices"

	"github.com/gonode-otp/gonode/etf"
)

// applications makes instructions for modules of those for applications: translate_application_instrs/3. Modules that
// are added are loaded as any other: translate_add_module_instrs/2.
func (t *translation) applications(after []step) ([]step, *Error) {
	var all []step
	for _, s := range after {
		var made []etf.Term
		var reason etf.Term
		switch {
		case s.is("add_application"):
			made, reason = t.addApplication(s.arg(1).(etf.Atom), s.arg(2).(etf.Atom))
		case s.is("remove_application"):
			made, reason = t.removeApplication(s.arg(1).(etf.Atom))
		case s.is("restart_application"):
			made, reason = t.restartApplication(s.arg(1).(etf.Atom))
		case s.is("add_module"):
			e := nodesOf(s.Node, s.Term.(etf.Tuple))
			brutal := at(s.Pos, BrutalPurge)
			all = append(all, step{tupleAt(s.Pos, at(s.Pos, etf.Atom("load_module")), e[1], brutal, brutal, e[2]), s.file})
			continue
		default:
			all = append(all, s)
			continue
		}
		if reason != nil {
			return nil, s.fail(reason)
		}
		for _, m := range made {
			all = append(all, s.instead(m))
		}
	}
	return all, nil
}

func find(apps []*App, name etf.Atom) *App {
	i := slices.IndexFunc(apps, func(a *App) bool { return a.Name == name })
	if i < 0 {
		return nil
	}
	return apps[i]
}

func (t *translation) addApplication(name, startType etf.Atom) ([]etf.Term, etf.Term) {
	app := find(t.to, name)
	if app == nil {
		return nil, tagged("no_such_application", name)
	}
	return append(loads(app), starts(name, startType)...), nil
}

func (t *translation) removeApplication(name etf.Atom) ([]etf.Term, etf.Term) {
	if find(t.to, name) != nil {
		return nil, tagged("removed_application_present", name)
	}
	app := find(t.from, name)
	if app == nil {
		return nil, tagged("no_such_application", name)
	}
	return append(removes(app), applied("unload", name)), nil
}

func (t *translation) restartApplication(name etf.Atom) ([]etf.Term, etf.Term) {
	old, app := find(t.from, name), find(t.to, name)
	if old == nil || app == nil {
		return nil, tagged("no_such_application", name)
	}
	return slices.Concat(removes(old), loads(app), starts(name, app.Type)), nil
}

// applied is a call of the application module.
func applied(function, app etf.Atom, args ...etf.Term) etf.Term {
	return tagged("apply", etf.Tuple{etf.Atom("application"), function, append(etf.List{app}, args...)})
}

func starts(app, startType etf.Atom) []etf.Term {
	switch startType {
	case "none":
		return nil
	case "load":
		return []etf.Term{applied("load", app)}
	}
	return []etf.Term{applied("start", app, startType)}
}

func loads(app *App) []etf.Term {
	var all []etf.Term
	for _, m := range app.Modules {
		all = append(all, tagged("load_module", m, BrutalPurge, BrutalPurge, etf.List{}))
	}
	return all
}

func removes(app *App) []etf.Term {
	all := []etf.Term{applied("stop", app.Name)}
	for _, m := range app.Modules {
		all = append(all, tagged("remove", etf.Tuple{m, BrutalPurge, BrutalPurge}))
	}
	return append(all, tagged("purge", atomTerms(app.Modules)))
}
