package node

import (
	"context"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/codechange"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/supervisor"
)

const newChild = `{load_object_code,{tree,"2",[tree_sup,tree_worker]}}, point_of_no_return,
	{suspend,[tree_sup]}, {load,{tree_sup,brutal_purge,brutal_purge}}, {code_change,up,[{tree_sup,[]}]},
	{resume,[tree_sup]}, {apply,{supervisor,restart_child,[tree_sup,c]}},
	{suspend,[tree_worker]}, {load,{tree_worker,brutal_purge,brutal_purge}},
	{code_change,up,[{tree_worker,EXTRA}]}, {resume,[tree_worker]}`

// exportFail exports test:fail/0.
func exportFail(n *Node) {
	n.Export("test", "fail", 0, func(context.Context, etf.List) (etf.Term, error) {
		return nil, &genserv.Exit{Reason: etf.Atom("nope")}
	})
}

// The supervisor ends the new child with the code that knows it, and then forgets it.
func TestARollbackBehindANewChildLeavesTheSupervisorAsItWas(t *testing.T) {
	n := startTree(t)
	before, err := supervisor.WhichChildren(t.Context(), n, etf.Atom("tree_sup"))
	require.NoError(t, err)
	require.Len(t, before, 2)
	for range 2 {
		report, err := eval(t, n, "2", strings.Replace(newChild, "EXTRA", "fail", 1))
		require.ErrorContains(t, err, "code_change_failed")
		require.Empty(t, report.NotUndone)
		require.Empty(t, report.Left)
		after, err := supervisor.WhichChildren(t.Context(), n, etf.Atom("tree_sup"))
		require.NoError(t, err)
		require.Equal(t, before, after)
	}
	_, err = eval(t, n, "2", strings.Replace(newChild, "EXTRA", "[]", 1))
	require.NoError(t, err)
	answer, err := n.Call(t.Context(), etf.Atom("a"), etf.Atom("get"))
	require.NoError(t, err)
	require.Equal(t, "{2,10}", etf.Format(answer))
	_, err = n.Call(t.Context(), etf.Atom("c"), etf.Atom("get"))
	require.NoError(t, err)
}

// A child spec that was deleted comes back, and its child with it.
func TestADeletedChildComesBackWithARollback(t *testing.T) {
	n := startTree(t)
	exportFail(n)
	before, err := supervisor.WhichChildren(t.Context(), n, etf.Atom("tree_sup"))
	require.NoError(t, err)
	report, err := eval(t, n, "2", `point_of_no_return, {apply,{supervisor,terminate_child,[tree_sup,a]}},
		{apply,{supervisor,delete_child,[tree_sup,a]}}, {apply,{test,fail,[]}}`)
	require.Error(t, err)
	require.Empty(t, report.Left)
	require.Len(t, report.NotUndone, 1)
	require.Contains(t, report.NotUndone[0], "terminate_child(tree_sup,a) has ended servers")
	after, err := supervisor.WhichChildren(t.Context(), n, etf.Atom("tree_sup"))
	require.NoError(t, err)
	require.Len(t, after, len(before))
	_, err = n.Call(t.Context(), etf.Atom("a"), etf.Atom("get"))
	require.NoError(t, err)
}

// A child that was restarted while the newer code ran is known by its new pid afterwards.
func TestASupervisorThatGoesBackKnowsTheChildrenOfNow(t *testing.T) {
	n := startTree(t)
	exportFail(n)
	n.Export("test", "end", 1, func(ctx context.Context, args etf.List) (etf.Term, error) {
		p := n.registry.byName(args[0].(etf.Atom))
		p.exit(killed)
		for {
			if again := n.registry.byName(args[0].(etf.Atom)); again != nil {
				return n.Call(ctx, again.pid, etf.Atom("get"))
			}
			runtime.Gosched()
		}
	})
	report, err := eval(t, n, "2", `{load_object_code,{tree,"2",[tree_sup,tree_worker]}}, point_of_no_return,
		{suspend,[tree_sup]}, {load,{tree_sup,brutal_purge,brutal_purge}}, {code_change,up,[{tree_sup,[]}]},
		{resume,[tree_sup]}, {apply,{test,'end',[a]}}, {apply,{test,fail,[]}}`)
	require.Error(t, err)
	require.Equal(t, codechange.UndoneDowngraded, report.Processes[0].Undone)
	children, err := supervisor.WhichChildren(t.Context(), n, etf.Atom("tree_sup"))
	require.NoError(t, err)
	require.Len(t, children, 2)
	require.Equal(t, n.registry.byName("a").pid, children[1].Pid)
	require.Equal(t, n.registry.byName("b").pid, children[0].Pid)
}

// A server whose two versions have nothing in common, and no way back.
type (
	oneWay1 struct{}
	oneWay2 struct{}
)

func (oneWay1) ModuleName() etf.Atom { return "one_way" }
func (oneWay2) ModuleName() etf.Atom { return "one_way" }

func (oneWay1) Init(*genserv.Process, etf.Term) genserv.InitResult[int]    { return genserv.Ok(1) }
func (oneWay2) Init(*genserv.Process, etf.Term) genserv.InitResult[string] { return genserv.Ok("2") }

func (oneWay1) HandleCall(_ *genserv.Process, _ etf.Term, _ genserv.From, s int) genserv.Result[int] {
	return genserv.Reply(etf.Int(1), s)
}

func (oneWay2) HandleCall(_ *genserv.Process, _ etf.Term, _ genserv.From, s string) genserv.Result[string] {
	return genserv.Reply(etf.Int(2), s)
}

// oneWaySup allows one restart, and starts children on demand.
type oneWaySup struct{}

