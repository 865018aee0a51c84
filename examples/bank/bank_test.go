package bank_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/examples/bank"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/node"
	"github.com/gonode-otp/gonode/supervisor"
)

// open starts a node with the bank. The node ends with the test.
func open(t *testing.T) *node.Node {
	n, err := node.Start(t.Context(), node.Config{Name: "bank", Cookie: "secret", NoListen: true})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, n.Stop(context.Background())) })
	require.NoError(t, n.Applications().Start(t.Context(), bank.App()))
	return n
}

func account(t *testing.T, n *node.Node, name etf.Atom) etf.Pid {
	t.Helper()
	pid, err := supervisor.StartDynamic(t.Context(), n, etf.Atom("accounts"), name)
	require.NoError(t, err)
	return pid
}

func request(verb etf.Atom, n int) etf.Term { return etf.Tuple{verb, etf.Int(n)} }

func call(t *testing.T, n *node.Node, name etf.Atom, request etf.Term) etf.Term {
	t.Helper()
	reply, err := n.Call(t.Context(), name, request)
	require.NoError(t, err)
	return reply
}

func TestMoneyComesAndGoes(t *testing.T) {
	n := open(t)
	account(t, n, "ann")
	require.Equal(t, etf.Int(100), call(t, n, "ann", request("deposit", 100)))
	require.Equal(t, etf.Int(70), call(t, n, "ann", request("withdraw", 30)))
	require.Equal(t, etf.Tuple{etf.Atom("error"), etf.Atom("insufficient")}, call(t, n, "ann", request("withdraw", 71)))
	require.Equal(t, etf.Int(70), call(t, n, "ann", etf.Atom("balance")))
}

func TestAnAccountThatCrashesKeepsItsMoney(t *testing.T) {
	n := open(t)
	pid := account(t, n, "ann")
	call(t, n, "ann", request("deposit", 100))
	_, err := n.Call(t.Context(), pid, etf.Atom("steal"))
	var exit *genserv.Exit
	require.ErrorAs(t, err, &exit)
	children, err := supervisor.WhichChildren(t.Context(), n, etf.Atom("accounts"))
	require.NoError(t, err)
	require.Len(t, children, 1)
	require.NotEqual(t, pid, children[0].Pid)
	require.Equal(t, etf.Int(100), call(t, n, "ann", etf.Atom("balance")))
}

func TestAClosedAccountStaysClosedAndKeepsItsMoney(t *testing.T) {
	n := open(t)
	account(t, n, "ann")
	call(t, n, "ann", request("deposit", 5))
	require.Equal(t, etf.Atom("ok"), call(t, n, "ann", etf.Atom("close")))
	counts, err := supervisor.CountChildren(t.Context(), n, etf.Atom("accounts"))
	require.NoError(t, err)
	require.Equal(t, supervisor.Counts{Specs: 1}, counts)
	account(t, n, "ann")
	require.Equal(t, etf.Int(5), call(t, n, "ann", etf.Atom("balance")))
}

func TestANameIsGivenOnce(t *testing.T) {
	n := open(t)
	pid := account(t, n, "ann")
	_, err := supervisor.StartDynamic(t.Context(), n, etf.Atom("accounts"), etf.Atom("ann"))
	require.Equal(t, &supervisor.RequestError{Request: "start_child",
		Reason: etf.Tuple{etf.Atom("already_started"), pid}}, err)
	_, err = supervisor.StartDynamic(t.Context(), n, etf.Atom("accounts"), etf.Int(7))
	require.Equal(t, &supervisor.RequestError{Request: "start_child", Reason: etf.Atom("badarg")}, err)
}

func TestWithoutItsLedgerTheBankBeginsAgain(t *testing.T) {
	n := open(t)
	account(t, n, "ann")
	call(t, n, "ann", request("deposit", 5))
	_, err := n.Call(t.Context(), etf.Atom("ledger"), etf.Atom("burn"))
	require.Error(t, err)
	counts, err := supervisor.CountChildren(t.Context(), n, etf.Atom("bank_sup"))
	require.NoError(t, err)
	require.Equal(t, supervisor.Counts{Specs: 2, Active: 2, Supervisors: 1, Workers: 1}, counts)
	counts, err = supervisor.CountChildren(t.Context(), n, etf.Atom("accounts"))
	require.NoError(t, err)
	require.Equal(t, supervisor.Counts{Specs: 1}, counts, "started after the ledger, so ended with it")
	account(t, n, "ann")
	require.Equal(t, etf.Int(0), call(t, n, "ann", etf.Atom("balance")))
}
