package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/examples/upgrade"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/node"
)

// counterNode starts a node of the example with the given name, with all its releases unpacked.
func counterNode(t *testing.T, name, root string) *node.Node {
	t.Helper()
	versions, err := upgrade.Versions()
	require.NoError(t, err)
	n, err := node.Start(t.Context(), node.Config{Name: name, Cookie: os.Getenv(cookieVar),
		Upgrade: &node.Upgrade{Versions: versions, Root: root}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, n.Stop(context.Background())) })
	_, err = n.Spawn(t.Context(), genserv.Child{Name: "counter", Module: genserv.Of(upgrade.V1{})})
	require.NoError(t, err)
	return n
}

// counterRoot returns a directory with the releases 1, 2 and 3 of the example, all unpacked.
func counterRoot(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	require.NoError(t, os.CopyFS(root, os.DirFS("../../examples/upgrade/root")))
	file := filepath.Join(root, "releases/RELEASES")
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	first := strings.TrimSpace(strings.TrimPrefix(string(text), "%% coding: utf-8\n"))
	first = strings.TrimSuffix(strings.TrimPrefix(first, "["), "].")
	all := []string{first}
	for _, vsn := range []string{"2", "3"} {
		next := strings.NewReplacer(`"calc","1"`, `"calc","`+vsn+`"`, `counter,"1"`, `counter,"`+vsn+`"`,
			"counter-1", "counter-"+vsn, "permanent", "unpacked").Replace(first)
		all = append(all, next)
	}
	require.NoError(t, os.WriteFile(file, []byte("["+strings.Join(all, ",\n")+"]."), 0o644))
	return root
}

// counterNodes starts a counterNode for each name.
func counterNodes(t *testing.T, names ...string) (nodes []*node.Node) {
	t.Helper()
	alone(t)
	for _, name := range names {
		nodes = append(nodes, counterNode(t, name, counterRoot(t)))
	}
	return nodes
}

// runRelease checks which release each of the nodes runs.
func runRelease(t *testing.T, vsns string, nodes ...*node.Node) {
	t.Helper()
	var got []string
	for _, n := range nodes {
		got = append(got, n.ReleaseHandler().Running().Vsn)
	}
	require.Equal(t, vsns, strings.Join(got, " "))
}

// rolled runs an upgrade of several nodes with JSON output. It returns "WAVE OUTCOME" for each node.
func rolled(t *testing.T, code int, args ...string) (outcomes []string, r result) {
	t.Helper()
	r = gonode(t, append([]string{"upgrade", "-o", "json", "--watch", "1ms"}, args...)...)
	require.Equal(t, code, r.code, r.err)
	return outcomesOf(t, r), r
}

func outcomesOf(t *testing.T, r result) (outcomes []string) {
	t.Helper()
	var shown rolloutJSON
	require.NoError(t, json.Unmarshal([]byte(r.out), &shown), "%s %s", r.out, r.err)
	for _, n := range shown.Nodes {
		wave := "-"
		if n.Wave != nil {
			wave = row{wave: *n.Wave}.waveName()
		}
		outcomes = append(outcomes, wave+" "+n.Outcome)
	}
	return outcomes
}

func addTo(t *testing.T, n *node.Node, more int) {
	t.Helper()
	_, err := n.Call(t.Context(), etf.Atom("counter"), etf.Tuple{etf.Atom("add"), etf.Int(more)})
	require.NoError(t, err)
}

func TestSeveralNodesAreTriedAndThenUpgradedInWaves(t *testing.T) {
	nodes := counterNodes(t, "a", "b", "c", "d")
	outcomes, _ := rolled(t, exitOK, "--match", "[a-d]", "2", "--dry-run")
	require.Equal(t, []string{"- tried", "- tried", "- tried", "- tried"}, outcomes)
	runRelease(t, "1 1 1 1", nodes...)

	r := gonode(t, "upgrade", "--nodes", "a,b,c,d", "2", "--wave", "2", "--watch", "1ms", "--permanent")
	require.Equal(t, exitOK, r.code, r.err)
	runRelease(t, "2 2 2 2", nodes...)
	rows := lines(r.out)
	require.Len(t, rows, 5)
	for i, want := range []string{"canary", "1", "1", "2"} {
		require.Regexp(t, `^[a-d]@\S+  go  `+want+`  1  permanent  \S+s$`, rows[i+1])
	}
	require.Regexp(t, `(?s)dry run\n.*canary\na@\S+: changing\na@\S+: upgraded\nwatching for 1ms\n`+
		`wave 1\n.*wave 2\n.*make permanent\n`, r.err)
	require.Equal(t, "permanent", string(nodes[3].ReleaseHandler().Running().Status))

	fails := gonode(t, "upgrade", "--nodes", "a,b", "2")
	require.Equal(t, exitFailure, fails.code)
	require.Contains(t, fails.err, "runs release 2 already; --reapply passes such nodes over")
	outcomes, _ = rolled(t, exitOK, "--nodes", "a,b", "2", "--reapply")
	require.Equal(t, []string{"- permanent", "- permanent"}, outcomes)
}

