package archtest

import (
	"regexp"
	"slices"
	"strings"
)

// treeLine is a line of the tree in DESIGN.md, section 3, that begins with the name of a folder.
var treeLine = regexp.MustCompile(`(?m)^([a-z][\w/]*)/\s`)

// checkDesign compares the tree of DESIGN.md with the list of layers, so that neither can change alone.
func checkDesign(text string) []Problem {
	problem := func(text string) Problem { return Problem{File: "DESIGN.md", Text: "section 3 " + text} }
	_, section, ok := strings.Cut(text, "\n## 3.")
	if !ok {
		return []Problem{problem("is missing")}
	}
	section, _, _ = strings.Cut(section, "\n## ")
	var drawn []string
	for _, m := range treeLine.FindAllStringSubmatch(section, -1) {
		if m[1] != "docs" {
			drawn = append(drawn, m[1])
		}
	}
	var problems []Problem
	for _, dir := range drawn {
		if _, ok := layerOf(dir); !ok {
			problems = append(problems, problem("has "+dir+", which internal/archtest/layers.go lacks"))
		}
	}
	for _, l := range Layers {
		if !slices.Contains(drawn, l.Dir) && !strings.HasPrefix(l.Dir, "internal/") {
			problems = append(problems, problem("lacks "+l.Dir+", which internal/archtest/layers.go has"))
		}
	}
	return problems
}
