package node

import (
	"maps"
	"slices"
	"sync"

	"github.com/gonode-otp/gonode/etf"
)

// applications are the loaded applications and the configuration parameters of this node, the table ac_tab of
// application_controller. What runs is in the state of that process.
type applications struct {
	mu     sync.RWMutex
	loaded map[etf.Atom]*App
	known  map[etf.Atom]*App                  // what there is code of, loaded or not: the .app files in the code path
	set    map[etf.Atom]map[etf.Atom]etf.Term // at run time; nil for a parameter that was unset
	parked map[etf.Atom]map[etf.Atom]etf.Term // set of what an upgrade has unloaded; nil while there is none
}

// load enters an application; false means that there is one of its name.
func (as *applications) load(app App) bool {
	as.mu.Lock()
	defer as.mu.Unlock()
	if as.loaded == nil {
		as.loaded = map[etf.Atom]*App{}
	}
	if as.loaded[app.Name] != nil {
		return false
	}
	as.loaded[app.Name] = app.own()
	as.knowLocked(as.loaded[app.Name])
	return true
}

// know remembers an application for loadKnown.
func (as *applications) know(app App) {
	as.mu.Lock()
	defer as.mu.Unlock()
	as.knowLocked(app.own())
}

func (as *applications) knowLocked(app *App) {
	if as.known == nil {
		as.known = map[etf.Atom]*App{}
	}
	as.known[app.Name] = app
}

// loadKnown loads an application that was loaded before, or is known otherwise; false means that there is none.
func (as *applications) loadKnown(name etf.Atom) bool {
	as.mu.Lock()
	defer as.mu.Unlock()
	app := as.known[name]
	if app == nil || as.loaded[name] != nil {
		return false
	}
	if as.loaded == nil {
		as.loaded = map[etf.Atom]*App{}
	}
	as.loaded[name] = app
	if set := as.parked[name]; set != nil && as.set[name] == nil {
		as.set[name] = set // it was not gone: an upgrade that failed has taken that back
	}
	return true
}

// park has the parameters kept of what is unloaded, until unpark, so that an upgrade that fails finds them again.
func (as *applications) park() {
	as.mu.Lock()
	defer as.mu.Unlock()
	as.parked = map[etf.Atom]map[etf.Atom]etf.Term{}
}

func (as *applications) unpark() {
	as.mu.Lock()
	defer as.mu.Unlock()
	as.parked = nil
}

// change replaces an application; false means that there is none.
func (as *applications) change(app App) bool {
	as.mu.Lock()
	defer as.mu.Unlock()
	if as.loaded[app.Name] == nil {
		return false
	}
	as.loaded[app.Name] = app.own()
	as.knowLocked(as.loaded[app.Name])
	return true
}

// describe gives those of the named applications that are known another description, and returns what gives them
// the old one again. Nobody else changes an application meanwhile; what was changed by then is kept.
func (as *applications) describe(names []etf.Atom, change func(app *App)) (undo func()) {
	as.mu.Lock()
	defer as.mu.Unlock()
	before := map[etf.Atom]*App{}
	for _, name := range names {
		if old := as.known[name]; old != nil {
			if before[name] == nil {
				before[name] = old
			}
			as.replaceLocked(name, func(app *App) { change(app) })
		}
	}
	return func() {
		as.mu.Lock()
		defer as.mu.Unlock()
		for name, old := range before {
			as.replaceLocked(name, func(app *App) {
				app.Description, app.Vsn, app.Modules, app.Registered = old.Description, old.Vsn, old.Modules, old.Registered
				app.Applications, app.Env = old.Applications, old.Env
			})
		}
	}
}

// replaceLocked changes a copy of a known application and puts it in its place; what others have got stays as it is.
func (as *applications) replaceLocked(name etf.Atom, change func(app *App)) {
	if as.known[name] == nil {
		return
	}
	app := as.known[name].own()
	change(app)
	as.known[name] = app
	if as.loaded[name] != nil {
		as.loaded[name] = app
	}
}

// own copies what the caller may change later.
func (a App) own() *App {
	a.Modules, a.Registered, a.Applications = slices.Clone(a.Modules), slices.Clone(a.Registered),
		slices.Clone(a.Applications)
	a.Env = maps.Clone(a.Env)
	return &a
}

// unload forgets an application and its parameters.
func (as *applications) unload(name etf.Atom) bool {
	as.mu.Lock()
	defer as.mu.Unlock()
	if as.loaded[name] == nil {
		return false
	}
	if as.parked != nil && as.set[name] != nil {
		as.parked[name] = as.set[name]
	}
	delete(as.loaded, name)
	delete(as.set, name)
	return true
}

func (as *applications) get(name etf.Atom) *App {
	as.mu.RLock()
	defer as.mu.RUnlock()
	return as.loaded[name]
}

// all returns the loaded applications in the order of their names.
func (as *applications) all() []*App {
	as.mu.RLock()
	defer as.mu.RUnlock()
	all := make([]*App, 0, len(as.loaded))
	for _, name := range slices.Sorted(maps.Keys(as.loaded)) {
		all = append(all, as.loaded[name])
	}
	return all
}

// ofModule returns the application that a module belongs to, or nil.
func (as *applications) ofModule(module etf.Atom) *App {
	for _, app := range as.all() {
		if slices.Contains(app.Modules, module) {
			return app
		}
	}
	return nil
}

func (as *applications) env(name, key etf.Atom) (value etf.Term, ok bool) {
	as.mu.RLock()
	defer as.mu.RUnlock()
	if value, ok := as.set[name][key]; ok {
		return value, value != nil
	}
	if app := as.loaded[name]; app != nil {
		value = app.Env[key]
	}
	return value, value != nil
}

// setEnv sets a parameter, or unsets it with nil.
func (as *applications) setEnv(name, key etf.Atom, value etf.Term) {
	as.mu.Lock()
	defer as.mu.Unlock()
	if as.set == nil {
		as.set = map[etf.Atom]map[etf.Atom]etf.Term{}
	}
	if as.set[name] == nil {
		as.set[name] = map[etf.Atom]etf.Term{}
	}
	as.set[name][key] = value
}

// allEnv returns the parameters of an application.
func (as *applications) allEnv(name etf.Atom) map[etf.Atom]etf.Term {
	as.mu.RLock()
	defer as.mu.RUnlock()
	env := map[etf.Atom]etf.Term{}
	if app := as.loaded[name]; app != nil {
		maps.Copy(env, app.Env)
	}
	for key, value := range as.set[name] {
		if env[key] = value; value == nil {
			delete(env, key)
		}
	}
	return env
}
