package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/codechange"
)

// shownReport returns what the command prints about a report.
func shownReport(t *testing.T, format string, r *codechange.Report) (out, last string) {
	t.Helper()
	var table, talk bytes.Buffer
	cmd := &cobra.Command{}
	cmd.SetOut(&table)
	cmd.SetErr(&talk)
	require.NoError(t, printReport(cmd, format, target{vsn: "2"}, r))
	said := strings.Split(strings.TrimSpace(talk.String()), "\n")
	return table.String() + talk.String(), said[len(said)-1]
}

func TestTheLastLineTellsWhetherEverythingIsAsItWas(t *testing.T) {
	process := func(how codechange.Undone) []*codechange.ProcessReport {
		return []*codechange.ProcessReport{{Module: "m", Outcome: codechange.OutcomeChanged, Undone: how}}
	}
	whole := &codechange.Report{Undone: true, Processes: process(codechange.UndoneRestored)}
	_, last := shownReport(t, "table", whole)
	require.Contains(t, last, "everything is as it was")
	out, _ := shownReport(t, "json", whole)
	require.Contains(t, out, `"as_it_was":true`)
	for says, r := range map[string]*codechange.Report{
		"1 servers have their old state, but what their code change altered": {Undone: true,
			Processes: process(codechange.UndoneUncopied)},
		"1 servers have their old state, and have forgotten": {Undone: true,
			Processes: process(codechange.UndoneForgot)},
		"m:f() was applied, and nothing undoes that": {Undone: true, Left: []string{"m:f()"}},
		"application:stop(a) has ended servers": {Undone: true,
			NotUndone: []string{"application:stop(a) has ended servers"}},
	} {
		out, last := shownReport(t, "table", r)
		require.Equal(t, "the upgrade was taken back, but not everything is as it was", last)
		require.Contains(t, out, "note: "+says)
		out, _ = shownReport(t, "json", r)
		require.Contains(t, out, `"as_it_was":false`)
	}
}

func TestWhatWasNotTriedIsCounted(t *testing.T) {
	out, _ := shownReport(t, "table", &codechange.Report{Rehearsed: true, Processes: []*codechange.ProcessReport{
		{Module: "m", Outcome: codechange.OutcomeChanged}, {Module: "m", Outcome: codechange.OutcomeUntried,
			Reason: "it is a map"}}})
	require.Contains(t, out, "tried 1 servers")
	require.Contains(t, out, "note: 1 servers were not tried")
	require.Contains(t, out, "it is a map")
}
