package node

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

func TestTheContextOfAProcessEndsWithIt(t *testing.T) {
	for _, end := range []func(n *Node, pid etf.Pid){
		func(n *Node, pid etf.Pid) { n.registry.byPid(pid).exit(killed) },
		func(n *Node, pid etf.Pid) { require.NoError(t, n.Terminate(t.Context(), pid, genserv.Normal)) },
	} {
		n := testNode(t, Config{})
		contexts := make(chan context.Context, 2)
		pid, err := n.Spawn(t.Context(), genserv.Child{Module: genserv.Of(contextual{contexts})})
		require.NoError(t, err)
		require.Nil(t, n.registry.byPid(pid).ctx, "nobody has asked for it")
		for range 2 {
			_, err = n.Call(t.Context(), pid, etf.Atom("context"))
			require.NoError(t, err)
		}
		ctx := <-contexts
		require.Equal(t, ctx, <-contexts, "it is the same one at every call")
		require.NoError(t, ctx.Err())
		end(n, pid)
		<-ctx.Done()
		require.ErrorIs(t, context.Cause(ctx), errProcessEnded)
	}
}

// contextual sends the context of its process.
type contextual struct{ contexts chan<- context.Context }

func (contextual) Init(*genserv.Process, etf.Term) genserv.InitResult[int] { return genserv.Ok(0) }

func (c contextual) HandleCall(p *genserv.Process, _ etf.Term, _ genserv.From, n int) genserv.Result[int] {
	c.contexts <- p.Context()
	return genserv.Reply(nil, n)
}
