package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/examples/upgrade"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/node"
)

// stands starts a node that lasts as long as the test.
func stands(t *testing.T, cfg node.Config) *node.Node {
	t.Helper()
	cfg.Cookie = secret
	n, err := node.Start(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, n.Stop(context.Background())) })
	return n
}

// startCalc starts the node of the example.
func startCalc(t *testing.T) *node.Node {
	t.Helper()
	return startCalcIn(t, t.TempDir())
}

// startCalcIn starts the node of the example with a directory for a copy of its files.
func startCalcIn(t *testing.T, root string) *node.Node {
	t.Helper()
	alone(t)
	require.NoError(t, os.CopyFS(root, os.DirFS("../../examples/upgrade/root")))
	versions, err := upgrade.Versions()
	require.NoError(t, err)
	n := stands(t, node.Config{Name: "calc", Upgrade: &node.Upgrade{Versions: versions, Root: root}})
	_, err = n.Spawn(t.Context(), genserv.Child{Name: "counter", Module: genserv.Of(upgrade.V1{})})
	require.NoError(t, err)
	return n
}

// upgradable starts the node of the example, with all its releases unpacked.
func upgradable(t *testing.T) *node.Node {
	t.Helper()
	n := startCalc(t)
	for _, vsn := range []string{"2", "3"} {
		_, err := n.ReleaseHandler().SetUnpacked(t.Context(), filepath.Join("releases", vsn, "calc.rel"), nil)
		require.NoError(t, err)
	}
	return n
}

func TestUpgradeListsTriesInstallsAndTellsWhatFailed(t *testing.T) {
	n := upgradable(t)
	fails(t, exitFailure, []string{"upgrade", "calc", "--report"}, "has not been upgraded since it started")
	r := gonode(t, "upgrade", "calc")
	require.Equal(t, 0, r.code, r.err)
	require.Equal(t, []string{"calc", "3", "unpacked"}, strings.Fields(strings.Split(r.out, "\n")[1])[:3])

	r = gonode(t, "upgrade", "calc", "2", "--dry-run")
	require.Equal(t, 0, r.code, r.err)
	require.Contains(t, r.err, "nothing was changed; tried 1 servers")
	require.Equal(t, []string{"counter", "counter", "1", "2", "changed"},
		strings.Fields(strings.Split(r.out, "\n")[1])[:5])
	require.Equal(t, "1", n.ReleaseHandler().Running().Vsn)

	r = gonode(t, "upgrade", "calc", "2", "--permanent", "-o", "json")
	require.Equal(t, 0, r.code, r.err)
	var report reportJSON
	require.NoError(t, json.Unmarshal([]byte(r.out), &report))
	require.Equal(t, "2", report.Vsn)
	require.Len(t, report.Servers, 1)
	require.Equal(t, "changed", report.Servers[0].Outcome)
	require.Contains(t, r.err, "3/6 {suspend,[counter]}")
	require.Contains(t, r.err, "release 2 is permanent")

	_, err := n.Call(t.Context(), etf.Atom("counter"), etf.Tuple{etf.Atom("add"), etf.Int(2000)})
	require.NoError(t, err)
	for _, flags := range [][]string{{"--dry-run"}, {}, {"--canary", "1", "--watch", "1ms"}} {
		r = gonode(t, append([]string{"upgrade", "calc", "3"}, flags...)...)
		require.Equal(t, 1, r.code)
		require.Contains(t, r.err, `gonode: {code_change_failed,`)
		require.Contains(t, r.err, `{too_large,2000}`)
		require.Contains(t, r.out, "failed")
		require.Equal(t, "2", n.ReleaseHandler().Running().Vsn)
	}
	again := gonode(t, "upgrade", "calc", "--report")
	require.Equal(t, 1, again.code)
	require.Equal(t, r.out, again.out, "the report of the last upgrade can be had later")
	require.Contains(t, again.err, "upgrade to release 3 of ")
	require.Contains(t, again.err, `gonode: {code_change_failed,`)
	r = gonode(t, "upgrade", "calc", "1")
	require.Equal(t, 0, r.code, r.err)
	require.Contains(t, r.err, "release 1 runs")
	r = gonode(t, "upgrade", "calc", "-o", "json")
	require.Contains(t, r.out, `{"name":"calc","vsn":"1","status":"current","applications":["kernel-8.5.3","stdlib-4.2","sasl-4.2","counter-1"]}`)
}

func TestUpgradeSaysWhatItCannotDo(t *testing.T) {
	upgradable(t)
	fails(t, exitFailure, []string{"upgrade", "calc", "9"}, `{no_such_release,"9"}`)
	fails(t, exitUsage, []string{"upgrade", "calc", "2", "--report"}, "leave 2 out")
	fails(t, exitUsage, []string{"upgrade", "calc", "2", "--canary", "-1"}, "--canary -1 is negative")
	fails(t, exitUsage, []string{"upgrade", "calc", "2", "--watch", "-1s"}, "a time is negative")
	fails(t, exitUsage, []string{"upgrade", "calc", "2", "--dry-run", "--permanent"}, "nothing to make permanent")
	fails(t, exitUsage, []string{"upgrade", "calc", "2", "--busy", "never"}, "want fail or wait or skip")
	stands(t, node.Config{Name: "plain"})
	fails(t, exitFailure, []string{"upgrade", "plain"}, "has no release handler")
	fails(t, exitFailure, []string{"upgrade", "plain", "2"}, "has no release handler")
	fails(t, exitFailure, []string{"upgrade", "plain", "--report"}, "keeps no reports")
	fails(t, exitUsage, []string{"upgrade", "plain", "2", "--canary", "1"}, "knows neither canaries nor busy servers")
}
