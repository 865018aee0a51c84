package erlang

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/codechange"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/gonodetest/beam"
	"github.com/gonode-otp/gonode/node"
	"github.com/gonode-otp/gonode/supervisor"
)

// The same application as in testdata/demo, in Go.
type (
	demoSrv struct{}
	demoSup struct{}

	// demoState differs from version to version by its type.
	demoState1 struct {
		Name etf.Atom
		N    int
	}
	demoState2 demoState1
	demoSrv1   struct{ demoSrv }
	demoSrv2   struct{ demoSrv }
)

func (demoSup) ModuleName() etf.Atom { return "demo_sup" }

func (demoSup) Init(etf.Term) (supervisor.Flags, []supervisor.ChildSpec, error) {
	var specs []supervisor.ChildSpec
	for _, name := range []etf.Atom{"srv_a", "srv_b", "srv_c"} {
		specs = append(specs, supervisor.ChildSpec{ID: name, Start: supervisor.StartLink(genserv.Of(demoSrv1{}),
			name).As(name)})
	}
	return supervisor.Flags{Intensity: supervisor.NoRestarts}, specs, nil
}

func (demoSrv) ModuleName() etf.Atom { return "demo_srv" }

func (demoSrv1) Init(_ *genserv.Process, args etf.Term) genserv.InitResult[demoState1] {
	return genserv.Ok(demoState1{Name: args.(etf.Atom)})
}

func (demoSrv2) Init(_ *genserv.Process, args etf.Term) genserv.InitResult[demoState2] {
	return genserv.Ok(demoState2{Name: args.(etf.Atom)})
}

func (demoSrv1) HandleCall(_ *genserv.Process, _ etf.Term, _ genserv.From, s demoState1) genserv.Result[demoState1] {
	return genserv.Reply(etf.Tuple{etf.Int(1), s.Name, etf.Int(s.N)}, s)
}

func (demoSrv2) HandleCall(_ *genserv.Process, _ etf.Term, _ genserv.From, s demoState2) genserv.Result[demoState2] {
	return genserv.Reply(etf.Tuple{etf.Int(2), s.Name, etf.Int(s.N)}, s)
}

// HandleCast holds the server for as many milliseconds as {hold, Ms} says.
func (demoSrv1) HandleCast(p *genserv.Process, request etf.Term, s demoState1) genserv.Result[demoState1] {
	hold(p, request.(etf.Tuple)[1].(etf.Int))
	return genserv.NoReply(s)
}

func hold(p *genserv.Process, ms etf.Int) {
	p.Receive(time.Duration(ms)*time.Millisecond, func(etf.Term) bool { return false })
}

func (demoSrv2) CodeChange(_ etf.Term, old any, extra etf.Term) (demoState2, error) {
	s := old.(demoState1)
	return demoState2(s), obey(s.Name, extra)
}

func (demoSrv2) Downgrade(_ etf.Term, s demoState2, extra etf.Term) (any, error) {
	return demoState1(s), obey(s.Name, extra)
}

// obey does what code_change of testdata/demo/demo_srv.erl does.
func obey(name etf.Atom, extra etf.Term) error {
	t, ok := extra.(etf.Tuple)
	if !ok || len(t) != 3 || t[1] != etf.Term(name) {
		return nil
	}
	switch t[0] {
	case etf.Atom("error"):
		return &genserv.Exit{Reason: t[2]}
	case etf.Atom("crash"):
		panic(t[2])
	case etf.Atom("exit"):
		panic(genserv.Exit{Reason: t[2]})
	case etf.Atom("hang"):
		<-time.NewTimer(time.Duration(t[2].(etf.Int)) * time.Millisecond).C
	}
	return nil
}

// upgradeLab executes a script on a real node and on a Go node.
type upgradeLab struct {
	t   *testing.T
	erl *beam.Node
	dir string
	n   *node.Node
}

