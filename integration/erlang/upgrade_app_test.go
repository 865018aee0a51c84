package erlang

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
)

// demoApp is a good resource file of demo.
func demoApp(vsn string) string {
	return fmt.Sprintf(`{application,demo,[{description,"d"},{vsn,%q},{modules,[demo_srv,demo_sup]},{registered,[]},{applications,[kernel,stdlib]}]}.`, vsn)
}

// appDirs are directories of an application, as operators may give them to upgrade_app: name, .app file, .appup file.
// "" is no file.
var appDirs = [][3]string{
	{"noappup", demoApp("2"), ""},
	{"broken", demoApp("2"), `{"2", [{"1", [}], []}.`},
	{"scan", demoApp("2"), "{\"2\",\n [{\"1\", [{load_module, demo$}]}], []}."},
	{"unended", demoApp("2"), `{"2", [{"1", []}], []}`},
	{"variable", demoApp("2"), `{"2", [{"1", [{load_module, M}]}], []}.`},
	{"empty", demoApp("2"), ``},
	{"two", demoApp("2"), `{"2", [{"1", []}], []}. {"2", [], []}.`},
	{"pair", demoApp("2"), `{"2", [{"1", []}]}.`},
	{"other", demoApp("2"), `{"2", [{"0.9", []}], []}.`},
	{"nolist", demoApp("2"), `{"2", all, []}.`},
	{"badexpr", demoApp("2"), `{"2", [{<<"(">>, []}], []}.`},
	{"noapp", "", `{"2", [{"1", []}], []}.`},
	{"oldapp", demoApp("1"), `{"2", [{"1", []}], []}.`},
	{"atomvsn", demoApp("2"), `{two, [{"1", []}], []}.`},
	{"brokenapp", `{application,demo,[}.`, `{"2", [{"1", []}], []}.`},
	{"novsn", `{application,demo,[{description,"d"}]}.`, `{"2", [{"1", []}], []}.`},
	{"badmods", `{application,demo,[{description,"d"},{vsn,"2"},{modules,[1]},{registered,[]},{applications,[]}]}.`,
		`{"2", [{"1", []}], []}.`},
	{"notapp", `[demo].`, `{"2", [{"1", []}], []}.`},
	{"badinstr", demoApp("2"), `{"2", [{"1", [{update, demo_srv, {hard, x}}]}], []}.`},
	{"third", demoApp("2"),
		`{"2", [{"1", [{update, demo_srv, {advanced, x}, {code_change, demo_sup}}]}], []}.`},
	{"noinstr", demoApp("2"), `{"2", [{"1", [upgrade]}], []}.`},
	{"nomod", demoApp("2"), `{"2", [{"1", [{load_module, nothing}]}], []}.`},
	{"undep", demoApp("2"), `{"2", [{"1", [{load_module, demo_srv, [demo_sup]}]}], []}.`},
	{"point", demoApp("2"), `{"2", [{"1", [point_of_no_return, point_of_no_return]}], []}.`},
	{"nobeam", demoApp("7"), `{"7", [{"1", [{load_module, demo_srv}]}], [{"1", []}]}.`},
	{"nothing/demo-2", demoApp("2"), `{"2", [{"1", []}], []}.`},
}

// appDirs puts them into the directories of both nodes.
func (w *twins) appDirs() {
	w.t.Helper()
	for _, dir := range []string{w.otp, w.our} {
		for _, d := range appDirs {
			ebin := filepath.Join(dir, d[0], "ebin")
			require.NoError(w.t, os.MkdirAll(ebin, 0o755))
			for i, name := range []string{"demo.app", "demo.appup"} {
				if d[i+1] != "" {
					require.NoError(w.t, os.WriteFile(filepath.Join(ebin, name), []byte(d[i+1]), 0o644))
				}
			}
		}
		require.NoError(w.t, os.MkdirAll(filepath.Join(dir, "isdir/ebin/demo.appup"), 0o755))
	}
}

// answers are those of both nodes to a function of release_handler. Pids have names, a crash is {crash, Reason}.
func (w *twins) answers(function, args string) (otp, our string) {
	w.t.Helper()
	rpc := func(node, dir string) string {
		text := w.erl.Eval(w.t, fmt.Sprintf(`(fun(Node) ->
			Names = [{rpc:call(Node, erlang, whereis, [N]), N} || N <- [demo_sup, srv_a, srv_b, srv_c]],
			demo_lab:name(Names, case rpc:call(Node, release_handler, %s, [%s]) of
				{badrpc, {'EXIT', {R, S}}} when is_list(S) -> {crash, R};
				Answer -> Answer
			end) end)(%s).`, function, strings.ReplaceAll(args, "DIR", dir), node))
		return strings.ReplaceAll(text, dir, "DIR")
	}
	return rpc("node()", w.otp), rpc(etf.Format(w.n.Name()), w.our)
}

func (w *twins) sameAnswers(function, args, want string) {
	w.t.Helper()
	otp, our := w.answers(function, args)
	if want != "" {
		require.Equal(w.t, want, otp)
	}
	require.Equal(w.t, otp, our, "%s(%s)", function, args)
}

