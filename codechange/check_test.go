package codechange_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/codechange"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/internal/fakehost"
)

// script makes a script that leads to a version of demo.
func script(t *testing.T, vsn, instructions string) codechange.Script {
	t.Helper()
	return codechange.Script{Instructions: parse(t, "["+instructions+"]").(etf.List),
		Libs: []codechange.Lib{{App: "demo", Vsn: vsn, Dir: "/lib/demo-" + vsn}}}
}

// newHost has a server a of version 1 of m1, with the number 5.
func newHost(t *testing.T) *fakehost.Host {
	t.Helper()
	w := &fakehost.Host{}
	w.Link()
	require.NoError(t, w.Versions.CodeServer().Boot([]codechange.AppVsn{{App: "demo", Vsn: "1"}}))
	w.Start("a", w.Versions.Modules("m1")[0].Code, 5)
	t.Cleanup(w.Work.Wait)
	return w
}

const updateScript = `{load_object_code,{demo,"2",[m1]}}, point_of_no_return, {suspend,[m1]},
	{load,{m1,brutal_purge,brutal_purge}}, {code_change,up,[{m1,x}]}, {resume,[m1]}`

func TestACheckExecutesWhatStandsBeforeThePointOfNoReturn(t *testing.T) {
	w := newHost(t)
	s := script(t, "2", `{apply,{test,one,[]}}, `+updateScript+`, {apply,{test,two,[]}}`)
	require.NoError(t, codechange.Check(t.Context(), w, w.Versions, s, codechange.Options{}))
	require.Equal(t, []string{"apply test:one()"}, w.TakeEvents())
	require.Equal(t, "m1-1", w.Versions.Of(w.Find("a").Code()).String())
}

func TestACheckRefusesWhatCouldNotBeExecuted(t *testing.T) {
	w := newHost(t)
	for instructions, want := range map[string]string{
		`{load_object_code,{demo,"2",[m1]}}, point_of_no_return, {load,x}`: "{illegal_instruction_after_point_of_no_return," +
			"{load,x}}",
		`{load,x}, point_of_no_return`:                           "{illegal_instruction_before_point_of_no_return,{load,x}}",
		`point_of_no_return, {apply,{none,f,[1]}}`:               "{'EXIT',{undef,[{none,f,[1],[]}]}}",
		`point_of_no_return, restart_new_emulator`:               "{static_emulator,restart_new_emulator}",
		`{apply,{test,exit,[gone]}}, point_of_no_return`:         "{'EXIT',gone}",
		`{load_object_code,{demo,"3",[m1]}}, point_of_no_return`: "{bad_lib_vsn,demo,\"2\"}",
	} {
		err := codechange.Check(t.Context(), w, w.Versions, script(t, "2", instructions), codechange.Options{})
		require.EqualError(t, err, "codechange: "+want)
		var failed *codechange.Error
		require.ErrorAs(t, err, &failed)
		require.False(t, failed.Exit, "it is before the point of no return")
	}
}

func TestAnUpgradeWhoseContextHasEndedChangesNothing(t *testing.T) {
	w := newHost(t)
	for cause, want := range map[error]string{
		errors.New("no time"): "codechange: {'EXIT',shutdown}",
		codechange.ErrAborted: "codechange: {'EXIT',aborted}",
	} {
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(cause)
		report, err := codechange.Run(ctx, w, w.Versions, script(t, "2", updateScript), codechange.Options{})
		require.EqualError(t, err, want)
		require.ErrorIs(t, err, cause)
		require.Empty(t, report.Processes)
		require.True(t, report.FullyUndone())
		_, err = codechange.Rehearse(ctx, w, w.Versions, script(t, "2", updateScript), codechange.Options{})
		require.EqualError(t, err, want)
	}
	require.Empty(t, w.TakeEvents())
}

