package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCoverageIsToldByWhatANodeHasLinked(t *testing.T) {
	root := t.TempDir()
	startCalcIn(t, root)
	t.Chdir(root)
	appupFile, relFile := "lib/counter-2/ebin/counter.appup", "releases/2/calc.rel"
	files, err := filepath.Glob("lib/*/ebin/*.app*")
	require.NoError(t, err)
	require.Empty(t, prints(t, append([]string{"appup", "check", "--strict", "--node", "calc"}, files...)...))

	require.NoError(t, os.WriteFile(appupFile, []byte(`{"2", [{"1", []}], [{"1", []}]}.`), 0o644))
	require.Empty(t, prints(t, "appup", "check", "--strict", appupFile), "the files do not tell that it has changed")
	const up = "counter 1 to 2: the module counter is changed, but no instruction is about it\n"
	r := gonode(t, "appup", "check", "--node", "calc", appupFile)
	require.Zero(t, r.code, r.err)
	require.Contains(t, r.out, appupFile+":1:9: warning: "+up)
	r = gonode(t, "appup", "check", "--node", "calc", "--strict", appupFile)
	require.Equal(t, exitFailure, r.code)
	require.Contains(t, r.out, appupFile+":1:9: "+up)
	require.Equal(t, "gonode: findings in 1 files: 2\n", r.err)

	for _, app := range []string{"kernel-8.5.3", "stdlib-4.2", "sasl-4.2"} {
		name, vsn, _ := strings.Cut(app, "-")
		require.NoError(t, os.MkdirAll("lib/"+app+"/ebin", 0o755))
		require.NoError(t, os.WriteFile("lib/"+app+"/ebin/"+name+".app", []byte(`{application,`+name+
			`,[{description,""},{vsn,"`+vsn+`"},{modules,[]},{registered,[]},{applications,[]}]}.`), 0o644))
	}
	relup := []string{"relup", "make", relFile, "--up-from", "releases/1/calc.rel",
		"--path", "lib/*/ebin", "--node", "calc"}
	r = gonode(t, relup...)
	require.Zero(t, r.code, r.err)
	require.Equal(t, appupFile+": warning: "+up, r.err)
	fails(t, exitFailure, append(relup, "--strict"), up[:len(up)-1])
	require.Zero(t, gonode(t, append(relup, "--strict", "--restart-emulator")...).code, "all code is new then")
}

func TestAnAppupIsDraftedFromWhatANodeHasLinked(t *testing.T) {
	root := t.TempDir()
	startCalcIn(t, root)
	t.Chdir(root)
	want, err := os.ReadFile("lib/counter-2/ebin/counter.appup")
	require.NoError(t, err)
	text := prints(t, "appup", "draft", "lib/counter-1", "lib/counter-2/ebin/counter.app", "--node", "calc")
	require.Equal(t, consult(t, string(want)), consult(t, text))
	require.Contains(t, prints(t, "appup", "draft", "lib/counter-1/ebin", "lib/counter-2"), "The files do not tell")
	fails(t, exitUsage, []string{"appup", "draft", "lib/counter-1", "lib/counter-1"}, "both are counter-1")
	fails(t, exitUsage, []string{"appup", "draft", "lib/counter-1"}, "want OLD NEW")
	fails(t, exitUsage, []string{"appup", "draft", "lib", "lib/counter-1"}, "lib has 0 .app files; name one")
	fails(t, exitFailure, []string{"appup", "draft", "nowhere.app", "lib/counter-1"}, "nowhere.app")
}

func TestAStrictUpgradeIsRefusedBeforeItBegins(t *testing.T) {
	root := t.TempDir()
	n := startCalcIn(t, root)
	script := `[{load_object_code,{counter,"2",[counter]}},point_of_no_return]`
	relup := []byte(`{"2",[{"1",[],` + script + `}],[]}.`)
	require.NoError(t, os.WriteFile(filepath.Join(root, "releases/2/relup"), relup, 0o644))
	_, err := n.ReleaseHandler().SetUnpacked(t.Context(), "releases/2/calc.rel", nil)
	require.NoError(t, err)
	const warning = "warning: counter 1 to 2: the module counter is changed, but no instruction is about it\n"
	r := gonode(t, "upgrade", "calc", "2", "--dry-run")
	require.Zero(t, r.code, r.err)
	require.Contains(t, r.err, warning)
	r = gonode(t, "upgrade", "calc", "2", "--strict")
	require.Equal(t, exitFailure, r.code)
	require.Contains(t, r.err, warning)
	require.Contains(t, r.err, "everything is as it was")
	require.Contains(t, r.err, "gonode: {uncovered_modules,[counter]}")
	r = gonode(t, "upgrade", "calc", "2", "-o", "json")
	require.Zero(t, r.code, r.err)
	require.Contains(t, r.out, `"uncovered":["counter 1 to 2: the module counter is changed`)
	require.Equal(t, "2", n.ReleaseHandler().Running().Vsn)
}
