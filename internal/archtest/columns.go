package archtest

import (
	"fmt"
	"go/ast"
	"go/token"
	"strings"
	"unicode/utf8"
)

// maxColumns is the longest line of Go, in characters; a tab is one.
const maxColumns = 120

// longLines are the folders and files whose lines are not held to maxColumns yet.
var longLines []string

// checkColumns looks for long lines in one file of Go. In a test an expected text may stay in one piece, so that it can
// be searched for: a line that is long because of a string literal is left alone there.
func checkColumns(s *source) []Problem {
	if s.file == nil || s.under(longLines) {
		return nil
	}
	var whole map[int]bool
	if s.isTest() {
		whole = s.linesOfStrings()
	}
	var problems []Problem
	number := 0
	for line := range strings.Lines(s.text) {
		number++
		n := utf8.RuneCountInString(strings.TrimRight(line, "\r\n"))
		if n > maxColumns && !whole[number] {
			problems = append(problems, Problem{File: s.name, Line: number, Text: fmt.Sprintf(
				"%d characters; a line has at most %d: break it after a comma or an operator", n, maxColumns)})
		}
	}
	return problems
}

// linesOfStrings returns the lines of the file that a string literal is on.
func (s *source) linesOfStrings() map[int]bool {
	lines := map[int]bool{}
	ast.Inspect(s.file, func(n ast.Node) bool {
		if text, ok := n.(*ast.BasicLit); ok && text.Kind == token.STRING {
			for i := s.line(text.Pos()); i <= s.line(text.End()); i++ {
				lines[i] = true
			}
		}
		return true
	})
	return lines
}