func TestAnUpgradeThatIsToldToStopInItsMiddleIsUndone(t *testing.T) {
	w := newHost(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	w.OnApply = func(function etf.Atom, _ etf.List) {
		if function == "stop" {
			cancel(codechange.ErrAborted)
		}
	}
	s := script(t, "2", updateScript+`, {apply,{test,stop,[]},{undo,{test,start,[]}}}, {apply,{test,never,[]}}`)
	report, err := codechange.Run(ctx, w, w.Versions, s, codechange.Options{})
	require.ErrorIs(t, err, codechange.ErrAborted)
	require.True(t, report.Undone)
	require.Equal(t, "m1-1", w.Versions.Of(w.Find("a").Code()).String())
	events := w.TakeEvents()
	require.Contains(t, events, "apply test:start()", "the undo does not end with the context")
	require.NotContains(t, events, "apply test:never()")
}

func TestAHostThatCannotTellItsProcessesMakesTheUpgradeFail(t *testing.T) {
	w := newHost(t)
	w.SupervisedErr = &genserv.Exit{Reason: etf.Atom("no_supervisor")}
	for _, instructions := range []string{updateScript, `point_of_no_return, {stop,[m1]}`,
		`{load_object_code,{demo,"2",[m1]}}, point_of_no_return, {remove,{m1,soft_purge,soft_purge}}, {purge,[m1]}`} {
		_, err := codechange.Run(t.Context(), w, w.Versions, script(t, "2", instructions), codechange.Options{})
		require.EqualError(t, err, "codechange: {'EXIT',no_supervisor}", instructions)
		_, err = codechange.Rehearse(t.Context(), w, w.Versions, script(t, "2", instructions), codechange.Options{})
		require.EqualError(t, err, "codechange: {'EXIT',no_supervisor}", instructions)
	}
	require.Equal(t, "m1-1", w.Versions.Of(w.Find("a").Code()).String())
	current, _ := w.Versions.Current("m1")
	require.Equal(t, "m1-1", current.String(), "the remove is undone")
}

// censusHost counts the codes of its processes itself.
type censusHost struct {
	*fakehost.Host
	codes []genserv.Module
}

func (c censusHost) Codes(count func(genserv.Module)) {
	for _, code := range c.codes {
		count(code)
	}
}

func TestAnInventoryCountsTheProcessesOfEachVersion(t *testing.T) {
	w := newHost(t)
	one := w.Versions.Modules("m1")[0].Code
	w.Start("b", one, 1)
	find := func(all []codechange.ModuleStatus, name etf.Atom) []codechange.VersionStatus {
		for _, m := range all {
			if m.Name == name {
				return m.Versions
			}
		}
		return nil
	}
	want := []codechange.VersionStatus{{Vsn: "1", Current: true, Processes: 2}, {Vsn: "2"}, {Vsn: "3"}, {Vsn: "4"},
		{Vsn: "5"}}
	require.Equal(t, want, find(codechange.Inventory(w, w.Versions), "m1"))
	want[0].Processes = 0
	require.Equal(t, want, find(codechange.Inventory(w, w.Versions), "lib"), "a module without code has no processes")
	census := censusHost{w, []genserv.Module{one, one, one}}
	want[0].Processes = 3
	require.Equal(t, want, find(codechange.Inventory(census, w.Versions), "m1"), "a host that can tell is asked")
}

func TestATrackerTellsTheInstructionThatIsExecuted(t *testing.T) {
	w := newHost(t)
	tracker := &codechange.Tracker{}
	require.Equal(t, &codechange.Running{Instruction: etf.Atom("undefined")}, tracker.Running(), "nothing has begun")
	var seen *codechange.Running
	w.OnApply = func(etf.Atom, etf.List) { seen = tracker.Running() }
	s := script(t, "2", updateScript+`, {apply,{test,look,[]}}`)
	_, err := codechange.Run(t.Context(), w, w.Versions, s, codechange.Options{Tracker: tracker})
	require.NoError(t, err)
	require.Equal(t, "7 of 7", etf.Format(etf.Int(seen.Step))+" of "+etf.Format(etf.Int(seen.Steps)))
	require.Equal(t, "{apply,{test,look,[]}}", etf.Format(seen.Instruction))
	require.Empty(t, seen.Waiting)
	require.Nil(t, (*codechange.Tracker)(nil).Running())
}

func TestAReportIsFullyUndoneUnlessSomethingIsLost(t *testing.T) {
	for undone, want := range map[codechange.Undone]bool{"": true, codechange.UndoneRestored: true,
		codechange.UndoneDowngraded: true, codechange.UndoneAnew: true, codechange.UndoneUncopied: false,
		codechange.UndoneForgot: false, codechange.UndoneKilled: false, codechange.UndoneLater: false} {
		r := codechange.Report{Processes: []*codechange.ProcessReport{{}, {Undone: undone}}}
		require.Equal(t, want, r.FullyUndone(), undone)
	}
	require.False(t, (&codechange.Report{Left: []string{"m:f()"}}).FullyUndone())
	require.False(t, (&codechange.Report{NotUndone: []string{"m:f()"}}).FullyUndone())
}
