package node

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// picky is a server that takes messages out of its mailbox in the order of its requests. Its state is what HandleInfo
// has got.
type picky struct{ entered chan struct{} }

// isTagged returns a function that matches {Tag, _}.
func isTagged(tag etf.Term) func(etf.Term) bool {
	return func(msg etf.Term) bool {
		t, ok := msg.(etf.Tuple)
		return ok && len(t) == 2 && etf.Equal(t[0], tag)
	}
}

func (s picky) Init(p *genserv.Process, args etf.Term) genserv.InitResult[etf.List] {
	if d, ok := args.(etf.Int); ok {
		s.receive(p, time.Duration(d)*time.Second, etf.Atom("init"))
	}
	return genserv.Ok(etf.List(nil))
}

func (s picky) receive(p *genserv.Process, d time.Duration, tag etf.Term) etf.Term {
	s.entered <- struct{}{}
	if msg, ok := p.Receive(d, isTagged(tag)); ok {
		return msg.(etf.Tuple)[1]
	}
	return etf.Atom("nothing")
}

// HandleCall serves {receive, Milliseconds, Tag}. It answers any other request with the list of what HandleInfo has
// got.
func (s picky) HandleCall(p *genserv.Process, request etf.Term, _ genserv.From,
	seen etf.List) genserv.Result[etf.List] {
	t, ok := request.(etf.Tuple)
	if !ok {
		return genserv.Reply(seen, seen)
	}
	d := genserv.Infinity
	if ms, ok := t[1].(etf.Int); ok {
		d = time.Duration(ms) * time.Millisecond
	}
	return genserv.Reply(s.receive(p, d, t[2]), seen)
}

// HandleInfo serves {pick, Tag}: it takes a message out of the mailbox.
func (s picky) HandleInfo(p *genserv.Process, msg etf.Term, seen etf.List) genserv.Result[etf.List] {
	if t, ok := msg.(etf.Tuple); ok && etf.IsAtom(t[0], "pick") {
		msg = etf.Tuple{etf.Atom("picked"), s.receive(p, 0, t[1])}
	}
	return genserv.NoReply(append(seen, msg))
}

func tagged(tag string, n int) etf.Term { return etf.Tuple{etf.Atom(tag), etf.Int(n)} }

// asking calls a server from another goroutine.
func asking(t *testing.T, n *Node, to, request etf.Term) <-chan etf.Term {
	answer := make(chan etf.Term, 1)
	go func() {
		reply, err := n.Call(context.WithoutCancel(t.Context()), to, request)
		if err != nil {
			reply = etf.Binary(err.Error())
		}
		answer <- reply
	}()
	return answer
}

func TestACallbackReceivesWhatItWaitsForAndLeavesTheRestInOrder(t *testing.T) {
	n := testNode(t, Config{})
	s := picky{make(chan struct{}, 10)}
	pid, err := n.Spawn(t.Context(), genserv.Child{Module: genserv.Of(s)})
	require.NoError(t, err)
	answer := asking(t, n, pid, etf.Tuple{etf.Atom("receive"), etf.Atom("infinity"), etf.Atom("b")})
	<-s.entered
	for i := range 3 {
		require.NoError(t, n.Send(t.Context(), pid, tagged("a", i)))
	}
	require.NoError(t, n.Send(t.Context(), pid, tagged("b", 7)))
	require.NoError(t, n.Send(t.Context(), pid, tagged("a", 3)))
	require.Equal(t, etf.Int(7), <-answer)
	seen, err := n.Call(t.Context(), pid, etf.Atom("seen"))
	require.NoError(t, err)
	require.Equal(t, etf.List{tagged("a", 0), tagged("a", 1), tagged("a", 2), tagged("a", 3)}, seen)
}

