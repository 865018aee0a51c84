package codechange

import (
	"regexp"
)

// stateFits tells whether a state of one version can be the state of the other. The types may be different if their
// layout is the same, unless the modules have different Schemas.
func stateFits(from, to *Module) bool {
	return to.Code != nil && from.Code != nil && from.Schema == to.Schema && from.Code.SameLayout(to.Code)
}

// stateMisfit says in words why a state of m cannot be the state of to.
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
