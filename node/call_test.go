package node

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// requireNothingLeft waits until the node has no call, no monitor and no alias, and none of its processes is
// monitored.
func requireNothingLeft(t *testing.T, n *Node) {
	t.Helper()
	left := func() (left [4]int) {
		n.calls.mu.Lock()
		left[0] = len(n.calls.waiting)
		n.calls.mu.Unlock()
		n.monitors.mu.Lock()
		left[1] = len(n.monitors.byRef)
		n.monitors.mu.Unlock()
		n.aliases.mu.Lock()
		left[2] = len(n.aliases.owner)
		n.aliases.mu.Unlock()
		for _, p := range n.registry.all() {
			p.mu.Lock()
			left[3] += len(p.monitors) + len(p.aliases)
			for w := p.inbound.first; w != nil; w = w.next {
				left[3]++
			}
			p.mu.Unlock()
		}
		for _, p := range n.peers.all() {
			p.mu.Lock()
			left[3] += len(p.inbound)
			p.mu.Unlock()
		}
		return left
	}
	require.Eventually(t, func() bool { return left() == [4]int{} }, time.Minute, time.Millisecond,
		"calls, monitors, aliases, entries of processes and peers that are left")
}

// holder is a server that keeps its callers waiting until release. Then it answers each with its request, the last one
// first.
type holder struct{}

type held struct {
	from    genserv.From
	request etf.Term
}

func (holder) Init(*genserv.Process, etf.Term) genserv.InitResult[[]held] {
	return genserv.Ok([]held(nil))
}

func (holder) HandleCall(p *genserv.Process, request etf.Term, from genserv.From, all []held) genserv.Result[[]held] {
	switch request {
	case etf.Atom("count"):
		return genserv.Reply(etf.Int(len(all)), all)
	case etf.Atom("release"):
		for i := len(all) - 1; i >= 0; i-- {
			p.Reply(all[i].from, all[i].request)
		}
		return genserv.Reply(etf.Atom("ok"), []held(nil))
	}
	return genserv.NoReply(append(all, held{from, request}))
}

func TestTenThousandCallsThatWaitAtOnceAreAnsweredAndLeaveNothing(t *testing.T) {
	a, b := pair(t)
	for _, n := range []*Node{a, b} {
		_, err := n.Spawn(t.Context(), genserv.Child{Name: "holder", Module: genserv.Of(holder{})})
		require.NoError(t, err)
		t.Run(string(n.Name()), func(t *testing.T) {
			to := etf.Tuple{etf.Atom("holder"), n.Name()}
			callsAtOnce(t, a, to, 10_000)
			requireNothingLeft(t, a)
			requireNothingLeft(t, b)
		})
	}
}

// callsAtOnce has count goroutines call a holder, and half as many more goroutines that give up.
func callsAtOnce(t *testing.T, n *Node, to etf.Term, count int) {
	t.Helper()
	forEver := genserv.WithInfinity(t.Context())
	impatient, giveUp := context.WithCancel(forEver)
	defer giveUp()
	var patient, others sync.WaitGroup
	failed := make(chan error, 2*count)
	for i := range count {
		patient.Go(func() {
			if reply, err := n.Call(forEver, to, etf.Int(i)); err != nil || reply != etf.Term(etf.Int(i)) {
				failed <- fmt.Errorf("%d: %v, %w", i, reply, err)
			}
		})
	}
	for range count / 2 {
		others.Go(func() {
			if reply, err := n.Call(impatient, to, etf.Atom("late")); !errors.Is(err, genserv.ErrTimeout) ||
				!errors.Is(err, context.Canceled) {
				failed <- fmt.Errorf("not given up: %v, %w", reply, err)
			}
		})
	}
	require.Eventually(t, func() bool {
		reply, err := n.Call(t.Context(), to, etf.Atom("count"))
		return err == nil && reply == etf.Term(etf.Int(count+count/2))
	}, time.Minute, 10*time.Millisecond)
	giveUp()
	others.Wait()
	reply, err := n.Call(t.Context(), to, etf.Atom("release"))
	require.NoError(t, err)
	require.Equal(t, etf.Atom("ok"), reply)
	patient.Wait()
	close(failed)
	for err := range failed {
		require.NoError(t, err)
	}
}

func TestAProcessThatIsKilledWhileItAsksLeavesNothing(t *testing.T) {
	a, b := pair(t)
	_, err := b.Spawn(t.Context(), genserv.Child{Name: "holder", Module: genserv.Of(holder{})})
	require.NoError(t, err)
	to := etf.Tuple{etf.Atom("holder"), b.Name()}
	asking, ended := make(chan struct{}, 3), make(chan error, 3)
	for name, ask := range map[etf.Atom]func(p *genserv.Process) error{
		"caller": func(p *genserv.Process) error {
			_, err := p.Call(context.Background(), to, etf.Int(1))
			return err
		},
		"multi_caller": func(p *genserv.Process) error {
			if _, bad := p.MultiCall(context.Background(), []etf.Atom{a.Name(), b.Name()}, "holder", etf.Int(1)); len(bad) < 2 {
				return nil
			}
			return errors.New("nobody has answered")
		},
		"sender": func(p *genserv.Process) error {
			for range 1000 {
				_, _ = p.SendRequest(to, etf.Int(1))
				_, _ = p.Monitor(p.Self())
				_, _ = p.Alias()
			}
			if _, got := p.Receive(genserv.Infinity, func(etf.Term) bool { return false }); got {
				return nil
			}
			return errors.New("nothing has come")
		},
	} {
		a.does(t, name, func(p *genserv.Process, _ etf.Term) etf.Term {
			asking <- struct{}{}
			ended <- ask(p)
			return etf.Atom("ok")
		})
		require.NoError(t, a.Cast(t.Context(), name, nil))
		<-asking
		require.Eventually(t, func() bool { return len(b.peers.up(a.Name()).watchesNow()) > 0 }, time.Minute,
			time.Millisecond)
		a.registry.byName(name).exit(killed)
		require.Error(t, <-ended)
		requireNothingLeft(t, a)
		requireNothingLeft(t, b)
	}
}