func newUpgradeLab(t *testing.T) *upgradeLab {
	t.Helper()
	lab := &upgradeLab{t: t, erl: beam.StartErl(t), dir: t.TempDir()}
	require.NoError(t, os.CopyFS(lab.dir, os.DirFS("testdata/demo")))
	source, err := os.ReadFile("testdata/demo/demo_lab.erl")
	require.NoError(t, err)
	lab.erl.Compile(t, "demo_lab", string(source))
	lab.erl.Eval(t, "demo_lab:build("+lab.path()+").")
	lab.erl.Eval(t, "demo_lab:start("+lab.path()+").")

	app := func(vsn string, srv genserv.Module) codechange.Application {
		return codechange.Application{Name: "demo", Vsn: vsn, Modules: []*codechange.Module{
			{Vsn: vsn, Code: srv}, {Vsn: vsn, Code: supervisor.Of(demoSup{})}}}
	}
	versions, err := codechange.NewVersions(app("1", genserv.Of(demoSrv1{})), app("2", genserv.Of(demoSrv2{})))
	require.NoError(t, err)
	require.NoError(t, versions.CodeServer().Boot([]codechange.AppVsn{{App: "demo", Vsn: "1"}}))
	cfg := config(t)
	cfg.Upgrade = &node.Upgrade{Versions: versions, Root: lab.dir, Vsn: "1"}
	lab.n = start(t, cfg)
	require.NoError(t, lab.n.Applications().Start(t.Context(), node.App{Name: "demo", Vsn: "1",
		Start: genserv.Child{Name: "demo_sup", Module: supervisor.Of(demoSup{})}}))
	return lab
}

func (lab *upgradeLab) path() string { return etf.Format(etf.Charlist(lab.dir)) }

// otp returns the result of the script on the real node and, for each server, the messages that it got.
func (lab *upgradeLab) otp(vsn, script, options string) (result string, servers map[string][]string) {
	lab.t.Helper()
	text := lab.erl.Eval(lab.t, fmt.Sprintf("demo_lab:eval(%s, %q, %s, %s).", lab.path(), vsn, script, options))
	term, err := etf.Parse(text)
	require.NoError(lab.t, err, text)
	pair := term.(etf.Tuple)
	servers = map[string][]string{}
	for _, e := range pair[1].(etf.List) {
		name, message := e.(etf.Tuple)[0].(etf.Atom), e.(etf.Tuple)[1]
		servers[string(name)] = append(servers[string(name)], etf.Format(message))
	}
	return etf.Format(pair[0]), servers
}

// gonode does the same on the Go node.
func (lab *upgradeLab) gonode(vsn, script string, o codechange.Options) (result string, servers map[string][]string) {
	lab.t.Helper()
	instructions, err := etf.Parse(script)
	require.NoError(lab.t, err)
	names := map[etf.Pid]string{}
	for _, name := range []etf.Atom{"demo_sup", "srv_a", "srv_b", "srv_c"} {
		pid, err := lab.n.Call(lab.t.Context(), etf.Atom("rex"), etf.Tuple{etf.Atom("call"), etf.Atom("erlang"),
			etf.Atom("whereis"), etf.List{name}, etf.Atom("user")})
		require.NoError(lab.t, err)
		names[pid.(etf.Pid)] = string(name)
	}
	var mu sync.Mutex
	seen := map[string][]string{} // a server that hangs may still add to it when the upgrade is over
	o.Trace = func(e codechange.TraceEvent) {
		mu.Lock()
		defer mu.Unlock()
		if e.Request != nil {
			seen[names[e.Pid]] = append(seen[names[e.Pid]], etf.Format(e.Request))
		}
	}
	libs := []codechange.Lib{{App: "demo", Vsn: vsn, Dir: lab.dir + "/demo-" + vsn}}
	report, err := lab.n.ReleaseHandler().Eval(lab.t.Context(),
		codechange.Script{Instructions: instructions.(etf.List), Libs: libs}, o)
	outcome := etf.Term(etf.Tuple{etf.Atom("ok"), etf.List{}})
	if err == nil {
		require.Empty(lab.t, report.Unpurged)
	} else {
		var failed *codechange.Error
		require.ErrorAs(lab.t, err, &failed)
		outcome = failed.Term()
	}
	mu.Lock()
	defer mu.Unlock()
	text := etf.Format(named(outcome, names))
	servers = map[string][]string{}
	for name, steps := range seen {
		servers[name] = slices.Clone(steps)
	}
	return text, servers
}

