package ergohost_test

import (
	"testing"

	"ergo.services/ergo/gen"
	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/ergohost"
	"github.com/gonode-otp/gonode/gonodetest/beam"
)

// beamSup is a supervisor on a BEAM with an actor of the node G as its child.
const beamSup = `
-module(beam_sup).
-behaviour(supervisor).
-export([start/1, init/1]).

start(G) -> {ok, Sup} = supervisor:start_link(?MODULE, G), unlink(Sup), Sup.
init(G) ->
    {ok, {#{intensity => 100, period => 1},
          [#{id => actor, start => {erpc, call, [G, counter, start_link, [{local, counter}, []]]}}]}}.
`

// underABeam starts an actor under a supervisor of Erlang.
func underABeam(t *testing.T) (p *pair, e *beam.Node, said chan any) {
	t.Helper()
	p, e, said = join(t, ergohost.Options{}), beam.StartErl(t), make(chan any, 10)
	p.host.ExportStartLink("counter", func() gen.ProcessBehavior { return &actor{tell: said} }, gen.ProcessOptions{})
	e.Compile(t, "beam_sup", beamSup)
	eval(t, e, "Sup = beam_sup:start('%s'), "+
		"Child = fun() -> [{actor, P, worker, _}] = supervisor:which_children(Sup), P end", p.node.Name())
	return p, e, said
}

func TestASupervisorOfErlangHasAnActorAsAChild(t *testing.T) {
	p, e, said := underABeam(t)
	eval(t, e, "First = Child(), pong = gen_server:call(First, ping)")
	first, err := p.ergo.ProcessPID("counter")
	require.NoError(t, err, "it has its name in ergo too")
	eval(t, e, "catch gen_server:call(First, crash)")
	require.ErrorIs(t, receive(t, said).(error), gen.TerminateReasonPanic)
	require.Equal(t, "true", eval(t, e,
		"(fun F() -> case Child() of Next when is_pid(Next), Next =/= First -> true; _ -> F() end end)()"))
	second, err := p.ergo.ProcessPID("counter")
	require.NoError(t, err)
	require.NotEqual(t, first, second)
	require.Equal(t, "true", eval(t, e, "C = Child(), {error, {already_started, C}} =:= "+
		"erpc:call('%s', counter, start_link, [{local, counter}, []])", p.node.Name()))

	require.Equal(t, "ok", eval(t, e, "supervisor:terminate_child(Sup, actor)"))
	require.ErrorIs(t, receive(t, said).(error), gen.TerminateReasonShutdown)
	require.Equal(t, "undefined", eval(t, e, "Child()"))
	require.Equal(t, "true", eval(t, e, "{ok, Again} = supervisor:restart_child(Sup, actor), Again =:= Child()"))
	eval(t, e, "exit(Sup, kill)")
	require.ErrorIs(t, receive(t, said).(error), gen.TerminateReasonKill, "it ends with its parent")
}

func TestAKilledActorIsStartedAnewByItsSupervisorOfErlang(t *testing.T) {
	p, e, said := underABeam(t)
	for range 20 {
		eval(t, e, "(fun(Old) -> exit(Old, kill), "+
			"(fun F() -> case Child() of Next when is_pid(Next), Next =/= Old -> ok; _ -> F() end end)() end)(Child())")
		require.ErrorIs(t, receive(t, said).(error), gen.TerminateReasonKill)
		require.Equal(t, "pong", eval(t, e, "gen_server:call(%s, ping)", p.at("counter")))
	}
}

func TestTheEndOfTheSupervisorsNodeEndsAnActor(t *testing.T) {
	p, e, said := underABeam(t)
	e.Kill(t)
	require.ErrorIs(t, receive(t, said).(error), gen.ErrNoConnection)
	eventually(t, func() bool { _, err := p.ergo.ProcessPID("counter"); return err != nil })
}

func TestASupervisorOfElixirHasAnActorAsAChild(t *testing.T) {
	p, said := join(t, ergohost.Options{}), make(chan any, 10)
	p.host.ExportStartLink("counter", func() gen.ProcessBehavior { return &actor{tell: said} }, gen.ProcessOptions{})
	x := beam.StartElixir(t)
	x.Eval(t, `start = {:erpc, :call, [:"`+string(p.node.Name())+`", :counter, :start_link, [[]]]}`)
	x.Eval(t, `{:ok, sup} = Supervisor.start_link([%{id: :actor, start: start}], strategy: :one_for_one)`)
	require.Equal(t, ":pong", x.Eval(t,
		`[{:actor, pid, :worker, _}] = Supervisor.which_children(sup); GenServer.call(pid, :ping)`))
	require.Equal(t, ":ok", x.Eval(t, `Supervisor.terminate_child(sup, :actor)`))
	require.ErrorIs(t, receive(t, said).(error), gen.TerminateReasonShutdown)
	require.Equal(t, ":pong", x.Eval(t,
		`{:ok, pid} = Supervisor.restart_child(sup, :actor); GenServer.call(pid, :ping)`))
}