func (p *peer) watchesNow() (all []*inboundMonitor) {
	if p == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, w := range p.inbound {
		all = append(all, w)
	}
	return all
}

func TestAServerThatCallsItselfIsToldSo(t *testing.T) {
	n := testNode(t, Config{})
	n.does(t, "narcissus", func(p *genserv.Process, _ etf.Term) etf.Term {
		_ = p.Unregister("narcissus")
		_ = p.Register("echo")
		for _, to := range []etf.Term{p.Self(), etf.Atom("echo"), etf.Tuple{etf.Atom("echo"), n.Name()}} {
			_, err := p.Call(t.Context(), to, nil)
			require.ErrorIs(t, err, genserv.ErrCallingSelf)
			require.ErrorIs(t, p.Terminate(t.Context(), to, nil), genserv.ErrCallingSelf)
		}
		replies, bad := p.MultiCall(t.Context(), []etf.Atom{n.Name()}, "echo", nil)
		require.Empty(t, replies)
		require.Equal(t, []etf.Atom{n.Name()}, bad)
		_, err := p.Call(t.Context(), etf.Atom("nosuch"), nil)
		require.ErrorIs(t, err, genserv.ErrNoProc)
		return etf.Atom("ok")
	})
	require.Equal(t, etf.Atom("ok"), n.mustCall(t, "narcissus", n, nil))
	requireNothingLeft(t, n)
}

func TestACallToAnAliasIsNoCall(t *testing.T) {
	a, b := pair(t)
	for _, ref := range []etf.Ref{a.refs.make(), b.refs.make()} {
		var bad *DestinationError
		_, err := a.Call(t.Context(), ref, nil)
		require.ErrorAs(t, err, &bad)
		_, err = a.SendRequest(t.Context(), ref, nil)
		require.ErrorAs(t, err, &bad)
		require.ErrorAs(t, a.Terminate(t.Context(), ref, nil), &bad)
	}
	require.NoError(t, a.Ping(t.Context(), b.Name()))
	requireNothingLeft(t, a)
}

// Nodes of OTP 23 do not know aliases and reply to the pid.
func TestALateReplyThatComesToThePidEndsWithItsAlias(t *testing.T) {
	n := testNode(t, Config{})
	old := &peer{info: &dist.Peer{}}
	seen := make(chan etf.Term, 10)
	n.does(t, "asker", func(p *genserv.Process, _ etf.Term) etf.Term {
		id, err := p.SendRequest(etf.Atom("asker"), etf.Atom("x"))
		require.NoError(t, err)
		msg, ok := p.Receive(time.Minute, func(etf.Term) bool { return true })
		require.True(t, ok)
		from, ok := genserv.FromTerm(msg.(etf.Tuple)[1])
		require.True(t, ok)
		reply := func(term etf.Term) {
			n.sendLocal(destination{node: n.name, pid: from.Pid}, etf.Tuple{from.Tag, term}, nil, old)
		}
		reply(etf.Int(1))
		answer, err := id.Wait(p, time.Minute)
		require.NoError(t, err)
		seen <- answer
		reply(etf.Int(2))
		_, ok = p.Receive(0, func(etf.Term) bool { return true })
		require.False(t, ok, "late")
		return etf.Atom("ok")
	})
	require.Equal(t, etf.Atom("ok"), n.mustCall(t, "asker", n, nil))
	require.Equal(t, etf.Int(1), <-seen)
	requireNothingLeft(t, n)
}

func TestAnAliasOfAnEarlierLifeOfTheNodeReachesNobody(t *testing.T) {
	n := testNode(t, Config{})
	n.does(t, "owner", func(p *genserv.Process, _ etf.Term) etf.Term {
		ref, err := p.Alias()
		require.NoError(t, err)
		old := ref
		old.Creation++
		p.Send(old, etf.Atom("old"))
		p.Send(ref, etf.Atom("new"))
		msg, _ := p.Receive(time.Minute, func(etf.Term) bool { return true })
		require.True(t, p.Unalias(ref))
		p.Send(ref, etf.Atom("late"))
		_, ok := p.Receive(0, func(etf.Term) bool { return true })
		require.False(t, ok)
		return msg
	})
	require.Equal(t, etf.Atom("new"), n.mustCall(t, "owner", n, nil))
	requireNothingLeft(t, n)
}

func TestRequestsCompleteWhenTheNodeStops(t *testing.T) {
	a, b := pair(t)
	for _, n := range []*Node{a, b} {
		_, err := n.Spawn(t.Context(), genserv.Child{Name: "holder", Module: genserv.Of(holder{})})
		require.NoError(t, err)
	}
	var all Requests[etf.Atom]
	for _, n := range []*Node{a, b} {
		r, err := a.SendRequest(t.Context(), etf.Tuple{etf.Atom("holder"), n.Name()}, etf.Int(1))
		require.NoError(t, err)
		all.Add(r, n.Name())
	}
	require.NoError(t, a.Stop(t.Context()))
	ends := map[etf.Atom]error{}
	for range 2 {
		r, err := all.Wait(t.Context())
		require.NoError(t, err)
		ends[r.Label] = r.Err
	}
	require.ErrorIs(t, ends[a.Name()], &genserv.Exit{Reason: shutdown})
	require.ErrorIs(t, ends[b.Name()], genserv.ErrNoConnection)
}
