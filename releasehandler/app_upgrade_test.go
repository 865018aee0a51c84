package releasehandler_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/appup"
	"github.com/gonode-otp/gonode/codechange"
	"github.com/gonode-otp/gonode/etf"
)

// newAppSite has an application that can be upgraded by its .appup file alone.
func newAppSite(t *testing.T) *site {
	s := newSite(t)
	for _, vsn := range []string{"1", "2", "3"} {
		s.put("lib/demo-"+vsn+"/ebin/demo.app", fmt.Sprintf(
			`{application,demo,[{description,""},{vsn,%q},{modules,[m1,m2]},{registered,[]},{applications,[]}]}.`, vsn))
	}
	s.put("lib/demo-2/ebin/demo.appup",
		`{"2",[{<<"1(\\.[0-9]+)*">>,[{update,m1,{advanced,x}}]}],[{"1",[{update,m1,{advanced,x}}]}]}.`)
	s.put("lib/demo-3/ebin/demo.appup", `{"3",[{"2",[{update,m1,{advanced,{error,a,nope}}}]}],[]}.`)
	return s
}

func TestOneApplicationIsUpgradedByItsAppup(t *testing.T) {
	s := newAppSite(t)
	require.Equal(t, `{ok,"2",[{load_object_code,{demo,"2",[m1]}},point_of_no_return,{suspend,[m1]},{load,{m1,brutal_purge,brutal_purge}},`+
		`{code_change,up,[{m1,x}]},{resume,[m1]}]}`, s.call("release_handler:upgrade_script", `[demo,"lib/demo-2"]`))
	report, err := s.h.RehearseUpgradeApp(t.Context(), "demo", "lib/demo-2", codechange.Options{})
	require.NoError(t, err)
	require.True(t, report.Rehearsed)
	require.Equal(t, "1 2", report.Transition.From+" "+report.Transition.To)
	require.Equal(t, "m1-1", s.runs())

	require.Equal(t, `{ok,[]}`, s.call("release_handler:upgrade_app", `[demo,"lib/demo-2"]`))
	require.Equal(t, "m1-2", s.runs())
	require.Equal(t, `"ROOT/lib/demo-2"`, s.call("code:lib_dir", `[demo]`))
	require.Equal(t, `{error,{version_not_in_appup,"2"}}`, s.call("release_handler:upgrade_app", `[demo,"lib/demo-2"]`),
		"it runs already")

	// The next one fails, and is undone.
	a := func(f func() (*codechange.Report, error)) {
		t.Helper()
		report, err := f()
		require.ErrorContains(t, err, "nope")
		require.Len(t, report.Processes, 1)
		require.Equal(t, "m1-2", s.runs())
	}
	a(func() (*codechange.Report, error) {
		return s.h.RehearseUpgradeApp(t.Context(), "demo", "lib/demo-3", codechange.Options{})
	})
	a(func() (*codechange.Report, error) {
		return s.h.UpgradeApp(t.Context(), "demo", "lib/demo-3", codechange.Options{})
	})
	last, _ := s.h.LastAttempt()
	require.Equal(t, "demo 2 3", string(last.App)+" "+last.From+" "+last.To)
	require.Error(t, last.Err)

	report, err = s.h.RehearseDowngradeApp(t.Context(), "demo", "", "lib/demo-1", codechange.Options{})
	require.NoError(t, err)
	require.Equal(t, "1", report.Processes[0].To)
	require.Equal(t, `{ok,[]}`, s.call("release_handler:downgrade_app", `[demo,"lib/demo-1"]`))
	require.Equal(t, "m1-1", s.runs())
	require.Equal(t, "1:permanent | 1:permanent", s.statuses(), "no release has changed")
}

