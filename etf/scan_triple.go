package etf

import "strings"

// tripleLine is one line of the content of a triple-quoted string, without its newline.
type tripleLine struct {
	pos  Pos
	text string
}

// triple reads a triple-quoted string: three or more quotes that end their line, the content, and on a line of its own
// as many quotes again. What stands before these is taken away from every line of the content. EEP 64.
func (s *scanner) triple(start Pos, verbatim bool) (string, error) {
	quotes := s.src[s.off:]
	quotes = quotes[:len(quotes)-len(strings.TrimLeft(quotes, `"`))]
	s.skip(len(quotes))
	for c, size := s.peek(); c != '\n'; c, size = s.peek() {
		if size == 0 {
			return "", s.errorf(start, "unterminated triple-quoted string")
		}
		if !whiteSpace(c) {
			return "", s.errorf(s.pos, "only white space may stand on the line behind %s", shorten(quotes))
		}
		s.step(c, size)
	}
	s.step('\n', 1)
	var lines []tripleLine
	for {
		if indent, closed := s.closing(quotes); closed {
			return s.unindent(lines, indent)
		}
		line := tripleLine{pos: s.pos}
		var err error
		if line.text, err = s.line(start, verbatim); err != nil {
			return "", err
		}
		lines = append(lines, line)
	}
}

// closing steps over the line with the closing quotes if it comes next, and returns what stands before them.
func (s *scanner) closing(quotes string) (indent string, closed bool) {
	before := *s
	for {
		c, size := s.peek()
		if size == 0 || c == '\n' || !whiteSpace(c) {
			break
		}
		s.step(c, size)
	}
	indent = s.src[before.off:s.off]
	if !strings.HasPrefix(s.src[s.off:], quotes) {
		*s = before
		return "", false
	}
	s.skip(len(quotes))
	return indent, true
}

// line reads one line and its newline.
func (s *scanner) line(start Pos, verbatim bool) (string, error) {
	var b strings.Builder
	for {
		c, size := s.peek()
		var err error
		switch {
		case size == 0:
			c = -1
		case c == '\\' && !verbatim:
			c, err = s.escape(s.pos)
		default:
			c, err = s.legalChar()
		}
		switch {
		case err != nil:
			return "", err
		case c < 0:
			return "", s.errorf(start, "unterminated triple-quoted string")
		case c == '\n' && s.pos.Column == 1: // and not the escape sequence \n
			return b.String(), nil
		}
		b.WriteRune(c)
	}
}

// unindent joins the lines. Empty ones need not be indented.
func (s *scanner) unindent(lines []tripleLine, indent string) (string, error) {
	var b strings.Builder
	for i, line := range lines {
		text := line.text
		if last := i == len(lines)-1; last {
			text = strings.TrimSuffix(text, "\r")
		}
		if text != "" && text != "\r" {
			rest, ok := strings.CutPrefix(text, indent)
			if !ok {
				return "", s.errorf(line.pos, "line is indented less than the closing quotes of its string")
			}
			text = rest
		}
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(text)
	}
	return b.String(), nil
}
