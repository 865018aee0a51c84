package erlang

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
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

// besideLab has the same done to a real node and to a Go node, the latter new for each case.
type besideLab struct {
	t      *testing.T
	erl    *beam.Node
	dir    string
	config node.Config
	n      *node.Node
	report *codechange.Report // of the last script

	inside chan struct{} // a callback that blocks has begun
	free   chan struct{} // closed when those that block may go on
	peeked string        // a state that a code change has asked for

	opened, closed atomic.Int64 // handles

	mu        sync.Mutex
	suspended map[etf.Atom]chan struct{} // closed when a server has been suspended
	names     map[etf.Pid]string
}

// startBeside starts the real node.
func startBeside(t *testing.T) *besideLab {
	t.Helper()
	lab := &besideLab{t: t, erl: beam.StartErl(t), dir: t.TempDir(), config: config(t)}
	require.NoError(t, os.CopyFS(lab.dir, os.DirFS("testdata/twin")))
	source, err := os.ReadFile("testdata/twin/twin_lab.erl")
	require.NoError(t, err)
	lab.erl.Compile(t, "twin_lab", string(source))
	lab.erl.Eval(t, "twin_lab:build("+lab.path()+").")
	lab.erl.Eval(t, "ok = application:ensure_started(sasl), logger:set_primary_config(level, none), twin_lab:relay().")
	return lab
}

func (lab *besideLab) path() string { return etf.Format(etf.Charlist(lab.dir)) }

// begin starts the application afresh on both nodes.
func (lab *besideLab) begin(t *testing.T, kind node.AppType) {
	t.Helper()
	lab.t, lab.report, lab.peeked = t, nil, ""
	lab.inside, lab.free = make(chan struct{}, 1), make(chan struct{})
	lab.suspended, lab.names = map[etf.Atom]chan struct{}{}, map[etf.Pid]string{}
	lab.opened.Store(0)
	lab.closed.Store(0)
	lab.erl.Eval(t, "twin_lab:reset("+lab.path()+", "+string(kind)+").")
	servers := []etf.Atom{"ta", "tb", "tc", "td"}
	apps := []codechange.Application{{Name: "twin", Vsn: "1"}, {Name: "twin", Vsn: "2"}}
	for _, name := range servers {
		lab.suspended[name] = make(chan struct{})
		s := twinSrv{lab, name}
		apps[0].Modules = append(apps[0].Modules, &codechange.Module{Vsn: "1", Code: genserv.Of(twinSrv1{s})})
		apps[1].Modules = append(apps[1].Modules, &codechange.Module{Vsn: "2", Code: genserv.Of(twinSrv2{s})})
	}
	for i := range apps {
		apps[i].Modules = append(apps[i].Modules,
			&codechange.Module{Vsn: apps[i].Vsn, Code: supervisor.Of(twinSup{lab, i + 1})})
	}
	versions, err := codechange.NewVersions(apps...)
	require.NoError(t, err)
	require.NoError(t, versions.CodeServer().Boot([]codechange.AppVsn{{App: "twin", Vsn: "1"}}))
	cfg := lab.config
	cfg.Upgrade = &node.Upgrade{Versions: versions, Root: t.TempDir(), Name: "rel", Vsn: "1"}
	lab.n = start(t, cfg)
	t.Cleanup(func() { close(lab.free) })
	lab.export()
	require.NoError(t, lab.n.Applications().Start(t.Context(), node.App{Name: "twin", Vsn: "1", Type: kind,
		Start: genserv.Child{Name: "twin_sup", Module: supervisor.Of(twinSup{lab, 1})}}))
	require.NoError(t, supervisor.TerminateChild(t.Context(), lab.n, etf.Atom("twin_sup"), etf.Atom("tn")))
	for _, name := range append(servers, "twin_sup") {
		pid, err := lab.n.Call(t.Context(), etf.Atom("rex"), etf.Tuple{etf.Atom("call"), etf.Atom("erlang"),
			etf.Atom("whereis"), etf.List{name}, etf.Atom("user")})
		require.NoError(t, err)
		lab.names[pid.(etf.Pid)] = string(name)
		if name != "twin_sup" {
			_, err = lab.n.Call(t.Context(), name, etf.Atom("add"))
			require.NoError(t, err)
		}
	}
}

