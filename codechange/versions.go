package codechange

import (
	"fmt"
	"slices"
	"sync"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// Versions are the versions of modules and applications that are linked into a program, and which version of each
// module is current on a node: the one that new processes run. Versions belong to one node and may be used from any
// goroutine.
type Versions struct {
	apps []*Application

	mu      sync.RWMutex
	modules map[etf.Atom]*moduleVersions
	byCode  map[genserv.Module]*Module
}

// moduleVersions are the versions of one module.
type moduleVersions struct {
	all     []*Module // in the order in which they were given
	current *Module   // nil if the module was removed, as code:delete/1 does
}

// VersionError is a set of applications that cannot be told apart.
type VersionError struct {
	What string // the module or application, with its version
	Why  string
}

func (e *VersionError) Error() string { return "codechange: " + e.What + ": " + e.Why }

// NewVersions makes Versions of applications. Of each module the version that comes last is current, unless a release
// says otherwise. It fails with a *VersionError if an application, or a module in it, is there twice or two versions
// of a module have the same Vsn.
func NewVersions(apps ...Application) (*Versions, error) {
	v := &Versions{modules: map[etf.Atom]*moduleVersions{}, byCode: map[genserv.Module]*Module{}}
	for i := range apps {
		if err := v.addApplication(&apps[i]); err != nil {
			return nil, err
		}
	}
	return v, nil
}

func (v *Versions) addApplication(app *Application) error {
	what := string(app.Name) + "-" + app.Vsn
	switch {
	case app.Name == "" || app.Vsn == "":
		return &VersionError{what, "an application needs a name and a version"}
	case v.Application(app.Name, app.Vsn) != nil:
		return &VersionError{what, "this version of the application is there twice"}
	}
	for i, m := range app.Modules {
		if m == nil || m.name() == "" {
			return &VersionError{what, fmt.Sprintf("module %d has neither code nor a name", i)}
		}
		if slices.ContainsFunc(app.Modules[:i], func(o *Module) bool { return o.name() == m.name() }) {
			return &VersionError{m.String(), "the module is in " + what + " twice"}
		}
		if err := v.addModule(m); err != nil {
			return err
		}
	}
	v.apps = append(v.apps, app)
	return nil
}

func (v *Versions) addModule(m *Module) error {
	l := v.modules[m.name()]
	if l == nil {
		l = &moduleVersions{}
		v.modules[m.name()] = l
	}
	for _, other := range l.all {
		switch {
		case other == m:
			l.current = m
			return nil
		case etf.Equal(other.Version(), m.Version()):
			return &VersionError{m.String(), "two versions of the module have the same Vsn"}
		case m.Code != nil && other.Code == m.Code:
			return &VersionError{m.String(),
				"another version of the module has the same Code; make one with genserv.Of for each"}
		}
	}
	l.all, l.current = append(l.all, m), m
	if m.Code != nil {
		v.byCode[m.Code] = m
	}
	return nil
}

// Application returns a version of an application, or nil if it is not linked.
func (v *Versions) Application(name etf.Atom, vsn string) *Application {
	for _, app := range v.apps {
		if app.Name == name && app.Vsn == vsn {
			return app
		}
	}
	return nil
}

// Applications returns the applications, in the order in which they were given.
func (v *Versions) Applications() []*Application { return slices.Clone(v.apps) }

// Modules returns the versions of a module, in the order in which they were given.
func (v *Versions) Modules(name etf.Atom) []*Module {
	v.mu.RLock()
	defer v.mu.RUnlock()
	if l := v.modules[name]; l != nil {
		return slices.Clone(l.all)
	}
	return nil
}

// Names returns the names of all modules, sorted.
func (v *Versions) Names() []etf.Atom {
	v.mu.RLock()
	defer v.mu.RUnlock()
	var names []etf.Atom
	for name := range v.modules {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Of returns the version that code belongs to; nil means that it is no version of anything.
func (v *Versions) Of(code genserv.Module) *Module {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.byCode[code]
}

// Current returns the current version of a module. known is false if no version of it is linked; a module that is
// known and has no current version was removed.
func (v *Versions) Current(name etf.Atom) (m *Module, known bool) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	l := v.modules[name]
	if l == nil {
		return nil, false
	}
	return l.current, true
}

// load makes m the current version of its module, and returns the one that was; nil removes the module. Processes are
// not touched: code:load_binary/3 without the processes.
func (v *Versions) load(name etf.Atom, m *Module) (was *Module) {
	v.mu.Lock()
	defer v.mu.Unlock()
	l := v.modules[name]
	if l == nil {
		return nil
	}
	was, l.current = l.current, m
	return was
}

// HasApplication tells whether any version of an application is linked.
func (v *Versions) HasApplication(app etf.Atom) bool {
	return slices.ContainsFunc(v.apps, func(a *Application) bool { return a.Name == app })
}

// AppVsn is a version of an application.
type AppVsn struct {
	App etf.Atom
	Vsn string
}
