package node

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/node/internal/application"
	"github.com/gonode-otp/gonode/supervisor"
)

// removeTree is the script that systools makes of {remove_application, tree}, see
// systools_rc:translate_application_instrs/3.
const removeTree = `{apply,{application,stop,[tree]}}, {remove,{tree_sup,brutal_purge,brutal_purge}},
	{remove,{tree_worker,brutal_purge,brutal_purge}}, {purge,[tree_sup,tree_worker]}`

// startPermanentTree is startTree with tree as a permanent application.
func startPermanentTree(t *testing.T) *Node {
	t.Helper()
	n := startTree(t)
	n.Export("test", "fail", 0, func(context.Context, etf.List) (etf.Term, error) {
		return nil, &genserv.Failure{Class: "error", Reason: etf.Atom("boom")}
	})
	require.NoError(t, n.Applications().Stop(t.Context(), "tree"))
	require.NoError(t, n.Applications().Start(t.Context(), App{Name: "tree", Type: AppPermanent}))
	require.Contains(t, ask(t, n, application.ControllerName, etf.Atom("info")), "{tree,permanent}")
	return n
}

func TestARemovedApplicationComesBackIfTheUpgradeFails(t *testing.T) {
	n := startPermanentTree(t)
	report, err := eval(t, n, "1", `point_of_no_return, `+removeTree+
		`, {apply,{application,unload,[tree]}}, {apply,{test,fail,[]}}`)
	require.Error(t, err)
	require.Equal(t, "{1,1}", ask(t, n, "a", nil))
	require.Contains(t, ask(t, n, application.ControllerName, etf.Atom("info")), "{tree,permanent}",
		"as what it was started")
	require.Len(t, report.NotUndone, 1)
	require.Contains(t, report.NotUndone[0],
		"has ended servers: they were started again, without the states that they had")
	require.False(t, report.FullyUndone())
}

func TestARemovedApplicationComesBackWhenItIsAddedAgain(t *testing.T) {
	n := startPermanentTree(t)
	_, err := eval(t, n, "1", `point_of_no_return, `+removeTree+`, {apply,{application,unload,[tree]}}`)
	require.NoError(t, err)
	require.Nil(t, n.registry.byName("a"))
	_, err = eval(t, n, "2", `{load_object_code,{tree,"2",[tree_sup,tree_worker]}}, point_of_no_return,
		{load,{tree_sup,brutal_purge,brutal_purge}}, {load,{tree_worker,brutal_purge,brutal_purge}}, {apply,{application,start,[tree,permanent]}}`)
	require.NoError(t, err)
	require.Equal(t, "{2,1}", ask(t, n, "a", nil))
	require.Contains(t, ask(t, n, application.ControllerName, etf.Atom("info")), "{tree,permanent}")
}

func TestAnApplicationThatIsRestartedAndUndoneIsReportedAsFresh(t *testing.T) {
	n := startPermanentTree(t)
	report, err := eval(t, n, "2", `{load_object_code,{tree,"2",[tree_sup,tree_worker]}}, point_of_no_return, `+removeTree+`,
		{load,{tree_sup,brutal_purge,brutal_purge}}, {load,{tree_worker,brutal_purge,brutal_purge}},
		{apply,{application,start,[tree,permanent]}}, {apply,{test,fail,[]}}`)
	require.Error(t, err)
	require.Equal(t, "{1,1}", ask(t, n, "a", nil))
	require.Len(t, report.NotUndone, 1)
	require.False(t, report.FullyUndone())
	require.Contains(t, ask(t, n, application.ControllerName, etf.Atom("info")), "{tree,permanent}")
}

func TestAnApplicationThatIsKnownIsFoundLater(t *testing.T) {
	n := startTree(t)
	require.NoError(t, n.Applications().Provide(App{Name: "later", Vsn: "3",
		Start: genserv.Child{Name: "later_sup", Module: supervisor.Of(emptySup{})}}))
	require.Nil(t, n.registry.byName("later_sup"))
	_, err := eval(t, n, "1", `point_of_no_return, {apply,{application,start,[later,transient]}}`)
	require.NoError(t, err)
	require.NotNil(t, n.registry.byName("later_sup"))
	require.Contains(t, ask(t, n, application.ControllerName, etf.Atom("info")), "{later,transient}")
}

type emptySup struct{}

func (emptySup) ModuleName() etf.Atom { return "later_sup" }

func (emptySup) Init(etf.Term) (supervisor.Flags, []supervisor.ChildSpec, error) {
	return supervisor.Flags{}, nil, nil
}

func TestAnApplicationThatComesBackKeepsWhatWasSetAtRunTime(t *testing.T) {
	n := startTree(t)
	unload := func() {
		require.NoError(t, n.Applications().Stop(t.Context(), "tree"))
		require.NoError(t, n.Applications().Unload(t.Context(), "tree"))
	}
	value := func() etf.Term {
		v, _ := n.Applications().Env("tree", "live")
		return v
	}
	n.Applications().SetEnv("tree", "live", etf.Int(7))
	change, err := n.apps.ForReleases().Change(nil, etf.List{})
	require.NoError(t, err)
	unload()
	require.Nil(t, value())
	require.Equal(t, "ok", ask(t, n, application.ControllerName,
		etf.Tuple{etf.Atom("load_application"), etf.Atom("tree")}))
	require.Equal(t, etf.Int(7), value(), "while an upgrade is under way that may fail")
	change.Undo()
	require.NoError(t, n.Applications().Unload(t.Context(), "tree"))
	require.Equal(t, "ok", ask(t, n, application.ControllerName,
		etf.Tuple{etf.Atom("load_application"), etf.Atom("tree")}))
	require.Nil(t, value(), "otherwise it is forgotten, as in OTP")
}

func TestOfTwoChangesOfAnApplicationNoneIsLost(t *testing.T) {
	n := startTree(t)
	spec, err := etf.Parse(`{application,tree,[{vsn,"2"},{env,[]}]}`)
	require.NoError(t, err)
	var work sync.WaitGroup
	for i := range 50 {
		other := App{Name: "tree", Vsn: "1", Description: etf.Format(etf.Int(i))}
		var change func()
		work.Go(func() {
			c, err := n.apps.ForReleases().Change([]etf.Term{spec}, etf.List{})
			require.NoError(t, err)
			change = c.Undo
		})
		work.Go(func() { require.NoError(t, n.Applications().Change(other)) })
		work.Wait()
		infos, err := n.Applications().List(t.Context())
		require.NoError(t, err)
		require.Equal(t, AppInfo{Name: "tree", Description: other.Description, Vsn: infos[0].Vsn}, infos[0],
			"what the file does not say stays")
		change()
	}
}

func TestAModuleThatSupervisorsStartAgainIsNotRemoved(t *testing.T) {
	n := startTree(t)
	a := n.registry.byName("a")
	report, err := eval(t, n, "1",
		`point_of_no_return, {remove,{tree_worker,brutal_purge,brutal_purge}}, {purge,[tree_worker]}`)
	require.ErrorContains(t, err, "supervised_processes")
	require.True(t, report.FullyUndone())
	require.Same(t, a, n.registry.byName("a"))
	require.Equal(t, "{1,1}", ask(t, n, "a", nil))

	_, err = eval(t, n, "1", `point_of_no_return, {apply,{supervisor,terminate_child,[tree_sup,a]}}, {apply,{supervisor,terminate_child,[tree_sup,b]}},
		{remove,{tree_worker,brutal_purge,brutal_purge}}, {purge,[tree_worker]}`)
	require.NoError(t, err)
	require.NotNil(t, n.registry.byName("tree_sup"))
}
