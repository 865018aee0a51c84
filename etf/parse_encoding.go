package etf

import (
	"bytes"
	"strings"
)

// latin1Source tells whether an encoding comment in the first two lines of a source says latin-1, such as
// %% coding: latin-1 or %% -*- coding: latin-1 -*-. Other encodings than utf-8 count as no comment. epp:read_encoding/1
// looks at the first 512 bytes.
func latin1Source(src []byte) bool {
	const window = 512
	whole := len(src) <= window
	src = src[:min(len(src), window)]
	for range 2 {
		line, rest, more := bytes.Cut(src, []byte("\n"))
		if _, comment, found := bytes.Cut(line, []byte("%")); found {
			if name, ended, found := codingName(string(comment)); found {
				return strings.HasPrefix(strings.ToLower(name)+"-", "latin-1-") && (ended || more || whole)
			}
		}
		src = rest
	}
	return false
}

// codingName returns the name behind "coding:" or "coding=" in a comment, and whether the comment goes on behind it.
func codingName(comment string) (name string, ended, found bool) {
	for {
		_, rest, ok := strings.Cut(comment, "coding")
		if !ok {
			return "", false, false
		}
		comment = rest
		rest = strings.TrimLeft(rest, " ")
		if rest == "" || rest[0] != ':' && rest[0] != '=' {
			continue
		}
		rest = strings.TrimLeft(rest[1:], " ")
		end := 0
		for end < len(rest) && (digitValue(rest[end]) < 36 || rest[end] == '-') {
			end++
		}
		return rest[:end], end < len(rest), true
	}
}
