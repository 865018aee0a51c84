//go:build unix

package main

import (
	"context"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/gonodetest/beam"
)

// startDemo starts a real node that runs release 1 of demorel and has unpacked release 2.
func startDemo(t *testing.T) *beam.Node {
	t.Helper()
	e, dir := beam.StartErl(t), t.TempDir()
	require.NoError(t, os.CopyFS(dir, os.DirFS("../../integration/erlang/testdata/demo")))
	source, err := os.ReadFile("../../integration/erlang/testdata/demo/demo_lab.erl")
	require.NoError(t, err)
	e.Compile(t, "demo_lab", string(source))
	path := etf.Format(etf.Charlist(dir))
	e.Eval(t, "demo_lab:build("+path+").")
	e.Eval(t, "persistent_term:put(demo_nodes, []).")
	require.Equal(t, "ok", e.Eval(t, "demo_lab:release("+path+")."))
	return e
}

func demoServes(t *testing.T, e *beam.Node, version string) {
	t.Helper()
	require.Equal(t, "{"+version+",srv_a,0}", e.Eval(t, "gen_server:call(srv_a, get)."))
}

func TestARealNodeIsUpgradedAmongNodesOfGo(t *testing.T) {
	e := startDemo(t)
	besides(t)
	nodes := []string{"--nodes", "x," + e.Name() + ",y", "2"}
	x, y := counterNode(t, "x", counterRoot(t)), counterNode(t, "y", counterRoot(t))

	outcomes, _ := rolled(t, exitOK, append(nodes, "--dry-run")...)
	require.Equal(t, []string{"- tried", "- tried", "- tried"}, outcomes)
	demoServes(t, e, "1")

	e.Eval(t, "true = global:set_lock({gonode_upgrade, self()}, [node()]).")
	outcomes, r := rolled(t, exitFailure, nodes...)
	require.NotContains(t, outcomes, "canary upgraded")
	require.Contains(t, r.err, "gonode: "+e.Name()+" is being upgraded by "+e.Name())
	e.Eval(t, "true = global:del_lock({gonode_upgrade, self()}, [node()]).")

	fails := true
	y.Export("test", "fail", 0, func(context.Context, etf.List) (etf.Term, error) {
		if fails {
			return nil, &genserv.Exit{Reason: etf.Atom("no_disk")}
		}
		return etf.Atom("ok"), nil
	})
	applyOn2(t, y)
	outcomes, _ = rolled(t, exitFailure, nodes...)
	require.Equal(t, []string{"canary rolled_back", "1 rolled_back", "2 failed"}, outcomes)
	demoServes(t, e, "1")
	runRelease(t, "1 1", x, y)

	fails = false
	outcomes, _ = rolled(t, exitOK, append(nodes, "--permanent")...)
	require.Equal(t, []string{"canary permanent", "1 permanent", "2 permanent"}, outcomes)
	demoServes(t, e, "2")
	runRelease(t, "2 2", x, y)
	require.Contains(t, e.Eval(t, "release_handler:which_releases(permanent)."), `{"demorel","2",`)
	require.Equal(t, "[]", e.Eval(t, "ets:tab2list(global_locks)."), "no lock is left")
}

func TestAServerOfARealNodeThatCrashesTakesTheUpgradeBack(t *testing.T) {
	e := startDemo(t)
	besides(t)
	x := counterNode(t, "x", counterRoot(t))
	_, wait := rolling(t, "watching", "--nodes", e.Name()+",x", "2", "--watch", "1m")
	e.Eval(t, "exit(whereis(srv_b), kill).")
	r := wait()
	require.Equal(t, exitFailure, r.code)
	require.Regexp(t, `of `+e.Name()+`, which ran the new code, has ended: killed; 1 nodes were rolled back`, r.err)
	require.Equal(t, []string{"canary rolled_back", "- tried"}, outcomesOf(t, r))
	runRelease(t, "1", x)
	require.Contains(t, e.Eval(t, "release_handler:which_releases(permanent)."), `{"demorel","1",`)
	require.Equal(t, "[]", e.Eval(t, "release_handler:which_releases(current)."))
}
