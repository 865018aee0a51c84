package tlsdist

import (
	"crypto/tls"
	"fmt"
	"os"
	"slices"
)

// StartNotes returns what whoever starts a node with these options should know: the Notes, and what is less safe than
// it may look. That is a server that asks nobody for a certificate because nothing was said of it, versions of TLS
// before 1.2, and files of keys and options that all users of the host can read. listens says whether the node
// accepts connections, so that the server's side counts.
func (o *Options) StartNotes(listens bool) []Note {
	notes := slices.Clone(o.Notes)
	if readableByAll(o.File) {
		notes = append(notes, Note{Side: "each", Option: "file",
			Text: o.File + " can be read by all users of this host (chmod o-r)"})
	}
	if listens {
		notes = append(notes, o.sideNotes("server", &o.Server)...)
	}
	return append(notes, o.sideNotes("client", &o.Client)...)
}

func (o *Options) sideNotes(role string, s *Side) (notes []Note) {
	note := func(option, format string, args ...any) {
		n := Note{Pos: s.pos, Side: role, Option: option, Text: fmt.Sprintf(format, args...)}
		if s.pos.Line > 0 {
			n.File = o.File
		}
		notes = append(notes, n)
	}
	if role == "server" && s.verifyOmitted {
		note("verify", "is missing, so as in OTP no peer has to show a certificate; {verify, verify_peer} asks for one")
	}
	if s.MinVersion != 0 && s.MinVersion < tls.VersionTLS12 {
		note("versions", "%s is allowed, which is not safe any more (RFC 8996)", tls.VersionName(s.MinVersion))
	}
	var told []string
	for _, pair := range s.Certs {
		if file := pair.keyFile(); !slices.Contains(told, file) && readableByAll(file) {
			note("keyfile", "%s can be read by all users of this host (chmod 600)", file)
			told = append(told, file)
		}
	}
	return notes
}

// readableByAll tells whether a file is there and everybody may read it.
func readableByAll(file string) bool {
	info, err := os.Stat(file)
	return file != "" && err == nil && info.Mode().Perm()&0o004 != 0
}
