package node

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/epmd"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/genserv/driver"
)

// doer is a server that runs the functions of the test.
type doer struct {
	do     func(p *genserv.Process, request etf.Term) etf.Term
	blocks bool
}

func (doer) Init(*genserv.Process, etf.Term) genserv.InitResult[struct{}] {
	return genserv.Ok(struct{}{})
}

func (d doer) HandleCall(p *genserv.Process, request etf.Term, _ genserv.From, s struct{}) genserv.Result[struct{}] {
	return genserv.Reply(d.do(p, request), s)
}

func (d doer) HandleCast(p *genserv.Process, request etf.Term, s struct{}) genserv.Result[struct{}] {
	d.do(p, request)
	return genserv.NoReply(s)
}

func (d doer) MayBlock() bool { return d.blocks }

// readers starts a node whose readers hand over only when they are told to, and a node to call it from. A third node,
// mute, accepts connections and sends nothing until it is released.
func readers(t *testing.T, patience time.Duration) (a, b *Node, release func()) {
	t.Helper()
	port := startEPMD(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	released, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		if dialled, err := l.Accept(); err == nil {
			<-released
			_ = dialled.Close()
		}
	}()
	// A connection attempt before or after is refused.
	release = sync.OnceFunc(func() { _ = l.Close(); close(released) })
	context.AfterFunc(t.Context(), release)
	t.Cleanup(func() { release(); <-done })
	r, err := epmd.Register(t.Context(),
		epmd.RegisterOptions{Addr: net.JoinHostPort("127.0.0.1", strconv.Itoa(int(port))), Name: "mute",
			Port: uint16(l.Addr().(*net.TCPAddr).Port)})
	require.NoError(t, err)
	t.Cleanup(func() { _ = r.Close() })
	a = testNode(t, Config{Name: "a@localhost", EPMDPort: port})
	b = testNode(t, Config{Name: "b@localhost", EPMDPort: port, SetupTime: 100 * time.Second, patience: patience})
	require.NoError(t, a.Connect(t.Context(), b.Name()))
	return a, b, release
}

const mute = etf.Atom("mute@localhost")

func (n *Node) does(t *testing.T, name etf.Atom, do func(*genserv.Process, etf.Term) etf.Term) {
	t.Helper()
	n.spawnDoer(t, name, doer{do: do})
}

// spawnDoer starts a doer and returns when it waits for its first message.
func (n *Node) spawnDoer(t *testing.T, name etf.Atom, d doer) {
	t.Helper()
	pid, err := n.Spawn(t.Context(), genserv.Child{Name: name, Module: genserv.Of(d)})
	require.NoError(t, err)
	p := n.registry.byPid(pid)
	require.Eventually(t, func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		return !p.busy
	}, time.Minute, time.Millisecond)
}

func (n *Node) mustCall(t *testing.T, name etf.Atom, node *Node, request etf.Term) etf.Term {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	reply, err := n.Call(ctx, etf.Tuple{name, node.Name()}, request)
	require.NoError(t, err)
	return reply
}

// isInline returns whether a reader runs the callback of p.
func isInline(n *Node, p *genserv.Process) etf.Term {
	return etf.Bool(n.registry.byPid(p.Self()).turn.Held())
}

func TestAnIdleServerRunsInTheGoroutineThatReads(t *testing.T) {
	a, b, _ := readers(t, time.Hour)
	b.does(t, "where", func(p *genserv.Process, _ etf.Term) etf.Term { return isInline(b, p) })
	require.Equal(t, etf.Atom("true"), a.mustCall(t, "where", b, nil))
	require.Equal(t, etf.Atom("false"), b.mustCall(t, "where", b, nil), "a caller of the same node is no reader")
	b.spawnDoer(t, "declared", doer{blocks: true, do: func(p *genserv.Process,
		_ etf.Term) etf.Term {
		return isInline(b, p)
	}})
	require.Equal(t, etf.Atom("false"), a.mustCall(t, "declared", b, nil))
}

