package appup

import (
	"bytes"
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/gonode-otp/gonode/etf"
)

// readOnlyTerm reads the one term of a file. It is a finding if it does not parse or is not there. If it is not alone
// the file is refused, as by release_handler, which wants [Term] of file:consult/1.
func (r *report) readOnlyTerm(src []byte) (etf.Node, bool) { return r.readTerm(src, r.fail) }

// readFirstTerm reads the one term of a file like readOnlyTerm, but of several the first counts, as for
// systools_lib:read_term/1.
func (r *report) readFirstTerm(src []byte) (etf.Node, bool) {
	return r.readTerm(src, func(pos etf.Pos, reason etf.Term, format string, args ...any) {
		r.warn(pos, reason, format+"; systools takes the first, a running node refuses the file", args...)
	})
}

// finding is fail or warn.
type finding = func(pos etf.Pos, reason etf.Term, format string, args ...any)

func (r *report) readTerm(src []byte, more finding) (etf.Node, bool) {
	nodes, err := etf.ConsultNodes(r.file, src)
	switch {
	case err != nil:
		var e *etf.ParseError
		errors.As(err, &e)
		r.fail(etf.Pos{Line: e.Line, Column: e.Column}, etf.Tagged("parse", etf.Charlist(r.file), parseReason(src, e)), "%s",
			e.Msg)
		return etf.Node{}, false
	case len(nodes) == 0:
		r.fail(etf.Pos{Line: 1, Column: 1}, etf.Tagged("read", etf.Charlist(r.file)), "there is no term in the file")
		return etf.Node{}, false
	case len(nodes) > 1:
		more(nodes[1].Pos, etf.Tagged("bad_term", nodes[1].Term), "there is more than one term in the file")
	}
	return nodes[0], true
}

// brokenFile is a file without a term at its beginning, with the reason of systools_lib:read_term/1.
type brokenFile struct {
	reason etf.Tuple
	parse  *etf.ParseError // nil if there is nothing in the file
}

// firstNode reads the first term of a file and does not look at what is behind it: systools_lib:read_term/1. name is
// what the reasons call the file.
func firstNode(name string, src []byte) (etf.Node, *brokenFile) {
	nodes, err := etf.ConsultNodes(name, src)
	if err != nil {
		nodes = firstTermOfBroken(name, src)
	}
	var e *etf.ParseError
	switch {
	case len(nodes) > 0:
		return nodes[0], nil
	case !errors.As(err, &e), strings.Contains(e.Msg, "unterminated"):
		return etf.Node{}, &brokenFile{etf.Tagged("read", etf.Charlist(name)), e}
	}
	return etf.Node{}, &brokenFile{etf.Tagged("parse", etf.Charlist(name), parseReason(src, e)), e}
}

// maxDots bounds the places at which the first term of a broken file is looked for.
const maxDots = 1000

// firstTermOfBroken reads the first term of a file that is broken behind it.
func firstTermOfBroken(name string, src []byte) []etf.Node {
	for end, dots := 0, 0; dots < maxDots; dots++ {
		i := bytes.IndexByte(src[end:], '.')
		if i < 0 {
			return nil
		}
		end += i + 1
		if end < len(src) && !strings.ContainsRune(" \t\r\n%", rune(src[end])) {
			continue
		}
		if nodes, err := etf.ConsultNodes(name, src[:end]); err == nil && len(nodes) > 0 {
			return nodes
		}
	}
	return nil
}

// parseReason is {Line, erl_parse, What} of a text that does not parse.
func parseReason(src []byte, e *etf.ParseError) etf.Tuple {
	what := etf.Term(etf.Charlist("bad term"))
	if token, grammar := tokenAt(string(src), e); grammar {
		what = etf.List{etf.Charlist("syntax error before: "), etf.Charlist(token)}
	}
	return etf.Tuple{etf.Int(e.Line), etf.Atom("erl_parse"), what}
}

// tokenAt returns the token that is not expected, as OTP shows it: "" at the end of the file. grammar is false for
// what parses and is no term, such as a variable.
func tokenAt(src string, e *etf.ParseError) (token string, grammar bool) {
	if strings.Contains(e.Msg, "not a term") || strings.Contains(e.Msg, "cannot be read") {
		return "", false
	}
	if strings.Contains(e.Msg, "the end") {
		return "", true
	}
	line := src
	for range e.Line - 1 {
		_, line, _ = strings.Cut(line, "\n")
	}
	for range e.Column - 1 {
		_, size := utf8.DecodeRuneInString(line)
		line = line[size:]
	}
	first, size := utf8.DecodeRuneInString(line)
	end := size
	switch {
	case first == '$':
		_, size = utf8.DecodeRuneInString(line[end:])
		end += size
	case first == '\'' || first == '"':
		if i := strings.IndexRune(line[1:], first); i >= 0 {
			end = i + 2
		}
	case unicode.IsLetter(first) || unicode.IsDigit(first):
		end = strings.IndexFunc(line, func(c rune) bool {
			return !unicode.IsLetter(c) && !unicode.IsDigit(c) && c != '_' && c != '@'
		})
		if end < 0 {
			end = len(line)
		}
	default:
		return "'" + line[:end] + "'", true
	}
	return line[:end], true
}
