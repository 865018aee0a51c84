package codechange

import (
	"regexp"
)

// stateFits tells whether a state of one version can be that of the other. Types that are laid out alike do not need to
// be the same, unless the modules say by their Schema that the states are not.
func stateFits(from, to *Module) bool {
	return to.Code != nil && from.Code != nil && from.Schema == to.Schema && from.Code.SameLayout(to.Code)
}

// stateMisfit tells why a state of m cannot be one of to.
func (m *Module) stateMisfit(to *Module) string {
	from, other := m.schema(), to.schema()
	if from == other {
		from, other = m.Code.StateType(), to.Code.StateType()
	}
	if a, b := withoutPaths(from), withoutPaths(other); a != b {
		from, other = a, b
	}
	return "its state is of schema " + from + ", not " + other
}

var importPath = regexp.MustCompile(`[\w.~-]+/`)

// withoutPaths is a type without the import paths of its packages, for people.
func withoutPaths(typ string) string { return importPath.ReplaceAllString(typ, "") }
