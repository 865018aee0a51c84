package node

import (
	"maps"

	"github.com/gonode-otp/gonode/etf"
)

// detach ends the links, monitors, aliases and timers of the process, but not the process: see driver.Proc.
func (p *process) detach(reason etf.Term) {
	p.mu.Lock()
	links, monitors, aliases, timers := maps.Clone(p.links), p.monitors, p.aliases, p.timers
	delete(links, p.parent)
	for pid := range links {
		delete(p.links, pid)
	}
	p.monitors, p.aliases = nil, nil
	p.mu.Unlock()
	for ref := range aliases {
		p.n.aliases.remove(ref, p)
	}
	p.n.exitLinks(p, links, reason)
	for _, m := range monitors {
		p.n.removeMonitor(m)
	}
	timers.dropTimersTo(p.pid)
}
