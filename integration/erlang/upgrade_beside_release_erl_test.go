package erlang

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
)

// Whoever comes second meets what the first one has left. In OTP both may succeed, or one may change the code of a
// server that the other has changed, for upgrade_app works in its caller and not in the release handler.
func TestTwoUpgradesOfOneApplicationAtOnceTakeTurns(t *testing.T) {
	w := startTwins(t)
	both := func(node, dir string) string {
		return w.erl.Eval(t, `(fun(Node) -> Keys = [rpc:async_call(Node, release_handler, upgrade_app, [demo, "`+dir+
			`/demo-2"]) || _ <- [1, 2]], lists:sort([rpc:yield(K) || K <- Keys]) end)(`+node+`).`)
	}
	const turns = `[{error,{version_not_in_appup,"2"}},{ok,[]}]`
	require.Regexp(t, `^\[(\{error,\{version_not_in_appup,"2"}}|\{ok,\[]}|\{badrpc,\{'EXIT',\{code_change_failed,.*),\{ok,\[]}]$`,
		both("node()", w.otp))
	require.Equal(t, turns, both(etf.Format(w.n.Name()), w.our))
	w.serves(2)
}
