package node

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/codechange"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/supervisor"
)

// told is what an application was told about changes of its configuration.
type told struct{ changed, added, removed string }

// startConfigured starts the application tree in version 1. The node knows release 2 too, which has another
// configuration.
func startConfigured(t *testing.T, change func(told) error) *Node {
	t.Helper()
	root := t.TempDir()
	for name, text := range map[string]string{
		"lib/tree-1/ebin/tree.app": `{application,tree,[{vsn,"1"},{env,[{same,1},{other,1},{gone,1},{live,1}]}]}.`,
		"lib/tree-2/ebin/tree.app": `{application,tree,[{vsn,"2"},{env,[{same,1},{other,2},{fresh,2},{live,2}]}]}.`,
		"releases/2/sys.config":    `[{tree,[{other,3},{added,[x]}]}].`,
		"releases/2/tree.rel":      `{release,{"rel","2"},{erts,"13.1.5"},[{kernel,"8.5.3"},{tree,"2"}]}.`,
		"releases/2/relup": `{"2",[{"1","up",[` + upScript("[]", "") + `]}],[{"1","down",[{load_object_code,{tree,"1",[tree_sup,tree_worker]}},
			point_of_no_return,{suspend,[tree_worker]},{code_change,down,[{tree_worker,[]}]},{load,{tree_worker,brutal_purge,brutal_purge}},
			{resume,[tree_worker]}]}]}.`,
	} {
		file := filepath.Join(root, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
	}
	n := testNode(t, Config{Upgrade: &Upgrade{Versions: treeVersions(t), Root: root, Name: "rel", Vsn: "1"}})
	_, err := n.ReleaseHandler().SetUnpacked(t.Context(), "releases/2/tree.rel", nil)
	require.NoError(t, err)
	require.NoError(t, n.Applications().Start(t.Context(), App{Name: "tree", Vsn: "1",
		Env: map[etf.Atom]etf.Term{"same": etf.Int(1), "other": etf.Int(1), "gone": etf.Int(1), "live": etf.Int(1)},
		ConfigChange: func(changed, added map[etf.Atom]etf.Term, removed []etf.Atom) error {
			return change(told{envText(changed), envText(added), etf.Format(etf.Atoms(removed...))})
		},
		Start: genserv.Child{Name: "tree_sup", Module: supervisor.Of(treeSup{1})}}))
	n.Applications().SetEnv("tree", "live", etf.Int(7))
	return n
}

func TestAnApplicationIsToldOfItsNewConfiguration(t *testing.T) {
	var heard []told
	n := startConfigured(t, func(c told) error { heard = append(heard, c); return nil })
	report, err := n.ReleaseHandler().Install(t.Context(), "2", codechange.Options{})
	require.NoError(t, err)
	require.Empty(t, report.Config)
	require.Equal(t, []told{{"[{other,3}]", "[{added,[x]},{fresh,2}]", "[gone]"}}, heard, "live was set at run time")
	value, _ := n.Applications().Env("tree", "live")
	require.Equal(t, etf.Int(7), value)
	_, err = n.ReleaseHandler().Rollback(t.Context(), codechange.Options{})
	require.NoError(t, err)
	require.Equal(t, told{"[{other,1}]", "[{gone,1}]", "[added,fresh]"}, heard[1])
}

func TestAnUpgradeThatFailsTellsNobodyOfAConfiguration(t *testing.T) {
	n := startConfigured(t, func(told) error { t.Error("told"); return nil })
	file := filepath.Join(n.cfg.Upgrade.Root, "releases/2/relup")
	require.NoError(t, os.WriteFile(file, []byte(`{"2",[{"1","up",[`+upScript("fail", "")+`]}],[]}.`), 0o644))
	report, err := n.ReleaseHandler().Install(t.Context(), "2", codechange.Options{})
	require.ErrorContains(t, err, "code_change_failed")
	require.True(t, report.Undone)
	value, _ := n.Applications().Env("tree", "other")
	require.Equal(t, etf.Int(1), value)
}

func TestWhatAnApplicationSaysAgainstItsConfigurationIsReported(t *testing.T) {
	n := startConfigured(t, func(told) error { return errors.New("no, thanks") })
	report, err := n.ReleaseHandler().Install(t.Context(), "2", codechange.Options{})
	require.NoError(t, err)
	require.Equal(t, []string{"tree: no, thanks"}, report.Config)

	n = startConfigured(t, func(told) error { panic("oh") })
	report, err = n.ReleaseHandler().Install(t.Context(), "2", codechange.Options{})
	require.NoError(t, err)
	require.Len(t, report.Config, 1)
	require.Contains(t, report.Config[0], "oh")
	a, ok := n.ReleaseHandler().LastAttempt()
	require.True(t, ok)
	require.False(t, a.Running)
	require.Same(t, report, a.Report)
	require.Equal(t, "1 2", a.From+" "+a.To)
}

// envText formats parameters as [{Key, Value}], in the order of the keys.
func envText(env map[etf.Atom]etf.Term) string {
	list := etf.List{}
	for _, key := range slices.Sorted(maps.Keys(env)) {
		list = append(list, etf.Tuple{key, env[key]})
	}
	return etf.Format(list)
}
