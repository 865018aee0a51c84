package releasehandler

import (
	"github.com/gonode-otp/gonode/codechange"
)

// Overview is what runs on a node, for people and for metrics.
type Overview struct {
	// Current is the version of the release that runs, Permanent that of the one that the node starts with, and
	// Previous that of the one that ran before; "" if there is none.
	Current   string `etf:"current"`
	Permanent string `etf:"permanent"`
	Previous  string `etf:"previous"`
	// Modules are the modules that are linked in versions, by name.
	Modules []codechange.ModuleStatus `etf:"modules"`
	// Running is the upgrade that is under way, or nil.
	Running *codechange.Running `etf:"running"`
}

// Overview tells what runs and what is under way. It does not wait.
func (h *Handler) Overview() Overview {
	h.mu.Lock()
	current, _ := h.runningRelease()
	s := Overview{Current: current.Vsn, Previous: h.previous}
	for _, r := range h.releases {
		if r.Status == StatusPermanent {
			s.Permanent = r.Vsn
		}
	}
	under := h.under
	h.mu.Unlock()
	s.Modules = codechange.Inventory(h.config.Host, h.config.Versions)
	if under != nil {
		s.Running = under.tracker.Running()
	}
	return s
}
