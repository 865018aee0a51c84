package erlang

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/gonodetest/beam"
	"github.com/gonode-otp/gonode/node"
)

// remoteSup is a supervisor on a BEAM whose children are servers of the node G.
const remoteSup = `
-module(remote_sup).
-behaviour(supervisor).
-export([start/1, init/1]).

start(G) -> {ok, Sup} = supervisor:start_link({local, remote_sup}, ?MODULE, G), unlink(Sup), Sup.
init(G) ->
    {ok, {#{intensity => 100, period => 1},
          [#{id => Name, start => {Module, call, [G, remote_child, start_link, [Name]]}} ||
              {Name, Module} <- [{by_erpc, erpc}, {by_rpc, rpc}]]}}.
`

// remoteChild is a server that tells how it ends.
type remoteChild struct{ ended chan<- etf.Term }

func (m remoteChild) Init(p *genserv.Process, _ etf.Term) genserv.InitResult[etf.Term] {
	p.TrapExit(true)
	return genserv.Ok[etf.Term](etf.Atom("state"))
}

func (remoteChild) HandleCall(p *genserv.Process, request etf.Term, _ genserv.From,
	s etf.Term) genserv.Result[etf.Term] {
	if request == etf.Term(etf.Atom("crash")) {
		panic("crash")
	}
	return genserv.Reply[etf.Term](p.Self(), s)
}

func (m remoteChild) Terminate(_ *genserv.Process, reason etf.Term, _ etf.Term) { m.ended <- reason }

// startRemoteSup starts the supervisor of remoteSup; the servers of n tell ended how they end.
func startRemoteSup(t *testing.T, n *node.Node, ended chan<- etf.Term) *beam.Node {
	t.Helper()
	n.Export("remote_child", "start_link", 1, func(ctx context.Context, args etf.List) (etf.Term, error) {
		child := genserv.Child{Name: args[0].(etf.Atom), Module: genserv.Of(remoteChild{ended})}
		pid, err := n.SpawnLink(ctx, child)
		var taken *genserv.AlreadyStarted
		if errors.As(err, &taken) {
			return etf.Tuple{etf.Atom("error"), etf.Tuple{etf.Atom("already_started"), taken.Pid}}, nil
		}
		return etf.Tuple{etf.Atom("ok"), pid}, err
	})
	e := beam.StartErl(t)
	e.Compile(t, "remote_sup", remoteSup)
	e.Eval(t, at(n, "Sup = remote_sup:start('gonode@host'), "+
		"Child = fun(Id) -> {_, P, _, _} = lists:keyfind(Id, 1, supervisor:which_children(Sup)), P end"))
	return e
}

func TestASupervisorOfABeamHasServersOfTheNodeAsChildren(t *testing.T) {
	ended := make(chan etf.Term, 10)
	n := start(t, config(t))
	e := startRemoteSup(t, n, ended)
	for _, id := range []string{"by_erpc", "by_rpc"} {
		eval := func(expression string) string { // each child has variables of its own
			return e.Eval(t, at(n, strings.NewReplacer("Id", id, "Pid", "Pid_"+id).Replace(expression)))
		}
		eval("Pid = Child(Id), Pid = gen_server:call(Pid, self)")
		require.Equal(t, "true",
			eval("Sup =:= element(2, rpc:call('gonode@host', erlang, process_info, [Pid, parent]))"))
		require.Equal(t, "restarted", eval("catch gen_server:call(Pid, crash), "+
			"(fun F() -> case Child(Id) of P when is_pid(P), P =/= Pid -> restarted; _ -> F() end end)()"))
		require.IsType(t, etf.Tuple{}, <-ended)
		require.Equal(t, "{error,running}", eval("supervisor:restart_child(Sup, Id)"))
		require.Equal(t, "ok", eval("supervisor:terminate_child(Sup, Id)"))
		require.Equal(t, etf.Term(etf.Atom("shutdown")), <-ended)
		require.Equal(t, "undefined", eval("Child(Id)"))
		require.Equal(t, "true", eval("supervisor:restart_child(Sup, Id) =:= {ok, Child(Id)}"))
	}
	require.Equal(t, "true", e.Eval(t, at(n, "P = Child(by_erpc), "+
		"{error,{already_started,P}} =:= erpc:call('gonode@host', remote_child, start_link, [by_erpc])")))
	require.Equal(t, "killed", e.Eval(t, "M = monitor(process, Sup), exit(Sup, kill), "+
		"receive {'DOWN', M, process, Sup, Why} -> Why end"))
	require.Equal(t, []etf.Term{etf.Atom("killed"), etf.Atom("killed")}, []etf.Term{<-ended, <-ended},
		"the children end with their parent")
}

func TestTheEndOfTheSupervisorsNodeEndsItsChildren(t *testing.T) {
	ended := make(chan etf.Term, 10)
	e := startRemoteSup(t, start(t, config(t)), ended)
	e.Kill(t)
	require.Equal(t, []etf.Term{etf.Atom("noconnection"), etf.Atom("noconnection")}, []etf.Term{<-ended, <-ended})
}

func TestAServerOfARemoteSupervisorEndsInOrderWhenTheNodeStops(t *testing.T) {
	ended := make(chan etf.Term, 10)
	n := start(t, config(t))
	startRemoteSup(t, n, ended)
	stop(t, n)
	require.Equal(t, []etf.Term{etf.Atom("shutdown"), etf.Atom("shutdown")}, []etf.Term{<-ended, <-ended})
}

func TestSpawnLinkNeedsACallerOfAnotherNode(t *testing.T) {
	n := start(t, config(t))
	_, err := n.SpawnLink(t.Context(), genserv.Child{Module: genserv.Of(remoteChild{})})
	require.ErrorIs(t, err, node.ErrBadArgument)
}
