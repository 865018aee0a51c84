package erlang

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/codechange"
	"github.com/gonode-otp/gonode/gonodetest/beam"
	"github.com/gonode-otp/gonode/node"
)

// assaults are what anybody who may call a node can do to one of its processes, P being its pid, Name its name and G
// the node.
var assaults = []struct{ name, way string }{
	{"shutdown", `exit(P, shutdown)`},
	{"a link that ends", `{L, M} = spawn_monitor(fun() -> link(P), exit(boom) end),
		receive {'DOWN', M, _, L, boom} -> ok end`},
	{"a link that is cut", `L = spawn(fun() -> link(P), receive stop -> ok end end),
		(fun F() -> lists:member(L, element(2, rpc:call(G, erlang, process_info, [P, links]))) orelse F() end)(),
		erlang:disconnect_node(G), L ! stop`},
	{"an exit message", `P ! {'EXIT', self(), shutdown}`},
	{"a call without a caller", `[P ! {'$gen_call', F, R} || F <- [5, [], {}, {a,b,c}],
		R <- [{is_auth, node()}, {call, erlang, node, [], user}, {block_call, erlang, node, [], user},
			which_applications, which_releases, x]]`},
	{"a call by what is no process", `[P ! {'$gen_call', {F, make_ref()}, {is_auth, node()}} ||
		F <- [5, [], <<>>, nobody]]`},
}

// deadly assaults end the process itself, in OTP too.
var deadly = []struct{ name, way string }{
	{"kill", `exit(P, kill)`},
	{"a system message", `P ! {system, {self(), make_ref()}, {terminate, shutdown}}`},
	{"an exit message of the parent", `P ! {'EXIT', Parent, shutdown}`},
	{"a system message without a caller", `P ! {system, 5, get_state}`},
}

// assault attacks the process of n and waits until the node answers pings and calls again. It returns whether the
// process is the same as before.
func assault(t *testing.T, e *beam.Node, n *node.Node, name, way string) (same bool) {
	t.Helper()
	attack := fmt.Sprintf(`fun(G, Name) ->
		P = rpc:call(G, erlang, whereis, [Name]),
		{status, _, _, [_, _, Parent | _]} = sys:get_status(P),
		_ = Parent,
		_ = begin %s end,
		P end`, way)
	healed := `fun F(G, Name) ->
		case {net_adm:ping(G), catch gen_server:call({rex,G}, {call,erlang,node,[],user}),
			catch {state, sys:get_state({Name,G})}} of
			{pong, G, {state, _}} -> rpc:call(G, erlang, whereis, [Name]);
			_ -> F(G, Name)
		end end`
	now := e.Eval(t, fmt.Sprintf("(fun(G, Name) -> P = (%s)(G, Name), (%s)(G, Name) =:= P end)('%s', %s)",
		attack, healed, n.Name(), name))
	return now == "true"
}

func upgradable(t *testing.T) node.Config {
	cfg := config(t)
	versions, err := codechange.NewVersions()
	require.NoError(t, err)
	cfg.Upgrade = &node.Upgrade{Versions: versions, Root: t.TempDir(), Name: "calc", Vsn: "1"}
	return cfg
}

func TestNoPeerTakesAKernelProcessAway(t *testing.T) {
	e := beam.StartErl(t)
	for _, name := range []string{"net_kernel", "rex", "release_handler"} {
		n := start(t, upgradable(t))
		for _, a := range assaults {
			require.True(t, assault(t, e, n, name, a.way), "%s survives %s", name, a.name)
		}
		for _, a := range deadly {
			require.False(t, assault(t, e, n, name, a.way), "%s is started anew after %s", name, a.name)
			require.NoError(t, n.Err())
		}
		stop(t, n)
	}
}

func TestTheNodeEndsWithItsApplicationControllerAndSaysWhy(t *testing.T) {
	e := beam.StartErl(t)
	n := start(t, config(t))
	for _, a := range assaults {
		require.True(t, assault(t, e, n, "application_controller", a.way), "it survives %s", a.name)
	}
	stop(t, n)
	for _, a := range deadly {
		n := start(t, config(t))
		e.Eval(t, fmt.Sprintf(`(fun(G) ->
			P = rpc:call(G, erlang, whereis, [application_controller]),
			{status, _, _, [_, _, Parent | _]} = sys:get_status(P),
			_ = Parent,
			%s
		end)('%s')`, a.way, n.Name()))
		<-n.Done()
		require.ErrorContains(t, n.Err(), "kernel_pid_terminated,application_controller", a.name)
	}
}
