package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/integration/erlang/docker"
)

// line returns a line as compat_hook.erl writes it.
func line(section, function, title, outcome string) string {
	return strings.Join([]string{section, function, title, outcome, "place", "promise", "why", "27.3.4",
		"gonode go1.26"}, "\t") + "\n"
}

func checks(t *testing.T, lines ...string) []check {
	t.Helper()
	found, err := parse(strings.Join(lines, ""))
	require.NoError(t, err)
	return found
}

func TestACellCountsWhatHeldAndWhatFailed(t *testing.T) {
	r := &row{}
	r.checks[gonode] = checks(t, line("calls", "a", "", passed), line("links", "each", "one", passed),
		line("links", "each", "two", passed), line("links", "whole", "", passed), line("node", "late", "", failed))
	require.Equal(t, "4, **1 failed**", r.cell(gonode, ""))
	require.Equal(t, "3", r.cell(gonode, "links"))
	require.Equal(t, "–", r.cell(gonode, "stop"))
}

func TestALineThatIsNoneOfTheHookIsRefused(t *testing.T) {
	for _, text := range []string{"", "calls\ta\n", line("calls", "a", "", "perhaps")} {
		_, err := parse(text)
		require.Error(t, err, text)
	}
}

func TestATableSaysWhatWasNotRunAndWhy(t *testing.T) {
	ran := &row{peer: docker.Peer{Service: "otp27", Image: "erlang:27"}, version: "27.3.4"}
	ran.checks[gonode] = checks(t, line("calls", "a", "", passed), line("calls", "b", "", skipped))
	m := matrix{when: time.Unix(0, 0).UTC(), rows: []*row{ran,
		{peer: docker.Peer{Service: "otp29", Image: "erlang:29"}, notRun: "no|image"}}}
	require.Equal(t, "| | OTP 27.3.4 | erlang:29 |\n|---|---|---|\n| calls | 1, 1 left out | not run |\n| **all** | "+
		"1, 1 left out | not run |\n\nerlang:29 was not run: no\\|image\n",
		m.table(sectionsOf(m.rows), gonode))
	require.Contains(t, m.readme(), "| 27.3.4 |  | 1, 1 left out | – |\n| erlang:29 | | not run: no\\|image | |\n")
	require.Contains(t, m.page(), "- otp27, gonode: `calls:b`")
}

func TestTheTableOfTheReadmeIsReplacedBetweenItsMarks(t *testing.T) {
	text, err := between("a\n"+begin+"\nold\n"+end+"\nb\n", "new\n")
	require.NoError(t, err)
	require.Equal(t, "a\n"+begin+"\nnew\n"+end+"\nb\n", text)
	_, err = between("a\n"+end+"\n"+begin+"\n", "new\n")
	require.Error(t, err)

	readme, err := os.ReadFile("../../../README.md")
	require.NoError(t, err)
	_, err = between(string(readme), "new\n")
	require.NoError(t, err)
}

func TestWhatCannotBeRunIsALaneThatIsSkippedAndNoFailure(t *testing.T) {
	lanes := filepath.Join(t.TempDir(), "lanes")
	t.Setenv("GONODE_SKIPPED_LANES", lanes)
	t.Chdir(t.TempDir()) // there is nothing to run here
	require.Equal(t, 2, options{limit: time.Minute}.main(t.Context()))
	require.NoFileExists(t, lanes)
	require.Equal(t, 0, options{limit: time.Minute, lane: true}.main(t.Context()))
	text, err := os.ReadFile(lanes)
	require.NoError(t, err)
	require.Contains(t, string(text), "matrix in Docker: to be run at the top of the repository")
}

func TestOneThatFailsIsRedWhateverElseWasNotRun(t *testing.T) {
	t.Setenv("GONODE_SKIPPED_LANES", "")
	bad := &row{}
	bad.checks[gonode] = checks(t, line("calls", "a", "", failed))
	for _, lane := range []bool{false, true} {
		o := options{lane: lane}
		require.Equal(t, 1, o.status(matrix{rows: []*row{{notRun: "no image"}, bad}}, nil))
		require.Equal(t, 1, o.status(matrix{rows: []*row{bad}}, errors.New("cannot clean up")))
	}
	require.Equal(t, 0, options{}.status(matrix{rows: []*row{{}}}, nil))
	require.Equal(t, 2, options{}.status(matrix{rows: []*row{{notRun: "no image"}}}, nil))
	require.Equal(t, 0, options{lane: true}.status(matrix{rows: []*row{{notRun: "no image"}}}, nil))
}
