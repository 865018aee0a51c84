package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/appup"
	"github.com/gonode-otp/gonode/etf"
)

// releases copies a case of appup/testdata/raw into a new working directory.
func releases(t *testing.T, name string) {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(dir, os.DirFS("../../appup/testdata/raw/"+name)))
	t.Chdir(dir)
}

func consult(t *testing.T, text string) etf.Term {
	t.Helper()
	terms, err := etf.Consult("output", []byte(text))
	require.NoError(t, err)
	require.Len(t, terms, 1)
	return terms[0]
}

func TestRelupMakeMakesTheRelupsOfOTP(t *testing.T) {
	p := program{bin: buildBinary(t)}
	for _, name := range []string{"erts_changed", "sup_child_cookbook", "two_apps_merge", "update_chain"} {
		t.Run(name, func(t *testing.T) {
			releases(t, name)
			src, err := os.ReadFile("relup")
			require.NoError(t, err)
			want := consult(t, string(src))
			require.NoError(t, os.Remove("relup"))

			r := p.run(t, "relup", "make", "new.rel", "--up-from", "old.rel", "--down-to", "old.rel", "--path", "lib/*/ebin")
			require.Zero(t, r.code, r.err)
			require.True(t, etf.Equal(want, consult(t, r.out)), r.out)
			require.Equal(t, name == "erts_changed", r.err != "", r.err)

			r = p.run(t, "relup", "make", "new", "--up-from", "old", "--down-to", "old", "--path", "lib/*/ebin", "--result")
			require.Zero(t, r.code, r.err)
			answer := consult(t, r.out).(etf.Tuple)
			require.Equal(t, etf.Term(etf.Atom("ok")), answer[0])
			require.True(t, etf.Equal(want, answer[1]), r.out)
			require.Equal(t, etf.Term(etf.Atom("systools_relup")), answer[2])
			if name == "erts_changed" {
				require.Equal(t, `[{erts_vsn_changed,{{"rel","2.0"},{"rel","1.0"}}},{erts_vsn_changed,{{"rel","2.0"},{"rel","1.0"}}}]`, etf.Format(answer[3]))
			} else {
				require.Empty(t, answer[3])
			}

			require.NoError(t, os.Mkdir("out", 0o755))
			r = p.run(t, "relup", "make", "new", "--up-from", "old", "--down-to", "old", "--path", "lib/*/ebin", "--outdir",
				"out")
			require.Zero(t, r.code, r.err)
			require.Empty(t, r.out)
			src, err = os.ReadFile(filepath.Join("out", "relup"))
			require.NoError(t, err)
			written, err := appup.ParseRelup("relup", src)
			require.NoError(t, err)
			require.True(t, etf.Equal(want, written.Term()))
		})
	}
}

func TestRelupMakeTellsWhyThereIsNone(t *testing.T) {
	releases(t, "update_chain")
	p := program{bin: buildBinary(t)}
	args := []string{"relup", "make", "new.rel", "--up-from", "old.rel", "--path", "lib/*/ebin"}
	file := filepath.Join("lib", "app-2", "ebin", "app.appup")
	for _, c := range []struct{ appup, term, text string }{
		{`{"2", [{"1", [{update, m1, soft, [m9]}]}], []}.`, `{error,systools_rc,{undef_module,m9}}.`,
			file + ":1:15: a module depends on m9"},
		{`{"2", [{"1", [{load_module, m1}, oops]}], []}.`, `{error,systools_rc,{bad_instruction,oops}}.`,
			file + ":1:34: oops is no instruction"},
		{`{"2", [{<<"1.+">>, []}], []}.`,
			`{error,systools_relup,{no_relup,"lib/app-2/ebin/app.appup",{application,app,permanent,"2",`,
			"there is no entry for version 1"},
		{"{\"2\",\n [}.", `{error,systools_relup,{file_problem,{"lib/app-2/ebin/app.appup",{error,{parse,"lib/app-2/ebin/app.appup",{2,erl_parse,["syntax error before: ","'}'"]}}}}}}.`,
			file + ":2:3: syntax error before: '}'"},
		{`odd.`, `{error,systools_relup,{file_problem,{"lib/app-2/ebin/app.appup",{ok,odd}}}}.`, "this is no .appup file"},
	} {
		require.NoError(t, os.WriteFile(file, []byte(c.appup), 0o644))
		r := p.run(t, append(args, "--result")...)
		require.Equal(t, exitFailure, r.code)
		require.Contains(t, r.out, c.term)
		require.Contains(t, r.err, c.text)
		p.fails(t, exitFailure, args, c.text)
	}
	require.NoError(t, os.Remove(file))
	r := p.run(t, append(args, "--result")...)
	require.Equal(t, exitFailure, r.code)
	require.Equal(t, `{error,systools_relup,{file_problem,{"lib/app-2/ebin/app.appup",{error,{open,"lib/app-2/ebin/app.appup",enoent}}}}}.`+"\n", r.out)
	r = p.run(t, "relup", "make", "nosuch", "--result")
	require.Equal(t, `{error,systools_make,{not_found,"nosuch.rel"}}.`+"\n", r.out)
}

