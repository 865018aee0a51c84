package erlang

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A server is upgraded by hand from a shell, as people do with servers of OTP: suspend, load, change, resume.
func TestAServerIsUpgradedByHand(t *testing.T) {
	n, _ := startUpgradable(t)
	o := startOperator(t, n)
	do := func(text string) string { t.Helper(); return o.erl.Eval(t, at(n, text+".")) }
	change := func(vsn string) string {
		t.Helper()
		return do(`sys:change_code({counter,'gonode@host'}, counter, ` + vsn + `, [])`)
	}
	load := func(vsn string) string {
		t.Helper()
		return do(`rpc:call('gonode@host', code, load_abs, ["lib/counter-` + vsn + `/ebin/counter"])`)
	}
	require.Equal(t, "5", o.call("{add,5}"))
	require.Contains(t, change(`"1"`), "unknown_system_msg", "as of a server of OTP that is not suspended")

	require.Equal(t, "ok", do(`sys:suspend({counter,'gonode@host'})`))
	do(`put(waiting, gen_server:send_request({counter,'gonode@host'}, {add,1}))`)
	require.Equal(t, "{module,counter}", load("2"))
	require.Equal(t, "5", do(`sys:get_state({counter,'gonode@host'})`), "the old state still")
	require.Equal(t, "ok", change(`"1"`))
	require.Equal(t, "ok", do(`sys:resume({counter,'gonode@host'})`))
	require.Equal(t, "true", do(`gen_server:wait_response(get(waiting), infinity) =:= {reply,#{adds => 1,n => 6}}`),
		"what has waited meets the new code")

	// A change that fails leaves the old state. The old code is loaded again by hand, too.
	require.True(t, o.answers("{add,2000}", "#{adds => 2,n => 2006}"))
	require.Equal(t, "ok", do(`sys:suspend({counter,'gonode@host'})`))
	require.Equal(t, "{module,counter}", load("3"))
	require.Equal(t, "{error,{error,{too_large,2006}}}", change(`"2"`))
	require.Equal(t, "{module,counter}", load("2"))
	require.Equal(t, "ok", do(`sys:resume({counter,'gonode@host'})`))
	require.True(t, o.answers("{add,1}", "#{adds => 3,n => 2007}"), "version 3 counts to 1000 only")

	// And back.
	require.Equal(t, "ok", do(`sys:suspend({counter,'gonode@host'})`))
	require.Equal(t, "ok", change(`{down,"1"}`))
	require.Equal(t, "{module,counter}", load("1"))
	require.Equal(t, "ok", do(`sys:resume({counter,'gonode@host'})`))
	require.Equal(t, "2007", o.call("get"))
}
