package etf

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

type tokenKind uint8

const (
	tokEnd    tokenKind = iota // end of the source
	tokDot                     // the dot that ends a term
	tokAtom                    // text is the name
	tokVar                     // text is the name
	tokWord                    // reserved word
	tokNumber                  // num is an Int, *BigInt or Float, text as it was written
	tokChar                    // num is an Int
	tokString                  // text is the decoded string
	tokSigil                   // text is the decoded string of a binary sigil
	tokPunct                   // text is the operator or bracket
)

type token struct {
	kind tokenKind
	pos  Pos
	text string
	num  Term
}

// scanner splits Erlang source into tokens, as erl_scan does. Columns count characters.
type scanner struct {
	file string
	src  string
	off  int // of the next character, which stands at pos
	pos  Pos
}

// punctuation longer than one character, longest first. erl_scan, scan1/5.
var punctuation = []string{
	"...", "=:=", "=/=",
	"..", "?=", "<<", "<-", "<=", ">>", ">=", "->", "--", "++", "=<", "=>", "==", "/=", "||", ":=", "::",
}

func (s *scanner) errorf(pos Pos, format string, args ...any) *ParseError {
	return newParseError(s.file, pos, format, args...)
}

// peek returns the next character and its size; the size is 0 at the end.
func (s *scanner) peek() (rune, int) {
	if s.off >= len(s.src) {
		return 0, 0
	}
	if c := s.src[s.off]; c < utf8.RuneSelf {
		return rune(c), 1
	}
	return utf8.DecodeRuneInString(s.src[s.off:])
}

// peekByte returns the byte n bytes ahead, 0 behind the end.
func (s *scanner) peekByte(n int) byte {
	if s.off+n >= len(s.src) {
		return 0
	}
	return s.src[s.off+n]
}

func (s *scanner) step(c rune, size int) {
	s.off += size
	s.pos.Column++
	if c == '\n' {
		s.pos.Line++
		s.pos.Column = 1
	}
}

// skip steps over n bytes of ASCII on one line.
func (s *scanner) skip(n int) {
	s.off += n
	s.pos.Column += n
}

// legalChar reads one character that may stand in source.
func (s *scanner) legalChar() (rune, error) {
	c, size := s.peek()
	if err := s.checkChar(s.pos, c, size); err != nil {
		return 0, err
	}
	s.step(c, size)
	return c, nil
}

// checkChar tells at pos why a character read by peek cannot stand in source.
func (s *scanner) checkChar(pos Pos, c rune, size int) error {
	switch {
	case c == utf8.RuneError && size == 1:
		return s.errorf(pos, "invalid UTF-8")
	case !legalChar(c):
		return s.errorf(pos, "illegal character %U", c)
	}
	return nil
}

func whiteSpace(c rune) bool { return c <= ' ' || c >= 0x80 && c <= 0xA0 }

// skipBlank skips white space and comments.
func (s *scanner) skipBlank() error {
	for {
		c, size := s.peek()
		switch {
		case size == 0:
			return nil
		case c == '%':
			for size > 0 && c != '\n' {
				if _, err := s.legalChar(); err != nil {
					return err
				}
				c, size = s.peek()
			}
		case !whiteSpace(c):
			return nil
		default:
			s.step(c, size)
		}
	}
}

// next reads one token.
func (s *scanner) next() (token, error) {
	if err := s.skipBlank(); err != nil {
		return token{}, err
	}
	t := token{pos: s.pos}
	c, size := s.peek()
	switch {
	case size == 0:
		return t, nil
	case lowerChar(c):
		t.text = s.name()
		t.kind = tokAtom
		if reservedWord(t.text) {
			t.kind = tokWord
		}
		return t, s.checkName(t)
	case upperChar(c) || c == '_':
		t.kind, t.text = tokVar, s.name()
		return t, s.checkName(t)
	case c >= '0' && c <= '9':
		return s.number(t)
	case c == '\'':
		return s.quotedAtom(t)
	case c == '"':
		return s.str(t)
	case c == '~':
		return s.sigil(t)
	case c == '$':
		return s.char(t)
	case c == '.' && s.atDot():
		s.skip(1)
		t.kind = tokDot
		return t, nil
	}
	return s.punct(t, c, size)
}

func (s *scanner) punct(t token, c rune, size int) (token, error) {
	t.kind = tokPunct
	for _, p := range punctuation {
		if strings.HasPrefix(s.src[s.off:], p) {
			t.text = p
			s.skip(len(p))
			return t, nil
		}
	}
	if err := s.checkChar(t.pos, c, size); err != nil {
		return t, err
	}
	if c > 0xFF {
		return t, s.errorf(t.pos, "illegal character %q", c)
	}
	t.text = string(c)
	s.step(c, size)
	return t, nil
}

// atDot tells whether the dot that comes next ends a term: white space, a comment or nothing follows.
func (s *scanner) atDot() bool {
	if s.off+1 == len(s.src) {
		return true
	}
	c, _ := utf8.DecodeRuneInString(s.src[s.off+1:])
	return c == '%' || whiteSpace(c)
}

func (s *scanner) name() string {
	start := s.off
	for {
		c, size := s.peek()
		if size == 0 || !nameChar(c) {
			return s.src[start:s.off]
		}
		s.step(c, size)
	}
}

func (s *scanner) checkName(t token) error {
	if utf8.RuneCountInString(t.text) <= maxAtomChars {
		return nil
	}
	if t.kind == tokVar {
		return s.errorf(t.pos, "name of a variable longer than %d characters", maxAtomChars)
	}
	return s.errorf(t.pos, "atom longer than %d characters", maxAtomChars)
}

// describe names a token in an error message.
func (t token) describe() string {
	switch t.kind {
	case tokEnd:
		return "the end"
	case tokDot:
		return "."
	case tokAtom:
		return shorten(Atom(t.text).String())
	case tokChar:
		if c := rune(t.num.(Int)); c != ' ' {
			return "$" + string(appendCharText(nil, c, noQuote))
		}
		return `$\s`
	case tokString:
		return strconv.Quote(shorten(t.text))
	case tokSigil:
		return "~" + strconv.Quote(shorten(t.text))
	}
	return shorten(t.text)
}

// shorten keeps error messages on one line.
func shorten(s string) string {
	const most = 40
	n := 0
	for i := range s {
		if n++; n > most {
			return s[:i] + "..."
		}
	}
	return s
}
