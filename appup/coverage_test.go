package appup_test

import (
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/appup"
	"github.com/gonode-otp/gonode/etf"
)

func appFile(vsn, modules string) *fstest.MapFile {
	return &fstest.MapFile{Data: []byte(`{application, shop, [{description, ""}, {vsn, "` + vsn + `"}, {modules, [` +
		modules + `]}, {registered, []}, {applications, []}]}.`)}
}

// shop is an application whose version 2 has new and no old, and another version of cart than version 1.
func shop(appupText string) fstest.MapFS {
	return fstest.MapFS{
		"lib/shop-1/ebin/shop.app":   appFile("1", "cart, till, old"),
		"lib/shop-2/ebin/shop.app":   appFile("2", "cart, till, new"),
		"lib/shop-2/ebin/shop.appup": &fstest.MapFile{Data: []byte(appupText)},
	}
}

func linkedShop() appup.Program {
	version := func(vsn string, modules ...string) appup.Linked {
		l := appup.Linked{App: "shop", Vsn: vsn}
		for i := 0; i < len(modules); i += 2 {
			m := appup.LinkedModule{Name: etf.Atom(modules[i]), Version: etf.Charlist(modules[i+1]), Kind: appup.KindServer}
			l.Modules = append(l.Modules, m)
		}
		return l
	}
	return appup.Program{Linked: []appup.Linked{
		version("1", "cart", "1", "till", "1", "old", "1"), version("2", "cart", "2", "till", "1", "new", "1")}}
}

func lines(t *testing.T, p appup.Program, files fstest.MapFS, name string) (all []string) {
	t.Helper()
	found, err := p.Check(files, name)
	require.NoError(t, err)
	for _, f := range found {
		require.True(t, f.Warning)
		all = append(all, f.Error())
	}
	return all
}

const (
	appupName = "lib/shop-2/ebin/shop.appup"
	needless  = "but there is an instruction for it"
)

func TestModulesThatDifferAndHaveNoInstructionAreFound(t *testing.T) {
	files := shop("{\"2\",\n [{\"1\",\n   [{update, till}]}],\n [{<<\"1\">>, [{delete_module, new}]}]}.")
	require.Equal(t, []string{
		appupName + ":2:4: warning: shop 1 to 2: the module new is added, but no instruction is about it",
		appupName + ":2:4: warning: shop 1 to 2: the module old is removed, but no instruction is about it",
		appupName + ":4:4: warning: shop 2 to 1: the module old is added, but no instruction is about it",
	}, lines(t, appup.Program{}, files, appupName), "what the .app files tell")
	require.Equal(t, []string{
		appupName + ":2:4: warning: shop 1 to 2: the module cart is changed, but no instruction is about it",
		appupName + ":2:4: warning: shop 1 to 2: the module new is added, but no instruction is about it",
		appupName + ":2:4: warning: shop 1 to 2: the module old is removed, but no instruction is about it",
		appupName + ":3:14: warning: shop 1 to 2: the module till is the same in both versions, " + needless,
		appupName + ":4:4: warning: shop 2 to 1: the module cart is changed, but no instruction is about it",
		appupName + ":4:4: warning: shop 2 to 1: the module old is added, but no instruction is about it",
	}, lines(t, linkedShop(), files, appupName), "what a program adds to that")
}

func TestAWholeApplicationOrEmulatorThatIsRestartedHasNoGaps(t *testing.T) {
	for _, all := range []string{"{restart_application, shop}", "restart_emulator", "restart_new_emulator"} {
		files := shop(`{"2", [{"1", [` + all + `]}], [{"1", [` + all + `]}]}.`)
		require.Empty(t, lines(t, linkedShop(), files, appupName), all)
	}
}

func TestTheModulesOfAnAppFileAreComparedWithTheProgram(t *testing.T) {
	p := linkedShop()
	files := fstest.MapFS{"shop.app": appFile("2", "cart, tall, new"), "x/shop.app": appFile("3", "cart"),
		"other.app": &fstest.MapFile{Data: []byte(`{application, other, []}.`)}}
	require.Equal(t, []string{
		"shop.app:1:1: warning: the module tall is listed, but shop-2 has none in the program",
		"shop.app:1:1: warning: the module till is not listed, but shop-2 has it in the program",
	}, lines(t, p, files, "shop.app"))
	require.Equal(t, []string{"x/shop.app:1:1: warning: shop-3 is not linked into the program"},
		lines(t, p, files, "x/shop.app"))
	require.Empty(t, lines(t, p, files, "other.app"))
	_, err := p.Check(files, "nowhere.app")
	require.Error(t, err)
}

func TestADraftHasWhatDiffersInBothDirections(t *testing.T) {
	parse := func(vsn string) *appup.App {
		app, err := appup.ParseApp("shop.app", shop("")["lib/shop-"+vsn+"/ebin/shop.app"].Data)
		require.NoError(t, err)
		return app
	}
	p := linkedShop()
	text, err := p.Draft(parse("1"), parse("2"))
	require.NoError(t, err)
	require.Equal(t, `%% coding: utf-8
%% shop: from "1" to "2" and back.
{"2",
 [{"1",
   [{add_module, new},
    {update, cart, {advanced, []}},
    {delete_module, old}]}],
 [{"1",
   [{add_module, old},
    {update, cart, {advanced, []}},
    {delete_module, new}]}]}.
`, text)
	require.Empty(t, lines(t, p, shop(text), appupName))
	found, err := appup.CheckFile(shop(text), appupName)
	require.NoError(t, err)
	require.Empty(t, found)

	p.Linked[1].Modules[0].Kind = appup.KindSupervisor
	text, err = p.Draft(parse("1"), parse("2"))
	require.NoError(t, err)
	require.Contains(t, text, "{update, cart, supervisor}")
	require.Contains(t, text, "{update, cart, {advanced, []}}", "on the way down it is a server")

	text, err = appup.Program{}.Draft(parse("1"), parse("2"))
	require.NoError(t, err)
	require.Contains(t, text, "Delete the lines of those that have not:\n%% cart, till\n")
	require.Contains(t, text, "{update, till, {advanced, []}}")
	_, err = p.Draft(parse("1"), parse("1"))
	require.ErrorContains(t, err, "both are shop-1")
}

