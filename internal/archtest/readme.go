package archtest

import (
	"fmt"
	"io/fs"
	"regexp"
	"strings"
)

// goBlock is a Go program in a Markdown text.
var goBlock = regexp.MustCompile("(?s)```go\n(.*?)```")

// The program of README.md is the example of package node, which the tests run, as a program of its own. What makes it one
// is not in the example.
const exampleFile = "node/example_test.go"

var frame = map[string]bool{"package main": true, "func main() {": true}

// checkReadme looks for lines of the README's Go program that the example lacks.
func checkReadme(root fs.FS) ([]Problem, error) {
	readme, err := fs.ReadFile(root, "README.md")
	if err != nil {
		return nil, err
	}
	example, err := fs.ReadFile(root, exampleFile)
	if err != nil {
		return nil, err
	}
	tested := map[string]bool{}
	for line := range strings.Lines(string(example)) {
		tested[strings.TrimSpace(line)] = true
	}
	var problems []Problem
	for _, at := range goBlock.FindAllSubmatchIndex(readme, -1) {
		first := strings.Count(string(readme[:at[2]]), "\n") + 1
		for i, line := range strings.Split(string(readme[at[2]:at[3]]), "\n") {
			if line = strings.TrimSpace(line); line != "" && !frame[line] && !tested[line] {
				problems = append(problems, Problem{File: "README.md", Line: first + i,
					Text: fmt.Sprintf("the program differs from %s, which is the one that is run: %s", exampleFile, line)})
			}
		}
	}
	return problems, nil
}