// What is refused has the place, and all findings of a broken file, not the first alone.
func TestAnAppupThatIsRefusedIsRefusedWithItsPlace(t *testing.T) {
	s := newAppSite(t)
	for _, test := range []struct{ appup, reason, text string }{
		{`{"2",[{"0",[]}],[]}.`, `{version_not_in_appup,"1"}`, `2/ebin/demo.appup:1:6: there is no entry for version 1`},
		{`{"2",[{"1",[{load_module,m9}]}],[]}.`, `{no_such_module,m9}`,
			`2/ebin/demo.appup:1:13: no application of the release has a module m9`},
		{"{\"2\",[{\"1\",[{update,m1,{hard,x}},\n upgrade]}],[]}.", `{bad_change,{hard,x}}`,
			"2/ebin/demo.appup:1:24: a change is soft or {advanced, Extra}, not {hard,x}\n2/ebin/demo.appup:2:2: upgrade is " +
				"no instruction"},
		{`{"2",[{"1",[}],[]}.`, `{1,erl_parse,["syntax error before: ","'}'"]}`, `2/ebin/demo.appup:1:13: `},
		{`{"3",[{"1",[]}],[]}.`, `{no_valid_version,{{"should be","3"},{"found file","ROOT/lib/demo-2/ebin/demo.app","2"}}}`,
			`2/ebin/demo.app:1:42: no .app file has version 3`},
	} {
		s.put("lib/demo-2/ebin/demo.appup", test.appup)
		_, err := s.h.UpgradeApp(t.Context(), "demo", "lib/demo-2", codechange.Options{})
		var failed *codechange.Error
		require.ErrorAs(t, err, &failed)
		require.Equal(t, test.reason, strings.ReplaceAll(etf.Format(failed.Reason), s.root, "ROOT"))
		require.Contains(t, strings.ReplaceAll(failed.Err.Error(), s.root+"/lib/demo-", ""), test.text)
		var place *appup.Error
		var all *appup.FileError
		require.True(t, errors.As(err, &place) || errors.As(err, &all))
		require.Equal(t, "m1-1", s.runs())
		require.Contains(t, s.call("release_handler:upgrade_script", `[demo,"lib/demo-2"]`), "throw: ")
	}
	_, found := s.h.LastAttempt()
	require.False(t, found, "nothing had begun")
	require.Equal(t, `{error,{app_not_running,other}}`, s.call("release_handler:upgrade_app", `[other,"lib/demo-2"]`))
	require.Equal(t, `error: badarg`, s.call("release_handler:downgrade_app", `[demo,1,"lib/demo-2"]`))
	s.put("lib/demo-2/ebin/demo.appup", `{}.`)
	require.Equal(t, `error: {case_clause,{ok,[{}]}}`, s.call("release_handler:upgrade_app", `[demo,"lib/demo-2"]`))
	require.Equal(t, `error: {case_clause,{ok,[{}]}}`, s.call("release_handler:upgrade_script", `[demo,"lib/demo-2"]`))
	require.Equal(t, `throw: no_appup_found`, s.call("release_handler:downgrade_script", `[demo,"0","lib/demo-0"]`))
}

func TestAnApplicationThatIsUpgradedAloneTellsWhatItsScriptForgets(t *testing.T) {
	s := newAppSite(t)
	report, err := s.h.RehearseUpgradeApp(t.Context(), "demo", "lib/demo-2", codechange.Options{})
	require.NoError(t, err)
	require.Contains(t, uncovered(report), "m2 changed")
	report, err = s.h.UpgradeApp(t.Context(), "demo", "lib/demo-2", codechange.Options{Strict: true})
	require.ErrorContains(t, err, "uncovered_modules")
	require.Empty(t, report.Processes)
	report, err = s.h.UpgradeApp(t.Context(), "demo", "lib/demo-2", codechange.Options{})
	require.NoError(t, err)
	require.Contains(t, uncovered(report), "m2 changed")
	report, err = s.h.DowngradeApp(t.Context(), "demo", "1", "lib/demo-1", codechange.Options{})
	require.NoError(t, err)
	require.Contains(t, uncovered(report), "m2 changed")
}
