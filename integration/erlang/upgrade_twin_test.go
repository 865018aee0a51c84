package erlang

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/codechange"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/gonodetest/beam"
	"github.com/gonode-otp/gonode/node"
	"github.com/gonode-otp/gonode/supervisor"
)

// twins are a real node and a Go node with the same releases, each in a directory of its own. Operators ask both by
// rpc.
type twins struct {
	t        *testing.T
	erl      *beam.Node
	n        *node.Node
	otp, our string       // directories
	config   atomic.Value // what the application on the Go node heard of its configuration
}

func startTwins(t *testing.T) *twins {
	t.Helper()
	w := &twins{t: t, erl: beam.StartErl(t), otp: t.TempDir(), our: t.TempDir()}
	require.NoError(t, os.CopyFS(w.otp, os.DirFS("testdata/demo")))
	w.put("note", "A note.")
	w.put("broken.rel", "{")
	w.put("other.rel", `{release,{"demorel","8"},{erts,"1"},[{demo,"8"}]}.`)
	source, err := os.ReadFile("testdata/demo/demo_lab.erl")
	require.NoError(t, err)
	w.erl.Compile(t, "demo_lab", string(source))
	path := etf.Format(etf.Charlist(w.otp))
	w.erl.Eval(t, "demo_lab:build("+path+").")
	w.erl.Eval(t, "persistent_term:put(demo_nodes, []).")
	require.Equal(t, "ok", w.erl.Eval(t, "demo_lab:release("+path+")."))
	rel, err := os.ReadFile(filepath.Join(w.otp, "releases/2/demorel.rel"))
	require.NoError(t, err)
	w.put("third.rel", strings.Replace(string(rel), `{"demorel","2"}`, `{"demorel","3"}`, 1))
	require.NoError(t, os.CopyFS(w.our, os.DirFS(w.otp)))
	releases := filepath.Join(w.our, "releases/RELEASES")
	text, err := os.ReadFile(releases)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(releases, []byte(strings.ReplaceAll(string(text), w.otp, w.our)), 0o644))

	app := func(vsn string, srv genserv.Module) codechange.Application {
		return codechange.Application{Name: "demo", Vsn: vsn, Modules: []*codechange.Module{
			{Vsn: vsn, Code: srv}, {Vsn: vsn, Code: supervisor.Of(demoSup{})}}}
	}
	versions, err := codechange.NewVersions(app("1", genserv.Of(demoSrv1{})), app("2", genserv.Of(demoSrv2{})))
	require.NoError(t, err)
	cfg := config(t)
	cfg.Upgrade = &node.Upgrade{Versions: versions, Root: w.our}
	w.n = start(t, cfg)
	w.n.Export("demo_srv", "nodes", 0, func(context.Context, etf.List) (etf.Term, error) { return etf.List{}, nil })
	require.NoError(t, w.n.Applications().Start(t.Context(), node.App{Name: "demo",
		ConfigChange: func(changed, added map[etf.Atom]etf.Term, removed []etf.Atom) error {
			w.config.Store(fmt.Sprint(changed, added, removed))
			return nil
		},
		Start: genserv.Child{Name: "demo_sup", Module: supervisor.Of(demoSup{})}}))
	return w
}

func (w *twins) put(name, text string) {
	w.t.Helper()
	require.NoError(w.t, os.WriteFile(filepath.Join(w.otp, name), []byte(text), 0o644))
}

// ask makes a call on both nodes. In the arguments and in the results DIR is the directory.
func (w *twins) ask(mfa string) (otp, our string) {
	w.t.Helper()
	call, args, _ := strings.Cut(mfa, "(")
	module, function, _ := strings.Cut(call, ":")
	args = "[" + strings.TrimSuffix(args, ")") + "]"
	rpc := func(node, dir string) string {
		text := w.erl.Eval(w.t, fmt.Sprintf("rpc:call(%s, %s, %s, %s).", node, module, function,
			strings.ReplaceAll(args, "DIR", dir)))
		return strings.ReplaceAll(text, dir, "DIR")
	}
	return rpc("node()", w.otp), rpc(etf.Format(w.n.Name()), w.our)
}

