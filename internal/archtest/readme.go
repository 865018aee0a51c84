package archtest

import (
	"fmt"
	"io/fs"
	"regexp"
	"strings"
)

// goBlock is a Go program in a Markdown text.
var goBlock = regexp.MustCompile("(?s)```go\n(.*?)```")

// The program of README.md is the example of package node, which the tests run, as a program of its own; what makes
// it one is not in the example. The pieces of the guides are out of the examples.
var frame = map[string]bool{"package main": true, "func main() {": true}

// quotes are the texts that show Go code, by a pattern of io/fs, and where that code is.
var quotes = []struct {
	text    string
	sources []string
}{
	{"README.md", []string{"node/example_test.go"}},
	{"docs/guide/*.md", []string{"examples/*/*.go", "ergohost/example/*.go"}},
}

// checkReadme looks for lines of Go in texts that the code they are from lacks.
func checkReadme(root fs.FS) ([]Problem, error) {
	var problems []Problem
	for _, q := range quotes {
		texts, err := glob(root, q.text)
		if err != nil {
			return nil, err
		}
		tested, err := linesOf(root, q.sources)
		if err != nil {
			return nil, err
		}
		for _, text := range texts {
			found, err := checkQuotes(root, text, strings.Join(q.sources, " and "), tested)
			if err != nil {
				return nil, err
			}
			problems = append(problems, found...)
		}
	}
	return problems, nil
}

// linesOf returns the lines of the files that the patterns match.
func linesOf(root fs.FS, patterns []string) (map[string]bool, error) {
	lines := map[string]bool{}
	for _, pattern := range patterns {
		files, err := glob(root, pattern)
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			source, err := fs.ReadFile(root, file)
			if err != nil {
				return nil, err
			}
			for line := range strings.Lines(string(source)) {
				lines[strings.TrimSpace(line)] = true
			}
		}
	}
	return lines, nil
}

func checkQuotes(root fs.FS, file, source string, tested map[string]bool) ([]Problem, error) {
	text, err := fs.ReadFile(root, file)
	if err != nil {
		return nil, err
	}
	var problems []Problem
	for _, at := range goBlock.FindAllSubmatchIndex(text, -1) {
		first := strings.Count(string(text[:at[2]]), "\n") + 1
		for i, line := range strings.Split(string(text[at[2]:at[3]]), "\n") {
			if line = strings.TrimSpace(line); line != "" && !frame[line] && !tested[line] {
				problems = append(problems, Problem{File: file, Line: first + i,
					Text: fmt.Sprintf("the program differs from %s, which is the one that is run: %s", source, line)})
			}
		}
	}
	return problems, nil
}

// glob is fs.Glob, except that a file that is named has to be there.
func glob(root fs.FS, pattern string) ([]string, error) {
	if strings.Contains(pattern, "*") {
		return fs.Glob(root, pattern)
	}
	_, err := fs.Stat(root, pattern)
	return []string{pattern}, err
}
