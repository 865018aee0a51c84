package genserv_test

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/genserv/driver"
)

// gone is a server that ends the goroutine of whoever calls it, also in Terminate and in what a report shows.
type gone struct{ calls *[]string }

func (g gone) Init(*genserv.Process, etf.Term) genserv.InitResult[int] { return genserv.Ok(0) }

func (g gone) HandleCall(*genserv.Process, etf.Term, genserv.From, int) genserv.Result[int] {
	return g.leave("call")
}

func (g gone) Terminate(*genserv.Process, etf.Term, int) { g.leave("terminate") }

func (g gone) FormatStatus(s genserv.Status, _ int) genserv.Status { g.leave("status"); return s }

func (g gone) leave(where string) genserv.Result[int] {
	*g.calls = append(*g.calls, where)
	runtime.Goexit()
	return genserv.NoReply(0)
}

func TestAServerThatLeavesAtEveryTurnStillEnds(t *testing.T) {
	var calls []string
	w := &testEnv{}
	w.start(genserv.Of(gone{&calls}), nil, driver.Options{})
	call := driver.CallMessage(w.Self(), atom("tag"), atom("x"))
	var next driver.Next
	for step, do := range []func() driver.Next{
		func() driver.Next { return w.loop.Handle(call) },
		func() driver.Next { return w.loop.Goexit(call) },
		func() driver.Next { return w.loop.Goexit(call) },
		func() driver.Next { return w.loop.Goexit(call) },
	} {
		done := make(chan bool, 1)
		go func() {
			returned := false
			defer func() { done <- returned }()
			next = do()
			returned = true
		}()
		require.Equal(t, step == 3, <-done)
	}
	require.True(t, next.Stopped)
	require.Equal(t, etf.Tuple{atom("goexit"), etf.List{}}, next.Reason)
	require.Equal(t, []string{"call", "terminate", "status"}, calls)
}

func TestTryTellsThatAFunctionHasLeft(t *testing.T) {
	failed := genserv.Try(runtime.Goexit)
	require.EqualError(t, failed, "error: goexit")
	require.Equal(t, etf.Tuple{atom("goexit"), etf.List{}}, failed.ExitReason())
}
