package erlang

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/gonodetest/beam"
)

func TestSysLooksIntoAServer(t *testing.T) {
	n := startSamples(t)
	e := beam.StartErl(t)
	counter := at(n, "{counter,'gonode@host'}")
	require.Equal(t, "7", e.Eval(t, "gen_server:call("+counter+", {set,7})"))
	require.Equal(t, "7", e.Eval(t, "sys:get_state("+counter+")"))
	require.Equal(t, "ok", e.Eval(t, "sys:suspend("+counter+")"))
	require.Contains(t, e.Eval(t, "sys:get_status("+counter+")"), "suspended")
	e.Eval(t, "gen_server:cast("+counter+", {add,1})")
	require.Equal(t, "timeout", e.Eval(t, "try gen_server:call("+counter+", get, 50) catch exit:{W,_} -> W end"))
	require.Equal(t, "ok", e.Eval(t, "sys:resume("+counter+")"))
	require.Equal(t, "8", e.Eval(t, "gen_server:call("+counter+", get)"))
	require.Equal(t, "ok", e.Eval(t, "gen_server:stop("+counter+")"))
	require.Equal(t, "exit", e.Raises(t, "gen_server:call("+counter+", get)").Class)
}
