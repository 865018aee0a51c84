package depo_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/examples/depo"
	"github.com/gonode-otp/gonode/genserv"
)

// No term of a peer ends the server: it answers every call, and lives on.
func FuzzRequests(f *testing.F) {
	for _, text := range []string{`'begin'`, `{'begin', 5}`, `commit`, `rollback`, `stats`,
		`{write, <<"CREATE TABLE t (n)">>}`,
		`{read, {single, <<"SELECT ?1">>}, [1]}`, `{read, {values, <<"SELECT 1">>}, 1.5}`, `{teach, [{a, <<"SELECT 1">>}]}`,
		`{stream, 1, a}`, `{'DOWN', 1, process, 2, 3}`, `{'$depo_fetch', 1}`, `{'$depo_expire', 0}`, `{read, "SELECT 1"}`,
		`{write, <<"PRAGMA journal_mode = OFF">>}`, `{write, <<"INSERT OR ROLLBACK INTO t VALUES (1)">>, {blob, <<1>>}}`} {
		term, err := etf.Parse(text)
		require.NoError(f, err)
		b, err := etf.Append(nil, term)
		require.NoError(f, err)
		f.Add(b)
	}
	n := start(f, nodeless, memory)
	db := genserv.Of(depo.V2{V1: depo.V1{Names: depo.NewNames(10)}})
	f.Fuzz(func(t *testing.T, b []byte) {
		term, err := etf.Decode(b)
		if err != nil {
			return
		}
		pid, err := n.Spawn(t.Context(), genserv.Child{Module: db, Args: memory})
		require.NoError(t, err)
		require.NoError(t, n.Cast(t.Context(), pid, term))
		if verb, _ := etf.Verb(term); verb != "EXIT" && verb != "system" { // which may end any server
			require.NoError(t, n.Send(t.Context(), pid, term))
		}
		_, err = n.Call(t.Context(), pid, term)
		require.NoError(t, err)
		_, err = n.Call(t.Context(), pid, etf.Atom("stats"))
		require.NoError(t, err)
		require.NoError(t, n.Terminate(t.Context(), pid, nil))
	})
}
