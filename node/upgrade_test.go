package node

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/codechange"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/supervisor"
)

// treeSup is a supervisor. Version 1 has the workers a and b. Version 2 also has c, and another shutdown time for a.
type treeSup struct{ vsn int }

func (treeSup) ModuleName() etf.Atom { return "tree_sup" }

func (s treeSup) Init(etf.Term) (supervisor.Flags, []supervisor.ChildSpec, error) {
	worker := func(name etf.Atom) supervisor.ChildSpec {
		return supervisor.ChildSpec{ID: name, Start: supervisor.StartLink(genserv.Of(treeWorker{1}), etf.Int(1)).As(name)}
	}
	specs := []supervisor.ChildSpec{worker("a"), worker("b")}
	if s.vsn == 2 {
		specs[0].Shutdown = supervisor.BrutalKill
		specs = append(specs, worker("c"))
	}
	return supervisor.Flags{}, specs, nil
}

// treeWorker has a number as its state, which is ten times as large in version 2.
type treeWorker struct{ vsn int }

func (treeWorker) ModuleName() etf.Atom { return "tree_worker" }

func (treeWorker) Init(_ *genserv.Process, args etf.Term) genserv.InitResult[int] {
	return genserv.Ok(int(args.(etf.Int)))
}

func (w treeWorker) HandleCall(_ *genserv.Process, _ etf.Term, _ genserv.From, n int) genserv.Result[int] {
	return genserv.Reply(etf.Tuple{etf.Int(w.vsn), etf.Int(n)}, n)
}

func (w treeWorker) CodeChange(_ etf.Term, old any, extra etf.Term) (int, error) {
	if etf.IsAtom(extra, "fail") {
		return 0, &genserv.Exit{Reason: etf.Atom("nope")}
	}
	return old.(int) * 10, nil
}

func (w treeWorker) Downgrade(_ etf.Term, n int, _ etf.Term) (any, error) { return n / 10, nil }

func treeVersions(t *testing.T) *codechange.Versions {
	t.Helper()
	app := func(vsn string, n int) codechange.Application {
		return codechange.Application{Name: "tree", Vsn: vsn, Modules: []*codechange.Module{
			{Vsn: vsn, Code: supervisor.Of(treeSup{n})}, {Vsn: vsn, Code: genserv.Of(treeWorker{n})}}}
	}
	versions, err := codechange.NewVersions(app("1", 1), app("2", 2))
	require.NoError(t, err)
	require.NoError(t, versions.CodeServer().Boot([]codechange.AppVsn{{App: "tree", Vsn: "1"}}))
	return versions
}

// startTree starts a node with the application tree in version 1.
func startTree(t *testing.T) *Node {
	t.Helper()
	versions := treeVersions(t)
	n := testNode(t, Config{Upgrade: &Upgrade{Versions: versions, Root: t.TempDir(), Name: "rel", Vsn: "1"}})
	require.NoError(t, n.Applications().Start(t.Context(), App{Name: "tree", Vsn: "1", Description: "A tree",
		Env: map[etf.Atom]etf.Term{"k": etf.Int(1)}, Start: genserv.Child{Name: "tree_sup",
			Module: supervisor.Of(treeSup{1})}}))
	return n
}

// eval executes a script that leads to the version vsn of tree.
func eval(t *testing.T, n *Node, vsn, script string) (*codechange.Report, error) {
	t.Helper()
	instructions, err := etf.Parse("[" + script + "]")
	require.NoError(t, err)
	libs := []codechange.Lib{{App: "tree", Vsn: vsn, Dir: "lib/tree-" + vsn}}
	return n.ReleaseHandler().Eval(t.Context(), codechange.Script{Instructions: instructions.(etf.List), Libs: libs},
		codechange.Options{})
}

// ask calls a server and returns the answer as text.
func ask(t *testing.T, n *Node, name etf.Atom, request etf.Term) string {
	t.Helper()
	answer, err := n.Call(t.Context(), name, request)
	require.NoError(t, err)
	return etf.Format(answer)
}

const treeUp = `{load_object_code,{tree,"2",[tree_sup,tree_worker]}}, point_of_no_return,
	{suspend,[tree_sup]}, {load,{tree_sup,brutal_purge,brutal_purge}}, {code_change,up,[{tree_sup,[]}]}, {resume,[tree_sup]},
	{suspend,[tree_worker]}, {load,{tree_worker,brutal_purge,brutal_purge}}, {code_change,up,[{tree_worker,EXTRA}]}, {resume,[tree_worker]}`

func upScript(extra, more string) string {
	return treeUp[:len(treeUp)-len(`EXTRA}]}, {resume,[tree_worker]}`)] + extra + `}]}, {resume,[tree_worker]}` + more
}

