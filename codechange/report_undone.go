package codechange

import "slices"

// FullyUndone tells whether an upgrade that failed has left everything as it was: no process has lost what it had or
// was told, and all that was applied is undone.
func (r *Report) FullyUndone() bool {
	return len(r.Left)+len(r.NotUndone) == 0 && !slices.ContainsFunc(r.Processes, func(p *ProcessReport) bool {
		return !slices.Contains([]Undone{"", UndoneRestored, UndoneDowngraded, UndoneAnew}, p.Undone)
	})
}

// uncopiedReason says why it is not known whether an old state is what it was.
func uncopiedReason(part string) string {
	return "a code change that alters the old state in place leaves it so, for " + part +
		" and the server is no genserv.StateCopier"
}
