package erlang

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/examples/counter"
	"github.com/gonode-otp/gonode/examples/echo"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/gonodetest"
	"github.com/gonode-otp/gonode/gonodetest/beam"
	"github.com/gonode-otp/gonode/node"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// config is that of a node in the EPMD and with the cookie of the test.
func config(t *testing.T) node.Config {
	t.Helper()
	cfg := node.Config{Name: "gonode", Cookie: gonodetest.Cookie(t), EPMD: node.EPMDExternal,
		EPMDPort: uint16(beam.PrivateEPMD(t).Port()), Logger: slog.New(slog.DiscardHandler)}
	if testing.Verbose() {
		cfg.Logger = slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	return cfg
}

// start starts a node that ends with the test.
func start(t *testing.T, cfg node.Config) *node.Node {
	t.Helper()
	n, err := node.Start(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(func() { stop(t, n) })
	return n
}

func stop(t *testing.T, n *node.Node) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	require.NoError(t, n.Stop(ctx))
}

// startSamples starts a node with the sample servers echo and counter.
func startSamples(t *testing.T) *node.Node {
	t.Helper()
	n := start(t, config(t))
	spawnSamples(t, n)
	return n
}

func spawnSamples(t *testing.T, n *node.Node) {
	t.Helper()
	spawn(t, n, "echo", genserv.Of(echo.Server{}))
	spawn(t, n, "counter", genserv.Of(counter.New()))
}

func spawn(t *testing.T, n *node.Node, name etf.Atom, m genserv.Module) etf.Pid {
	t.Helper()
	pid, err := n.Spawn(t.Context(), genserv.Child{Name: name, Module: m})
	require.NoError(t, err)
	return pid
}

// at replaces gonode@host in a transcript or an expression by the name of n, with the quotes it needs.
func at(n *node.Node, text string) string {
	return beam.RenameNode(text, "gonode@host", string(n.Name()))
}

func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}
