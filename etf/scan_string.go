package etf

import (
	"strings"
	"unicode/utf8"
)

// quotedAtom reads 'atom'.
func (s *scanner) quotedAtom(t token) (token, error) {
	text, err := s.quoted(t.pos, '\'', false, "quoted atom")
	t.kind, t.text = tokAtom, text
	if err != nil {
		return t, err
	}
	return t, s.checkName(t)
}

// str reads "string" or a triple-quoted string.
//
// Differs from OTP: from OTP 27 on, three quotes begin a triple-quoted string (EEP 64), before that they were the empty
// string and the beginning of another. Here they are what they are in OTP 27.
func (s *scanner) str(t token) (token, error) {
	var err error
	t.kind = tokString
	if strings.HasPrefix(s.src[s.off:], `"""`) {
		t.text, err = s.triple(t.pos, true)
	} else {
		t.text, err = s.quoted(t.pos, '"', false, "string")
	}
	return t, err
}

// sigil reads ~"text", ~b"text", ~B"text" (UTF-8 binaries), ~s"text" and ~S"text" (strings), of OTP 27 (EEP 66).
func (s *scanner) sigil(t token) (token, error) {
	s.skip(1)
	prefix := s.name()
	t.kind = tokSigil
	switch prefix {
	case "s", "S":
		t.kind = tokString
	case "", "b", "B":
	default:
		return t, s.errorf(t.pos, "unknown sigil ~%s", shorten(prefix))
	}
	start, err := s.pos, error(nil)
	switch c, _ := s.peek(); {
	case strings.HasPrefix(s.src[s.off:], `"""`):
		t.text, err = s.triple(start, prefix != "s" && prefix != "b")
	case sigilEnd(c) != 0:
		t.text, err = s.quoted(start, sigilEnd(c), prefix == "B" || prefix == "S", "string")
	default:
		return t, s.errorf(start, "a sigil needs a string behind ~%s", prefix)
	}
	if err != nil {
		return t, err
	}
	end := s.pos
	if suffix := s.name(); suffix != "" {
		return t, s.errorf(end, "a sigil with the suffix %s is not a term", shorten(suffix))
	}
	return t, nil
}

// sigilEnd returns the closing delimiter that belongs to c, 0 if c is none. erl_scan, string_right_delimiter/1.
func sigilEnd(c rune) rune {
	switch c {
	case '(':
		return ')'
	case '[':
		return ']'
	case '{':
		return '}'
	case '<':
		return '>'
	case '/', '|', '\'', '"', '`', '#':
		return c
	}
	return 0
}

// quoted reads up to the character end, behind the opening delimiter that comes next. In verbatim text a backslash
// means itself, except in front of end.
func (s *scanner) quoted(start Pos, end rune, verbatim bool, what string) (string, error) {
	s.skip(1)
	var b strings.Builder
	from := s.off // what was read since then is not in b yet
	for {
		c, size := s.peek()
		switch {
		case size == 0:
			return "", s.errorf(start, "unterminated %s", what)
		case c == end:
			b.WriteString(s.src[from:s.off])
			s.step(c, size)
			return b.String(), nil
		case c == '\\' && (!verbatim || rune(s.peekByte(1)) == end):
			b.WriteString(s.src[from:s.off])
			c, err := s.escape(s.pos)
			if err != nil {
				return "", err
			}
			if c < 0 {
				return "", s.errorf(start, "unterminated %s", what)
			}
			b.WriteRune(c)
			from = s.off
		default:
			if _, err := s.legalChar(); err != nil {
				return "", err
			}
		}
	}
}

// char reads $c.
func (s *scanner) char(t token) (token, error) {
	t.kind = tokChar
	s.skip(1)
	c, size := s.peek()
	var err error
	switch {
	case size == 0:
		c = -1
	case c == '\\':
		c, err = s.escape(t.pos)
	default:
		if err = s.checkChar(t.pos, c, size); err == nil {
			s.step(c, size)
		}
	}
	switch {
	case err != nil:
		return t, err
	case c < 0:
		return t, s.errorf(t.pos, "unterminated character")
	}
	t.num = Int(c)
	return t, nil
}

// escape reads an escape sequence, from its backslash on; it returns -1 if the source ends in it. Errors are at pos.
// erl_scan, scan_escape/2.
func (s *scanner) escape(pos Pos) (rune, error) {
	s.skip(1)
	c, size := s.peek()
	switch {
	case size == 0:
		return -1, nil
	case c >= '0' && c <= '7':
		return s.octal(), nil
	case c == 'x':
		return s.hex(pos)
	case c == '^' && s.off+1 == len(s.src):
		return -1, nil
	}
	control := c == '^'
	if control {
		s.skip(1)
		c, size = s.peek()
	}
	if err := s.checkChar(pos, c, size); err != nil {
		return 0, err
	}
	s.step(c, size)
	if control && c != '\n' {
		return c & 31, nil
	}
	if i := strings.IndexRune("nrtvbfesd", c); i >= 0 {
		c = rune("\n\r\t\v\b\f\x1b \x7f"[i])
	}
	return c, nil
}

func (s *scanner) octal() rune {
	c := rune(0)
	for n := 0; n < 3; n++ {
		d := s.peekByte(0)
		if d < '0' || d > '7' {
			break
		}
		c = c*8 + rune(d-'0')
		s.skip(1)
	}
	return c
}

// hex reads x41 or x{1F600}.
func (s *scanner) hex(pos Pos) (rune, error) {
	s.skip(1)
	c, digits := rune(0), 0
	braces := s.peekByte(0) == '{'
	if braces {
		s.skip(1)
	}
	for braces || digits < 2 {
		d := digitValue(s.peekByte(0))
		if d >= 16 {
			break
		}
		c = min(c*16+rune(d), utf8.MaxRune+1)
		digits++
		s.skip(1)
	}
	switch {
	case s.off == len(s.src) && (braces || digits < 2):
		return -1, nil
	case braces && s.peekByte(0) != '}', digits == 0, !braces && digits < 2:
		return 0, s.errorf(pos, `illegal escape sequence: \x needs two hexadecimal digits, or some in {}`)
	case !legalChar(c):
		return 0, s.errorf(pos, "illegal escape sequence: there is no such character")
	case braces:
		s.skip(1)
	}
	return c, nil
}
