package depo_test

import (
	"context"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/examples/depo"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/gonodetest"
	"github.com/gonode-otp/gonode/gonodetest/beam"
	"github.com/gonode-otp/gonode/node"
)

// The server goes to version 2 and back in the middle of a transaction and of a stream.
func TestACodeChangeKeepsConnectionStatementsAndTransaction(t *testing.T) {
	names := depo.NewNames(100)
	versions, err := depo.Versions(names)
	require.NoError(t, err)
	cfg := nodeConfig(t)
	cfg.Cookie, cfg.Logger = gonodetest.Cookie(t), slog.New(slog.DiscardHandler)
	cfg.Upgrade = &node.Upgrade{Versions: versions, Root: t.TempDir(), Name: "depo", Vsn: "1"}
	n, err := node.Start(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, n.Stop(context.Background())) })
	x := beam.StartElixir(t)
	load(t, x, string(n.Name()))
	// The newest version is the current one until another one is loaded.
	same(t, x.Session, `:rpc.call(elem(db, 1), :code, :load_abs, ['lib/depo-1/ebin/Elixir.Depo.DB'])`,
		"{:module, Depo.DB}")
	_, err = n.Spawn(t.Context(), genserv.Child{Name: depo.Module, Module: genserv.Of(depo.V1{Names: names}),
		Args: etf.Term(memory)})
	require.NoError(t, err)
	same(t, x.Session,
		`GenServer.call(db, :stats)`, "{:error, :unknown_request}",
		`Depo.write(db, "CREATE TABLE t (n)")
		 Depo.teach(db, add: "INSERT INTO t VALUES (?1)", all: "SELECT n FROM t ORDER BY n")`, ":ok",
		`change = fn from, to -> 
		   :ok = :sys.suspend(db)
		   load = fn -> {:module, _} = :rpc.call(elem(db, 1), :code, :load_abs, ['lib/depo-#{to}/ebin/Elixir.Depo.DB']) end
		   change = fn -> :ok = :sys.change_code(db, Depo.DB, from, []) end
		   if to == 2, do: (load.(); change.()), else: (change.(); load.())
		   :ok = :sys.resume(db)
		 end
		 s = GenServer.call(db, {:stream, self(), {:single, "SELECT 1 UNION ALL SELECT 2"}, [], 1})
		 receive do {^s, 1} -> :ok end`, ":ok",
		`Depo.transact(db, fn ->
		   Depo.write(db, :add, 1)
		   change.('1', 2)
		   Depo.transact(db, fn -> Depo.write(db, :add, 2) end)
		   %{requests: 3} = GenServer.call(db, :stats)
		   try do Depo.transact(db, fn -> Depo.write(db, :add, 3); change.({:down, '1'}, 1); raise "no" end) rescue _ -> :ok end
		   {:error, :unknown_request} = GenServer.call(db, :stats)
		   Depo.write(db, :add, 4)
		 end)`, ":ok",
		`send(s, {:more, 1}); receive do {^s, 2} -> :ok end`, ":ok",
		`Depo.read(db, {:values, :all})`, "[{1}, {2}, {4}]",
		`:sys.get_state(db)`, "%{cache: [:add, :all]}",
	)
}