// export exports what scripts apply, see twin_lab.erl.
func (lab *besideLab) export() {
	n := lab.n
	n.Export("twin_lab", "fail", 0, func(context.Context, etf.List) (etf.Term, error) {
		return nil, &genserv.Failure{Class: "error", Reason: etf.Atom("boom"),
			Stack: etf.List{etf.Tuple{etf.Atom("twin_lab"), etf.Atom("fail"), etf.Int(0), etf.List{}}}}
	})
	n.Export("twin_lab", "ok", 0, func(context.Context, etf.List) (etf.Term, error) { return etf.Atom("ok"), nil })
	n.Export("twin_lab", "hang", 0, func(ctx context.Context, _ etf.List) (etf.Term, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	})
	n.Export("twin_lab", "late_start", 0, func(ctx context.Context, _ etf.List) (etf.Term, error) {
		_, err := supervisor.RestartChild(ctx, n, etf.Atom("twin_sup"), etf.Atom("tn"))
		return etf.Atom("ok"), err
	})
}

// awaitSuspended waits in a callback until a server has been suspended.
func (lab *besideLab) awaitSuspended(name etf.Atom) {
	lab.mu.Lock()
	c := lab.suspended[name]
	lab.mu.Unlock()
	lab.inside <- struct{}{}
	<-c
}

// peek asks for the state of a server from another node.
func (lab *besideLab) peek(name etf.Atom) string {
	return lab.erl.NewSession().Eval(lab.t, at(lab.n, fmt.Sprintf("sys:get_state({%s,'gonode@host'}).", name)))
}

// otp has the release handler of the real node execute a script.
func (lab *besideLab) otp(script, options string) string {
	lab.t.Helper()
	return lab.erl.Eval(lab.t, fmt.Sprintf("twin_lab:eval(%s, [%s], %s).", lab.path(), script, options))
}

// ours does the same on the Go node.
func (lab *besideLab) ours(script string, o codechange.Options) string {
	lab.t.Helper()
	instructions, err := etf.Parse("[" + script + "]")
	require.NoError(lab.t, err)
	o.Trace = func(e codechange.TraceEvent) {
		lab.mu.Lock()
		defer lab.mu.Unlock()
		if c := lab.suspended[etf.Atom(lab.names[e.Pid])]; c != nil && e.What == codechange.StepSuspend {
			close(c)
			delete(lab.suspended, etf.Atom(lab.names[e.Pid]))
		}
	}
	lab.report, err = lab.n.ReleaseHandler().Eval(lab.t.Context(), codechange.Script{Instructions: instructions.(etf.List),
		Libs: []codechange.Lib{{App: "twin", Vsn: "2", Dir: "lib/twin-2"}}}, o)
	outcome := etf.Term(etf.Tuple{etf.Atom("ok"), etf.List{}})
	if err != nil {
		var failed *codechange.Error
		require.True(lab.t, errors.As(err, &failed), "%v", err)
		outcome = named(failed.Term(), lab.names)
	}
	return lab.erl.Eval(lab.t, "twin_lab:short("+strings.ReplaceAll(etf.Format(outcome), "''", "pid")+").")
}

// enter makes a call of which the server has begun when it returns. The call is over when wait returns.
func (lab *besideLab) enter(to, request string) (wait func()) {
	lab.t.Helper()
	lab.erl.Eval(lab.t, fmt.Sprintf("put(entered, twin_lab:enter({%s, %s})).", to, request))
	lab.erl.Eval(lab.t, at(lab.n, fmt.Sprintf("put(entered_go, twin_lab:call({%s,'gonode@host'}, %s)).", to,
		lab.atGo(request))))
	<-lab.inside
	return func() {
		lab.t.Helper()
		lab.erl.Eval(lab.t, "twin_lab:over(get(entered)).")
		lab.erl.Eval(lab.t, "twin_lab:over(get(entered_go)).")
	}
}

// atGo has a request meet the process that passes calls on where that is, and come back from there.
func (lab *besideLab) atGo(request string) string {
	return strings.NewReplacer("{twin_relay,[{tb", "{{twin_relay,"+lab.erl.Atom()+
		"},[{{tb,'gonode@host'}").Replace(request)
}

// looks tells what became of servers on both nodes: {Version of the code, version of the state, number of calls}.
func (lab *besideLab) looks(names ...string) (otp, our string) {
	lab.t.Helper()
	look := func(node string) string {
		var all []string
		for _, name := range names {
			all = append(all, name+" "+lab.erl.Eval(lab.t, fmt.Sprintf("twin_lab:look(%s, %s).", node, name)))
		}
		return strings.Join(all, ", ")
	}
	return look("node()"), look(etf.Format(lab.n.Name()))
}

// told says what the report of the Go node tells of a script that failed.
func (lab *besideLab) told() string {
	switch {
	case !lab.report.Undone:
		return ""
	case lab.report.FullyUndone():
		return "; report: as it was"
	case len(lab.report.NotUndone) > 0:
		return "; report: not undone: " + lab.report.NotUndone[0]
	case len(lab.report.Left) > 0:
		return "; report: left " + lab.report.Left[0]
	}
	return "; report: not as it was"
}

// spareTime is a limit that no server of the Go node needs, whatever else the machine does.
const spareTime = time.Minute
