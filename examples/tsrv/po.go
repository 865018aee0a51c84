package tsrv

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// message names a text in a PO file: its context, if it has one, and the text of the program.
type message struct {
	context, id string
	hasContext  bool
}

// catalog is what a PO file says.
type catalog struct {
	language string // of its header, "" if it has none
	texts    map[message]string
}

// SyntaxError is a line that is none of a PO file.
type SyntaxError struct {
	Line int
	Text string
}

// Error implements error.
func (e *SyntaxError) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Text) }

// entry is what a PO file has between two msgid lines.
type entry struct {
	message
	text      string
	began     bool // there was a msgctxt or msgid
	hasText   bool // there was a msgstr
	fuzzy     bool // the translation is a guess of a tool
	nextFuzzy bool // that of the next entry is
}

// parsePO reads a PO file, as the manual of GNU gettext describes it. Of plural forms it keeps the first; entries
// without a translation and those that are fuzzy are left out. The error is a *SyntaxError.
func parsePO(text string) (catalog, error) {
	c := catalog{texts: make(map[message]string)}
	var e entry
	var into *string // where the next string goes
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "#") || line == "" {
			if list, isFlags := strings.CutPrefix(line, "#,"); isFlags && strings.Contains(list, "fuzzy") {
				e.nextFuzzy = true
			}
			continue
		}
		keyword, quoted := "", line
		if line[0] != '"' {
			keyword, quoted, _ = strings.Cut(line, " ")
		}
		s, err := unquotePO(strings.TrimSpace(quoted))
		if err == nil && keyword != "" {
			into, err = e.begin(keyword, &c)
		}
		if err == nil && into == nil {
			err = errors.New("a string without a keyword")
		}
		if err != nil {
			return catalog{}, &SyntaxError{number, err.Error()}
		}
		*into += s
	}
	c.add(e)
	return c, nil
}

// begin begins what a keyword stands for and returns where its string goes.
func (e *entry) begin(keyword string, c *catalog) (into *string, err error) {
	if (keyword == "msgctxt" || keyword == "msgid") && (e.hasText || !e.began) {
		c.add(*e)
		*e = entry{began: true, fuzzy: e.nextFuzzy}
	}
	switch {
	case keyword == "msgctxt":
		e.hasContext = true
		return &e.context, nil
	case keyword == "msgid":
		return &e.id, nil
	case keyword == "msgid_plural":
		return new(string), nil
	case keyword == "msgstr", keyword == "msgstr[0]":
		e.hasText = true
		return &e.text, nil
	case strings.HasPrefix(keyword, "msgstr["):
		return new(string), nil
	}
	return nil, fmt.Errorf("%.20q is no keyword", keyword)
}

// add keeps an entry that has a translation. The one without a msgid is the header.
func (c *catalog) add(e entry) {
	switch {
	case !e.hasText || e.text == "" || e.fuzzy:
	case e.id == "" && !e.hasContext:
		for line := range strings.Lines(e.text) {
			if name, value, _ := strings.Cut(line, ":"); name == "Language" {
				c.language = strings.TrimSpace(value)
			}
		}
	default:
		c.texts[e.message] = e.text
	}
}

// unquotePO is the string between double quotes, with the escapes of C.
func unquotePO(quoted string) (string, error) {
	s, err := strconv.Unquote(quoted)
	if err != nil || quoted[0] != '"' {
		return "", fmt.Errorf("%.20q is no string", quoted)
	}
	return s, nil
}