func TestAFailureInTheSecondWaveTakesTheWavesBeforeItBack(t *testing.T) {
	nodes := counterNodes(t, "a", "b", "c", "d")
	// A dry run does not apply functions, so that only the upgrade itself fails.
	nodes[2].Export("test", "fail", 0, func(context.Context, etf.List) (etf.Term, error) {
		return nil, &genserv.Exit{Reason: etf.Atom("no_disk")}
	})
	applyOn2(t, nodes[2])

	outcomes, r := rolled(t, exitFailure, "--nodes", "a,b,c,d", "2")
	require.Equal(t, []string{"canary rolled_back", "1 rolled_back", "2 failed", "- tried"}, outcomes)
	require.Regexp(t, `rolling back: c@.*no_disk.*\nb@\S+: rolled back\na@\S+: rolled back\n`, r.err, "the last one first")
	require.Contains(t, r.err, "2 nodes were rolled back")
	runRelease(t, "1 1 1 1", nodes...)
}

// applyOn2 makes the way from release 1 to 2 consist of test:fail() alone.
func applyOn2(t *testing.T, n *node.Node) {
	t.Helper()
	root, err := n.Call(t.Context(), etf.Atom("rex"), etf.Tuple{etf.Atom("call"), etf.Atom("code"),
		etf.Atom("root_dir"), etf.List{}, etf.Atom("user")})
	require.NoError(t, err)
	relup := `{"2",[{"1","",[point_of_no_return,{apply,{test,fail,[]}}]}],[]}.`
	require.NoError(t, os.WriteFile(filepath.Join(inWords(root), "releases/2/relup"), []byte(relup), 0o644))
}

func TestADryRunThatFailsAnywhereChangesNothing(t *testing.T) {
	nodes := counterNodes(t, "a", "b")
	_, _ = rolled(t, exitOK, "--nodes", "a,b", "2")
	addTo(t, nodes[1], 2000)
	outcomes, r := rolled(t, exitFailure, "--nodes", "a,b", "3")
	require.Equal(t, []string{"- tried", "- failed"}, outcomes)
	require.Regexp(t, `gonode: b@\S+: \{code_change_failed,`, r.err)
	runRelease(t, "2 2", nodes...)
}

func TestANodeThatWasDownIsBroughtUpWhenItIsBack(t *testing.T) {
	alone(t)
	a := counterNode(t, "a", counterRoot(t))
	root := counterRoot(t)
	outcomes, r := rolled(t, exitConnect, "--nodes", "a,b", "2", "--permanent")
	require.Equal(t, []string{"canary permanent", "- missed"}, outcomes)
	require.Contains(t, r.err, "--reapply brings it up to the release")
	runRelease(t, "2", a)

	b := counterNode(t, "b", root)
	for _, want := range []string{"canary permanent", "- permanent"} { // the second upgrade changes nothing
		outcomes, _ = rolled(t, exitOK, "--nodes", "a,b", "2", "--permanent", "--reapply")
		require.Equal(t, []string{"- permanent", want}, outcomes)
		runRelease(t, "2 2", a, b)
	}
	fails := gonode(t, "upgrade", "--nodes", "x,y", "2")
	require.Equal(t, exitConnect, fails.code, "nobody is there")
}

func TestAProgramCatchesUpWithItsPeersAtItsStart(t *testing.T) {
	nodes := counterNodes(t, "a", "b", "c")
	peers := []etf.Atom{nodes[0].Name(), nodes[1].Name(), "nosuch@localhost"}
	vsn, err := nodes[2].CatchUp(t.Context(), peers...)
	require.NoError(t, err)
	require.Equal(t, "1", vsn)
	_, _ = rolled(t, exitOK, "--nodes", "a,b", "2")
	vsn, err = nodes[2].CatchUp(t.Context(), peers...)
	require.NoError(t, err)
	require.Equal(t, "1", vsn, "what is not permanent may be taken back")
	require.NoError(t, nodes[0].ReleaseHandler().MakePermanent(t.Context(), "2"))
	_, err = nodes[2].CatchUp(t.Context(), peers...)
	require.ErrorIs(t, err, node.ErrPeersDiffer)
	require.NoError(t, nodes[1].ReleaseHandler().MakePermanent(t.Context(), "2"))
	addTo(t, nodes[2], 7)
	for range 2 {
		vsn, err = nodes[2].CatchUp(t.Context(), peers...)
		require.NoError(t, err)
		require.Equal(t, "2", vsn)
	}
	running := nodes[2].ReleaseHandler().Running()
	require.Equal(t, "2 permanent", running.Vsn+" "+string(running.Status))
	_, err = stands(t, node.Config{Name: "plain"}).CatchUp(t.Context())
	require.ErrorIs(t, err, node.ErrBadArgument)
}

