package node

import (
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/genserv/driver"
)

// listener is a node whose test decides when to read, and sees what was sent to it.
type listener struct {
	conn *dist.Conn
	self etf.Pid
	mu   sync.Mutex
	got  []string // messages by the number in them, signals by their name
}

// listenerOf connects a listener with n. It reads nothing until the test says so.
func listenerOf(t *testing.T, n *Node, name etf.Atom, creation uint32) *listener {
	t.Helper()
	conn, err := net.Dial("tcp", n.Addr().String())
	require.NoError(t, err)
	side := dist.Local{Node: name, Creation: creation, Cookie: func(etf.Atom) string { return "secret" }}
	info, err := side.Connect(t.Context(), conn, n.Name(), dist.InitiatorFunc(func(etf.Atom) bool { return false }))
	require.NoError(t, err)
	l := &listener{conn: dist.NewConn(conn, info, dist.Options{}), self: etf.Pid{Node: name, ID: 1, Creation: creation}}
	t.Cleanup(func() { l.conn.Close(nil); <-l.conn.Done() })
	return l
}

func (l *listener) read(t *testing.T) {
	t.Helper()
	done := make(chan struct{})
	go func() { defer close(done); _ = l.conn.Serve(l) }()
	t.Cleanup(func() { _ = l.conn.Abort(nil); <-done })
}

func (l *listener) Handle(m dist.Message, payload etf.Term) error {
	text := ""
	switch m.(type) {
	case *dist.Send, *dist.RegSend:
		text = etf.Format(payload.(etf.Tuple)[0])
	default:
		text = fmt.Sprintf("%T", m)[len("*dist."):]
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.got = append(l.got, text)
	return nil
}

func (l *listener) Drained() dist.Work { return nil }

// until waits for a signal or message and returns everything that has arrived.
func (l *listener) until(t *testing.T, last string) (all []string) {
	t.Helper()
	require.Eventually(t, func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		all = append(all[:0], l.got...)
		return len(all) > 0 && all[len(all)-1] == last
	}, time.Minute, time.Millisecond, last)
	return all
}

// flood sends {1, Bytes}, {2, Bytes} ... to the process that asks, without end.
func flood(p *genserv.Process, to etf.Term) etf.Term {
	for i := etf.Int(1); i < 1000; i++ {
		if err := p.TrySend(to, etf.Tuple{i, make(etf.Binary, 1<<20)}); err != nil {
			return nil
		}
	}
	return nil
}

func TestASendThatWaitsForRoomGivesUpWhenItsProcessIsKilled(t *testing.T) {
	n := testNode(t, Config{})
	ended := make(chan struct{})
	n.does(t, "floods", func(p *genserv.Process, to etf.Term) etf.Term {
		defer close(ended)
		p.Link(to.(etf.Pid))
		return flood(p, to)
	})
	l := listenerOf(t, n, "l@localhost", 9)
	floods := n.registry.byName("floods")
	ref := etf.Ref{Node: l.self.Node, Creation: 9, Len: 3, Words: [etf.MaxRefWords]uint32{1, 2, 3}}
	require.NoError(t, l.conn.Post(&dist.MonitorP{From: l.self, To: dist.ByPid(floods.pid), Ref: ref}, nil))
	require.NoError(t, l.conn.Post(&dist.RegSend{From: l.self, To: "floods"}, driver.CastMessage(l.self)))
	require.Eventually(t, func() bool {
		floods.mu.Lock()
		defer floods.mu.Unlock()
		return floods.ctx != nil // its send waits
	}, time.Minute, time.Millisecond)
	floods.exit(killed)
	<-ended
	<-floods.done()
	l.read(t)
	all := l.until(t, "MonitorPExit")
	require.Equal(t, "Link", all[0])
	require.Equal(t, "Exit", all[len(all)-2])
	require.Greater(t, len(all), 3)
	for i, text := range all[1 : len(all)-2] {
		require.Equal(t, fmt.Sprint(i+1), text)
	}
}

