package codechange

import (
	"slices"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/genserv/driver"
)

// CodeServer is what a node and its release handler do with Versions: the part of OTP's code server that decides which
// version of a module a process runs. Programs that are upgraded do not need it.
type CodeServer struct{ versions *Versions }

// CodeServer returns the code server of the versions. There is one state for all: what one makes current is current for
// the others.
func (v *Versions) CodeServer() CodeServer { return CodeServer{v} }

// Resolve returns the code with which a new process starts: the current version of the module, whichever version code
// is, as start_link(counter, ...) in Erlang means the code that is loaded. It returns code itself if no version of it
// is linked. It fails with a *genserv.Exit with the reason undef if the module was removed.
func (c CodeServer) Resolve(code genserv.Module) (resolved genserv.Module, err error) {
	err = c.Start(code, func(m genserv.Module) error {
		resolved = m
		return nil
	})
	return resolved, err
}

// Start calls begin with the code that Resolve returns. No version is made current before begin has returned, so an
// upgrade finds every process that begin has made known to its Host. begin must not use the versions.
func (c CodeServer) Start(code genserv.Module, begin func(genserv.Module) error) error {
	v := c.versions
	v.mu.RLock()
	defer v.mu.RUnlock()
	l := v.modules[code.Name()]
	switch {
	case l == nil:
		return begin(code)
	case l.current == nil || l.current.Code == nil:
		return &genserv.Exit{Reason: etf.Tuple{etf.Atom("undef"), etf.List{
			etf.Tuple{code.Name(), etf.Atom("init"), etf.Int(1), etf.List{}}}}}
	}
	return begin(l.current.Code)
}

// byVsn returns the version of a module whose Version is vsn, or nil.
func (v *Versions) byVsn(name etf.Atom, vsn etf.Term) *Module {
	for _, m := range v.Modules(name) {
		if etf.Equal(m.Version(), vsn) {
			return m
		}
	}
	return nil
}

// Next returns the code to which sys:change_code changes a server by hand: for {down, Vsn} the version Vsn, else the
// current one. loaded says that it is the current one. It is meant for driver.Host.NextCode; nil means no other code.
func (c CodeServer) Next(code driver.Module, oldVsn etf.Term) (next driver.Module, loaded bool) {
	v := c.versions
	current, _ := v.Current(code.Name())
	m := current
	if t, ok := etf.AsTuple(oldVsn, "down", 2); ok {
		m = v.byVsn(code.Name(), t[1])
	}
	if m == nil {
		return nil, false
	}
	return m.Code, m == current
}

// Boot makes the versions current that belong to the given applications, as a node does with those of its release when
// it starts. A module that only other versions of these applications have gets no current version. Applications that
// are not linked at all are passed over; if only other versions are linked, the error is a *VersionError.
func (c CodeServer) Boot(apps []AppVsn) error {
	v := c.versions
	current := map[etf.Atom]*Module{}
	for _, a := range apps {
		app := v.Application(a.App, a.Vsn)
		if app == nil && v.HasApplication(a.App) {
			return &VersionError{string(a.App) + "-" + a.Vsn, "this version of the application is not linked into the program"}
		}
		for _, other := range v.apps {
			for _, m := range other.Modules {
				if other.Name == a.App && current[m.name()] == nil {
					current[m.name()] = nil
				}
				if other == app {
					current[m.name()] = m
				}
			}
		}
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	for name, m := range current {
		v.modules[name].current = m
	}
	return nil
}

// IsCurrent tells whether all modules of an application are current.
func (c CodeServer) IsCurrent(app *Application) bool {
	v := c.versions
	return !slices.ContainsFunc(app.Modules, func(m *Module) bool {
		current, _ := v.Current(m.name())
		return current != m
	})
}
