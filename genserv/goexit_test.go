package genserv_test

import (
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
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
	w := &world{}
	w.start(genserv.Of(gone{&calls}), nil, genserv.Options{})
	call := genserv.CallMessage(w.Self(), atom("tag"), atom("x"))
	var next genserv.Next
	for step, do := range []func() genserv.Next{
		func() genserv.Next { return w.loop.Handle(call) },
		func() genserv.Next { return w.loop.Goexit(call) },
		func() genserv.Next { return w.loop.Goexit(call) },
		func() genserv.Next { return w.loop.Goexit(call) },
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

func TestAReasonThatIsNoTermIsReplaced(t *testing.T) {
	long := etf.Atom(strings.Repeat("a", 256))
	for _, bad := range []etf.Term{nil, long, etf.Atom("\xff"), etf.Tuple{nil},
		etf.List{etf.Map{{Key: atom("a"), Value: long}}},
		(*etf.BigInt)(nil), etf.Pid{}} {
		text := genserv.SendableReason(bad)
		require.Equal(t, atom("bad_exit_reason"), text.(etf.Tuple)[0], "%T", bad)
		_, err := etf.Append(nil, text)
		require.NoError(t, err)
	}
	wide := etf.Atom(strings.Repeat("ü", 255))
	for _, good := range []etf.Term{atom("normal"), wide, etf.Tuple{atom("shutdown"), etf.Binary("x")}} {
		require.Equal(t, good, genserv.SendableReason(good))
	}
}
