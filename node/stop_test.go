package node

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/node/internal/kernel"
)

// lingerer is a server whose Terminate waits for a message, or for a channel that its node does not know.
type lingerer struct{ began, over chan struct{} }

func (l lingerer) Init(p *genserv.Process, _ etf.Term) genserv.InitResult[int] {
	p.TrapExit(true)
	return genserv.Ok(0)
}

func (l lingerer) HandleCall(_ *genserv.Process, _ etf.Term, _ genserv.From, n int) genserv.Result[int] {
	return genserv.NoReply(n)
}

func (l lingerer) Terminate(p *genserv.Process, _ etf.Term, _ int) {
	l.began <- struct{}{}
	if l.over != nil {
		<-l.over
		return
	}
	p.Receive(genserv.Infinity, func(etf.Term) bool { return false })
}

// failing starts a node with a lingering server, and ends an application that the node requires.
func failing(t *testing.T, l lingerer) *Node {
	t.Helper()
	n := testNode(t, Config{})
	one := app("one", &diary{})
	one.Type = AppPermanent
	require.NoError(t, n.Applications().Start(t.Context(), one))
	_, err := n.Spawn(t.Context(), genserv.Child{Name: "lingerer", Module: genserv.Of(l)})
	require.NoError(t, err)
	require.NoError(t, n.Err())
	n.exitSignal(n.self, n.registry.byName("one_sup").pid, kill, nil)
	<-l.began
	require.EqualError(t, n.Err(), "node: ended by itself: {application_terminated,one,killed}")
	return n
}

func TestALaterStopEndsANodeThatIsEndingByItself(t *testing.T) {
	n := failing(t, lingerer{began: make(chan struct{}, 1)})
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(ErrStopped)
	require.ErrorIs(t, n.Stop(ctx), ErrStopped)
	<-n.Done()
	require.NoError(t, n.Stop(t.Context()), "every goroutine has returned")
}

func TestANodeHasStoppedAlsoIfACallbackNeverReturns(t *testing.T) {
	l := lingerer{began: make(chan struct{}, 1), over: make(chan struct{})}
	n := failing(t, l)
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	require.ErrorIs(t, n.Stop(ctx), context.DeadlineExceeded)
	<-n.Done()
	require.ErrorIs(t, n.Stop(ctx), context.DeadlineExceeded, "the callback still runs")
	close(l.over)
	require.NoError(t, n.Stop(t.Context()))
}

func TestAStopWithoutAnEndIsHurriedByOneThatHasOne(t *testing.T) {
	n, l := testNode(t, Config{}), lingerer{began: make(chan struct{}, 1)}
	_, err := n.Spawn(t.Context(), genserv.Child{Module: genserv.Of(l)})
	require.NoError(t, err)
	first := make(chan error, 1)
	go func() { first <- n.Stop(context.Background()) }()
	<-l.began
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	require.ErrorIs(t, n.Stop(ctx), context.DeadlineExceeded)
	require.NoError(t, <-first)
	select {
	case <-n.Done():
	default:
		require.Fail(t, "a node that Stop says has stopped is done")
	}
	require.NoError(t, n.Err(), "it was stopped")
}

func TestStoppingTheKernelEndsTheNode(t *testing.T) {
	n := testNode(t, Config{})
	require.NoError(t, n.Applications().Stop(t.Context(), "stdlib"), "which is nothing but a name")
	require.NoError(t, n.Applications().Stop(t.Context(), "kernel"))
	<-n.Done()
	require.EqualError(t, n.Err(), "node: ended by itself: {application_stopped,kernel}")
}

func TestServicesThatEndAgainAndAgainEndTheNode(t *testing.T) {
	n := testNode(t, Config{})
	for range kernel.MaxRestarts + 1 {
		rex := n.registry.byName("rex")
		for rex == nil || rex.dead.Load() { // until kernel_sup has restarted it
			require.NoError(t, n.Ping(t.Context(), n.Name()))
			rex = n.registry.byName("rex")
		}
		rex.exit(killed)
	}
	<-n.Done()
	require.ErrorContains(t, n.Err(), "{kernel_pid_terminated,kernel_sup,shutdown}")
}