// rolling starts an upgrade of several nodes in the background, and waits until its output contains a text.
func rolling(t *testing.T, until string, args ...string) (cancel context.CancelFunc, wait func() result) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	says, ended := newTalk(), make(chan struct{})
	var out bytes.Buffer
	var code int
	go func() {
		defer close(ended)
		code = execute(ctx, append([]string{"upgrade", "-o", "json"}, args...), strings.NewReader(""), &out, says)
	}()
	says.await(t, until, ended)
	return cancel, func() result {
		<-ended
		return result{code, out.String(), says.String()}
	}
}

func TestTwoOperatorsDoNotUpgradeTheSameNodesAtOnce(t *testing.T) {
	nodes := counterNodes(t, "a", "b", "c")
	cancel, wait := rolling(t, "watching", "--nodes", "a,b", "2", "--watch", "1m")
	outcomes, r := rolled(t, exitFailure, "--nodes", "b,c", "2")
	require.Equal(t, []string{"- failed", "- waiting"}, outcomes)
	require.Regexp(t, `gonode: b@\S+ is being upgraded by \S+ on \S+ \(\S+@\S+\)`, r.err)
	one := gonode(t, "upgrade", "a", "1")
	require.Equal(t, exitFailure, one.code)
	require.Regexp(t, `gonode: a@\S+ is being upgraded by `, one.err)
	cancel()
	r = wait()
	require.Equal(t, exitFailure, r.code)
	require.Contains(t, r.err, "gonode: interrupted; 1 nodes were rolled back")
	require.Equal(t, []string{"canary rolled_back", "- tried"}, outcomesOf(t, r))
	runRelease(t, "1 1 1", nodes...)
	_, _ = rolled(t, exitOK, "--nodes", "c,b", "2")
}

// A killed operator has no time to release the locks.
func TestAnOperatorThatDiesLeavesNoLock(t *testing.T) {
	nodes := counterNodes(t, "a")
	p := program{bin: buildBinary(t), env: []string{"HOME=" + t.TempDir(), "GONODE_COOKIE=" + secret,
		"ERL_EPMD_PORT=" + os.Getenv("ERL_EPMD_PORT")}}
	cmd, wait := p.start(t, "upgrade", "--nodes", "a", "2", "--watch", "1m")
	locked := func() bool {
		_, err := nodes[0].Call(t.Context(), etf.Atom("gonode_upgrade_lock"), etf.Atom("holder"))
		return err == nil
	}
	require.Eventually(t, func() bool { return locked() && nodes[0].ReleaseHandler().Running().Vsn == "2" },
		patience, time.Millisecond)
	require.NoError(t, cmd.Process.Kill())
	wait()
	require.Eventually(t, func() bool { return !locked() }, patience, time.Millisecond)
	runRelease(t, "2", nodes...)
	_, _ = rolled(t, exitOK, "--nodes", "a", "2", "--reapply", "--permanent")
	_, _ = rolled(t, exitOK, "--nodes", "a", "1", "--reapply")
	runRelease(t, "1", nodes...)
}

func TestANodeThatGoesDownWhileItIsWatchedStopsTheUpgrade(t *testing.T) {
	nodes := counterNodes(t, "b", "a") // the first one embeds the EPMD
	_, wait := rolling(t, "watching", "--nodes", "a,b", "2", "--watch", "1m")
	require.NoError(t, nodes[1].Stop(context.Background()))
	r := wait()
	require.Equal(t, exitFailure, r.code)
	require.Regexp(t, `gonode: the connection to a@\S+ was lost; 0 nodes were rolled back, 1 were not`, r.err)
	require.Equal(t, []string{"canary not_rolled_back", "- tried"}, outcomesOf(t, r))
	runRelease(t, "1", nodes[0])
}

// killer is a process that kills another one.
type killer struct{}

func (killer) Init(p *genserv.Process, victim etf.Term) genserv.InitResult[struct{}] {
	p.Exit(victim.(etf.Pid), etf.Atom("kill"))
	return genserv.Ignore[struct{}]()
}

