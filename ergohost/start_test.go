package ergohost_test

import (
	"context"
	"testing"
	"time"

	"ergo.services/ergo/act"
	"ergo.services/ergo/gen"
	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/ergohost"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/node"
)

func TestANodeOfErgoRunsNothingUnasked(t *testing.T) {
	p := joinAlone(t)
	require.Empty(t, p.ergo.Applications())
	info, err := p.ergo.Info()
	require.NoError(t, err)
	require.Zero(t, info.ProcessesTotal)
}

// joinAlone joins two nodes that other nodes cannot reach.
func joinAlone(t *testing.T) *pair {
	t.Helper()
	ctx := context.Background()
	p := &pair{logs: &logs{}}
	var options gen.NodeOptions
	options.Network.Mode = gen.NetworkModeDisabled
	options.Log.DefaultLogger.Disable = true
	options.Log.Loggers = []gen.Logger{{Name: "test", Logger: p.logs}}
	var err error
	p.ergo, err = ergohost.StartErgo("guest@localhost", options)
	require.NoError(t, err)
	t.Cleanup(p.ergo.Stop)
	p.node, err = node.Start(ctx, node.Config{Name: "alone", Cookie: "secret", NoListen: true})
	require.NoError(t, err)
	p.host, err = ergohost.Join(ctx, p.ergo, p.node, ergohost.Options{})
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, p.host.Close(ctx))
		require.NoError(t, p.node.Stop(ctx))
	})
	return p
}

func TestANameThatIsTakenIsRefused(t *testing.T) {
	p := joinAlone(t)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	one := p.spawn(t, "one", gen.ProcessOptions{})
	two, err := p.ergo.Spawn(newActor, gen.ProcessOptions{})
	require.NoError(t, err)
	var taken *genserv.AlreadyStarted
	_, err = p.host.Expose(ctx, "one", two)
	require.ErrorAs(t, err, &taken)
	got, ok := p.host.Pid(one)
	require.True(t, ok)
	require.Equal(t, taken.Pid, got)
	_, ok = p.host.Pid(two)
	require.False(t, ok)

	pid, err := p.host.Expose(ctx, "two", two)
	require.NoError(t, err)
	reply, err := p.node.Call(ctx, pid, etf.Atom("ping"))
	require.NoError(t, err)
	require.Equal(t, etf.Term(etf.Atom("pong")), reply)
	_, err = p.host.Expose(ctx, "three", gen.PID{Node: "guest@localhost", ID: 1 << 40})
	require.ErrorIs(t, err, gen.ErrProcessUnknown)
}

func TestAnActorCannotBeExposedInItsInitWithoutTheFactory(t *testing.T) {
	p := joinAlone(t)
	_, err := p.ergo.Spawn(func() gen.ProcessBehavior { return &hasty{host: p.host} }, gen.ProcessOptions{})
	require.ErrorIs(t, err, gen.ErrNotAllowed)
}

type hasty struct {
	act.Actor
	host *ergohost.Host
}

func (h *hasty) Init(...any) error {
	_, err := h.host.Expose(context.Background(), "hasty", h.PID())
	return err
}

func TestActorsOutliveTheBridge(t *testing.T) {
	p := joinAlone(t)
	ctx := context.Background()
	pid := p.spawn(t, "one", gen.ProcessOptions{})
	out, err := p.ergo.Spawn(p.host.Remote("one", gen.Atom(p.node.Name())), gen.ProcessOptions{})
	require.NoError(t, err)
	got, err := p.ergo.Call(out, etf.Atom("ping"))
	require.NoError(t, err)
	require.Equal(t, etf.Atom("pong"), got, "one actor calls another by way of the cluster")
	require.NoError(t, p.host.Close(ctx))
	_, err = p.node.Call(ctx, etf.Atom("one"), etf.Atom("ping"))
	require.ErrorIs(t, err, genserv.ErrNoProc)
	eventually(t, func() bool { _, err := p.ergo.ProcessState(out); return err != nil })
	got, err = p.ergo.Call(pid, etf.Atom("ping"))
	require.NoError(t, err)
	require.Equal(t, etf.Atom("pong"), got)
	require.NoError(t, p.host.Close(ctx), "once more")
}
