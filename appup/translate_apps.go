package appup

import (
	"slices"

	"github.com/gonode-otp/gonode/etf"
)

// translateApplications makes instructions for modules of those for applications: translate_application_instrs/3.
// Modules that are added are loaded as any other: translate_add_module_instrs/2.
func (t *translation) translateApplications(after []step) ([]step, *Error) {
	var all []step
	for _, s := range after {
		var made []etf.Term
		var reason etf.Term
		switch {
		case s.hasWord("add_application"):
			made, reason = t.addApplication(s.arg(1).(etf.Atom), s.arg(2).(etf.Atom))
		case s.hasWord("remove_application"):
			made, reason = t.removeApplication(s.arg(1).(etf.Atom))
		case s.hasWord("restart_application"):
			made, reason = t.restartApplication(s.arg(1).(etf.Atom))
		case s.hasWord("add_module"):
			e := nodesOf(s.Node, s.Term.(etf.Tuple))
			brutal := nodeAt(s.Pos, brutalPurge)
			all = append(all, step{tupleAt(s.Pos, nodeAt(s.Pos, etf.Atom("load_module")), e[1], brutal, brutal, e[2]), s.file})
			continue
		default:
			all = append(all, s)
			continue
		}
		if reason != nil {
			return nil, s.errorFor(reason)
		}
		for _, m := range made {
			all = append(all, s.replacedBy(m))
		}
	}
	return all, nil
}

func findApp(apps []*App, name etf.Atom) *App {
	i := slices.IndexFunc(apps, func(a *App) bool { return a.Name == name })
	if i < 0 {
		return nil
	}
	return apps[i]
}

func (t *translation) addApplication(name, startType etf.Atom) ([]etf.Term, etf.Term) {
	app := findApp(t.to, name)
	if app == nil {
		return nil, etf.Tagged("no_such_application", name)
	}
	return append(loadInstructions(app), startCalls(name, startType)...), nil
}

func (t *translation) removeApplication(name etf.Atom) ([]etf.Term, etf.Term) {
	if findApp(t.to, name) != nil {
		return nil, etf.Tagged("removed_application_present", name)
	}
	app := findApp(t.from, name)
	if app == nil {
		return nil, etf.Tagged("no_such_application", name)
	}
	return append(removeInstructions(app), applicationCall("unload", name)), nil
}

func (t *translation) restartApplication(name etf.Atom) ([]etf.Term, etf.Term) {
	old, app := findApp(t.from, name), findApp(t.to, name)
	if old == nil || app == nil {
		return nil, etf.Tagged("no_such_application", name)
	}
	return slices.Concat(removeInstructions(old), loadInstructions(app), startCalls(name, app.Type)), nil
}

// applicationCall is a call of the application module.
func applicationCall(function, app etf.Atom, args ...etf.Term) etf.Term {
	return etf.Tagged("apply", etf.Tuple{etf.Atom("application"), function, append(etf.List{app}, args...)})
}

func startCalls(app, startType etf.Atom) []etf.Term {
	switch startType {
	case "none":
		return nil
	case "load":
		return []etf.Term{applicationCall("load", app)}
	}
	return []etf.Term{applicationCall("start", app, startType)}
}

func loadInstructions(app *App) []etf.Term {
	var all []etf.Term
	for _, m := range app.Modules {
		all = append(all, etf.Tagged("load_module", m, brutalPurge, brutalPurge, etf.List{}))
	}
	return all
}

func removeInstructions(app *App) []etf.Term {
	all := []etf.Term{applicationCall("stop", app.Name)}
	for _, m := range app.Modules {
		all = append(all, etf.Tagged("remove", etf.Tuple{m, brutalPurge, brutalPurge}))
	}
	return append(all, etf.Tagged("purge", etf.Atoms(app.Modules...)))
}
