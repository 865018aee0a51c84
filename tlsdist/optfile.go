package tlsdist

import (
	"fmt"
	"strings"

	"github.com/gonode-otp/gonode/etf"
)

// maxOptfile bounds an option file, which has a page of text.
const maxOptfile = 1 << 20

// ReadFile reads the file that erl -ssl_dist_optfile takes. Its errors are those of Parse, and what the system says
// about the file. The files that it names are not read.
func ReadFile(name string) (*Options, error) { return Read(name) }

// Read reads an optfile, unless its name is empty, and then words as they stand behind erl -ssl_dist_opt:
// "server_certfile", "a.pem", "client_verify", "verify_none". The words count where both say something, as from OTP
// 26 on. Errors are those of Parse; those about a word have no place in a file.
func Read(name string, words ...string) (*Options, error) {
	r := newReader(name)
	if name != "" {
		src, err := readAtMost(name, maxOptfile)
		if err != nil {
			return nil, fmt.Errorf("tlsdist: optfile: %w", err)
		}
		if err := r.readText(src); err != nil {
			return nil, err
		}
	}
	if err := r.readWords(words); err != nil {
		return nil, err
	}
	return r.finish()
}

// Parse reads the content of an optfile: one list with {server, Options} and {client, Options}, ended by a dot. The
// name is for messages alone. Errors are of type *etf.ParseError if the text is no term, and *OptionError if an
// option cannot be honoured. See ssl_dist_sup:consult/1.
//
// Differs from OTP: that evaluates the text as an expression, so it may hold calls. And it takes a file without a
// comment like "%% coding: utf-8" for Latin-1, while UTF-8 is read here.
func Parse(name string, src []byte) (*Options, error) {
	r := newReader(name)
	if err := r.readText(src); err != nil {
		return nil, err
	}
	return r.finish()
}

// reader gathers what an optfile and words say about both sides.
type reader struct {
	file           string
	notes          []Note
	server, client *sideReader
}

func newReader(file string) *reader {
	r := &reader{file: file}
	r.server, r.client = newSideReader(r, "server"), newSideReader(r, "client")
	return r
}

func (r *reader) fail(pos etf.Pos, format string, args ...any) error {
	return &OptionError{File: r.file, Pos: pos, Reason: fmt.Sprintf(format, args...)}
}

// readText reads the content of the file.
func (r *reader) readText(src []byte) error {
	nodes, err := etf.ConsultNodes(r.file, src)
	if err != nil {
		return fmt.Errorf("tlsdist: %w (an optfile holds one Erlang term; what has to be evaluated is not read)", err)
	}
	switch len(nodes) {
	case 0:
		return r.fail(etf.Pos{}, "is empty; want [{server, Options}, {client, Options}]. with the dot")
	case 1:
		return r.readSides(nodes[0])
	}
	return r.fail(nodes[1].Pos, "a second term; want one, [{server, Options}, {client, Options}].")
}

func (r *reader) readSides(n etf.Node) error {
	if !isList(n) {
		return r.fail(n.Pos, "want a list, [{server, Options}, {client, Options}]")
	}
	for _, e := range n.Elems {
		role, ok := keyOf(e)
		switch {
		case ok && role == "server":
			r.server = newSideReader(r, "server") // of several, the last one counts: they go into a table
			if err := r.server.readList(e.Elems[1]); err != nil {
				return err
			}
		case ok && role == "client":
			r.client = newSideReader(r, "client")
			if err := r.client.readList(e.Elems[1]); err != nil {
				return err
			}
		default:
			// Differs from OTP: that never looks at what else is there, such as a misspelt word.
			return r.fail(e.Pos, "want {server, Options} or {client, Options} instead of %s", shortText(e.Term))
		}
	}
	return nil
}

// readWords reads those of -ssl_dist_opt. See inet_tls_dist:ssl_options/2.
func (r *reader) readWords(words []string) error {
	r.server.allowRepeats()
	r.client.allowRepeats()
	for i := 0; i < len(words); i += 2 {
		word := words[i]
		side, name := r.server, strings.TrimPrefix(word, "server_")
		if name == word {
			side, name = r.client, strings.TrimPrefix(word, "client_")
		}
		form, known := flagForms[name]
		switch {
		case name == word || !known:
			return &OptionError{Option: word, Reason: "is no word of -ssl_dist_opt; want server_ or client_ before one of " +
				flagNames()}
		case i+1 == len(words):
			return &OptionError{Option: word, Reason: "has no value"}
		}
		if err := side.readOption(etf.Atom(name), form(words[i+1])); err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) finish() (*Options, error) {
	server, err := r.server.finish()
	if err != nil {
		return nil, err
	}
	client, err := r.client.finish()
	if err != nil {
		return nil, err
	}
	return &Options{File: r.file, Server: server, Client: client, Notes: r.notes}, nil
}

// isList tells whether a node is a list whose elements have places of their own, which those of a string have not.
func isList(n etf.Node) bool {
	list, ok := n.Term.(etf.List)
	return ok && len(n.Elems) == len(list)
}

// keyOf returns the key of {Key, Value}.
func keyOf(n etf.Node) (key etf.Atom, ok bool) {
	t, ok := n.Term.(etf.Tuple)
	if !ok || len(t) != 2 {
		return "", false
	}
	key, ok = t[0].(etf.Atom)
	return key, ok
}

// shortText is a term for a message.
func shortText(t etf.Term) string { return etf.FormatMax(t, 60) }
