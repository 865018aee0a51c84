package codechange

import (
	"slices"

	"github.com/gonode-otp/gonode/appup"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// Uncovered is a module whose instructions in a script do not fit what becomes of it: appup.Gap.
type Uncovered struct {
	App etf.Atom `etf:"app"`
	// From and To are the versions of the application.
	From   string   `etf:"from"`
	To     string   `etf:"to"`
	Module etf.Atom `etf:"module"`
	// Change is added, removed or changed if no instruction is about the module, and unchanged if one is.
	Change appup.Change `etf:"change,atom"`
}

// String says it in words.
func (u Uncovered) String() string {
	return appup.Gap{App: u.App, From: u.From, To: u.To, Module: u.Module, Change: u.Change}.String()
}

// Linked returns the versions of applications as package appup needs them to tell which modules have changed: two
// versions of an application have a module in common if it is the same *Module in both.
func (v *Versions) Linked() []appup.Linked {
	var all []appup.Linked
	for _, app := range v.apps {
		all = append(all, app.linked())
	}
	return all
}

func (a *Application) linked() appup.Linked {
	l := appup.Linked{App: a.Name, Vsn: a.Vsn}
	for _, m := range a.Modules {
		l.Modules = append(l.Modules, appup.LinkedModule{Name: m.name(), Version: m.Version(), Kind: m.kind()})
	}
	return l
}

// kind is what processes a module is for. A supervisor is known by its initial call, as in OTP.
func (m *Module) kind() appup.ModuleKind {
	if m.Code == nil {
		return appup.KindLibrary
	}
	if c, ok := m.Code.Server().(genserv.InitialCaller); ok {
		if module, _, _ := c.InitialCall(); module == "supervisor" {
			return appup.KindSupervisor
		}
	}
	return appup.KindServer
}

// checkCoverage compares the script with the linked versions. Applications of which a version is not linked are
// passed over. A script that adds or removes an application covers all of it.
func (r *run) checkCoverage(script etf.List) *Error {
	var steps []appup.Step
	for _, to := range r.libs {
		i := slices.IndexFunc(r.from, func(l Lib) bool { return l.App == to.App })
		if i < 0 {
			continue
		}
		before, after := r.versions.Application(to.App, r.from[i].Vsn), r.versions.Application(to.App, to.Vsn)
		if before == nil || after == nil || before == after {
			continue
		}
		steps = append(steps, appup.Step{App: to.App, From: before.Vsn, To: after.Vsn,
			Before: before.linked().ModuleVersions(), After: after.linked().ModuleVersions()})
	}
	modules := etf.List{}
	for _, g := range appup.Gaps(script, steps...) {
		r.report.Uncovered = append(r.report.Uncovered, Uncovered{g.App, g.From, g.To, g.Module, g.Change})
		modules = append(modules, g.Module)
	}
	if !r.options.Strict || len(modules) == 0 {
		return nil
	}
	return throwError(etf.Tuple{etf.Atom("uncovered_modules"), modules})
}