func TestASupervisorTakesOverNewChildSpecsAndItsChildrenLiveOn(t *testing.T) {
	n := startTree(t)
	a, b := n.registry.byName("a"), n.registry.byName("b")
	report, err := eval(t, n, "2", upScript("[]", `,{apply,{supervisor,restart_child,[tree_sup,c]}}`))
	require.NoError(t, err)
	require.Len(t, report.Processes, 3)
	require.Equal(t, []etf.Atom{"tree_sup", "b", "a"}, changed(report), "the child that was started last comes first")
	require.Same(t, a, n.registry.byName("a"))
	require.Same(t, b, n.registry.byName("b"))
	require.Equal(t, "{2,10}", ask(t, n, "a", nil))
	require.Equal(t, "{2,1}", ask(t, n, "c", nil), "a new child begins with the new code")
	require.Contains(t, ask(t, n, "tree_sup", etf.Tuple{etf.Atom("get_childspec"), etf.Atom("a")}), "brutal_kill")

	_, err = eval(t, n, "1", `{load_object_code,{tree,"1",[tree_sup,tree_worker]}}, point_of_no_return,
		{apply,{supervisor,terminate_child,[tree_sup,c]}}, {apply,{supervisor,delete_child,[tree_sup,c]}},
		{suspend,[tree_worker]}, {code_change,down,[{tree_worker,[]}]}, {load,{tree_worker,brutal_purge,brutal_purge}}, {resume,[tree_worker]},
		{suspend,[tree_sup]}, {load,{tree_sup,brutal_purge,brutal_purge}}, {code_change,down,[{tree_sup,[]}]}, {resume,[tree_sup]}`)
	require.NoError(t, err)
	require.Equal(t, "{1,1}", ask(t, n, "a", nil))
	require.Same(t, a, n.registry.byName("a"))
	require.Nil(t, n.registry.byName("c"))
	require.NotContains(t, ask(t, n, "tree_sup", etf.Tuple{etf.Atom("get_childspec"), etf.Atom("a")}), "brutal_kill")
}

func changed(r *codechange.Report) []etf.Atom {
	var all []etf.Atom
	for _, p := range r.Processes {
		all = append(all, p.Name)
	}
	return all
}

func TestAFailedUpgradeGivesASupervisorItsOldChildSpecsBack(t *testing.T) {
	n := startTree(t)
	before := ask(t, n, "tree_sup", etf.Atom("which_children"))
	report, err := eval(t, n, "2", upScript("fail", ""))
	require.ErrorContains(t, err, "code_change_failed")
	require.Equal(t, codechange.UndoneRestored, report.Processes[0].Undone)
	require.Equal(t, before, ask(t, n, "tree_sup", etf.Atom("which_children")))
	require.NotContains(t, ask(t, n, "tree_sup", etf.Tuple{etf.Atom("get_childspec"), etf.Atom("a")}), "brutal_kill")
	require.Equal(t, "{1,1}", ask(t, n, "a", nil))
	n.registry.byName("a").exit(etf.Atom("boom"))
	require.Eventually(t, func() bool { return n.registry.byName("a") != nil }, time.Minute, time.Millisecond)
	require.Equal(t, "{1,1}", ask(t, n, "a", nil), "a child that is started anew has the old code")
}

func TestWhatIsStoppedIsStartedWithTheNewCode(t *testing.T) {
	n := startTree(t)
	a := n.registry.byName("a")
	_, err := eval(t, n, "2", `{load_object_code,{tree,"2",[tree_worker]}}, point_of_no_return,
		{stop,[tree_worker]}, {load,{tree_worker,brutal_purge,brutal_purge}}, {start,[tree_worker]}`)
	require.NoError(t, err)
	require.NotSame(t, a, n.registry.byName("a"))
	require.Equal(t, "{2,1}", ask(t, n, "a", nil))
	require.Equal(t, "{2,1}", ask(t, n, "b", nil))
}

func TestAnUpgradeThatIsStoppedWithItsNodeLeavesNothingBehind(t *testing.T) {
	n := startTree(t)
	n.Export("test", "block", 0, func(ctx context.Context, _ etf.List) (etf.Term, error) {
		go func() { _ = n.Stop(context.Background()) }()
		<-ctx.Done()
		return nil, ctx.Err()
	})
	_, err := eval(t, n, "2", upScript("[]", `, {apply,{test,block,[]}}`))
	require.Error(t, err)
}

// A canary that ends while it is watched causes the upgrade to be undone. The child that its supervisor has started in
// its place goes back too.
func TestACanaryThatEndsHasTheUpgradeTakenBack(t *testing.T) {
	n := startTree(t)
	instructions, err := etf.Parse("[" + upScript("[]", "") + "]")
	require.NoError(t, err)
	script := codechange.Script{Instructions: instructions.(etf.List),
		Libs: []codechange.Lib{{App: "tree", Vsn: "2", Dir: "lib/tree-2"}}}
	b := n.registry.byName("b").pid
	report, err := n.ReleaseHandler().Eval(t.Context(), script, codechange.Options{
		Canary: codechange.Canary{Count: 1, Watch: time.Minute},
		Trace: func(e codechange.TraceEvent) {
			if e.Pid == b && e.What == codechange.StepResume {
				go n.registry.byPid(b).exit(etf.Atom("boom"))
			}
		},
	})
	var failed *codechange.Error
	require.ErrorAs(t, err, &failed)
	require.Equal(t, etf.Tuple{etf.Atom("canary_ended"), b, etf.Atom("tree_worker")}, failed.Reason)
	require.True(t, report.Undone)
	require.Eventually(t, func() bool { return n.registry.byName("b") != nil }, time.Minute, time.Millisecond)
	for _, name := range []etf.Atom{"a", "b"} {
		require.Regexp(t, `^\{1,[01]\}$`, ask(t, n, name, nil), "version 1, whichever b began with")
	}
}