func TestRelupMakeTakesSeveralFilesBehindAFlag(t *testing.T) {
	releases(t, "update_chain")
	src, err := os.ReadFile("old.rel")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile("older.rel", src, 0o644))
	r := gonode(t, "relup", "make", "new.rel", "--up-from", "old=the first", "older.rel", "--down-to", "older", "--path",
		"nowhere", "lib/*/ebin", "--restart-emulator")
	require.Zero(t, r.code, r.err)
	relup, err := appup.ParseRelup("relup", []byte(r.out))
	require.NoError(t, err)
	require.Len(t, relup.Up, 2)
	require.Equal(t, "the first", relup.Up[1].Description.(etf.List).String()[1:10])
	require.Len(t, relup.Down, 1)
	require.Contains(t, r.out, "restart_emulator]}]")

	fails(t, exitUsage, []string{"relup", "make"}, "requires at least 1 arg")
	fails(t, exitUsage, []string{"relup", "make", "a", "b"}, `"b" follows no flag that takes files`)
	fails(t, exitUsage, []string{"relup", "mak"}, `unknown command "mak"; did you mean make?`)
	fails(t, exitFailure, []string{"relup", "make", "new.rel", "--up-from", "old.rel", "--path", "lib/*/ebin",
		"--outdir", "nowhere"}, "nowhere")
}

func TestAppupCheckTellsEverything(t *testing.T) {
	releases(t, "two_apps_merge")
	p := program{bin: buildBinary(t)}
	files, err := filepath.Glob("lib/*/ebin/*.app*")
	require.NoError(t, err)
	require.Empty(t, p.prints(t, append([]string{"appup", "check", "relup", "new.rel"}, files...)...))

	require.NoError(t, os.WriteFile("x.appup",
		[]byte("{\"2\",\n [{\"1\", [{load_modul, m}, {update, 1}]},\n  {\"1\", []}],\n []}.\n"), 0o644))
	r := p.run(t, "appup", "check", "relup", "x.appup")
	require.Equal(t, exitFailure, r.code)
	require.Equal(t, "x.appup:2:10: {load_modul,m} is no instruction; did you mean load_module?\n"+
		"x.appup:2:36: a module has to be an atom, not 1\n"+
		"x.appup:3:4: warning: the entry for \"1\" is never used: the one for \"1\" fits it first\n", r.out)
	require.Equal(t, "gonode: findings in 2 files: 2\n", r.err)
	r = p.run(t, "appup", "check", "x.appup", "-o", "json")
	require.Equal(t, exitFailure, r.code)
	require.Contains(t, r.out, `{"file":"x.appup","line":2,"column":36,"warning":false,"reason":"{bad_module,1}","message":"a module has to be an atom, not 1"}`)

	require.NoError(t, os.WriteFile("x.appup", []byte("{\"3\",\n [{\"1\", [{load_module, n}]}],\n []}.\n"), 0o644))
	require.NoError(t, os.WriteFile("x.app",
		[]byte(`{application, x, [{description, ""}, {vsn, "2"}, {modules, [m]}, {registered, []}, {applications, []}]}.`),
		0o644))
	r = p.run(t, "appup", "check", "x.appup")
	require.Equal(t, exitFailure, r.code)
	require.Equal(t, "x.appup:1:2: warning: the file is for version \"3\", but x.app says \"2\"\n"+
		"x.appup:2:24: x.app has no module n; without one in another application the upgrade is refused\n", r.out)

	require.NoError(t, os.WriteFile("x.erl", nil, 0o644))
	fails(t, exitUsage, []string{"appup", "check", "new.rel", "x.erl"}, "x.erl is none of Name.app")
	fails(t, exitFailure, []string{"appup", "check", "nosuch.app"}, "nosuch.app")
	fails(t, exitUsage, []string{"appup", "check"}, "requires at least 1 arg")
}

func TestAppupPlanShowsTheStepsInOrder(t *testing.T) {
	releases(t, "update_chain")
	p := program{bin: buildBinary(t)}
	made := p.prints(t, "appup", "plan", "new.rel", "--up-from", "old.rel", "--down-to", "old.rel", "--path", "lib/*/ebin")
	require.Equal(t, made, p.prints(t, "appup", "plan", "relup"))
	up, down, both := strings.Cut(made, "\nR2 to R1\n")
	require.True(t, both)
	require.Contains(t, down, "change code  down: m1 with a, m2 with b, m3 with c")
	require.Equal(t, `R1 to R2
1  find         m1, m2, m3 of app-2
2  begin        servers change from here on
3  suspend      processes of m1, m2, m3
4  load         m3 (old code: brutal_purge, brutal_purge)
5  load         m2 (old code: brutal_purge, brutal_purge)
6  load         m1 (old code: brutal_purge, brutal_purge)
7  change code  up: m1 with a, m2 with b, m3 with c
8  resume       processes of m3, m2, m1`, up)
	p.fails(t, exitFailure, []string{"appup", "plan", "nowhere/relup"}, "nowhere/relup")
}