func TestARelupTellsWhatIsUncovered(t *testing.T) {
	files := shop(`{"2", [{"1", [{add_module, new}, {delete_module, old}, {update, till}]}],
		[{"1", [{add_module, old}, {delete_module, new}]}]}.`)
	for _, name := range []string{"kernel", "stdlib", "sasl"} {
		files["lib/"+name+"-1/ebin/"+name+".app"] = &fstest.MapFile{Data: []byte(`{application, ` + name +
			`, [{description, ""}, {vsn, "1"}, {modules, []}, {registered, []}, {applications, []}]}.`)}
	}
	for _, vsn := range []string{"1", "2"} {
		files[vsn+".rel"] = &fstest.MapFile{Data: []byte(`{release, {"r", "` + vsn + `"}, {erts, "1"},
			[{kernel, "1"}, {stdlib, "1"}, {sasl, "1"}, {shop, "` + vsn + `"}]}.`)}
	}
	made, err := appup.Make(files, "2", []appup.Base{{File: "1"}}, []appup.Base{{File: "1"}},
		appup.Options{Path: []string{"lib/*/ebin"}, Program: linkedShop()})
	require.NoError(t, err)
	var all []string
	for _, f := range made.Uncovered {
		all = append(all, f.Error())
	}
	require.Equal(t, []string{
		appupName + ": warning: shop 1 to 2: the module cart is changed, but no instruction is about it",
		appupName + ":1:65: warning: shop 1 to 2: the module till is the same in both versions, " + needless,
		appupName + ": warning: shop 2 to 1: the module cart is changed, but no instruction is about it",
	}, all)
	require.Empty(t, made.Warnings, "systools has none")
}

func TestALowLevelScriptHasGapsAsWell(t *testing.T) {
	p := linkedShop()
	step := appup.Step{App: "shop", From: "1", To: "2",
		Before: p.Linked[0].ModuleVersions(), After: p.Linked[1].ModuleVersions()}
	script, err := etf.Parse(`[{load_object_code,{shop,"2",[cart,new,till]}}, point_of_no_return,
		{load,{new,brutal_purge,brutal_purge}}, {load,{till,brutal_purge,brutal_purge}},
		{remove,{old,brutal_purge,brutal_purge}}, {purge,[old]}]`)
	require.NoError(t, err)
	var all []string
	for _, g := range appup.Gaps(script.(etf.List), step) {
		all = append(all, etf.Format(g.Reason()))
	}
	require.Equal(t, []string{"{uncovered_module,cart}", "{unchanged_module,till}"}, all)
}

func TestTheScriptsOfARelupAreCheckedByItsReleases(t *testing.T) {
	files := shop("")
	for _, vsn := range []string{"1", "2"} {
		files["releases/"+vsn+"/r.rel"] = &fstest.MapFile{Data: []byte(`{release, {"r", "` + vsn + `"}, {erts, "1"},
			[{kernel, "1"}, {stdlib, "1"}, {sasl, "1"}, {shop, "` + vsn + `"}]}.`)}
	}
	const name = "releases/2/relup"
	files[name] = &fstest.MapFile{Data: []byte(`{"2", [{"1", [], [point_of_no_return,
		{load,{cart,brutal_purge,brutal_purge}}, {load,{new,brutal_purge,brutal_purge}}]}, {"0", [], []}],
		[{"1", [], [point_of_no_return, {apply,{application,stop,[shop]}}]}]}.`)}
	require.Equal(t, []string{name + ":1:19: warning: shop 1 to 2: the module old is removed, " +
		"but no instruction is about it"}, lines(t, linkedShop(), files, name))
	delete(files, "lib/shop-1/ebin/shop.app")
	require.Len(t, lines(t, linkedShop(), files, name), 1, "the program tells as much")
	require.Empty(t, lines(t, appup.Program{}, files, name), "what is not known is not told")
}

func FuzzCoverage(f *testing.F) {
	seeds(f)
	f.Add([]byte(`{"2", [{"1", [{restart_application, shop}, {add_application, x},
		{apply, {application, stop, [shop]}}]}], []}.`))
	f.Fuzz(func(t *testing.T, src []byte) {
		files := shop(string(src))
		files["releases/1/r.rel"], files["releases/2/r.rel"] = files[appupName], files[appupName]
		files["releases/2/relup"] = files[appupName]
		files["shop.app"] = files[appupName]
		for _, name := range []string{appupName, "releases/2/relup", "shop.app"} {
			found, err := linkedShop().Check(files, name)
			require.NoError(t, err)
			for _, f := range found {
				require.True(t, f.Warning)
				require.Positive(t, f.Line, f.Error())
			}
		}
	})
}