// named is demo_lab:name/2.
func named(t etf.Term, names map[etf.Pid]string) etf.Term {
	switch t := t.(type) {
	case etf.Pid:
		return etf.Atom(names[t])
	case etf.Tuple:
		if len(t) == 2 {
			if stack, ok := t[1].(etf.List); ok && len(stack) > 0 {
				if entry, ok := stack[0].(etf.Tuple); ok && len(entry) == 4 {
					return etf.Tuple{t[0], etf.Atom("stack")}
				}
			}
		}
		out := make(etf.Tuple, len(t))
		for i := range t {
			out[i] = named(t[i], names)
		}
		return out
	case etf.List:
		out := make(etf.List, len(t))
		for i := range t {
			out[i] = named(t[i], names)
		}
		return out
	}
	return t
}

// get asks a server of the Go node.
func (lab *upgradeLab) get(name etf.Atom) string {
	lab.t.Helper()
	ctx, cancel := context.WithTimeout(lab.t.Context(), time.Minute)
	defer cancel()
	answer, err := lab.n.Call(ctx, name, etf.Atom("get"))
	require.NoError(lab.t, err)
	return etf.Format(answer)
}

const (
	demoUp = `[{load_object_code,{demo,"2",[demo_srv,demo_sup]}}, point_of_no_return,
		{suspend,[SUSPEND]}, {load,{demo_srv,brutal_purge,brutal_purge}}, {code_change,up,[{demo_srv,EXTRA}]}, {resume,[demo_srv]},
		{suspend,[demo_sup]}, {load,{demo_sup,brutal_purge,brutal_purge}}, {code_change,up,[{demo_sup,[]}]}, {resume,[demo_sup]}]`
	demoDown = `[{load_object_code,{demo,"1",[demo_srv,demo_sup]}}, point_of_no_return,
		{suspend,[SUSPEND]}, {code_change,down,[{demo_srv,EXTRA}]}, {load,{demo_srv,brutal_purge,brutal_purge}}, {resume,[demo_srv]},
		{suspend,[demo_sup]}, {load,{demo_sup,brutal_purge,brutal_purge}}, {code_change,down,[{demo_sup,[]}]}, {resume,[demo_sup]}]`
)

func demoScript(script, extra string) string {
	return strings.NewReplacer("SUSPEND", "demo_srv", "EXTRA", extra).Replace(script)
}

// Up and down: every server gets the same messages with the same contents as one of OTP, in the same order, whether
// it goes on where the script says so or later.
func TestServersSeeTheMessagesOfARealUpgrade(t *testing.T) {
	lab := newUpgradeLab(t)
	for _, way := range []struct{ vsn, script string }{{"2", demoUp}, {"1", demoDown}} {
		wantResult, want := lab.otp(way.vsn, demoScript(way.script, "{extra,x}"), "[]")
		require.Equal(t, "{ok,[]}", wantResult)
		require.Len(t, want, 4)
		result, servers := lab.gonode(way.vsn, demoScript(way.script, "{extra,x}"), codechange.Options{})
		require.Equal(t, wantResult, result)
		require.Equal(t, want, servers)
		require.Equal(t, fmt.Sprintf("{%s,srv_a,0}", way.vsn), lab.get("srv_a"))
	}
	_, want := lab.otp("2", demoScript(demoUp, "x"), "[]")
	_, servers := lab.gonode("2", demoScript(demoUp, "x"), codechange.Options{Resume: codechange.ResumeInPlace})
	require.Equal(t, want, servers)
}

