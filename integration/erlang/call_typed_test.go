package erlang

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/codechange"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/examples/stock"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/genserv/typed"
	"github.com/gonode-otp/gonode/gonodetest/beam"
	"github.com/gonode-otp/gonode/node"
)

// stockScript changes the code of the stock to a version.
func stockScript(t *testing.T, vsn, steps string) codechange.Script {
	t.Helper()
	list, err := etf.Parse(`[{load_object_code,{stock,"` + vsn + `",[stock]}},point_of_no_return,{suspend,[stock]},` +
		steps + `,{resume,[stock]}]`)
	require.NoError(t, err)
	return codechange.Script{Instructions: list.(etf.List), Libs: []codechange.Lib{{App: "stock", Vsn: vsn}}}
}

func TestATypedServerIsCalledByErlangAndElixirAndChangesItsCode(t *testing.T) {
	t.Parallel()
	versions, err := stock.Versions()
	require.NoError(t, err)
	require.NoError(t, versions.CodeServer().Boot([]codechange.AppVsn{{App: "stock", Vsn: "1"}}))
	cfg := config(t)
	cfg.Upgrade = &node.Upgrade{Versions: versions, Root: t.TempDir(), Name: "rel", Vsn: "1"}
	n := start(t, cfg)
	pid := spawn(t, n, "stock", genserv.Of(stock.NewV1()))
	erl, elixir := beam.StartErl(t), beam.StartElixir(t)
	erlang := func(want, request string) {
		t.Helper()
		require.Equal(t, want, erl.Eval(t, at(n, "gen_server:call({stock,'gonode@host'}, "+request+").")), request)
	}
	iex := func(want, request string) {
		t.Helper()
		require.Equal(t, want, elixir.Eval(t, at(n, `GenServer.call({:stock, :"gonode@host"}, `+request+")")), request)
	}
	erlang("5", `{put, <<"tea">>, 5}`)
	iex("3", `{:take, "tea", 2}`)
	iex("{:error, {:only, 3}}", `{:take, "tea", 4}`)
	erlang("0", `{find, "milk"}`)
	erlang("{error,unknown_request}", `{find, tea, now}`)
	erlang(`{error,{bad_argument,<<"etf: unmarshal .N many into int: want an integer">>}}`, `{put, tea, many}`)

	_, err = n.ReleaseHandler().Eval(t.Context(), stockScript(t, "2",
		`{load,{stock,brutal_purge,brutal_purge}},{code_change,up,[{stock,[]}]}`), codechange.Options{})
	require.NoError(t, err)
	require.Equal(t, "true", elixir.Eval(t, at(n, `item = GenServer.call({:stock, :"gonode@host"}, {:find, "tea"})
		%{__struct__: Stock.Item, name: "tea", count: 3, since: %DateTime{} = since} = item
		DateTime.diff(DateTime.utc_now(), since) in 0..60`)))
	erlang("{error,not_found}", `{find, "milk"}`)
	item, err := typed.Call[stock.Item](t.Context(), n, pid, typed.Request("find", "tea"))
	require.NoError(t, err)
	require.Equal(t, 3, item.Count)

	_, err = n.ReleaseHandler().Eval(t.Context(), stockScript(t, "1",
		`{code_change,down,[{stock,[]}]},{load,{stock,brutal_purge,brutal_purge}}`), codechange.Options{})
	require.NoError(t, err)
	erlang("3", `{find, "tea"}`)
	require.Equal(t, "3", erl.Eval(t, at(n, `maps:get(<<"tea">>, sys:get_state({stock,'gonode@host'})).`)))
}
