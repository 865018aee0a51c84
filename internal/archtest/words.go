package archtest

import (
	"fmt"
	"regexp"
	"strings"
)

// The patterns are written such that they do not find themselves.
var (
	later   = regexp.MustCompile(`\b(?:TO` + `DO|FIX` + `ME|XX` + `X)\b`)
	machine = regexp.MustCompile(`(?:^|[^.\w])/(?:root|home|work|Users)/[\w.]`)
)

// checkWords looks for work that was put off and for paths of one machine. Tests are held to this too.
func checkWords(s *source) []Problem {
	var problems []Problem
	for i, line := range strings.Split(s.text, "\n") {
		if word := later.FindString(line); word != "" {
			problems = append(problems, Problem{File: s.name, Line: i + 1, Text: fmt.Sprintf(
				"%s: do it, or write down as a fact what is missing", word)})
		}
		if machine.MatchString(line) {
			problems = append(problems, Problem{File: s.name, Line: i + 1,
				Text: "an absolute path of one machine: " + strings.TrimSpace(line)})
		}
	}
	return problems
}