// A code change that fails: the caller gets the term of OTP. There the servers stay suspended, here they go on as
// they were.
func TestAFailedUpgradeTellsWhatOTPTellsAndGoesBack(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ extra, options, result string }{
		{"{error,srv_b,nope}", "[]", `{'EXIT',{code_change_failed,srv_b,demo_srv,"1",{error,nope}}}`},
		{"{crash,srv_b,boom}", "[]", `{'EXIT',{code_change_failed,srv_b,demo_srv,"1",{'EXIT',{boom,stack}}}}`},
		{"{exit,srv_b,bye}", "[]", `{'EXIT',{code_change_failed,srv_b,demo_srv,"1",{'EXIT',bye}}}`},
		{"{hang,srv_b,3000}", "[{code_change_timeout,1000}]",
			`{'EXIT',{'EXIT',{timeout,{sys,change_code,[srv_b,demo_srv,"1",{hang,srv_b,3000},1000]}}}}`},
	} {
		t.Run(test.extra, func(t *testing.T) {
			lab := newUpgradeLab(t)
			script := demoScript(demoUp, test.extra)
			otpResult, otp := lab.otp("2", script, test.options)
			require.Equal(t, test.result, otpResult)
			var o codechange.Options
			if test.options != "[]" {
				o.CodeChangeTimeout = time.Second
			}
			result, servers := lab.gonode("2", script, o)
			require.Equal(t, test.result, result)
			change := fmt.Sprintf(`{change_code,demo_srv,"1",%s}`, test.extra)
			// The last one that was started comes first, in both; srv_a has not been changed when srv_b fails.
			require.Equal(t, map[string][]string{"srv_a": {"suspend"}, "srv_b": {"suspend", change},
				"srv_c": {"suspend", change}}, otp)
			require.Equal(t, []string{"suspend", "resume"}, servers["srv_a"])
			require.Equal(t, []string{"suspend", change, "resume"}, servers["srv_c"])
			for _, name := range []etf.Atom{"srv_a", "srv_b", "srv_c"} {
				require.Equal(t, fmt.Sprintf("{1,%s,0}", name), lab.get(name))
			}
		})
	}
}

// A busy server: OTP leaves it with its old state to the new code, and tells nobody.
func TestABusyServerIsNotForgotten(t *testing.T) {
	t.Parallel()
	lab := newUpgradeLab(t)
	script := strings.NewReplacer("SUSPEND", "{demo_srv,1000}", "EXTRA", "x").Replace(demoUp)
	lab.erl.Eval(t, "gen_server:cast(srv_b, {hold,3000}).")
	result, otp := lab.otp("2", script, "[]")
	require.Equal(t, "{ok,[]}", result)
	require.Equal(t, []string{"suspend", "resume"}, otp["srv_b"])
	require.Equal(t, "{1,srv_b,0}", lab.erl.Eval(t, "gen_server:call(srv_b, get, infinity)."),
		"new code with an old state")

	busy := func() {
		require.NoError(t, lab.n.Cast(t.Context(), etf.Atom("srv_b"), etf.Tuple{etf.Atom("hold"), etf.Int(3000)}))
	}
	busy()
	result, servers := lab.gonode("2", script, codechange.Options{})
	require.Equal(t, "{'EXIT',{suspend_failed,[{srv_b,demo_srv}],timeout}}", result)
	require.Equal(t, []string{"suspend", "resume"}, servers["srv_a"])
	require.Empty(t, servers["srv_b"])
	require.Equal(t, "{1,srv_b,0}", lab.get("srv_b"))

	busy()
	result, servers = lab.gonode("2", script, codechange.Options{Busy: codechange.BusyWait})
	require.Equal(t, "{ok,[]}", result)
	require.Equal(t, []string{"suspend", `{change_code,demo_srv,"1",x}`, "resume"}, servers["srv_b"])
	require.Equal(t, "{2,srv_b,0}", lab.get("srv_b"))
}