// The callbacks wait for everything that a node offers. If the reader were not yielded first, none of these calls
// could end.
func TestAServerThatWaitsKeepsNoReaderWaiting(t *testing.T) {
	var arrived chan struct{} // of one test
	there := func(name etf.Atom, n *Node) etf.Term { return etf.Tuple{name, n.Name()} }
	for name, wait := range map[string]func(a, b *Node, p *genserv.Process) error{
		"Process.Call": func(a, _ *Node, p *genserv.Process) error {
			_, err := p.Call(t.Context(), there("relay", a), etf.Int(1))
			return err
		},
		"Process.Call of a server here": func(_, b *Node, p *genserv.Process) error {
			_, err := p.Call(t.Context(), etf.Atom("far"), etf.Int(1))
			return err
		},
		"Process.Receive": func(a, _ *Node, p *genserv.Process) error {
			if err := p.TrySend(there("back", a), driver.CastMessage(p.Self())); err != nil {
				return err
			}
			_, ok := p.Receive(genserv.Infinity, func(msg etf.Term) bool { return etf.IsAtom(msg, "hello") })
			if !ok {
				return errors.New("nothing came")
			}
			return nil
		},
		"Process.Spawn": func(a, _ *Node, p *genserv.Process) error {
			_, err := p.Spawn(genserv.Child{Module: genserv.Of(slowStarter{a})})
			return err
		},
		"Node.Call": func(a, b *Node, _ *genserv.Process) error {
			_, err := b.Call(t.Context(), there("relay", a), etf.Int(1))
			return err
		},
		"Node.MultiCall": func(a, b *Node, _ *genserv.Process) error {
			if replies, _ := b.MultiCall(t.Context(), []etf.Atom{a.Name(), b.Name()}, "relay", etf.Int(1)); len(replies) != 1 {
				return errors.New("no answer")
			}
			return nil
		},
		"Node.Spawn": func(a, b *Node, _ *genserv.Process) error {
			_, err := b.Spawn(t.Context(), genserv.Child{Module: genserv.Of(slowStarter{a})})
			return err
		},
		"Node.Ping": func(a, b *Node, _ *genserv.Process) error { return b.Ping(t.Context(), a.Name()) },
		"Node.Connect": func(_, b *Node, _ *genserv.Process) error {
			return ignored(b.Connect(t.Context(), mute))
		},
		"nothing that the node knows of": func(_, b *Node, _ *genserv.Process) error {
			b.yieldReaders() // as the watch does
			<-arrived
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			a, b, release := readers(t, time.Hour)
			arrived = make(chan struct{})
			free := make(chan error, 1)
			b.does(t, "waits", func(p *genserv.Process, _ etf.Term) etf.Term {
				if etf.IsAtom(isInline(b, p), "false") {
					return etf.Atom("not inline")
				}
				free <- wait(a, b, p)
				<-time.After(2 * slowMessage) // makes the server slow, however soon the message arrived
				return etf.Atom("ok")
			})
			// far calls the peer, which calls back over the same connection.
			b.does(t, "far", func(p *genserv.Process, r etf.Term) etf.Term {
				reply, _ := p.Call(t.Context(), there("relay", a), r)
				return reply
			})
			b.does(t, "near", func(_ *genserv.Process, r etf.Term) etf.Term { return r })
			b.does(t, "arrival", func(*genserv.Process, etf.Term) etf.Term { close(arrived); return nil })
			a.does(t, "relay", func(p *genserv.Process, r etf.Term) etf.Term {
				reply, _ := p.Call(t.Context(), there("near", b), r)
				return reply
			})
			a.does(t, "back", func(p *genserv.Process, r etf.Term) etf.Term {
				p.Send(r, etf.Atom("hello"))
				return nil
			})
			require.NoError(t, a.Cast(t.Context(), there("waits", b), etf.Int(1)))
			require.Equal(t, etf.Int(2), a.mustCall(t, "near", b, etf.Int(2)), "others are served meanwhile")
			require.NoError(t, a.Cast(t.Context(), there("arrival", b), etf.Int(1)))
			release()
			require.NoError(t, <-free)
			<-arrived
			waits := b.registry.byName("waits")
			require.Eventually(t, func() bool { return waits.slowScore.Load() > 0 }, time.Minute, time.Millisecond)
			require.Equal(t, etf.Atom("not inline"), a.mustCall(t, "waits", b, nil),
				"the next time it has a goroutine of its own")
		})
	}
}

