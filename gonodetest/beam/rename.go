//go:build unix

package beam

import (
	"regexp"
	"strings"
)

// plain is a node name that needs no quotes as an atom, in either language.
var plain = regexp.MustCompile(`^[a-z][A-Za-z0-9_@]*$`)

// RenameNode replaces the name of a node in a transcript by that of a real one. It finds the name as an atom of Erlang
// ('gonode@host'), as an atom of Elixir (:"gonode@host") and as a key ("gonode@host": ), and writes each as the shell
// prints it: with quotes if the name of the real host needs them. Elsewhere it replaces the text alone.
func RenameNode(transcript, name, real string) string {
	erlang, elixir, key := real, ":"+real, real+":"
	if !plain.MatchString(real) {
		erlang, elixir, key = "'"+real+"'", `:"`+real+`"`, `"`+real+`":`
	}
	return strings.NewReplacer(
		"'"+name+"'", erlang,
		`:"`+name+`"`, elixir,
		`"`+name+`":`, key,
		name, real,
	).Replace(transcript)
}