func (killer) HandleCall(_ *genserv.Process, _ etf.Term, _ genserv.From, s struct{}) genserv.Result[struct{}] {
	return genserv.NoReply(s)
}

func TestAnUpgradeThatIsUnderWayIsGivenUpWithTheCommand(t *testing.T) {
	nodes := counterNodes(t, "a", "b")
	blocked := make(chan struct{})
	nodes[1].Export("test", "fail", 0, func(ctx context.Context, _ etf.List) (etf.Term, error) {
		close(blocked)
		<-ctx.Done()
		return nil, ctx.Err()
	})
	applyOn2(t, nodes[1])
	cancel, wait := rolling(t, "b@"+shortHost(t)+": changing", "--nodes", "a,b", "2", "--watch", "1ms")
	<-blocked
	cancel()
	r := wait()
	require.Equal(t, exitFailure, r.code)
	require.Contains(t, r.err, "gonode: interrupted; 1 nodes were rolled back")
	require.Equal(t, []string{"canary rolled_back", "1 failed"}, outcomesOf(t, r))
	runRelease(t, "1 1", nodes...)
}

// A node that is up and refuses is not skipped as if it were down.
func TestANodeThatRefusesOrHasNoReleasesStopsTheUpgradeBeforeItBegins(t *testing.T) {
	nodes := counterNodes(t, "a")
	distinctName, err := node.Start(t.Context(), node.Config{Name: "other", Cookie: "another"})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, distinctName.Stop(context.Background())) })
	stands(t, node.Config{Name: "plain"})
	outcomes, _ := rolled(t, exitHandshake, "--nodes", "a,other", "2")
	require.Equal(t, []string{"- waiting", "- failed"}, outcomes)
	outcomes, r := rolled(t, exitFailure, "--nodes", "a,plain", "2")
	require.Equal(t, []string{"- waiting", "- failed"}, outcomes)
	require.Regexp(t, `gonode: plain@\S+: it has no release handler`, r.err)
	outcomes, r = rolled(t, exitFailure, "--nodes", "a", "9")
	require.Equal(t, []string{"- failed"}, outcomes)
	require.Contains(t, r.err, `{no_such_release,"9"}`)
	runRelease(t, "1", nodes...)
}

func TestAServerThatCrashesWhileItIsWatchedTakesTheUpgradeBack(t *testing.T) {
	nodes := counterNodes(t, "a", "b")
	second, err := nodes[0].Spawn(t.Context(), genserv.Child{Name: "second", Module: genserv.Of(upgrade.V1{})})
	require.NoError(t, err)
	_, wait := rolling(t, "watching", "--nodes", "a,b", "2", "--watch", "1m")
	_, err = nodes[0].Spawn(t.Context(), genserv.Child{Module: genserv.Of(killer{}), Args: second})
	require.ErrorIs(t, err, genserv.ErrIgnore)
	r := wait()
	require.Equal(t, exitFailure, r.code)
	require.Regexp(t, `gonode: <\S+> of a@\S+, which ran the new code, has ended: killed; 1 nodes were rolled back`, r.err)
	require.Equal(t, []string{"canary rolled_back", "- tried"}, outcomesOf(t, r))
	runRelease(t, "1 1", nodes...)
}

func TestSeveralNodesAreNamedInOneWay(t *testing.T) {
	alone(t)
	for text, args := range map[string][]string{
		"leave a out":                     {"--nodes", "a,b", "a", "2"},
		"--hosts says where":              {"--nodes", "a", "--hosts", "h", "2"},
		"syntax error in pattern":         {"--match", "[", "2"},
		"--wave -1 is negative":           {"--nodes", "a", "2", "--wave", "-1"},
		"stands twice":                    {"--nodes", "a,b,a", "2"},
		"of several nodes the first":      {"--nodes", "a,b", "2", "--canary", "1"},
		"are about one node":              {"--nodes", "a,b", "2", "--app", "x"},
		"--nodes or --match says which":   {"a", "2", "--wave", "1"},
		"long and with short names":       {"--nodes", "a,b@host.domain", "2"},
		"none of the others can be":       {"--nodes", "a", "--match", "x", "2"},
		"nothing to make permanent":       {"--nodes", "a", "2", "--dry-run", "--permanent"},
		"--purge goes with --permanent":   {"--nodes", "a", "2", "--purge"},
		"HOST: \"a@b\" is a node; want i": {"--match", "x", "--hosts", "a@b", "2"},
	} {
		fails(t, exitUsage, append([]string{"upgrade"}, args...), text)
	}
	counterNodes(t, "a")
	fails(t, exitUsage, []string{"upgrade", "--match", "shop*", "2"}, "no node of localhost has such a name")
}