func ignored(error) error { return nil }

// slowStarter is a server whose init calls back.
type slowStarter struct{ a *Node }

func (s slowStarter) Init(p *genserv.Process, _ etf.Term) genserv.InitResult[struct{}] {
	_, err := p.Call(context.Background(), etf.Tuple{etf.Atom("relay"), s.a.Name()}, etf.Int(1))
	if err != nil {
		return genserv.Fail[struct{}](etf.Atom("no_answer"))
	}
	return genserv.Ok(struct{}{})
}

func (slowStarter) HandleCall(*genserv.Process, etf.Term, genserv.From, struct{}) genserv.Result[struct{}] {
	return genserv.NoReply(struct{}{})
}

// The message would have to wait until the peer reads.
func TestAServerThatSendsMoreThanThePeerReadsKeepsNoReaderWaiting(t *testing.T) {
	_, b, _ := readers(t, time.Hour)
	conn, err := net.Dial("tcp", b.Addr().String())
	require.NoError(t, err)
	side := dist.Local{Node: "lazy@localhost", Creation: 9, Cookie: func(etf.Atom) string { return "secret" }}
	info, err := side.Connect(t.Context(), conn, b.Name(), dist.InitiatorFunc(func(etf.Atom) bool { return false }))
	require.NoError(t, err)
	lazy := dist.NewConn(conn, info, dist.Options{}) // it is never served, so it reads nothing
	defer func() { lazy.Close(nil); <-lazy.Done() }()
	full, served := make(chan error, 1), make(chan struct{})
	b.does(t, "floods", func(p *genserv.Process, to etf.Term) etf.Term {
		for range 64 {
			if err := p.TrySend(to, make(etf.Binary, 1<<20)); err != nil {
				full <- err
				return nil
			}
		}
		full <- nil
		return nil
	})
	b.does(t, "near", func(*genserv.Process, etf.Term) etf.Term { close(served); return nil })
	self := etf.Pid{Node: "lazy@localhost", ID: 1, Creation: 9}
	require.NoError(t, lazy.Post(&dist.RegSend{From: self, To: "floods"}, driver.CastMessage(self)))
	require.Eventually(t, func() bool { return b.registry.byName("floods").slowScore.Load() > 0 }, time.Minute,
		time.Millisecond)
	require.NoError(t, lazy.Post(&dist.RegSend{From: self, To: "near"}, driver.CastMessage(self)))
	<-served
	require.Empty(t, full)
	lazy.Close(nil)
	<-lazy.Done()
	<-full
}

func TestAServerThatOverstaysIsLeftBehindAndLearntOf(t *testing.T) {
	a, b, _ := readers(t, 0)
	open := make(chan struct{})
	b.does(t, "waits", func(p *genserv.Process, r etf.Term) etf.Term {
		if etf.IsAtom(r, "wait") {
			<-open
		}
		return isInline(b, p)
	})
	b.does(t, "opens", func(*genserv.Process, etf.Term) etf.Term { close(open); return nil })
	require.NoError(t, a.Cast(t.Context(), etf.Tuple{etf.Atom("waits"), b.Name()}, etf.Atom("wait")))
	a.mustCall(t, "opens", b, nil) // arrives over the same connection
	p := b.registry.byName("waits")
	require.Eventually(t, func() bool { return p.slowScore.Load() > 0 }, time.Minute, time.Millisecond)
	require.Equal(t, etf.Atom("false"), a.mustCall(t, "waits", b, nil))
	require.Eventually(t, func() bool { return etf.Equal(a.mustCall(t, "waits", b, nil), etf.Atom("true")) },
		time.Minute, time.Millisecond,
		"a server that is quick again is run by readers again")
}

