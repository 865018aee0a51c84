package codechange_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/codechange"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/internal/fakehost"
)

func TestAReportTravelsAsATerm(t *testing.T) {
	report := &codechange.Report{Pause: 5 * time.Millisecond, Total: time.Second, Undone: true,
		Config: []string{"app: no"},
		Left:   []string{"m:f()"}, NotUndone: []string{"m:g(): timeout"},
		Uncovered: []codechange.Uncovered{{App: "demo", From: "1", To: "2", Module: "m2", Change: "changed"}},
		Unpurged:  []codechange.Unpurged{{Module: "m", Purge: "soft_purge"}},
		Processes: []*codechange.ProcessReport{
			{Pid: fakehost.Client, Name: "a", Module: "m", From: "1", To: "2", Outcome: codechange.OutcomeChanged,
				Paused: time.Millisecond,
				Took:   time.Microsecond, Undone: codechange.UndoneRestored},
			{Pid: fakehost.Client, Module: "m", Outcome: codechange.OutcomeFailed, Reason: "no"},
		}}
	b, err := etf.Append(nil, report.Term())
	require.NoError(t, err)
	term, err := etf.Decode(b)
	require.NoError(t, err)
	got, err := codechange.ReadReport(term)
	require.NoError(t, err)
	require.Equal(t, report, got)
	_, err = codechange.ReadReport(etf.Atom("none"))
	require.Error(t, err)
}
