package journal_test

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/codechange"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/examples/journal"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/node"
	"github.com/gonode-otp/gonode/releasehandler"
	"github.com/gonode-otp/gonode/upgradetest"
)

func versions(t *testing.T) *codechange.Versions {
	t.Helper()
	app := func(vsn string, code genserv.Module) codechange.Application {
		return codechange.Application{Name: "journal", Vsn: vsn, Modules: []*codechange.Module{{Vsn: vsn, Code: code}}}
	}
	v, err := codechange.NewVersions(app("1", genserv.Of(journal.V1{})), app("2", genserv.Of(journal.V2{})))
	require.NoError(t, err)
	require.NoError(t, v.CodeServer().Boot([]codechange.AppVsn{{App: "journal", Vsn: "1"}}))
	return v
}

func script(t *testing.T, vsn, way, more string) codechange.Script {
	t.Helper()
	change, load := `{code_change,`+way+`,[{journal,[]}]}`, `{load,{journal,brutal_purge,brutal_purge}}`
	if way == "up" {
		change, load = load, change
	}
	list, err := etf.Parse(`[{load_object_code,{journal,"` + vsn +
		`",[journal]}},point_of_no_return,{suspend,[journal]},` +
		change + `,` + load + `,{resume,[journal]}` + more + `]`)
	require.NoError(t, err)
	return codechange.Script{Instructions: list.(etf.List), Libs: []codechange.Lib{{App: "journal", Vsn: vsn}}}
}

// unpack makes release 2 known, for a rehearsal.
func unpack(t *testing.T, h *releasehandler.Handler, root string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Join(root, "releases/2"), 0o755))
	relup := etf.Format(etf.Tuple{etf.Charlist("2"),
		etf.List{etf.Tuple{etf.Charlist("1"), etf.List{}, script(t, "2", "up", "").Instructions}}, etf.List{}})
	for name, text := range map[string]string{"relup": relup,
		"journal.rel": `{release,{"rel","2"},{erts,"13.1.5"},[{journal,"2"}]}`} {
		require.NoError(t, os.WriteFile(filepath.Join(root, "releases/2", name), []byte(text+"."), 0o644))
	}
	_, err := h.SetUnpacked(t.Context(), "releases/2/journal.rel", nil)
	require.NoError(t, err)
}

func TestTheKitWalksServersThatOwnSomething(t *testing.T) {
	root := t.TempDir()
	for file, text := range map[string]string{
		"lib/journal-1/ebin/journal.app": `{application, journal, [{description, ""}, {vsn, "1"}, {modules, [journal]},
			{registered, []}, {applications, []}]}`,
		"lib/journal-2/ebin/journal.app": `{application, journal, [{description, ""}, {vsn, "2"}, {modules, [journal]},
			{registered, []}, {applications, []}]}`,
		"lib/journal-2/ebin/journal.appup": `{"2", [{"1", [{update, journal, {advanced, []}}]}],
			[{"1", [{update, journal, {advanced, []}}]}]}`,
	} {
		require.NoError(t, os.MkdirAll(filepath.Join(root, filepath.Dir(file)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(root, file), []byte(text+"."), 0o644))
	}
	upgradetest.Run(t, upgradetest.Program{
		Versions: func() (*codechange.Versions, error) { return versions(t), nil },
		Root:     root,
		Samples: []upgradetest.Sample{{Module: "journal", Vsn: "1", State: func(p *genserv.Process) any {
			p.TrapExit(true) // as in Init, so that Terminate is called
			return journal.Beats{N: 7, Pulse: journal.StartPulse(p, time.Hour)}
		}}},
	})
	require.Zero(t, journal.Connections())
}

func TestUpgradesThatSucceedAndThatFailLeaveNothingBehind(t *testing.T) {
	root := t.TempDir()
	n, err := node.Start(t.Context(), node.Config{Name: "journal", Cookie: "secret", NoListen: true,
		Upgrade: &node.Upgrade{Versions: versions(t), Root: root, Name: "rel", Vsn: "1"}})
	require.NoError(t, err)
	defer func() { require.NoError(t, n.Stop(context.Background())) }()
	n.Export("test", "fail", 0, func(context.Context, etf.List) (etf.Term,
		error) {
		return nil, &genserv.Exit{Reason: etf.Atom("boom")}
	})
	pid, err := n.Spawn(t.Context(), genserv.Child{Name: "journal", Module: genserv.Of(journal.V1{})})
	require.NoError(t, err)
	h := n.ReleaseHandler()
	run := func(vsn, way, more string) error {
		_, err := h.Eval(t.Context(), script(t, vsn, way, more), codechange.Options{})
		return err
	}
	unpack(t, h, root)
	waitForCounts := func(connections int, goroutines int) {
		require.Eventually(t, func() bool {
			return journal.Connections() == connections && runtime.NumGoroutine() <= goroutines
		}, time.Minute, time.Millisecond, "connections: %d", connections)
	}
	require.NoError(t, run("2", "up", ""))
	require.NoError(t, run("1", "down", ""))
	waitForCounts(0, 1<<20)
	require.Error(t, run("2", "up", `,{apply,{test,fail,[]}}`))
	waitForCounts(0, 1<<20)
	before := runtime.NumGoroutine()
	for range 100 {
		report, err := h.Eval(t.Context(), script(t, "2", "up", `,{apply,{test,fail,[]}}`), codechange.Options{})
		require.Error(t, err)
		require.Equal(t, codechange.UndoneRestored, report.Processes[0].Undone)
		report, err = h.Rehearse(t.Context(), "2", codechange.Options{})
		require.NoError(t, err)
		require.Equal(t, codechange.OutcomeChanged, report.Processes[0].Outcome)
		require.NoError(t, run("2", "up", ""))
		require.Equal(t, 1, journal.Connections(), "that of the state that runs")
		require.Error(t, run("1", "down", `,{apply,{test,fail,[]}}`))
		require.NoError(t, run("1", "down", ""))
	}
	waitForCounts(0, before+2)
	answer, err := n.Call(t.Context(), etf.Atom("journal"), nil)
	require.NoError(t, err)
	require.Equal(t, etf.Int(0), answer)
	require.NoError(t, n.Terminate(t.Context(), pid, etf.Atom("shutdown")))
}
