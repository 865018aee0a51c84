package main

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/gonodetest/beam"
)

// ends waits for the end of run and returns the exit code.
func (r *running) ends() int {
	r.t.Helper()
	select {
	case <-r.done:
	case <-time.After(time.Minute):
		r.t.Fatal("run does not end")
	}
	return r.code
}

func TestOperatorsStopANodeOfTheCommandOnlyIfItsFlagLetsThem(t *testing.T) {
	for flag, want := range map[string]string{"look": "{badrpc,{'EXIT',{{eperm", "none": "{badrpc,{'EXIT',{undef",
		"change": "ok"} {
		t.Run(flag, func(t *testing.T) {
			e := beam.StartErl(t)
			besides(t)
			r := startRun(t, "--operators", flag)
			got := e.Eval(t, fmt.Sprintf("rpc:call('gonode@%s', init, stop, []).", shortHost(t)))
			require.Contains(t, got, want)
			if want == "ok" {
				require.Equal(t, exitOK, r.ends())
				return
			}
			require.Equal(t, "pong", prints(t, "ping", "gonode"))
		})
	}
}

func TestTheLevelOfTheLogChangesAtRunTime(t *testing.T) {
	e := beam.StartErl(t)
	besides(t)
	r := startRun(t, "--operators", "change")
	node := fmt.Sprintf("'gonode@%s'", shortHost(t))
	require.Equal(t, "{warning,ok,info}", e.Eval(t, `L = fun() -> maps:get(level, rpc:call(`+node+
		`, logger, get_primary_config, [])) end, {L(), rpc:call(`+node+`, logger, set_primary_config, [level, info]), L()}.`))
	require.NotContains(t, r.err.String(), "msg=disconnected")
	e.Eval(t, "erlang:disconnect_node("+node+").")
	r.err.await(t, "msg=disconnected", r.done)
}
