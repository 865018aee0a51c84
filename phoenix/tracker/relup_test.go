package tracker_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/codechange"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/node"
	"github.com/gonode-otp/gonode/phoenix/pubsub"
	"github.com/gonode-otp/gonode/phoenix/tracker"
)

// refusing is a version of the shards whose code change answers {error, too_new}.
type refusing struct{}

func (refusing) ModuleName() etf.Atom                                    { return tracker.ShardModule }
func (refusing) Init(*genserv.Process, etf.Term) genserv.InitResult[int] { return genserv.Ok(0) }
func (refusing) HandleCall(_ *genserv.Process, _ etf.Term, _ genserv.From, st int) genserv.Result[int] {
	return genserv.NoReply(st)
}
func (refusing) CodeChange(etf.Term, any, etf.Term) (int, error) {
	return 0, &genserv.Exit{Reason: etf.Atom("too_new")}
}

// writePresenceRelease writes the files of the release vsn, which is reached from "1" and left to "1".
func writePresenceRelease(t *testing.T, root, vsn string) {
	t.Helper()
	steps := func(mode, to string) string {
		return strings.NewReplacer("MOD", "'"+string(tracker.ShardModule)+"'", "UPDOWN", mode, "VSN", to).Replace(
			`[{load_object_code,{presence,"VSN",[MOD]}},point_of_no_return,{suspend,[MOD]},
			{load,{MOD,brutal_purge,brutal_purge}},{code_change,UPDOWN,[{MOD,[]}]},{resume,[MOD]}]`)
	}
	up, down := steps("up", vsn), steps("down", "1")
	for name, text := range map[string]string{
		"lib/presence-" + vsn + "/ebin/presence.app": fmt.Sprintf(
			`{application, presence, [{description, ""}, {vsn, %q}, {modules, ['%s']}, {registered, []},
			{applications, [kernel, stdlib]}]}.`, vsn, string(tracker.ShardModule)),
		"releases/" + vsn + "/rel.rel": fmt.Sprintf(`{release,{"rel",%q},{erts,"13.1.5"},[{presence,%[1]q}]}.`, vsn),
		"releases/" + vsn + "/relup":   fmt.Sprintf(`{%q,[{"1","",%s}],[{"1","",%s}]}.`, vsn, up, down),
	} {
		file := filepath.Join(root, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o700))
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	}
}

func TestARelupOfRunningShardsUpDownAndRolledBackIsSeenByNobody(t *testing.T) {
	b := startPhoenix(t)
	root := t.TempDir()
	code := tracker.NewCode()
	var applications []codechange.Application
	var teller atomic.Value // the version that told last
	for _, vsn := range []string{"1", "2", "3"} {
		module := code.Version(func(*genserv.Process, tracker.Diff) { teller.Store(vsn) })
		if vsn == "3" {
			module = genserv.Of(refusing{})
		}
		applications = append(applications, codechange.Application{Name: "presence", Vsn: vsn,
			Modules: []*codechange.Module{{Vsn: vsn, Code: module}}})
		writePresenceRelease(t, root, vsn)
	}
	require.NoError(t, os.WriteFile(filepath.Join(root, "releases", "RELEASES"), []byte(
		`[{release,"rel","1","13.1.5",[{presence,"1","lib/presence-1"}],permanent}].`), 0o600))
	versions, err := codechange.NewVersions(applications[1], applications[2], applications[0]) // the last is current
	require.NoError(t, err)
	_, host, _ := strings.Cut(b.Name(), "@")
	nd, err := node.Start(t.Context(), node.Config{Name: "relup@" + host, EPMDPort: uint16(b.EPMDPort()),
		Listen: "0.0.0.0", Cookie: b.Cookie(), Upgrade: &node.Upgrade{Versions: versions, Root: root}})
	require.NoError(t, err)
	t.Cleanup(func() { _ = nd.Stop(context.Background()) })
	ps, err := pubsub.Start(t.Context(), nd, demoPubSub, pubsub.Options{PoolSize: pool})
	require.NoError(t, err)
	opts := fast
	opts.Code = code
	g := &goNode{Node: nd}
	g.Tracker, err = tracker.Start(t.Context(), nd, demoPresence, ps, opts)
	require.NoError(t, err)
	require.NoError(t, nd.Connect(t.Context(), etf.Atom(b.Name())))

	joins := 0
	join := func() {
		joins++
		_, err := g.Track(t.Context(), g.spawn(t), "lobby", etf.Binary(fmt.Sprint("k", joins)), n(joins))
		require.NoError(t, err)
		eventually(t, func() bool { return len(strings.Fields(keys(t, b, "lobby"))) == joins })
	}
	release := func(function, args string) string {
		return b.Eval(t, fmt.Sprintf(`:rpc.call(:%q, :release_handler, :%s, [%s])`, string(nd.Name()), function, args))
	}
	for range 20 {
		join()
	}
	for _, vsn := range []string{"2", "3"} {
		require.Contains(t, release("set_unpacked", "'releases/"+vsn+"/rel.rel', []"), ":ok")
	}
	require.Contains(t, release("install_release", "'2'"), "{:ok, ")
	join()
	require.Equal(t, "2", teller.Load())
	require.Contains(t, release("install_release", "'1'"), "{:ok, ")
	join()
	require.Equal(t, "1", teller.Load())
	refused := release("install_release", "'3'")
	require.Contains(t, refused, "too_new")
	require.Contains(t, refused, ":error")
	join()
	require.Equal(t, "1", teller.Load())
	require.Equal(t, fmt.Sprintf("{%d, 0}", joins), b.Eval(t,
		`{:ets.lookup_element(:demo_diffs, {"lobby", :joins}, 2), :ets.lookup_element(:demo_diffs, {"lobby", :leaves}, 2)}`))
}