func (oneWaySup) Init(etf.Term) (supervisor.Flags, []supervisor.ChildSpec, error) {
	return supervisor.Flags{Strategy: supervisor.SimpleOneForOne}, []supervisor.ChildSpec{
		{ID: etf.Atom("child"), Start: supervisor.StartLink(genserv.Of(oneWay1{}), etf.List{})}}, nil
}

// Servers that have handled no message are the same processes afterwards. The others are restarted, without counting
// towards the limit of their supervisor.
func TestServersThatBeganDuringAFailedUpgradeBeginAnew(t *testing.T) {
	app := func(vsn string, code genserv.Module) codechange.Application {
		return codechange.Application{Name: "one", Vsn: vsn, Modules: []*codechange.Module{{Vsn: vsn, Code: code}}}
	}
	versions, err := codechange.NewVersions(app("1", genserv.Of(oneWay1{})), app("2", genserv.Of(oneWay2{})))
	require.NoError(t, err)
	require.NoError(t, versions.CodeServer().Boot([]codechange.AppVsn{{App: "one", Vsn: "1"}}))
	n := testNode(t, Config{Upgrade: &Upgrade{Versions: versions, Root: t.TempDir(), Vsn: "1"}})
	sup, err := n.Spawn(t.Context(), genserv.Child{Name: "sup", Module: supervisor.Of(oneWaySup{})})
	require.NoError(t, err)
	exportFail(n)
	var idle, used []etf.Pid
	n.Export("test", "begin", 0, func(ctx context.Context, _ etf.List) (etf.Term, error) {
		for i := range 40 {
			pid, err := supervisor.StartDynamic(ctx, n, sup)
			if err != nil {
				return nil, err
			}
			if i%2 == 0 {
				idle = append(idle, pid)
				continue
			}
			used = append(used, pid)
			if _, err := n.Call(ctx, pid, etf.Atom("get")); err != nil {
				return nil, err
			}
		}
		return etf.Atom("ok"), nil
	})
	script, err := etf.Parse(`[{load_object_code,{one,"2",[one_way]}}, point_of_no_return,
		{load,{one_way,brutal_purge,brutal_purge}}, {apply,{test,'begin',[]}}, {apply,{test,fail,[]}}]`)
	require.NoError(t, err)
	report, err := n.ReleaseHandler().Eval(t.Context(), codechange.Script{Instructions: script.(etf.List),
		Libs: []codechange.Lib{{App: "one", Vsn: "2"}}}, codechange.Options{})
	require.ErrorContains(t, err, "nope")
	require.Len(t, report.Processes, 40)
	ways := map[codechange.Undone]int{}
	for _, p := range report.Processes {
		ways[p.Undone]++
	}
	require.Equal(t, map[codechange.Undone]int{codechange.UndoneAnew: 20, codechange.UndoneKilled: 20}, ways)
	children, err := supervisor.WhichChildren(t.Context(), n, sup)
	require.NoError(t, err, "it has not given up")
	require.Len(t, children, 40)
	now := map[etf.Pid]bool{}
	for _, c := range children {
		now[c.Pid] = true
		answer, err := n.Call(t.Context(), c.Pid, etf.Atom("get"))
		require.NoError(t, err)
		require.Equal(t, etf.Term(etf.Int(1)), answer)
	}
	for i := range idle {
		require.True(t, now[idle[i]])
		require.False(t, now[used[i]])
	}
}

// gated is a server whose call waits until it may go on.
type gated struct{ enter, leave chan struct{} }

func (gated) Init(*genserv.Process, etf.Term) genserv.InitResult[int] { return genserv.Ok(0) }

func (g gated) HandleCall(_ *genserv.Process, request etf.Term, _ genserv.From, s int) genserv.Result[int] {
	if etf.IsAtom(request, "wait") {
		g.enter <- struct{}{}
		<-g.leave
	}
	return genserv.Reply(etf.Int(s), s+1)
}

func TestAFunctionThatEndsItsGoroutineDoesNotTakeTheProcessAlong(t *testing.T) {
	n := testNode(t, Config{NoListen: true})
	g := gated{make(chan struct{}), make(chan struct{})}
	pid, err := n.Spawn(t.Context(), genserv.Child{Module: genserv.Of(g)})
	require.NoError(t, err)
	p := n.registry.byPid(pid)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		p.runBetweenMessages(func(*genserv.Loop) { runtime.Goexit() }) // the process is idle
	}()
	<-ended
	answers := make(chan etf.Term, 2)
	go func() {
		answer, _ := n.Call(context.Background(), pid, etf.Atom("wait"))
		answers <- answer
	}()
	<-g.enter
	p.runBetweenMessages(func(*genserv.Loop) { runtime.Goexit() }) // the process is busy
	close(g.leave)
	require.Equal(t, etf.Term(etf.Int(0)), <-answers)
	answer, err := n.Call(t.Context(), pid, etf.Atom("get"))
	require.NoError(t, err)
	require.Equal(t, etf.Term(etf.Int(1)), answer)
}

func TestAnIdleProcessIsLookedAtWithoutAGoroutine(t *testing.T) {
	n := testNode(t, Config{NoListen: true})
	pid, err := n.Spawn(t.Context(), genserv.Child{Module: genserv.Of(plainCounter{})})
	require.NoError(t, err)
	p := n.registry.byPid(pid)
	_, err = n.Call(t.Context(), pid, etf.Atom("get"))
	require.NoError(t, err)
	idle := func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		return !p.busy
	}
	require.Eventually(t, idle, time.Minute, time.Millisecond)
	seen := false
	p.runBetweenMessages(func(*genserv.Loop) { seen = true })
	require.True(t, seen, "it has been run when between returns")
	require.True(t, idle())
	require.Zero(t, testing.AllocsPerRun(100, func() { p.runBetweenMessages(func(*genserv.Loop) {}) }))
}
