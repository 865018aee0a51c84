package etf

import (
	"fmt"
	"unicode/utf8"
)

// maxSource is the size of the largest source that is parsed. It also bounds the size of all binaries of a source
// together, because a few characters can make a large one: <<0:1000000>>.
const maxSource = 16 << 20

// Pos is a place in a source text. Lines and columns count from 1, columns count characters.
type Pos struct{ Line, Column int }

// ParseError says why a text is not Erlang terms, and where.
type ParseError struct {
	// File is the name that was given to Consult, empty for Parse.
	File string
	// Line and Column of the offending token or character, from 1; columns count characters. Where something is missing
	// at the end of the text, they are those of its last token.
	Line, Column int
	// Msg says what is wrong there.
	Msg string
}

// Error returns file:line:column: message, without the file if there is none.
func (e *ParseError) Error() string {
	if e.File == "" {
		return fmt.Sprintf("%d:%d: %s", e.Line, e.Column, e.Msg)
	}
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Msg)
}

func newParseError(file string, pos Pos, format string, args ...any) *ParseError {
	return &ParseError{File: file, Line: pos.Line, Column: pos.Column, Msg: fmt.Sprintf(format, args...)}
}

// Parse reads one term in Erlang syntax. A dot may end it; anything else behind it but white space and comments is an
// error. It reads what erl_parse:parse_term/1 accepts, that is what Format writes and file:consult/1 reads, and the
// triple-quoted strings and sigils of OTP 27 besides: expressions, variables, tuple records, local funs, pids, ports
// and references are refused.
//
// Errors are of type *ParseError. Texts of more than 16 MB are refused, binaries of more than 16 MB together, and
// integers of more than 512 kB. Depth costs no stack.
func Parse(src string) (Term, error) {
	p, err := newParser("", src, false)
	if err != nil {
		return nil, err
	}
	n, err := p.onlyTerm()
	return n.Term, err
}

// Consult reads the terms of a file, each of them ended by a dot, as file:consult/1 does with a file of that content.
// The name is for error messages alone. The text is UTF-8 unless a comment in one of the first two lines says
// "coding: latin-1" (epp:read_encoding/1).
//
// Errors are of type *ParseError; terms before the error are not returned. Parse says what is a term.
func Consult(name string, src []byte) ([]Term, error) {
	var terms []Term
	err := consult(name, src, false, func(n Node) { terms = append(terms, n.Term) })
	if err != nil {
		return nil, err
	}
	return terms, nil
}

// Node is a term together with the places of all its parts in the source. It is for programs that check the content of
// a file and report where it is wrong.
type Node struct {
	Term Term
	Pos  Pos
	// Elems are the parts of the term in the order of the source: the elements of a list or tuple, in an ImproperList
	// followed by its tail, and the keys and values of a map in turn. A list has exactly one Node an element, even if it
	// was written as [a|[b]]. Of equal keys in a map only the last value is in Term, but all are here. A string is a
	// leaf and has no Elems, although Term is a List; so have numbers, atoms, binaries and funs.
	Elems []Node
}

// ConsultNodes is Consult with the positions of the terms and of everything in them.
func ConsultNodes(name string, src []byte) ([]Node, error) {
	var nodes []Node
	err := consult(name, src, true, func(n Node) { nodes = append(nodes, n) })
	if err != nil {
		return nil, err
	}
	return nodes, nil
}

func consult(name string, src []byte, keep bool, yield func(Node)) error {
	text := string(src)
	if latin1Source(src) && len(src) <= maxSource {
		text = latin1ToUTF8(src)
	}
	p, err := newParser(name, text, keep)
	if err != nil {
		return err
	}
	for p.tok.kind != tokEnd {
		e, err := p.term()
		if err != nil {
			return err
		}
		if p.atPunct(".") {
			return p.fail("a dot ends a term only with white space behind it")
		}
		if p.tok.kind != tokDot {
			return p.expectedError(".")
		}
		if err := p.next(); err != nil {
			return err
		}
		yield(e.node)
	}
	return nil
}

func latin1ToUTF8(src []byte) string {
	text := make([]byte, 0, len(src)+len(src)/8)
	for _, c := range src {
		text = utf8.AppendRune(text, rune(c))
	}
	return string(text)
}

// parser reads terms from tokens, one token ahead.
type parser struct {
	scan      scanner
	tok       token
	lastPos   Pos // of the token before tok
	keepNodes bool
	open      stack[opened]
	closing   []byte // brackets of the lists in open
	bits      int    // that binaries may still be built of
	keys      keySet
}

func newParser(file, src string, keep bool) (*parser, error) {
	p := &parser{scan: scanner{file: file, src: src, pos: Pos{1, 1}}, keepNodes: keep, bits: maxSource * 8}
	if len(src) > maxSource {
		return nil, p.scan.errorf(p.scan.pos, "source of more than %d bytes", maxSource)
	}
	p.tok.pos = p.scan.pos
	return p, p.next()
}

// onlyTerm reads the only term of the source.
func (p *parser) onlyTerm() (Node, error) {
	e, err := p.term()
	if err == nil && p.tok.kind == tokDot {
		err = p.next()
	}
	if err == nil && p.tok.kind != tokEnd {
		err = p.fail("unexpected %s behind the term", p.tok.describe())
	}
	if err != nil {
		return Node{}, err
	}
	return e.node, nil
}

func (p *parser) next() error {
	p.lastPos = p.tok.pos
	var err error
	p.tok, err = p.scan.next()
	return err
}

// atPunct reports whether the token is the given punctuation.
func (p *parser) atPunct(text string) bool { return p.tok.kind == tokPunct && p.tok.text == text }

// acceptPunct steps over the token if it is the given punctuation, and reports whether it was.
func (p *parser) acceptPunct(text string) (bool, error) {
	if !p.atPunct(text) {
		return false, nil
	}
	return true, p.next()
}

// fail returns an error at the token.
func (p *parser) fail(format string, args ...any) error {
	pos := p.tok.pos
	if p.tok.kind == tokEnd {
		pos = p.lastPos
	}
	return p.scan.errorf(pos, format, args...)
}

// expectedError returns the error that something else should stand where the token stands.
func (p *parser) expectedError(what string) error {
	return p.fail("expected %s before %s", what, p.tok.describe())
}