// The callback makes no system call. Handing over the reader must not depend on one.
func TestACallbackThatOnlyComputesKeepsNobodyWaiting(t *testing.T) {
	for _, procs := range []int{1, 2} {
		t.Run(strconv.Itoa(procs), func(t *testing.T) {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
			a, b, _ := readers(t, 0)
			var round atomic.Int32
			b.does(t, "near", func(*genserv.Process, etf.Term) etf.Term { round.Add(1); return nil })
			for i := range 3 {
				if i == 2 { // the watch sleeps by now
					<-time.After(1500 * time.Millisecond)
				}
				name := etf.Atom("computes" + strconv.Itoa(i)) // a new server, without a slow score
				b.does(t, name, func(*genserv.Process, etf.Term) etf.Term {
					for round.Load() == int32(i) {
					}
					return nil
				})
				require.NoError(t, a.Cast(t.Context(), etf.Tuple{name, b.Name()}, nil))
				a.mustCall(t, "near", b, nil)
			}
		})
	}
}

// The reader goes on after a while, even if messages for the server keep coming.
func TestAServerWithoutPauseDoesNotKeepAReader(t *testing.T) {
	a, b, _ := readers(t, time.Hour)
	var count atomic.Int64
	b.does(t, "busy", func(p *genserv.Process, r etf.Term) etf.Term {
		if etf.Equal(r, etf.Atom("go")) {
			p.Cast(p.Self(), r) // so it is never idle again
		}
		return etf.Int(count.Add(1))
	})
	b.does(t, "near", func(_ *genserv.Process, r etf.Term) etf.Term { return r })
	require.NoError(t, a.Cast(t.Context(), etf.Tuple{etf.Atom("busy"), b.Name()}, etf.Atom("go")))
	for i := range 100 {
		require.Equal(t, etf.Int(i), a.mustCall(t, "near", b, etf.Int(i)))
		a.mustCall(t, "busy", b, nil)
	}
	b.registry.byName("busy").exit(killed)
}

// Several servers have something to do at once, and one of them takes long.
func TestServersOfOneBatchDoNotWaitForALongOne(t *testing.T) {
	a, b, _ := readers(t, time.Hour)
	open, done := make(chan struct{}), make(chan struct{}, 10)
	b.does(t, "long", func(*genserv.Process, etf.Term) etf.Term { b.yieldReaders(); <-open; return nil })
	names := []etf.Atom{"s0", "s1", "s2", "s3", "s4"}
	for _, name := range names {
		b.does(t, name, func(*genserv.Process, etf.Term) etf.Term { done <- struct{}{}; return nil })
	}
	for range 20 { // the messages arrive together most of the time
		for _, name := range append([]etf.Atom{"long"}, names...) {
			require.NoError(t, a.Cast(t.Context(), etf.Tuple{name, b.Name()}, nil))
		}
		for range names {
			<-done
		}
	}
	close(open)
	a.mustCall(t, "long", b, nil)
}

// The goroutine that reads changes all the time. No message is lost, and none overtakes another.
func TestMessagesStayInOrderWhoeverRunsTheServers(t *testing.T) {
	a, b, _ := readers(t, time.Millisecond)
	const all, servers = 3000, 4
	names := [servers]etf.Atom{"w0", "w1", "w2", "w3"}
	var logs [servers]etf.List
	for i, name := range names {
		random := rand.New(rand.NewPCG(1, uint64(i))) // of this server, so that each run is the same
		b.does(t, name, func(p *genserv.Process, r etf.Term) etf.Term {
			if etf.IsAtom(r, "done") {
				return logs[i]
			}
			logs[i] = append(logs[i], r)
			switch k := random.IntN(200); {
			case k == 0:
				_, _ = p.Receive(2*time.Millisecond, func(etf.Term) bool { return false })
			case k == 1:
				_, _ = p.Call(t.Context(), etf.Tuple{etf.Atom("echo"), a.Name()}, r)
			case k < 4:
				<-time.After(time.Duration(random.IntN(3)) * time.Millisecond)
			case k < 10:
				p.Send(names[(i+1)%servers], etf.Atom("info"))
			}
			return nil
		})
	}
	a.does(t, "echo", func(_ *genserv.Process, r etf.Term) etf.Term { return r })
	for i := range all {
		for _, name := range names {
			require.NoError(t, a.Cast(t.Context(), etf.Tuple{name, b.Name()}, etf.Int(i)))
		}
	}
	want := make(etf.List, all)
	for i := range want {
		want[i] = etf.Int(i)
	}
	for _, name := range names {
		require.Equal(t, etf.Term(want), a.mustCall(t, name, b, etf.Atom("done")))
	}
}

