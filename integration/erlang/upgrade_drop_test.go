package erlang

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/codechange"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/gonodetest/beam"
	"github.com/gonode-otp/gonode/node"
)

// A server whose change of code waits for the test, and then ends as the test says.
type (
	waits1 struct{}
	waits2 struct {
		inside  chan struct{}
		outcome chan error
	}
)

func (waits1) ModuleName() etf.Atom { return "waits" }
func (waits2) ModuleName() etf.Atom { return "waits" }

func (waits1) Init(*genserv.Process, etf.Term) genserv.InitResult[int] { return genserv.Ok(5) }

func (waits2) Init(*genserv.Process, etf.Term) genserv.InitResult[string] {
	return genserv.Ok("new")
}

func (waits1) HandleCall(_ *genserv.Process, _ etf.Term, _ genserv.From, n int) genserv.Result[int] {
	return genserv.Reply(etf.Tuple{etf.Int(1), etf.Int(n)}, n)
}

func (waits2) HandleCall(_ *genserv.Process, _ etf.Term, _ genserv.From, s string) genserv.Result[string] {
	return genserv.Reply(etf.Tuple{etf.Int(2), etf.Atom(s)}, s)
}

func (p waits2) CodeChange(etf.Term, any, etf.Term) (string, error) {
	p.inside <- struct{}{}
	return "changed", <-p.outcome
}

func startWaiting(t *testing.T) (*node.Node, waits2) {
	t.Helper()
	second := waits2{make(chan struct{}), make(chan error)}
	app := func(vsn string, code genserv.Module) codechange.Application {
		return codechange.Application{Name: "waits", Vsn: vsn, Modules: []*codechange.Module{{Vsn: vsn, Code: code}}}
	}
	versions, err := codechange.NewVersions(app("1", genserv.Of(waits1{})), app("2", genserv.Of(second)))
	require.NoError(t, err)
	require.NoError(t, versions.CodeServer().Boot([]codechange.AppVsn{{App: "waits", Vsn: "1"}}))
	root := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(root, "releases/2"), 0o755))
	for name, text := range map[string]string{
		"2/rel.rel": `{release,{"rel","2"},{erts,"13.1.5"},[{waits,"2"}]}.`,
		"2/relup": `{"2",[{"1","up",[{load_object_code,{waits,"2",[waits]}},point_of_no_return,{suspend,[waits]},
			{load,{waits,brutal_purge,brutal_purge}},{code_change,up,[{waits,[]}]},{resume,[waits]}]}],[]}.`,
	} {
		require.NoError(t, os.WriteFile(filepath.Join(root, "releases", name), []byte(text), 0o644))
	}
	cfg := config(t)
	cfg.Upgrade = &node.Upgrade{Versions: versions, Root: root, Vsn: "1",
		Options: codechange.Options{CodeChangeTimeout: genserv.Infinity}}
	n := start(t, cfg)
	spawn(t, n, "waits", genserv.Of(waits1{}))
	_, err = n.ReleaseHandler().SetUnpacked(t.Context(), "releases/2/rel.rel", nil)
	require.NoError(t, err)
	return n, second
}

// awaitDown waits until the node has lost the connection to another one.
func awaitDown(t *testing.T, n *node.Node, gone string, cut func()) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	events := n.SubscribeNodes(ctx)
	cut()
	for e := range events.All() {
		if e.Node == etf.Atom(gone) && !e.Up {
			return
		}
	}
	t.Fatalf("%s is still connected", gone)
}

// The one who asked for an upgrade dies in the middle of it: it goes on, or back, and the next one is told how it
// ended.
func TestAnUpgradeOutlivesTheOneWhoAskedForIt(t *testing.T) {
	for _, test := range []struct {
		name, ask      string
		outcome        error
		answer, server string
		status         string
	}{
		{"it goes on", `rpc:call('gonode@host', release_handler, install_release, ["2"])`, nil,
			`{"2",{ok,{"1","up"}},false,[changed]}`, `{2,changed}`, "current"},
		{"it goes back", `gen_server:call({release_handler,'gonode@host'}, {install_release,"2",restart,[]}, infinity)`,
			&genserv.Exit{Reason: etf.Atom("nope")}, `{"2",{error,nope},true,[failed]}`, `{1,5}`, "unpacked"},
	} {
		t.Run(test.name, func(t *testing.T) {
			n, second := startWaiting(t)
			first, other := beam.StartErl(t), beam.StartErl(t)
			first.Eval(t, at(n, `spawn(fun() -> `+test.ask+` end), ok.`))
			<-second.inside
			ask := func(text string) string { t.Helper(); return other.Eval(t, at(n, text)) }
			require.Equal(t, `{"2",running}`, ask(`{Vsn,Began,Now} = rpc:call('gonode@host', gonode, last_install, []),
				true = Began =< erlang:system_time(millisecond) + 60000, {Vsn,Now}.`))
			awaitDown(t, n, first.Name(), func() { first.Kill(t) })
			second.outcome <- test.outcome
			require.Equal(t, test.server, ask(`gen_server:call({waits,'gonode@host'}, get, infinity).`))
			require.Equal(t, `ok`, ask(`(fun F() -> case rpc:call('gonode@host', gonode, last_install, []) of {_,_,running} -> F(); R -> put(last, R), ok end end)().`))
			require.Equal(t, test.answer, ask(`{Vsn,_,{Word,What,Report}} = get(last),
				Short = case What of {code_change_failed,_,waits,"1",{error,R}} -> R; _ -> What end,
				{Vsn, {Word,Short}, maps:get(undone, Report), [maps:get(outcome, P) || P <- maps:get(processes, Report)]}.`))
			require.Equal(t, test.status, ask(`[S] = [S || {_,"2",_,S} <- rpc:call('gonode@host', release_handler, which_releases, [])], S.`))
		})
	}
}