// same makes calls on both nodes, and they answer the same.
func (w *twins) same(calls ...string) {
	w.t.Helper()
	for _, call := range calls {
		otp, our := w.ask(call)
		require.Equal(w.t, otp, our, call)
	}
}

// serves checks which version the servers of both run.
func (w *twins) serves(version int) {
	w.t.Helper()
	want := fmt.Sprintf("{%d,srv_a,0}", version)
	require.Equal(w.t, want, w.erl.Eval(w.t, "gen_server:call(srv_a, get)."))
	require.Equal(w.t, want, w.erl.Eval(w.t, at(w.n, "gen_server:call({srv_a,'gonode@host'}, get).")))
}

// files returns the names of the files below a directory that a release handler makes or deletes.
func files(t *testing.T, dir string) (names []string) {
	t.Helper()
	require.NoError(t, fs.WalkDir(os.DirFS(dir), ".", func(name string, _ fs.DirEntry, err error) error {
		names = append(names, name)
		return err
	}))
	return names
}

// sameFiles compares what is on disk.
func (w *twins) sameFiles() {
	w.t.Helper()
	require.Equal(w.t, files(w.t, w.otp), files(w.t, w.our))
	for _, name := range []string{"releases/RELEASES", "releases/start_erl.data", "made/releases/RELEASES"} {
		var texts []string
		for _, dir := range []string{w.otp, w.our} {
			text, _ := os.ReadFile(filepath.Join(dir, name))
			texts = append(texts, strings.Join(strings.Fields(strings.ReplaceAll(string(text), dir, "DIR")), ""))
		}
		require.Equal(w.t, texts[0], texts[1], name)
	}
}

// What the release handler of OTP refuses, and in which words.
func TestTheReleaseHandlerRefusesInTheWordsOfOTP(t *testing.T) {
	w := startTwins(t)
	w.same(
		`release_handler:which_releases()`, `release_handler:which_releases(unpacked)`, `release_handler:which_releases(old)`,
		`release_handler:check_install_release("9")`, `release_handler:check_install_release("1")`,
		`release_handler:check_install_release("2",[bad])`, `release_handler:check_install_release("2",[purge])`,
		`release_handler:check_install_release("2")`,
		`release_handler:make_permanent("2")`, `release_handler:make_permanent("9")`, `release_handler:make_permanent("1")`,
		`release_handler:reboot_old_release("1")`, `release_handler:reboot_old_release("2")`,
		`release_handler:reboot_old_release("9")`,
		`release_handler:remove_release("1")`, `release_handler:remove_release("9")`,
		`release_handler:set_removed("1")`, `release_handler:set_removed("9")`,
		`release_handler:install_file("9","DIR/note")`, `release_handler:install_file("2","DIR/nothing")`,
		`release_handler:install_file("2","DIR/note")`,
		`release_handler:set_unpacked("DIR/releases/2/demorel.rel",[])`, `release_handler:set_unpacked("DIR/nothing.rel",[])`,
		`release_handler:set_unpacked("DIR/broken.rel",[])`,
		`release_handler:set_unpacked("DIR/other.rel",[{demo,"8","DIR/nothing"}])`,
		`release_handler:unpack_release("nothing")`,
		`release_handler:install_release("9")`, `release_handler:install_release("1")`,
		`release_handler:install_release("2",[{bad,opt}])`, `release_handler:install_release("2",[bad])`,
		`release_handler:install_release("2",[{suspend_timeout,0}])`,
		`release_handler:install_release("2",[{suspend_timeout,default}])`,
		`release_handler:install_release("2",[{error_action,stop}])`,
		`release_handler:install_release("2",[{update_paths,1}])`,
		`release_handler:eval_appup_script(demo,"9","DIR/demo-9",[])`,
		`release_handler:create_RELEASES("DIR/nothing","DIR/third.rel")`,
		`release_handler:create_RELEASES("DIR","DIR/nowhere","DIR/nothing.rel",[])`,
	)
	w.sameFiles()
}

