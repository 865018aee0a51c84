package application

import (
	"maps"

	"github.com/gonode-otp/gonode/etf"
)

// parameter is an entry of sys.config.
type parameter struct {
	app, key etf.Atom
	value    etf.Term
}

// parseConfig parses [{App, [{Key, Value}]}].
func parseConfig(t etf.Term) (all []parameter, ok bool) {
	config, ok := t.(etf.List)
	if !ok {
		return nil, false
	}
	for _, entry := range config {
		pair, ok := entry.(etf.Tuple)
		if !ok || len(pair) != 2 {
			return nil, false
		}
		app, ok1 := pair[0].(etf.Atom)
		env, ok2 := pair[1].(etf.List)
		if !ok1 || !ok2 {
			return nil, false
		}
		for _, e := range env {
			kv, ok := e.(etf.Tuple)
			if !ok || len(kv) != 2 {
				return nil, false
			}
			key, ok := kv[0].(etf.Atom)
			if !ok {
				return nil, false
			}
			all = append(all, parameter{app, key, kv[1]})
		}
	}
	return all, true
}

// parseAppSpec parses {application, Name, Keys}.
func parseAppSpec(spec etf.Term) (name etf.Atom, keys etf.List, ok bool) {
	t, _ := spec.(etf.Tuple)
	if len(t) != 3 || !etf.IsAtom(t[0], "application") {
		return "", nil, false
	}
	name, ok1 := t[1].(etf.Atom)
	keys, ok2 := t[2].(etf.List)
	return name, keys, ok1 && ok2
}

// applySpec takes over what a resource file says, and then sys.config; what is left out of the file stays, but for the
// environment.
func (a *App) applySpec(keys etf.List, parameters []parameter) {
	a.Env = map[etf.Atom]etf.Term{}
	for _, k := range keys {
		pair, _ := k.(etf.Tuple)
		if len(pair) != 2 {
			continue
		}
		key, _ := pair[0].(etf.Atom)
		switch key {
		case "description":
			a.Description = charlistOr(pair[1], a.Description)
		case "vsn":
			a.Vsn = charlistOr(pair[1], a.Vsn)
		case "modules":
			a.Modules = atomsOf(pair[1])
		case "registered":
			a.Registered = atomsOf(pair[1])
		case "applications":
			a.Applications = atomsOf(pair[1])
		case "env":
			maps.Copy(a.Env, envOf(pair[1]))
		}
	}
	for _, p := range parameters {
		if p.app == a.Name {
			a.Env[p.key] = p.value
		}
	}
}

func atomsOf(t etf.Term) []etf.Atom {
	list, _ := t.(etf.List)
	var all []etf.Atom
	for _, e := range list {
		if a, ok := e.(etf.Atom); ok {
			all = append(all, a)
		}
	}
	return all
}

func envOf(t etf.Term) map[etf.Atom]etf.Term {
	env := map[etf.Atom]etf.Term{}
	list, _ := t.(etf.List)
	for _, e := range list {
		if pair, ok := e.(etf.Tuple); ok && len(pair) == 2 {
			if key, ok := pair[0].(etf.Atom); ok {
				env[key] = pair[1]
			}
		}
	}
	return env
}

// charlistOr returns the text of a charlist, or otherwise if t is none.
func charlistOr(t etf.Term, otherwise string) string {
	if text, ok := etf.AsCharlist(t); ok {
		return text
	}
	return otherwise
}