func TestReceiveLooksAtWhatCameInOneBatchWithTheRequest(t *testing.T) {
	n := testNode(t, Config{})
	s := picky{make(chan struct{}, 10)}
	pid, err := n.Spawn(t.Context(), genserv.Child{Module: genserv.Of(s)})
	require.NoError(t, err)
	first := asking(t, n, pid, etf.Tuple{etf.Atom("receive"), etf.Atom("infinity"), etf.Atom("go")})
	<-s.entered
	require.NoError(t, n.Send(t.Context(), pid, etf.Tuple{etf.Atom("pick"), etf.Atom("x")}))
	for i, tag := range []string{"x", "y", "x", "go"} {
		require.NoError(t, n.Send(t.Context(), pid, tagged(tag, i)))
	}
	require.Equal(t, etf.Int(3), <-first)
	seen, err := n.Call(t.Context(), pid, etf.Atom("seen"))
	require.NoError(t, err)
	require.Equal(t, etf.List{tagged("picked", 0), tagged("y", 1), tagged("x", 2)}, seen)
}

func TestReceiveInInitLeavesTheOthersForTheCallbacks(t *testing.T) {
	n := testNode(t, Config{})
	s := picky{make(chan struct{}, 10)}
	done := make(chan error, 1)
	go func() {
		_, err := n.Spawn(context.WithoutCancel(t.Context()),
			genserv.Child{Name: "picky", Module: genserv.Of(s), Args: etf.Int(60)})
		done <- err
	}()
	<-s.entered
	require.NoError(t, n.Send(t.Context(), etf.Atom("picky"), tagged("a", 1)))
	require.NoError(t, n.Send(t.Context(), etf.Atom("picky"), tagged("init", 2)))
	require.NoError(t, n.Send(t.Context(), etf.Atom("picky"), tagged("a", 3)))
	require.NoError(t, <-done)
	seen, err := n.Call(t.Context(), etf.Atom("picky"), etf.Atom("seen"))
	require.NoError(t, err)
	require.Equal(t, etf.List{tagged("a", 1), tagged("a", 3)}, seen)
}

func TestReceiveEndsWithItsTimeAndWithTheProcess(t *testing.T) {
	n := testNode(t, Config{})
	s := picky{make(chan struct{}, 10)}
	pid, err := n.Spawn(t.Context(), genserv.Child{Module: genserv.Of(s)})
	require.NoError(t, err)
	for _, ms := range []etf.Int{0, 1, 20} {
		reply, err := n.Call(t.Context(), pid, etf.Tuple{etf.Atom("receive"), ms, etf.Atom("b")})
		require.NoError(t, err)
		require.Equal(t, etf.Atom("nothing"), reply)
		<-s.entered
	}
	answer := asking(t, n, pid, etf.Tuple{etf.Atom("receive"), etf.Atom("infinity"), etf.Atom("b")})
	<-s.entered
	n.exitSignal(n.self, pid, kill, nil)
	require.Equal(t, etf.Binary("call to "+etf.Format(pid)+": exit: killed"), <-answer)
}

// stubborn returns from Init only after release.
type stubborn struct{ inside, release chan struct{} }

func (s stubborn) Init(*genserv.Process, etf.Term) genserv.InitResult[int] {
	close(s.inside)
	<-s.release
	return genserv.Ok(0)
}

func (stubborn) HandleCall(_ *genserv.Process, _ etf.Term, _ genserv.From, n int) genserv.Result[int] {
	return genserv.Reply(nil, n)
}

func TestAProcessThatIsKilledInInitHasNotStarted(t *testing.T) {
	n := testNode(t, Config{})
	s := stubborn{make(chan struct{}), make(chan struct{})}
	done := make(chan error, 1)
	go func() {
		_, err := n.Spawn(context.WithoutCancel(t.Context()), genserv.Child{Name: "stubborn", Module: genserv.Of(s)})
		done <- err
	}()
	<-s.inside
	n.registry.byName("stubborn").exit(killed)
	require.ErrorIs(t, <-done, &genserv.Exit{Reason: killed})
	close(s.release)
}
