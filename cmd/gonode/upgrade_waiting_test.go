package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/codechange"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/examples/upgrade"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/node"
)

// relup2 replaces the relup from release 1 to 2.
func relup2(t *testing.T, n *node.Node, root, script string) {
	t.Helper()
	text := `{"2",[{"1","",[` + script + `]}],[]}.`
	require.NoError(t, os.WriteFile(filepath.Join(root, "releases/2/relup"), []byte(text), 0o644))
	_, err := n.ReleaseHandler().SetUnpacked(t.Context(), "releases/2/calc.rel", nil)
	require.NoError(t, err)
}

func TestAnUpgradeThatGoesOnIsSeenAndGivenUp(t *testing.T) {
	root := t.TempDir()
	n := startCalcIn(t, root)
	n.Export("test", "block", 0, func(ctx context.Context, _ etf.List) (etf.Term, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	})
	relup2(t, n, root, `point_of_no_return,{apply,{test,block,[]}}`)
	fails(t, exitFailure, []string{"upgrade", "calc", "--abort"}, "no upgrade of calc")
	outcome := make(chan error, 1)
	go func() {
		_, err := n.ReleaseHandler().Install(context.Background(), "2", codechange.Options{})
		outcome <- err
	}()
	require.Eventually(t, func() bool {
		now := n.ReleaseHandler().Overview().Running
		return now != nil && now.Step == 2
	}, time.Minute, time.Millisecond)
	r := gonode(t, "upgrade", "calc")
	require.Equal(t, 0, r.code, r.err)
	require.Contains(t, r.err, "an upgrade is under way\nstep 2 of 2")
	require.Contains(t, r.err, "{apply,{test,block,[]}}")
	r = gonode(t, "upgrade", "calc", "--report")
	require.Contains(t, r.err, "{apply,{test,block,[]}}")
	r = gonode(t, "upgrade", "calc", "--abort")
	require.Equal(t, 0, r.code, r.err)
	require.ErrorIs(t, <-outcome, codechange.ErrAborted)
	r = gonode(t, "upgrade", "calc", "--report")
	require.Equal(t, 1, r.code)
	require.Contains(t, r.err, "{'EXIT',aborted}")
	fails(t, exitUsage, []string{"upgrade", "calc", "2", "--abort"}, "leave the rest out")
	fails(t, exitUsage, []string{"upgrade", "calc", "2", "--purge"}, "--purge goes with --permanent")
	stands(t, node.Config{Name: "simple"})
	fails(t, exitFailure, []string{"upgrade", "simple", "--abort"}, "no Go node with Config.Upgrade")
}

func TestWhoeverGivesUpWaitingIsToldThatTheUpgradeGoesOn(t *testing.T) {
	o := &options{timeout: time.Second}
	for _, cause := range []error{
		&genserv.CallFailure{To: etf.Atom("rex"), Err: genserv.ErrTimeout, Cause: context.DeadlineExceeded},
		context.Canceled} {
		require.Regexp(t, `^(rex did not answer within 1s.*|interrupted); it goes on$`,
			o.explain(&hintedError{cause, "it goes on"}))
	}
}

func TestServersThatStayedBehindAreNotEndedUnasked(t *testing.T) {
	root := t.TempDir()
	n := startCalcIn(t, root)
	relup2(t, n, root, `{load_object_code,{counter,"2",[counter]}},point_of_no_return,{load,{counter,brutal_purge,brutal_purge}}`)
	r := gonode(t, "upgrade", "calc", "2", "--permanent")
	require.Equal(t, 1, r.code)
	require.Contains(t, r.err, "old_processes")
	require.Contains(t, r.err, "1 servers stayed with an older version and would be ended")
	require.Contains(t, r.err, "--purge ends them")
	require.Equal(t, "2", n.ReleaseHandler().Running().Vsn)
	r = gonode(t, "upgrade", "calc", "-o", "json")
	var shown releasesJSON
	require.NoError(t, json.Unmarshal([]byte(r.out), &shown))
	require.Equal(t, "2 1 1", shown.Current+" "+shown.Permanent+" "+shown.Previous)
	require.Contains(t, shown.Modules, moduleJSON{"counter",
		[]versionJSON{{"1", false, 1}, {"2", true, 0}, {"3", false, 0}}})
	_, err := n.Spawn(t.Context(), genserv.Child{Name: "other", Module: genserv.Of(upgrade.V1{})})
	require.NoError(t, err)
	r = gonode(t, "upgrade", "calc")
	require.Regexp(t, `counter +1 +1 +\n`, r.out)
	require.Regexp(t, `counter +2 +1 +current`, r.out)
	require.Regexp(t, `calc +1 +permanent \(previous\)`, r.out)
}
