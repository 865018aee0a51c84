package application

import (
	"maps"
	"slices"
	"sync"

	"github.com/gonode-otp/gonode/etf"
)

// table holds the loaded applications and the configuration parameters of the node: ac_tab of
// application_controller. What runs is in the state of that process.
type table struct {
	mu       sync.RWMutex
	loaded   map[etf.Atom]*App
	provided map[etf.Atom]*App                  // what there is code of, loaded or not: the .app files in the code path
	set      map[etf.Atom]map[etf.Atom]etf.Term // at run time; nil for a parameter that was unset
	parked   map[etf.Atom]map[etf.Atom]etf.Term // set of what an upgrade has unloaded; nil while there is none
}

// load enters an application; false means that there is one of its name.
func (t *table) load(app App) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.loaded == nil {
		t.loaded = map[etf.Atom]*App{}
	}
	if t.loaded[app.Name] != nil {
		return false
	}
	t.loaded[app.Name] = app.clone()
	t.provideLocked(t.loaded[app.Name])
	return true
}

// provide remembers an application for loadProvided.
func (t *table) provide(app App) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.provideLocked(app.clone())
}

func (t *table) provideLocked(app *App) {
	if t.provided == nil {
		t.provided = map[etf.Atom]*App{}
	}
	t.provided[app.Name] = app
}

// loadProvided loads an application that was loaded before, or is known otherwise; false means that there is none.
func (t *table) loadProvided(name etf.Atom) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	app := t.provided[name]
	if app == nil || t.loaded[name] != nil {
		return false
	}
	if t.loaded == nil {
		t.loaded = map[etf.Atom]*App{}
	}
	t.loaded[name] = app
	if set := t.parked[name]; set != nil && t.set[name] == nil {
		t.set[name] = set // it was not gone: an upgrade that failed has taken that back
	}
	return true
}

// park has the parameters kept of what is unloaded, until unpark, so that an upgrade that fails finds them again.
func (t *table) park() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.parked = map[etf.Atom]map[etf.Atom]etf.Term{}
}

func (t *table) unpark() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.parked = nil
}

// change replaces an application; false means that there is none.
func (t *table) change(app App) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.loaded[app.Name] == nil {
		return false
	}
	t.loaded[app.Name] = app.clone()
	t.provideLocked(t.loaded[app.Name])
	return true
}

// applySpecs gives those of the named applications that are known another description, and returns what gives them
// the old one again. Nobody else changes an application meanwhile; what was changed by then is kept.
func (t *table) applySpecs(names []etf.Atom, change func(app *App)) (undo func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	before := map[etf.Atom]*App{}
	for _, name := range names {
		if old := t.provided[name]; old != nil {
			if before[name] == nil {
				before[name] = old
			}
			t.replaceLocked(name, func(app *App) { change(app) })
		}
	}
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		for name, old := range before {
			t.replaceLocked(name, func(app *App) {
				app.Description, app.Vsn, app.Modules, app.Registered = old.Description, old.Vsn, old.Modules, old.Registered
				app.Applications, app.Env = old.Applications, old.Env
			})
		}
	}
}

// replaceLocked changes a copy of a known application and puts it in its place; what others have got stays as it is.
func (t *table) replaceLocked(name etf.Atom, change func(app *App)) {
	if t.provided[name] == nil {
		return
	}
	app := t.provided[name].clone()
	change(app)
	t.provided[name] = app
	if t.loaded[name] != nil {
		t.loaded[name] = app
	}
}

// clone copies what the caller may change later.
func (a App) clone() *App {
	a.Modules, a.Registered, a.Applications = slices.Clone(a.Modules), slices.Clone(a.Registered),
		slices.Clone(a.Applications)
	a.Env = maps.Clone(a.Env)
	return &a
}

// unload forgets an application and its parameters.
func (t *table) unload(name etf.Atom) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.loaded[name] == nil {
		return false
	}
	if t.parked != nil && t.set[name] != nil {
		t.parked[name] = t.set[name]
	}
	delete(t.loaded, name)
	delete(t.set, name)
	return true
}

func (t *table) get(name etf.Atom) *App {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.loaded[name]
}

// all returns the loaded applications in the order of their names.
func (t *table) all() []*App {
	t.mu.RLock()
	defer t.mu.RUnlock()
	all := make([]*App, 0, len(t.loaded))
	for _, name := range slices.Sorted(maps.Keys(t.loaded)) {
		all = append(all, t.loaded[name])
	}
	return all
}

// ofModule returns the application that a module belongs to, or nil.
func (t *table) ofModule(module etf.Atom) *App {
	for _, app := range t.all() {
		if slices.Contains(app.Modules, module) {
			return app
		}
	}
	return nil
}

func (t *table) env(name, key etf.Atom) (value etf.Term, ok bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if value, ok := t.set[name][key]; ok {
		return value, value != nil
	}
	if app := t.loaded[name]; app != nil {
		value = app.Env[key]
	}
	return value, value != nil
}

// setEnv sets a parameter, or unsets it with nil.
func (t *table) setEnv(name, key etf.Atom, value etf.Term) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.set == nil {
		t.set = map[etf.Atom]map[etf.Atom]etf.Term{}
	}
	if t.set[name] == nil {
		t.set[name] = map[etf.Atom]etf.Term{}
	}
	t.set[name][key] = value
}

// allEnv returns the parameters of an application.
func (t *table) allEnv(name etf.Atom) map[etf.Atom]etf.Term {
	t.mu.RLock()
	defer t.mu.RUnlock()
	env := map[etf.Atom]etf.Term{}
	if app := t.loaded[name]; app != nil {
		maps.Copy(env, app.Env)
	}
	for key, value := range t.set[name] {
		if env[key] = value; value == nil {
			delete(env, key)
		}
	}
	return env
}
