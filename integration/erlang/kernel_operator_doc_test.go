package erlang

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/gonodetest/beam"
)

var updateTools = flag.Bool("update-tools", false, "write what functions answer into docs/tools.md")

// toolsFile has the table of functions between two marks. The rest of it is written by others.
const (
	toolsFile      = "../../docs/tools.md"
	functionsBegin = "<!-- functions: begin -->\n"
	functionsEnd   = "<!-- functions: end -->\n"
)

// maxShape is how many characters of a form the table shows.
const maxShape = 110

// comparison is a call as the releases answer it: the rows of each.
type comparison map[string]shapeRow

// compareReleases asks the erl of this machine and those of GONODE_OTHER_ERLS. It returns the releases and their rows
// by the text of the call, which ends with its number if there are several.
func compareReleases(t *testing.T) (releases, calls []string, byCall map[string]comparison) {
	n := operated(t)
	byCall = map[string]comparison{}
	ask := func(group string, asker, other *beam.Node, release string) {
		releases = append(releases, release)
		for i, row := range shapeRows(t, n, group, asker, other) {
			call := fmt.Sprintf("%s #%s%d", row.call(), group, i)
			if byCall[call] == nil {
				byCall[call] = comparison{}
				calls = append(calls, call)
			}
			byCall[call][release] = row
		}
	}
	asker := beam.StartErl(t)
	ask("otp", asker, beam.StartErl(t), "OTP "+asker.Release())
	for _, program := range filepath.SplitList(os.Getenv(otherErls)) {
		erl := beam.StartErl(t, beam.WithProgram(program))
		ask("otp", erl, beam.StartErl(t, beam.WithProgram(program)), "OTP "+erl.Release())
	}
	ask("elixir", asker, beam.StartElixir(t), "Elixir")
	return releases, calls, byCall
}

// verdicts returns what the releases say, in short: one word if all say the same.
func (c comparison) verdicts(releases []string) string {
	var words []string
	for _, release := range releases {
		if row, ok := c[release]; ok {
			words = append(words, release+" "+row.verdict)
		}
	}
	first, same := strings.Fields(words[0]), true
	for _, w := range words {
		same = same && strings.HasSuffix(w, " "+first[len(first)-1])
	}
	if same {
		return first[len(first)-1]
	}
	return strings.Join(words, ", ")
}

// line returns the row of the table.
func (c comparison) line(call string, releases []string) string {
	var row shapeRow
	for _, release := range releases {
		if r, ok := c[release]; ok && (row.verdict == "" || row.verdict == "absent") {
			row = r
		}
	}
	answer := "the same"
	if row.verdict != "same" {
		answer = code(row.goNode)
	}
	if row.note != "" && row.verdict == "differs" {
		answer += ": " + row.note
	}
	name, _, _ := strings.Cut(call, " #")
	return fmt.Sprintf("| %s | %s | %s | %s |\n", code(name), code(row.beam), answer, c.verdicts(releases))
}

// code returns text as code in a cell of a table.
func code(text string) string {
	if runes := []rune(text); len(runes) > maxShape {
		text = string(runes[:maxShape]) + " …"
	}
	return "`" + strings.ReplaceAll(text, "|", `\|`) + "`"
}

// functionsTable returns the table between the marks.
func functionsTable(releases, calls []string, byCall map[string]comparison) string {
	var b strings.Builder
	b.WriteString(functionsBegin)
	module := ""
	first := map[string]int{} // the modules in the order of their first calls
	for _, call := range calls {
		m, _, _ := strings.Cut(call, ":")
		if _, known := first[m]; !known {
			first[m] = len(first)
		}
	}
	calls = slices.Clone(calls)
	slices.SortStableFunc(calls, func(a, b string) int {
		ma, _, _ := strings.Cut(a, ":")
		mb, _, _ := strings.Cut(b, ":")
		return first[ma] - first[mb]
	})
	for _, call := range calls {
		if m, _, _ := strings.Cut(call, ":"); m != module {
			module = m
			fmt.Fprintf(&b, "\n### %s\n\n| call | a BEAM answers | a Go node answers | forms |\n|---|---|---|---|\n", m)
		}
		b.WriteString(byCall[call].line(call, releases))
	}
	b.WriteString("\n" + functionsEnd)
	return b.String()
}

// The table is that of the releases which -update-tools was given; the test compares what this machine can ask.
func TestTheTableOfFunctionsSaysWhatTheyAnswer(t *testing.T) {
	releases, calls, byCall := compareReleases(t)
	text, err := os.ReadFile(toolsFile)
	require.NoError(t, err)
	before, rest, ok := strings.Cut(string(text), functionsBegin)
	require.True(t, ok)
	_, after, ok := strings.Cut(rest, functionsEnd)
	require.True(t, ok)
	if *updateTools {
		require.NoError(t, os.WriteFile(toolsFile, []byte(before+functionsTable(releases, calls, byCall)+after), 0o644))
		return
	}
	for _, call := range calls {
		name, _, _ := strings.Cut(call, " #")
		require.Contains(t, rest, "| "+code(name)+" |", "go test ./integration/erlang -run TheTableOfFunctions -update-tools")
		for release, row := range byCall[call] {
			if row.verdict == "differs" {
				require.Contains(t, rest, row.note, "%s on %s", call, release)
			}
		}
	}
}