// The end is the last signal also on one node, whatever the timing of the two is.
func TestNothingOfAKilledProcessArrivesBehindItsDownOnItsOwnNode(t *testing.T) {
	n := testNode(t, Config{NoListen: true})
	for i := range 300 {
		began := make(chan struct{})
		pid, err := n.Spawn(t.Context(),
			genserv.Child{Module: genserv.Of(doer{do: func(p *genserv.Process, to etf.Term) etf.Term {
				close(began)
				for j := range 2000 {
					p.Send(to, etf.Int(j))
					p.Exit(to.(etf.Pid), etf.Atom("hello"))
					_, _ = p.Monitor(to)
				}
				return nil
			}})})
		require.NoError(t, err)
		w := &lastHeard{pid: pid, done: make(chan struct{})}
		watcher, err := n.Spawn(t.Context(), genserv.Child{Module: genserv.Of(w)})
		require.NoError(t, err)
		require.NoError(t, n.Cast(t.Context(), pid, watcher))
		<-began
		<-time.After(time.Duration(i) * time.Microsecond)
		victim := n.registry.byPid(pid)
		victim.exit(killed)
		<-w.done
		<-victim.done()
		_, err = n.Call(t.Context(), watcher, etf.Atom("sync"))
		require.NoError(t, err)
		require.Zero(t, w.behind)
		p := n.registry.byPid(watcher)
		p.mu.Lock()
		left := p.inbound.first
		p.mu.Unlock()
		require.Nil(t, left, "a monitor of a process that is no more")
		p.exit(killed)
	}
}

// lastHeard counts what arrives from a process after its DOWN.
type lastHeard struct {
	pid    etf.Pid
	down   bool
	behind int
	done   chan struct{}
}

func (w *lastHeard) Init(p *genserv.Process, _ etf.Term) genserv.InitResult[struct{}] {
	p.TrapExit(true)
	_, _ = p.Monitor(w.pid)
	return genserv.Ok(struct{}{})
}

func (w *lastHeard) HandleCall(*genserv.Process, etf.Term, genserv.From, struct{}) genserv.Result[struct{}] {
	return genserv.Reply(etf.Atom("ok"), struct{}{})
}

func (w *lastHeard) HandleInfo(_ *genserv.Process, msg etf.Term, s struct{}) genserv.Result[struct{}] {
	t, _ := msg.(etf.Tuple)
	switch {
	case len(t) == 5:
		w.down = true
		close(w.done)
	case w.down:
		w.behind++
	}
	return genserv.NoReply(s)
}

// A process that links itself with one that is ending gets its exit signal. A process that is ending links itself with
// no other.
func TestALinkThatMeetsTheEndOfAProcessIsAnsweredByItsExit(t *testing.T) {
	n := testNode(t, Config{NoListen: true})
	for i := range 300 {
		other, err := n.Spawn(t.Context(), genserv.Child{Module: genserv.Of(trapper{})})
		require.NoError(t, err)
		began := make(chan struct{})
		pid, err := n.Spawn(t.Context(),
			genserv.Child{Module: genserv.Of(doer{do: func(p *genserv.Process, to etf.Term) etf.Term {
				close(began)
				for range 1000 {
					p.Link(to.(etf.Pid))
					p.Unlink(to.(etf.Pid))
				}
				return nil
			}})})
		require.NoError(t, err)
		require.NoError(t, n.Cast(t.Context(), pid, other))
		<-began
		<-time.After(time.Duration(i) * time.Microsecond)
		p := n.registry.byPid(pid)
		p.exit(killed)
		<-p.done()
		o := n.registry.byPid(other)
		o.mu.Lock()
		left := len(o.links)
		o.mu.Unlock()
		require.Zero(t, left)
		o.exit(killed)
	}
}

// trapper traps exits.
type trapper struct{}

func (trapper) Init(p *genserv.Process, _ etf.Term) genserv.InitResult[struct{}] {
	p.TrapExit(true)
	return genserv.Ok(struct{}{})
}

func (trapper) HandleCall(*genserv.Process, etf.Term, genserv.From, struct{}) genserv.Result[struct{}] {
	return genserv.Reply(etf.Atom("ok"), struct{}{})
}

func (trapper) HandleInfo(_ *genserv.Process, _ etf.Term, s struct{}) genserv.Result[struct{}] {
	return genserv.NoReply(s)
}
