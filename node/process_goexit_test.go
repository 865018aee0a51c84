package node

import (
	"context"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/supervisor"
)

// deserter is a server with one callback, named by at, that ends its goroutine, as require does in a test double. It
// tells ended when Terminate runs.
type deserter struct {
	at    string
	ended chan etf.Term
}

func (d deserter) goexit(at string) {
	if d.at == at {
		runtime.Goexit()
	}
}

func (d deserter) Init(p *genserv.Process, _ etf.Term) genserv.InitResult[int] {
	p.TrapExit(true)
	d.goexit("init")
	return genserv.Ok(0)
}

func (d deserter) HandleCall(p *genserv.Process, request etf.Term, _ genserv.From, s int) genserv.Result[int] {
	d.goexit("call")
	if d.at == "continue" {
		return genserv.NoReply(s).Continue(nil)
	}
	if d.at == "timeout" {
		return genserv.NoReply(s).WithTimeout(time.Millisecond)
	}
	if d.at == "receive" {
		p.Send(p.Self(), request)
		p.Receive(genserv.Infinity, func(etf.Term) bool { runtime.Goexit(); return true })
	}
	if d.at == "terminate" {
		return genserv.Stop(normal, s)
	}
	p.Send(p.Self(), request)
	return genserv.NoReply(s)
}

func (d deserter) HandleInfo(*genserv.Process, etf.Term, int) genserv.Result[int] {
	runtime.Goexit()
	return genserv.NoReply(0)
}

func (d deserter) HandleContinue(*genserv.Process, etf.Term, int) genserv.Result[int] {
	runtime.Goexit()
	return genserv.NoReply(0)
}

func (d deserter) Terminate(_ *genserv.Process, reason etf.Term, _ int) {
	d.goexit("terminate")
	d.ended <- reason
}

func TestACallbackThatEndsItsGoroutineEndsTheServer(t *testing.T) {
	a, b := pair(t)
	goexit := &genserv.Exit{Reason: etf.Tuple{etf.Atom("goexit"), etf.List{}}}
	for _, at := range []string{"call", "info", "continue", "timeout", "receive", "terminate"} {
		for caller, n := range map[string]*Node{"itself": b, "another node, whose reader runs it": a} {
			d := deserter{at: at, ended: make(chan etf.Term, 1)}
			_, err := b.Spawn(t.Context(), genserv.Child{Name: "deserter", Module: genserv.Of(d)})
			require.NoError(t, err)
			_, err = n.Call(t.Context(), etf.Tuple{etf.Atom("deserter"), b.Name()}, etf.Atom("x"))
			require.ErrorIs(t, err, goexit, "%s, called by %s", at, caller)
			require.Nil(t, b.registry.byName("deserter"), "its name is free")
			if at != "terminate" {
				require.Equal(t, goexit.Reason, <-d.ended)
			}
		}
	}
	_, err := a.Call(t.Context(), etf.Tuple{etf.Atom("net_kernel"), b.Name()}, etf.Tuple{etf.Atom("is_auth"), a.Name()})
	require.NoError(t, err, "the connection is read")
}

func TestAnInitThatEndsItsGoroutineFails(t *testing.T) {
	n := testNode(t, Config{})
	goexit := &genserv.Exit{Reason: etf.Tuple{etf.Atom("goexit"), etf.List{}}}
	_, err := n.Spawn(t.Context(), genserv.Child{Name: "deserter", Module: genserv.Of(deserter{at: "init"})})
	require.ErrorIs(t, err, goexit)
	require.Nil(t, n.registry.byName("deserter"))
}

// leaver is a supervisor whose child has a start function that ends its goroutine.
type leaver struct{}

func (leaver) Init(etf.Term) (supervisor.Flags, []supervisor.ChildSpec, error) {
	start := supervisor.Start{Module: "m", Function: "f",
		Func: func(*genserv.Process, etf.List) (supervisor.Started, error) {
			runtime.Goexit()
			return supervisor.Started{}, nil
		}}
	return supervisor.Flags{}, []supervisor.ChildSpec{{ID: etf.Atom("a"), Start: start}}, nil
}

func TestFunctionsThatEndTheirGoroutineFail(t *testing.T) {
	n := testNode(t, Config{})
	_, err := n.Spawn(t.Context(), genserv.Child{Name: "leaver", Module: supervisor.Of(leaver{})})
	require.ErrorContains(t, err, "{shutdown,{failed_to_start_child,a,{'EXIT',{goexit,[]}}}}")

	n.Export("m", "leave", 0, func(context.Context, etf.List) (etf.Term, error) { runtime.Goexit(); return nil, nil })
	_, failure := n.functions.Apply(t.Context(), "m", "leave", nil)
	require.EqualError(t, failure, "error: goexit")

	shop := app("shop", &diary{})
	shop.Stop = runtime.Goexit
	require.NoError(t, n.Applications().Start(t.Context(), shop))
	require.NoError(t, n.Applications().Stop(t.Context(), "shop"))
	require.NoError(t, n.Applications().Start(t.Context(), shop), "the master has ended, and nothing of it is left")
}
