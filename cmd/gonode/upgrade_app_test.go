package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/gonodetest/beam"
	"github.com/gonode-otp/gonode/node"
)

func TestUpgradeOfOneApplicationGoesByItsAppup(t *testing.T) {
	n := startCalc(t)
	r := gonode(t, "upgrade", "calc", "2", "--app", "counter", "--dry-run")
	require.Equal(t, 0, r.code, r.err)
	require.Contains(t, r.err, "nothing was changed; tried 1 servers")
	require.Equal(t, []string{"counter", "counter", "1", "2", "changed"},
		strings.Fields(strings.Split(r.out, "\n")[1])[:5])
	fails(t, exitFailure, []string{"upgrade", "calc", "--report"}, "has not been upgraded since it started")

	r = gonode(t, "upgrade", "calc", "--app", "counter", "--dir", "lib/counter-2", "--canary", "1", "--watch", "1ms",
		"-o", "json")
	require.Equal(t, 0, r.code, r.err)
	require.Contains(t, r.err, "3/6 {suspend,[counter]}")
	var report reportJSON
	require.NoError(t, json.Unmarshal([]byte(r.out), &report))
	require.Equal(t, "counter 2", report.App+" "+report.Vsn)
	require.Equal(t, "changed", report.Servers[0].Outcome)
	require.Equal(t, "1", n.ReleaseHandler().Running().Vsn, "the release stays")

	_, err := n.Call(t.Context(), etf.Atom("counter"), etf.Tuple{etf.Atom("add"), etf.Int(2000)})
	require.NoError(t, err)
	for _, flags := range [][]string{{"--dry-run"}, {}} {
		r = gonode(t, append([]string{"upgrade", "calc", "3", "--app", "counter"}, flags...)...)
		require.Equal(t, 1, r.code)
		require.Contains(t, r.err, `{too_large,2000}`)
		require.Contains(t, r.out, "failed")
	}
	r = gonode(t, "upgrade", "calc", "--report")
	require.Contains(t, r.err, "upgrade to counter-3 of ")
	require.Contains(t, r.err, "everything is as it was")

	for _, flags := range [][]string{{"1", "--dry-run"}, {"--dir", "lib/counter-1"}} {
		r = gonode(t, append([]string{"upgrade", "calc", "--app", "counter", "--down"}, flags...)...)
		require.Equal(t, 0, r.code, r.err)
	}
	require.Contains(t, r.err, "counter-1 runs; servers paused for ")
}

func TestUpgradeOfOneApplicationTellsWhereAFileIsWrong(t *testing.T) {
	root := t.TempDir()
	startCalcIn(t, root)
	appup := filepath.Join(root, "lib/counter-2/ebin/counter.appup")
	require.NoError(t, os.WriteFile(appup,
		[]byte("{\"2\",\n [{\"1\", [{update, counter, {hard, x}},\n         {updat, counter}]}], []}."), 0o644))
	for _, flags := range [][]string{{"--dry-run"}, {}} {
		r := gonode(t, append([]string{"upgrade", "calc", "2", "--app", "counter"}, flags...)...)
		require.Equal(t, 1, r.code)
		require.Contains(t, r.err, "gonode: {bad_change,{hard,x}}\n")
		require.Contains(t, r.err, appup+":2:28: a change is soft or {advanced, Extra}, not {hard,x}\n")
		require.Contains(t, r.err, appup+":3:10: {updat,counter} is no instruction; did you mean update?\n")
	}
	fails(t, exitFailure, []string{"upgrade", "calc", "9", "--app", "counter"}, "no_appup_found")
	fails(t, exitFailure, []string{"upgrade", "calc", "9", "--app", "other"}, "{app_not_running,other}")
	fails(t, exitFailure, []string{"upgrade", "calc", "--dir", "x", "--app", "counter", "--down"},
		"{unknown_version,counter}")
	fails(t, exitUsage, []string{"upgrade", "calc", "--app", "counter"}, "needs a VSN or --dir")
	fails(t, exitUsage, []string{"upgrade", "calc", "2", "--app", "counter", "--dir", "x"}, "leave 2 out")
	fails(t, exitUsage, []string{"upgrade", "calc", "2", "--app", "counter", "--permanent"}, "--app changes no release")
	fails(t, exitUsage, []string{"upgrade", "calc", "2", "--down"}, "--app says which")
	stands(t, node.Config{Name: "plain"})
	fails(t, exitFailure, []string{"upgrade", "plain", "2", "--app", "counter"}, "has no release handler")
}

// Errors in the relup of a release are reported in the same way, both when it does not parse and when it has a term
// that is not an instruction.
func TestUpgradeTellsWhereARelupIsWrong(t *testing.T) {
	root := t.TempDir()
	n := startCalcIn(t, root)
	_, err := n.ReleaseHandler().SetUnpacked(t.Context(), "releases/2/calc.rel", nil)
	require.NoError(t, err)
	relup := filepath.Join(root, "releases/2/relup")
	for text, want := range map[string][]string{
		"{\"2\",\n [}.": {"gonode: {bad_relup_file,", relup + ":2:3: "},
		`{"2",x,[]}.`:   {"gonode: {bad_relup_file,", relup + ":1:6: "},
		"{\"2\",[{\"1\",[],[point_of_no_return,\n {lode,m}, {suspend,m}]}],[]}.": {
			"gonode: {illegal_instruction_after_point_of_no_return,{lode,m}}\n", relup + ":2:2: {lode,m} is no instruction",
			relup + ":2:21: "},
	} {
		require.NoError(t, os.WriteFile(relup, []byte(text), 0o644))
		for _, flags := range [][]string{{"--dry-run"}, {}} {
			r := gonode(t, append([]string{"upgrade", "calc", "2"}, flags...)...)
			require.Equal(t, 1, r.code)
			for _, line := range want {
				require.Contains(t, r.err, line)
			}
		}
	}
	require.Equal(t, "1", n.ReleaseHandler().Running().Vsn)
}

// An OTP node gets the calls that its own tools make.
func TestUpgradeOfOneApplicationOfAnErlangNode(t *testing.T) {
	p, e := among(t), beam.StartErl(t)
	e.Eval(t, "ok = application:start(sasl).")
	run := func(args ...string) result { return p.run(t, append([]string{"upgrade", e.Name()}, args...)...) }
	for _, flags := range [][]string{{"--dry-run"}, {}, {"--dry-run", "--down"}, {"--down"}} {
		r := run(append(flags, "--app", "kernel", "--dir", "nowhere/kernel-0")...)
		require.Equal(t, exitFailure, r.code)
		require.Equal(t, "gonode: no_appup_found\n", strings.ReplaceAll(r.err, `{version_not_in_appup,"0"}`,
			"no_appup_found"), "%q", flags)
	}
	require.Equal(t, exitUsage, run("1", "--app", "kernel", "--canary", "1").code)
}
