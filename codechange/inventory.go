package codechange

import (
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// ModuleStatus tells which versions of a module processes run.
type ModuleStatus struct {
	Name     etf.Atom        `etf:"name"`
	Versions []VersionStatus `etf:"versions"`
}

// VersionStatus is one version of a module.
type VersionStatus struct {
	Vsn string `etf:"vsn"`
	// Current says that new processes run it.
	Current bool `etf:"current"`
	// Processes is how many processes run it now.
	Processes int `etf:"processes"`
}

// Census is a Host that can tell at once what its processes run.
type Census interface {
	// Codes calls count for each process.
	Codes(count func(code genserv.Module))
}

// Inventory tells of each module that is linked in versions, by name, how many processes of the host run which version.
func Inventory(host Host, versions *Versions) []ModuleStatus {
	processes := map[genserv.Module]int{}
	names := versions.Names()
	if census, ok := host.(Census); ok {
		census.Codes(func(code genserv.Module) { processes[code]++ })
	} else {
		for _, name := range names {
			for _, p := range host.Users(name) {
				processes[p.Code()]++
			}
		}
	}
	all := make([]ModuleStatus, 0, len(names))
	for _, name := range names {
		current, _ := versions.Current(name)
		m := ModuleStatus{Name: name}
		for _, v := range versions.Modules(name) {
			n := 0
			if v.Code != nil {
				n = processes[v.Code]
			}
			m.Versions = append(m.Versions, VersionStatus{v.vsnText(), v == current, n})
		}
		all = append(all, m)
	}
	return all
}
