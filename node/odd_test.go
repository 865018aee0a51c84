package node

import (
	"container/list"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	scripted "github.com/gonode-otp/gonode/gonodetest/peer"
)

// oddPeer is a peer that n can find, and that does what no real node does.
func oddPeer(t *testing.T, n *Node, name string) *scripted.Peer {
	t.Helper()
	p := scripted.New(t, name)
	p.Cookie = "secret"
	p.Register(t, int(n.cfg.EPMDPort))
	return p
}

// pings makes the peer wait until n has handled everything that the peer has sent before.
func pings(p *scripted.Peer, n *Node) scripted.Step {
	return scripted.Do("ping", func(c *scripted.Conn) error {
		request := fmt.Sprintf("{'$gen_call',{'$self',mark},{is_auth,%v}}", p.Node)
		if err := scripted.Send("{6,'$self','',net_kernel}", request).Run(c); err != nil {
			return err
		}
		return scripted.Skip("{22,'_','$self'}", "{mark,yes}").Run(c)
	})
}

func connected(t *testing.T, n *Node) {
	t.Helper()
	require.Eventually(t, func() bool { return len(n.Nodes()) == 1 }, 20*time.Second, time.Millisecond)
}

// The old connection hangs: its peer neither reads from it nor closes it.
func TestANewConnectionDoesNotWaitForTheEndOfTheOneItReplaces(t *testing.T) {
	n := testNode(t, Config{})
	p := oddPeer(t, n, "peer@localhost")
	up, done := make(chan struct{}), make(chan struct{})
	old := p.Dial(n.Addr().String(), scripted.Handshake(string(n.Name())), pings(p, n),
		scripted.Do("up", func(*scripted.Conn) error { close(up); return nil }), scripted.Silence(done))
	select {
	case <-up:
	case <-time.After(20 * time.Second):
		close(done)
		old.Wait(t)
		require.Fail(t, "the first connection does not come up")
	}
	began := time.Now()
	p.Dial(n.Addr().String(), scripted.Handshake(string(n.Name())), pings(p, n)).Wait(t)
	require.Less(t, time.Since(began), 4500*time.Millisecond,
		"what a connection takes to flush when it is closed in order is 5 s")
	close(done)
	old.Wait(t)
}

// There is no link with such a pid, because an exit signal to a pid of an earlier incarnation of the peer closes the
// connection.
func TestAPidOfAnEarlierLifeOfAPeerIsLinkedToNobody(t *testing.T) {
	n := testNode(t, Config{})
	p := oddPeer(t, n, "peer@localhost")
	p.Creation = 7
	s := p.Dial(n.Addr().String(), scripted.Handshake(string(n.Name())), scripted.Expect("{22,'_','$self'}", "linked"))
	connected(t, n)
	n.does(t, "linker", func(p *genserv.Process, _ etf.Term) etf.Term {
		p.TrapExit(true)
		p.Link(etf.Pid{Node: "peer@localhost", ID: 5, Creation: 6})
		msg, _ := p.Receive(20*time.Second, func(etf.Term) bool { return true })
		p.Send(etf.Pid{Node: "peer@localhost", ID: 1, Creation: 7}, etf.Atom("linked"))
		return msg
	})
	require.Equal(t, etf.Atom("noproc"), n.mustCall(t, "linker", n, etf.Atom("go")).(etf.Tuple)[2])
	s.Wait(t)
}

// An attacker uses the name of the peer that we dial. The protocol makes our attempt give way to him, but only once.
func TestAStrangerCannotKeepUsFromConnecting(t *testing.T) {
	n := testNode(t, Config{Name: "a@localhost"})
	p, stranger := oddPeer(t, n, "peer@localhost"), scripted.New(t, "peer@localhost")
	dialled := make(chan struct{})
	p.Accept(scripted.Do("wait", func(*scripted.Conn) error { close(dialled); return nil }),
		scripted.ExpectClosed())
	second := p.Accept(
		scripted.ExpectName(), scripted.Do("the stranger comes again", func(*scripted.Conn) error {
			return stranger.Dial(n.Addr().String(), scripted.SendName(), scripted.ExpectStatus("ok_simultaneous"),
				scripted.ExpectChallenge()).Err()
		}),
		scripted.SendStatus("ok"), scripted.SendChallenge(), scripted.ExpectReply(), scripted.SendAck(),
		scripted.Expect("{22,'_','_'}", "done"))
	result := make(chan error, 1)
	go func() { result <- n.Connect(t.Context(), p.Node) }()
	<-dialled
	stranger.Dial(n.Addr().String(), scripted.SendName(), scripted.ExpectStatus("ok_simultaneous"),
		scripted.ExpectChallenge()).Wait(t)
	require.NoError(t, <-result)
	require.NoError(t, n.Send(t.Context(), etf.Pid{Node: p.Node, ID: 1, Creation: 1}, etf.Atom("done")))
	second.Wait(t)
}