// A release goes its way on both, and leaves the same on disk.
func TestAReleaseGoesItsWayAsInOTP(t *testing.T) {
	w := startTwins(t)
	w.same(
		`release_handler:set_unpacked("DIR/third.rel",[{demo,"2","DIR"}])`, `release_handler:which_releases()`,
		`release_handler:set_removed("3")`, `release_handler:which_releases()`,
		`release_handler:set_unpacked("DIR/third.rel",[{demo,"2","DIR"}])`, `release_handler:remove_release("3")`,
		`release_handler:which_releases()`)
	w.sameFiles()
	w.same(`release_handler:install_release("2",[{suspend_timeout,4000},{code_change_timeout,infinity},{update_paths,true}])`,
		`release_handler:which_releases()`, `release_handler:which_releases(current)`,
		`release_handler:install_release("2")`, `release_handler:check_install_release("2")`,
		`application:get_key(demo,vsn)`)
	w.serves(2)
	w.sameFiles()
	config := w.erl.Eval(t, `{C, N, R} = persistent_term:get(demo_config), {maps:from_list(C), maps:from_list(N), R}.`)
	require.Equal(t, `{#{vsn => 2},#{only_2 => x},[only_1]}`, config)
	require.Equal(t, "map[vsn:2] map[only_2:x] [only_1]", w.config.Load())
	w.same(`release_handler:make_permanent("2")`, `release_handler:make_permanent("2")`,
		`release_handler:which_releases()`,
		`release_handler:remove_release("2")`, `release_handler:which_releases(old)`)
	w.sameFiles()
	w.same(`release_handler:install_release("1")`, `release_handler:which_releases()`,
		`release_handler:make_permanent("1")`, `release_handler:remove_release("2")`, `release_handler:which_releases()`)
	w.sameFiles()
	w.serves(1)
	for _, dir := range []string{w.otp, w.our} {
		require.NoError(t, os.MkdirAll(filepath.Join(dir, "made/releases"), 0o755))
	}
	for _, args := range []string{`"DIR/made","DIR/third.rel"`, `["DIR/made","DIR/third.rel"]`,
		`"DIR/made/releases","DIR/third.rel",[]`,
		`"DIR/made","DIR/made/releases","DIR/third.rel",[{demo,"2","DIR"}]`} {
		if strings.HasSuffix(args, ".rel\",[]") && beam.OTPRelease(t) < 24 {
			continue // sasl of OTP 23 does not export create_RELEASES/3
		}
		w.same("release_handler:create_RELEASES(" + args + ")")
		w.sameFiles()
	}
}

// supervised shows the processes of demo on a node, with names for pids.
const supervised = `(fun(Node) ->
	Names = [{rpc:call(Node, erlang, whereis, [N]), N} || N <- [demo_sup, srv_a, srv_b, srv_c]],
	Name = fun(P) -> proplists:get_value(P, Names, P) end,
	[{Name(Sup), Id, Name(Pid), Mods} || {Sup, Id, Pid, Mods} <- rpc:call(Node, release_handler_1, get_supervised_procs, []), Name(Pid) =/= Pid]
	end)`

func TestTheSupervisedProcessesAreToldAsInOTP(t *testing.T) {
	w := startTwins(t)
	want := w.erl.Eval(t, supervised+"(node()).")
	require.Equal(t, `[{demo_sup,srv_c,srv_c,[demo_srv]},{demo_sup,srv_b,srv_b,[demo_srv]},{demo_sup,srv_a,srv_a,[demo_srv]},{undefined,undefined,demo_sup,[demo_sup]}]`, want)
	require.Equal(t, want, w.erl.Eval(t, at(w.n, supervised+"('gonode@host').")))
}
