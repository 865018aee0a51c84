package tlsdist

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/gonode-otp/gonode/etf"
)

// sideReader reads the options of one side.
type sideReader struct {
	r         *reader
	role      string
	side      Side
	pair      KeyPair // of certfile, keyfile and password
	seen      map[etf.Atom]bool
	positions map[etf.Atom]etf.Pos // every option, and where it stands
}

func newSideReader(r *reader, role string) *sideReader {
	return &sideReader{r: r, role: role, seen: map[etf.Atom]bool{}, positions: map[etf.Atom]etf.Pos{}}
}

// allowRepeats lets options that were read before be given once more.
func (s *sideReader) allowRepeats() { s.seen = map[etf.Atom]bool{} }

// fileOf returns the file that pos is in, or "" for a word, which is not from the file.
func (s *sideReader) fileOf(pos etf.Pos) string {
	if pos.Line == 0 {
		return ""
	}
	return s.r.file
}

func (s *sideReader) fail(option etf.Atom, pos etf.Pos, format string, args ...any) error {
	return &OptionError{File: s.fileOf(pos), Pos: pos, Side: s.role, Option: string(option),
		Reason: fmt.Sprintf(format, args...)}
}

func (s *sideReader) addNote(option etf.Atom, pos etf.Pos, format string, args ...any) {
	s.r.notes = append(s.r.notes, Note{File: s.fileOf(pos), Pos: pos, Side: s.role, Option: string(option),
		Text: fmt.Sprintf(format, args...)})
}

// readList reads [{Option, Value}, ...].
func (s *sideReader) readList(n etf.Node) error {
	s.side.pos = n.Pos
	if !isList(n) {
		return s.fail("", n.Pos, "want a list of {Option, Value} instead of %s", shortText(n.Term))
	}
	for _, e := range n.Elems {
		name, ok := keyOf(e)
		if !ok {
			return s.fail("", e.Pos, "want {Option, Value} instead of %s", shortText(e.Term))
		}
		if err := s.readOption(name, e.Elems[1]); err != nil {
			return err
		}
	}
	return nil
}

// readOption reads one option.
func (s *sideReader) readOption(name etf.Atom, value etf.Node) error {
	if s.seen[name] {
		return s.fail(name, value.Pos, "is given a second time")
	}
	s.seen[name] = true
	s.positions[name] = value.Pos
	if read, ok := honoured[name]; ok {
		return read(s, name, value)
	}
	if slices.Contains(harmless, name) {
		return nil
	}
	if allowed, ok := onlyAs[name]; ok {
		if slices.ContainsFunc(allowed, func(t etf.Term) bool { return etf.Equal(t, value.Term) }) {
			return nil
		}
		if len(allowed) == 0 {
			return s.fail(name, value.Pos, "cannot be honoured; leave it out")
		}
		return s.fail(name, value.Pos, "cannot be honoured as %s; leave it out, or say %s", shortText(value.Term),
			formatAll(allowed))
	}
	return s.fail(name, value.Pos, "is no TLS option that is known here; is it misspelt?")
}

func formatAll(terms []etf.Term) string {
	var words []string
	for _, t := range terms {
		words = append(words, etf.Format(t))
	}
	return strings.Join(words, " or ")
}

// finish applies defaults and checks that the options go together.
func (s *sideReader) finish() (Side, error) {
	if _, ok := s.positions["verify"]; !ok && s.role == "server" {
		s.side.VerifyNone, s.side.verifyOmitted = true, len(s.positions) > 0
	}
	if pos, ok := s.positions["fail_if_no_peer_cert"]; ok {
		switch {
		case s.role == "client":
			s.addNote("fail_if_no_peer_cert", pos, "is a server's option; OTP 26 and later refuse it for a client")
		case s.side.VerifyNone && !s.side.PeerCertOptional:
			return Side{}, s.fail("fail_if_no_peer_cert", pos, "goes with {verify, verify_peer} only")
		}
	}
	if s.side.Certs == nil && s.pair != (KeyPair{}) {
		s.side.Certs = []KeyPair{s.pair}
		if s.pair.CertFile == "" {
			option := etf.Atom("keyfile")
			if s.pair.KeyFile == "" {
				option = "password"
			}
			return Side{}, s.fail(option, s.positions[option], "has no certfile to go with")
		}
	} else if pos, ok := s.positions["certs_keys"]; ok && s.pair != (KeyPair{}) {
		return Side{}, s.fail("certs_keys", pos, "stands in the place of certfile, keyfile and password, which are given too")
	}
	if fault := s.side.cipherFault(); fault != "" {
		return Side{}, s.fail("ciphers", s.positions["ciphers"], "%s", fault)
	}
	return s.side, nil
}

// readText reads a string or a binary.
func (s *sideReader) readText(name etf.Atom, v etf.Node) (string, error) {
	switch t := v.Term.(type) {
	case etf.Binary:
		return string(t), nil
	case etf.List:
		var b strings.Builder
		for _, e := range t {
			c, ok := e.(etf.Int)
			if !ok || c < 0 || c > utf8.MaxRune || !utf8.ValidRune(rune(c)) {
				return "", s.fail(name, v.Pos, "want a string instead of %s", shortText(v.Term))
			}
			b.WriteRune(rune(c))
		}
		return b.String(), nil
	}
	return "", s.fail(name, v.Pos, "want a string instead of %s", shortText(v.Term))
}

// readFileName reads the name of a file.
func (s *sideReader) readFileName(name etf.Atom, v etf.Node) (string, error) {
	text, err := s.readText(name, v)
	if err == nil && (text == "" || strings.ContainsRune(text, 0)) {
		err = s.fail(name, v.Pos, "want the name of a file instead of %s", shortText(v.Term))
	}
	return text, err
}

// readAtom reads one of some atoms and returns its index.
func (s *sideReader) readAtom(name etf.Atom, v etf.Node, words ...etf.Atom) (int, error) {
	a, _ := v.Term.(etf.Atom)
	if i := slices.Index(words, a); i >= 0 {
		return i, nil
	}
	var list []string
	for _, w := range words {
		list = append(list, etf.Format(w))
	}
	return 0, s.fail(name, v.Pos, "want %s instead of %s", strings.Join(list, " or "), shortText(v.Term))
}
