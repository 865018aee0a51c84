package main

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The sessions of the example that use this command are run on one node, in order. Three dots match any text.
func TestTheStoryOfTheExampleIsTrue(t *testing.T) {
	startCalc(t)
	text, err := os.ReadFile("../../examples/upgrade/README.md")
	require.NoError(t, err)
	commands := 0
	for _, block := range regexp.MustCompile("(?s)```console\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		for _, session := range strings.Split("\n"+block[1], "\n$ ")[1:] {
			command, want, _ := strings.Cut(session, "\n")
			args := words(command)
			require.Equal(t, "gonode", args[0])
			r := gonode(t, args[1:]...)
			sameLines(t, command, want, r.err+r.out)
			commands++
		}
	}
	require.Greater(t, commands, 10)
}

// words splits a command line at its spaces. Text in single quotes stays together.
func words(line string) (all []string) {
	for i, part := range strings.Split(line, "'") {
		if i%2 == 1 {
			all = append(all, part)
		} else {
			all = append(all, strings.Fields(part)...)
		}
	}
	return all
}

// sameLines compares lines in any order, because they come from two streams.
func sameLines(t *testing.T, command, want, got string) {
	t.Helper()
	left := lines(got)
	for _, line := range lines(want) {
		pattern := regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(line), `\.\.\.`, ".*") + "$")
		found := -1
		for i, l := range left {
			if pattern.MatchString(l) {
				found = i
				break
			}
		}
		require.GreaterOrEqual(t, found, 0, "%s: no line %q in\n%s", command, line, got)
		left = append(left[:found:found], left[found+1:]...)
	}
	require.Empty(t, left, command)
}

// lines splits a text into lines. It normalizes spaces, because the column widths of a table depend on the times in it.
func lines(text string) (all []string) {
	for _, line := range strings.Split(text, "\n") {
		if line = gaps.ReplaceAllString(strings.TrimRight(line, " "), "  "); line != "" {
			all = append(all, line)
		}
	}
	return all
}

var gaps = regexp.MustCompile(" {2,}")
