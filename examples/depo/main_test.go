package depo_test

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/examples/depo"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/gonodetest"
	"github.com/gonode-otp/gonode/gonodetest/beam"
	"github.com/gonode-otp/gonode/node"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start starts a node with the application, whose database is opened as what says.
func start(t testing.TB, cfg node.Config, what etf.Term) *node.Node {
	t.Helper()
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	cfg.Cookie = gonodetest.Cookie(t)
	n, err := node.Start(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, n.Stop(context.Background())) })
	db := genserv.Of(depo.V2{V1: depo.V1{Names: depo.NewNames(100)}})
	require.NoError(t, n.Applications().Start(t.Context(), depo.App(db, what)))
	return n
}

const memory = etf.Atom("memory")

// nodeless is a node for Go callers alone.
var nodeless = node.Config{Name: "db@localhost", NoListen: true}

// nodeConfig is a node that real nodes can call.
func nodeConfig(t testing.TB) node.Config {
	return node.Config{Name: "db", EPMD: node.EPMDExternal, EPMDPort: uint16(beam.PrivateEPMD(t).Port())}
}

// live starts a node with a database in memory, and an Elixir node on which Depo is connected with it. Its variable db
// is that database.
func live(t testing.TB) (*node.Node, *beam.Node) {
	t.Helper()
	n := start(t, nodeConfig(t), memory)
	x := beam.StartElixir(t)
	load(t, x, string(n.Name()))
	return n, x
}

func load(t testing.TB, x *beam.Node, name string) {
	t.Helper()
	path, err := filepath.Abs("lib/depo.ex")
	require.NoError(t, err)
	x.Eval(t, fmt.Sprintf("Code.compile_file(%q); :ok", path))
	require.Equal(t, ":ok", x.Eval(t, fmt.Sprintf("Depo.connect(:%q)", name)))
	x.Eval(t, fmt.Sprintf("db = {Depo.DB, :%q}", name))
}

// same evaluates expressions of Elixir, one after another, and compares what they return.
func same(t testing.TB, x *beam.Session, pairs ...string) {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		require.Equal(t, pairs[i+1], x.Eval(t, pairs[i]), pairs[i])
	}
}