func TestAServerThatFailsOrIsSuspendedInAReaderHurtsNobody(t *testing.T) {
	a, b, _ := readers(t, time.Hour)
	do := func(p *genserv.Process, r etf.Term) etf.Term {
		switch r {
		case etf.Atom("panic"):
			panic("inline")
		case etf.Atom("exit"):
			panic(genserv.Exit{Reason: etf.Atom("inline")})
		case etf.Term(etf.Atom("killed")):
			p.Exit(p.Self(), kill)
		}
		return isInline(b, p)
	}
	spawn := func() { b.does(t, "fails", do) }
	b.does(t, "near", func(_ *genserv.Process, r etf.Term) etf.Term { return r })
	to := etf.Tuple{etf.Atom("fails"), b.Name()}
	for how, want := range map[etf.Atom]string{"panic": "{panic,", "exit": "inline", "killed": "killed"} {
		spawn()
		linked := make(chan etf.Term, 1)
		pid := b.registry.byName("fails").pid
		_, err := a.Spawn(t.Context(), genserv.Child{Name: "watcher", Module: genserv.Of(watcher{pid, linked})})
		require.NoError(t, err)
		_, err = a.Call(t.Context(), to, how) // run by the reader, because the server is new
		var exit *genserv.Exit
		require.ErrorAs(t, err, &exit, how)
		require.Contains(t, etf.Format(exit.Reason), want)
		require.Contains(t, etf.Format(<-linked), want)
		require.Equal(t, etf.Int(1), a.mustCall(t, "near", b, etf.Int(1)))
	}
	spawn()
	system := func(what etf.Atom) {
		require.NoError(t, a.Send(t.Context(), to, driver.SystemMessage(etf.Pid{Node: a.Name(), ID: 1, Creation: 1},
			etf.Atom("tag"), what)))
	}
	system("suspend")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := a.Call(ctx, to, nil)
	require.ErrorIs(t, err, genserv.ErrTimeout)
	system("resume")
	require.NotNil(t, a.mustCall(t, "fails", b, nil))
}

// watcher is linked to another process and reports the reason of its end.
type watcher struct {
	pid  etf.Pid
	told chan etf.Term
}

func (w watcher) Init(p *genserv.Process, _ etf.Term) genserv.InitResult[struct{}] {
	p.TrapExit(true)
	p.Link(w.pid)
	return genserv.Ok(struct{}{})
}

func (watcher) HandleCall(*genserv.Process, etf.Term, genserv.From, struct{}) genserv.Result[struct{}] {
	return genserv.NoReply(struct{}{})
}

func (w watcher) HandleInfo(_ *genserv.Process, msg etf.Term, s struct{}) genserv.Result[struct{}] {
	if t, ok := msg.(etf.Tuple); ok && etf.IsAtom(t[0], "EXIT") {
		w.told <- t[2]
		return genserv.Stop(normal, s)
	}
	return genserv.NoReply(s)
}

func TestANodeStopsThoughAReaderRunsAServer(t *testing.T) {
	a, b, _ := readers(t, 0)
	entered, open := make(chan struct{}), make(chan struct{})
	b.does(t, "waits", func(*genserv.Process, etf.Term) etf.Term { close(entered); <-open; return nil })
	require.NoError(t, a.Cast(t.Context(), etf.Tuple{etf.Atom("waits"), b.Name()}, nil))
	<-entered
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, b.Stop(ctx), context.Canceled, "the callback still runs")
	close(open)
	require.NoError(t, b.Stop(t.Context()))
}
