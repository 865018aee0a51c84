package appup_test

import (
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/appup"
	"github.com/gonode-otp/gonode/etf"
)

// demoFiles are versions 1 and 2 of an application, with the text of the .appup file of version 2.
func demoFiles(appupText string) fstest.MapFS {
	app := func(vsn string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte(`{application,demo,[{description,""},{vsn,"` + vsn +
			`"},{modules,[m]},{registered,[]},{applications,[]}]}.`)}
	}
	return fstest.MapFS{"lib/demo-1/ebin/demo.app": app("1"), "lib/demo-2/ebin/demo.app": app("2"),
		"lib/demo-2/ebin/demo.appup": {Data: []byte(appupText)}}
}

var (
	demoOne = appup.AppDir{Vsn: "1", Dir: "lib/demo-1"}
	demoTwo = appup.AppDir{Vsn: "2", Dir: "lib/demo-2"}
)

func TestTheScriptsOfOneApplicationLeadUpAndDown(t *testing.T) {
	files := demoFiles(`{"2",[{"1",[{load_module,m}]}],[{<<".*">>,[{update,m}]}]}.`)
	vsn, script, err := appup.UpgradeScript(files, "demo", demoOne, "lib/demo-2")
	require.NoError(t, err)
	require.Equal(t, `2 [{load_object_code,{demo,"2",[m]}},point_of_no_return,{load,{m,brutal_purge,brutal_purge}}]`,
		vsn+" "+etf.Format(script))
	script, err = appup.DowngradeScript(files, "demo", demoTwo, demoOne)
	require.NoError(t, err)
	require.Equal(t, `[{load_object_code,{demo,"1",[m]}},point_of_no_return,{suspend,[m]},`+
		`{load,{m,brutal_purge,brutal_purge}},{resume,[m]}]`, etf.Format(script))
}

func TestAnAppupThatCannotBeUsedIsRefusedWithReasonAndPlace(t *testing.T) {
	for _, c := range []struct {
		appup, reason string
		exit          bool
		line, column  int
	}{
		{`{"2",[{"0",[]}],[]}.`, `{version_not_in_appup,"1"}`, false, 1, 6},
		{`{"2",[],[]`, `{1,erl_parse,["syntax error before: ",[]]}`, false, 1, 10},
		{`{"2",[]}.`, `{case_clause,{ok,[{"2",[]}]}}`, true, 1, 1},
		{`{"2",[],[]}. x.`, `{case_clause,{ok,[{"2",[],[]},x]}}`, true, 1, 1},
		{`{"2",none,[]}.`, `function_clause`, true, 1, 6},
		{`{"2",[{<<"(">>,[]}],[]}.`, `badarg`, true, 1, 8},
		{`{"3",[{"1",[]}],[]}.`, `{no_valid_version,{{"should be","3"},` +
			`{"found file","lib/demo-2/ebin/demo.app","2"}}}`, false, 1, 0},
		{"{\"2\",[{\"1\",\n[{load_module,n}]}],[]}.", `{no_such_module,n}`, false, 2, 2},
	} {
		_, _, err := appup.UpgradeScript(demoFiles(c.appup), "demo", demoOne, "lib/demo-2")
		var failed *appup.Error
		require.ErrorAs(t, err, &failed, c.appup)
		require.Equal(t, c.reason, etf.Format(failed.Reason), c.appup)
		require.Equal(t, c.exit, failed.Exit, c.appup)
		require.Equal(t, c.line, failed.Line, c.appup)
		if c.column > 0 {
			require.Equal(t, c.column, failed.Column, c.appup)
		}
	}
}

func TestAScriptWithoutItsFilesIsRefused(t *testing.T) {
	files := demoFiles(`{"2",[{"1",[]}],[{"1",[]}]}.`)
	_, _, err := appup.UpgradeScript(files, "demo", demoOne, "lib/demo-9")
	require.ErrorContains(t, err, "there is no such file")
	delete(files, "lib/demo-1/ebin/demo.app")
	for _, make := range []func() error{
		func() error { _, _, err := appup.UpgradeScript(files, "demo", demoOne, "lib/demo-2"); return err },
		func() error { _, err := appup.DowngradeScript(files, "demo", demoTwo, demoOne); return err },
	} {
		require.ErrorContains(t, make(), "there is no .app file of version 1 in lib/demo-1")
	}
}

func TestTheAppupOfADowngradeIsThatOfTheVersionThatRuns(t *testing.T) {
	_, err := appup.DowngradeScript(demoFiles(`{"3",[],[{"1",[]}]}.`), "demo", demoTwo, demoOne)
	var failed *appup.Error
	require.ErrorAs(t, err, &failed)
	require.Equal(t, `{badmatch,{"3",[]}}`, etf.Format(failed.Reason))
	require.True(t, failed.Exit)
}
