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

func TestAnUpgradeOfARunningShardIsSeenByNobody(t *testing.T) {
	b := startPhoenix(t)
	root := t.TempDir()
	code := tracker.NewCode()
	var told [3]atomic.Int32 // joins, by version of the code
	application := func(i int) codechange.Application {
		vsn := fmt.Sprint(i)
		ebin := filepath.Join(root, "lib", "presence-"+vsn, "ebin")
		require.NoError(t, os.MkdirAll(ebin, 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(ebin, "presence.app"), fmt.Appendf(nil,
			`{application, presence, [{vsn, %q}, {modules, ['%s']}]}.`, vsn, string(tracker.ShardModule)), 0o600))
		count := func(_ *genserv.Process, diff tracker.Diff) {
			for _, c := range diff {
				told[i].Add(int32(len(c.Joins)))
			}
		}
		return codechange.Application{Name: "presence", Vsn: vsn,
			Modules: []*codechange.Module{{Vsn: vsn, Code: code.Version(count)}}}
	}
	versions, err := codechange.NewVersions(application(2), application(1)) // 1 is current
	require.NoError(t, err)
	_, host, _ := strings.Cut(b.Name(), "@")
	nd, err := node.Start(t.Context(), node.Config{Name: "newer@" + host, EPMDPort: uint16(b.EPMDPort()),
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

	pid := g.spawn(t)
	_, err = g.Track(t.Context(), pid, "lobby", etf.Binary("go"), n(1))
	require.NoError(t, err)
	shows(t, b, "lobby", "go=1")
	require.Equal(t, int32(1), told[1].Load())

	shard := string(tracker.ShardOfTopic(demoPresence, "lobby", pool))
	b.Eval(t, fmt.Sprintf(`shard = {:%q, :%q}
		:ok = :sys.suspend(shard)
		{:module, _} = :rpc.call(:%[2]q, :code, :load_abs, ['lib/presence-2/ebin/%s'])
		:ok = :sys.change_code(shard, %[3]s, '1', [])
		:ok = :sys.resume(shard)`, shard, string(nd.Name()), string(tracker.ShardModule)))
	_, err = g.Track(t.Context(), pid, "lobby", etf.Binary("more"), n(2))
	require.NoError(t, err)
	shows(t, b, "lobby", "go=1 more=2")
	require.Equal(t, int32(1), told[1].Load())
	require.Equal(t, int32(1), told[2].Load(), "the new code is told")
	require.Equal(t, "{2, 0}", b.Eval(t,
		`{:ets.lookup_element(:demo_diffs, {"lobby", :joins}, 2), :ets.lookup_element(:demo_diffs, {"lobby", :leaves}, 2)}`))
	require.NoError(t, g.Terminate(t.Context(), pid, nil))
	shows(t, b, "lobby", "")
}