func TestAPeerEndsNoMonitorOfAnother(t *testing.T) {
	n := testNode(t, Config{})
	good, bad := oddPeer(t, n, "good@localhost"), oddPeer(t, n, "bad@localhost")
	watched, lied := make(chan [2]etf.Term, 1), make(chan struct{})
	g := good.Accept(scripted.Handshake(""), scripted.Expect("{19,'$from',server,'$ref'}", nil),
		scripted.Expect("{6,'$from','',server}", "{'$gen_call',{'$from','$tag'},hello}"),
		scripted.Do("tell", func(c *scripted.Conn) error {
			watched <- [2]etf.Term{c.Var("$from"), c.Var("$ref")}
			<-lied
			return nil
		}),
		scripted.Send("{2,'','$from'}", "{'$tag',world}"), scripted.Hold())
	b := bad.Accept(scripted.Handshake(""), scripted.Do("lie", func(c *scripted.Conn) error {
		w := <-watched
		c.Set("$from", w[0])
		c.Set("$ref", w[1])
		return nil
	}), scripted.Send("{28,'$self','$from','$ref'}", "boom"), pings(bad, n),
		scripted.Do("lied", func(*scripted.Conn) error {
			close(lied)
			return nil
		}), scripted.Hold())
	require.NoError(t, n.Connect(t.Context(), bad.Node))
	reply, err := n.Call(t.Context(), etf.Tuple{etf.Atom("server"), good.Node}, etf.Atom("hello"))
	require.NoError(t, err)
	require.Equal(t, etf.Atom("world"), reply)
	n.Disconnect(good.Node)
	n.Disconnect(bad.Node)
	g.Wait(t)
	b.Wait(t)
}

// The peer uses the reference of a monitor twice, which no node does. The first monitor is removed.
func TestAReferenceThatIsUsedTwiceIsOneMonitor(t *testing.T) {
	n := testNode(t, Config{})
	n.does(t, "watched", func(*genserv.Process, etf.Term) etf.Term { return etf.Atom("ok") })
	p := oddPeer(t, n, "peer@localhost")
	watched := n.registry.byName("watched")
	p.Dial(n.Addr().String(), scripted.Handshake(string(n.Name())),
		scripted.Do("twice", func(c *scripted.Conn) error {
			c.Set("$ref", etf.Ref{Node: p.Node, Creation: 1, Len: 1, Words: [5]uint32{1}})
			return nil
		}),
		scripted.Send("{19,'$self',watched,'$ref'}", nil), scripted.Send("{19,'$self',watched,'$ref'}", nil), pings(p, n),
		scripted.Do("count", func(*scripted.Conn) error {
			if got := watched.watchers().(etf.List); len(got) != 1 {
				return fmt.Errorf("%d monitors", len(got))
			}
			return nil
		}),
		scripted.Send("{20,'$self',watched,'$ref'}", nil), pings(p, n),
	).Wait(t)
	require.Empty(t, watched.watchers())
}

func TestOfTooManyStrangersTheOldestGoes(t *testing.T) {
	all := &pendingHandshakes{max: 2}
	var theirs [3]net.Conn
	var places [3]*list.Element
	for i := range theirs {
		ours, c := net.Pipe()
		theirs[i], places[i] = c, all.add(ours)
	}
	_, err := theirs[0].Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF)
	require.NoError(t, theirs[1].SetReadDeadline(time.Now()))
	_, err = theirs[1].Read(make([]byte, 1))
	require.ErrorIs(t, err, os.ErrDeadlineExceeded, "the others stay")
	require.NoError(t, theirs[1].SetReadDeadline(time.Time{}))
	require.True(t, all.makeRoom(), "there are no files left")
	_, err = theirs[1].Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF)
	for _, p := range places {
		all.remove(p)
	}
	require.Zero(t, all.all.Len())
	require.False(t, all.makeRoom())
}

// busyLog is a log that blocks when a connection comes up.
type busyLog struct {
	slog.Handler
	lines chan<- string
	free  <-chan struct{}
}

func (l busyLog) WithAttrs([]slog.Attr) slog.Handler { return l }

func (l busyLog) Enabled(context.Context, slog.Level) bool { return true }

func (l busyLog) Handle(_ context.Context, r slog.Record) error {
	if r.Message == "connected" {
		<-l.free
	}
	l.lines <- r.Message
	return nil
}

func TestALogThatIsStuckHoldsUpNoAnswerAndStillTellsInOrder(t *testing.T) {
	lines, free := make(chan string, 16), make(chan struct{})
	n := testNode(t, Config{Logger: slog.New(busyLog{slog.DiscardHandler, lines, free})})
	require.Equal(t, "node started", <-lines)
	p := oddPeer(t, n, "peer@localhost")
	p.Dial(n.Addr().String(), scripted.Handshake(string(n.Name())), pings(p, n)).Wait(t)
	close(free)
	require.Equal(t, "connected", <-lines)
	require.Equal(t, "disconnected", <-lines)
}
