package archtest

import (
	"fmt"
	"io/fs"
	"regexp"
	"strings"
)

// proofs are the texts that name tests as what shows that they are true.
var proofs = []string{"docs/evidence.md", "docs/performance/*.md"}

var (
	namedTest = regexp.MustCompile("`(Test[A-Z]\\w*)`")
	testFunc  = regexp.MustCompile(`(?m)^func (Test[A-Z]\w*)\(`)
)

// checkProofs looks for tests that a text names and nobody has.
func checkProofs(root fs.FS, sources []*source) ([]Problem, error) {
	exists := map[string]bool{}
	for _, s := range sources {
		if s.isTest() {
			for _, m := range testFunc.FindAllStringSubmatch(s.text, -1) {
				exists[m[1]] = true
			}
		}
	}
	var problems []Problem
	for _, pattern := range proofs {
		texts, err := fs.Glob(root, pattern)
		if err != nil {
			return nil, err
		}
		for _, name := range texts {
			text, err := fs.ReadFile(root, name)
			if err != nil {
				return nil, err
			}
			number := 0
			for line := range strings.Lines(string(text)) {
				number++
				for _, m := range namedTest.FindAllStringSubmatch(line, -1) {
					if !exists[m[1]] {
						problems = append(problems, Problem{File: name, Line: number, Text: fmt.Sprintf("there is no test %s", m[1])})
					}
				}
			}
		}
	}
	return problems, nil
}