// What upgrade_app and downgrade_app refuse, in the terms of OTP, one file after the other.
func TestAnUpgradeOfOneApplicationIsRefusedInTheWordsOfOTP(t *testing.T) {
	w := startTwins(t)
	w.appDirs()
	for _, d := range appDirs[:len(appDirs)-1] {
		dir := `"DIR/` + d[0] + `"`
		w.sameAnswers("upgrade_script", "demo, "+dir, "")
		w.sameAnswers("upgrade_app", "demo, "+dir, "")
		w.sameAnswers("downgrade_app", `demo, "1", `+dir, "")
		w.sameAnswers("downgrade_script", `demo, "1", `+dir, "")
	}
	w.sameAnswers("upgrade_app", `demo, "DIR/isdir"`, `{error,eisdir}`)
	w.sameAnswers("upgrade_app", `demo, "DIR/nowhere"`, `{error,no_appup_found}`)
	w.sameAnswers("upgrade_script", `demo, "DIR/nowhere"`, `no_appup_found`)
	w.sameAnswers("upgrade_app", `nothing, "DIR/demo-2"`, `{error,{app_not_running,nothing}}`)
	w.sameAnswers("upgrade_app", `"demo", "DIR/demo-2"`, `{error,{app_not_running,"demo"}}`)
	w.sameAnswers("upgrade_app", `demo, "DIR/noapp/"`, "")
	w.sameAnswers("downgrade_app", `demo, "DIR/demo"`, `{error,{unknown_version,demo}}`)
	w.sameAnswers("downgrade_app", `demo, "DIR/demo-1-2"`, `{error,{unknown_version,demo}}`)
	w.sameAnswers("downgrade_app", `nothing, "DIR/demo-1"`, `{error,{app_not_running,nothing}}`)
	w.sameAnswers("downgrade_app", `demo, "DIR/demo-1"`, `{error,no_appup_found}`)
	w.serves(1)
}

// Up and down again, without a release. What runs then is what application and code tell, too.
func TestOneApplicationGoesUpAndDownAsInOTP(t *testing.T) {
	w := startTwins(t)
	w.appDirs()
	w.sameAnswers("upgrade_script", `demo, "DIR/demo-2"`, "")
	w.sameAnswers("upgrade_app", `demo, "DIR/demo-2"`, "{ok,[]}")
	w.serves(2)
	w.same(`application:get_key(demo,vsn)`, `application:get_env(demo,only_2)`, `application:get_env(demo,only_1)`,
		`code:lib_dir(demo)`,
		`release_handler:which_releases()`)
	w.sameAnswers("upgrade_app", `demo, "DIR/demo-2"`, `{error,{version_not_in_appup,"2"}}`)
	w.sameAnswers("downgrade_app", `demo, "9", "DIR/demo-9"`, `{error,{version_not_in_appup,"9"}}`)
	w.sameAnswers("downgrade_app", `demo, "1", "DIR/noapp"`, `{error,{no_app_found,"1","DIR/noapp"}}`)
	for _, d := range []string{"brokenapp", "novsn", "badmods", "notapp", "nobeam"} {
		w.sameAnswers("downgrade_app", `demo, "1", "DIR/`+d+`"`, "")
	}
	w.sameAnswers("downgrade_script", `demo, "1", "DIR/demo-1"`, "")
	w.sameAnswers("downgrade_app", `demo, "DIR/demo-1"`, "{ok,[]}")
	w.serves(1)
	w.same(`application:get_key(demo,vsn)`, `code:lib_dir(demo)`)
	w.sameAnswers("upgrade_app", `demo, "DIR/nothing/demo-2"`, "{ok,[]}")
	w.same(`application:get_key(demo,vsn)`, `code:lib_dir(demo)`)
	// The .appup file of the version that runs is one of another version.
	for _, dir := range []string{w.otp, w.our} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "nothing/demo-2/ebin/demo.appup"),
			[]byte(`{"3", [], [{"1", [{load_module, demo_srv}]}]}.`), 0o644))
	}
	w.sameAnswers("downgrade_app", `demo, "1", "DIR/demo-1"`, `{crash,{badmatch,{"3",[{load_module,demo_srv}]}}}`)
}

// A code change that fails: OTP answers the same, but leaves its servers suspended.
func TestAnUpgradeOfOneApplicationThatFailsIsUndone(t *testing.T) {
	w := startTwins(t)
	for _, dir := range []string{w.otp, w.our} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "demo-2/ebin/demo.appup"),
			[]byte(`{"2", [{<<"1.*">>, [{update, demo_srv, {advanced, {error, srv_b, nope}}}]}], []}.`), 0o644))
	}
	w.sameAnswers("upgrade_app", `demo, "DIR/demo-2"`,
		`{badrpc,{'EXIT',{code_change_failed,srv_b,demo_srv,"1",{error,nope}}}}`)
	require.Equal(t, "suspended", w.erl.Eval(t, `{status,_,_,[_,State|_]} = sys:get_status(srv_a), State.`))
	require.Equal(t, "{1,srv_a,0}", w.erl.Eval(t, at(w.n, "gen_server:call({srv_a,'gonode@host'}, get).")))
	_, our := w.ask("application:get_key(demo,vsn)")
	require.Equal(t, `{ok,"1"}`, our)
	require.True(t, strings.HasSuffix(w.erl.Eval(t, at(w.n,
		"element(1, element(3, rpc:call('gonode@host', gonode, last_install, []))).")), "error"))
}
