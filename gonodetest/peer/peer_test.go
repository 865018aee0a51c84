//go:build unix

package peer_test

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/epmd"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/gonodetest/internal/witness"
	"github.com/gonode-otp/gonode/gonodetest/peer"
)

// us is the node under test: the connection package alone.
func us(p *peer.Peer) dist.Local {
	return dist.Local{Node: "us@localhost", Creation: 5, StepTimeout: 5 * time.Second,
		Cookie: func(etf.Atom) string { return p.Cookie }}
}

func addr(p *peer.Peer) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(p.Port())) }

func dialPeer(t *testing.T, p *peer.Peer) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", addr(p))
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// hears is a dist.Handler that passes on each message.
type hears chan string

func (h hears) Handle(m dist.Message, payload etf.Term) error {
	h <- fmt.Sprintf("%T %v", m, payload)
	return nil
}

func (hears) Drained() dist.Work { return nil }

// join connects us with the peer and serves the connection.
func join(t *testing.T, p *peer.Peer) (*dist.Conn, hears, <-chan error) {
	t.Helper()
	c := dialPeer(t, p)
	met, err := us(p).Connect(t.Context(), c, p.Node, nil)
	require.NoError(t, err)
	conn, heard, end := dist.NewConn(c, met, dist.Options{}), make(hears, 100), make(chan error, 1)
	go func() { end <- conn.Serve(heard) }()
	t.Cleanup(func() {
		conn.Close(nil)
		<-conn.Done()
	})
	return conn, heard, end
}

var self = etf.Pid{Node: "us@localhost", ID: 9, Creation: 5}

func TestAPeerAnswersByAPatternOfTheRequest(t *testing.T) {
	p := peer.New(t, "peer@localhost")
	script := p.Accept(peer.Handshake("us@localhost"),
		peer.Expect("{6,'$from','',echo}", "{'$gen_call',{'$from',['$a'|'$tail']},#{want => '$want'}}"),
		peer.Send("{22,'$self','$from'}", "{['$a'|'$tail'],['$want','$node','$peer',#{'$want' => 1}]}"),
		peer.SendTick(),
		peer.ExpectClosed())
	conn, heard, _ := join(t, p)
	request, err := etf.Parse("#{want => \"it\", other => 1}")
	require.NoError(t, err)
	call := etf.Tuple{etf.Atom("$gen_call"), etf.Tuple{self,
		etf.ImproperList{Elems: []etf.Term{etf.Atom("alias")}, Tail: etf.Int(1)}}, request}
	require.NoError(t, conn.Send(t.Context(), &dist.RegSend{From: self, To: "echo"}, call))
	require.Equal(t, `*dist.Send {[alias|1],["it",peer@localhost,us@localhost,#{"it" => 1}]}`, <-heard)
	conn.Close(nil)
	script.Wait(t)
}

func TestAPeerSkipsWhatItDoesNotWait(t *testing.T) {
	p := peer.New(t, "peer@localhost")
	script := p.Accept(peer.Handshake(""),
		peer.Skip("{6,'_','',box}", "{'$n',last}"),
		peer.Do("the number", func(c *peer.Conn) error {
			if c.Var("$n") != etf.Term(etf.Int(3)) || c.Node() != "us@localhost" || !c.Flags().Has(dist.FlagSpawn) {
				return fmt.Errorf("%v of %v with %v", c.Var("$n"), c.Node(), c.Flags())
			}
			c.Set("$n", etf.Atom("three"))
			return nil
		}),
		peer.Send("{22,'$self','$to'}", "x"))
	conn, _, _ := join(t, p)
	for i, word := range []etf.Atom{"first", "second", "last"} {
		require.NoError(t, conn.Send(t.Context(), &dist.RegSend{From: self, To: "box"}, etf.Tuple{etf.Int(i + 1), word}))
	}
	require.ErrorContains(t, script.Err(), "step 4, Send({22,'$self','$to'}): '$to' is not bound")
}

// Each message that does not match gives an error that says what is wrong with it.
func TestAPeerSaysWhatIsNotAsExpected(t *testing.T) {
	for _, row := range []struct{ control, payload, want string }{
		{"{6,'_','',other}", "'_'", "box instead of other"},
		{"{6,'_','','$a'}", "{'$a','_','_','_'}", "1 instead of '$a', which is box"},
		{"{6,'_','','_'}", "[]", "instead of []"},
		{"{6,'_','','_'}", "['$a'|'$b']", "instead of ['$a'|'$b']"},
		{"{6,'_','','_'}", "{2,'_','_','_'}", "1 instead of 2"},
		{"{6,'_','','_'}", "{'$x',\"abd\",'_','_'}", "99 instead of 100"},
		{"{6,'_','','_'}", "{'_','_',#{z => '_'},'_'}", "no key z in #{k => v}"},
		{"{6,'_','','_'}", "{'_','_',#{k => w},'_'}", "v instead of w"},
		{"{6,'_','','_'}", "{'$x','_','_','$x'}", "1.5 instead of '$x', which is 1"},
		{"{6,'_','','_'}", "'_", "1:1: "},
		{"{6,'_','','_'}", "", "no payload where none"},
	} {
		p := peer.New(t, "peer@localhost")
		var payload any = row.payload
		if row.payload == "" {
			payload, row.want = nil, "a payload where none is expected"
		}
		script := p.Accept(peer.Handshake(""), peer.Expect(row.control, payload))
		conn, _, _ := join(t, p)
		said, err := etf.Parse("{1,\"abc\",#{k => v},1.5}")
		require.NoError(t, err)
		require.NoError(t, conn.Send(t.Context(), &dist.RegSend{From: self, To: "box"}, said))
		err = script.Err()
		var failed *peer.ScriptError
		require.ErrorAs(t, err, &failed, "%v", row)
		require.Equal(t, 2, failed.Step)
		require.ErrorContains(t, err, row.want)
	}
}

func TestAPeerSendsWhatNoNodeWouldSend(t *testing.T) {
	for name, row := range map[string]struct {
		move peer.Step
		want any
	}{
		"no message":      {peer.SendFrame([]byte{112, 131, 97, 1}), new(*dist.ProtocolError)},
		"another message": {peer.Send("{99,x}", nil), new(*dist.ProtocolError)},
		"half a term": {peer.Mutated(peer.Send("{6,'$self','',x}", "hello"),
			func(b []byte) []byte { b[3]--; return b[:len(b)-1] }), new(*dist.ProtocolError)},
		"a reset": {peer.Reset(), new(*dist.IOError)},
	} {
		p := peer.New(t, "peer@localhost")
		script := p.Accept(peer.Handshake(""), row.move)
		_, _, end := join(t, p)
		require.ErrorAs(t, <-end, row.want, name)
		script.Wait(t)
	}
	p := peer.New(t, "peer@localhost")
	script := p.Accept(peer.Handshake(""), peer.HalfClose(), peer.ExpectClosed())
	_, _, end := join(t, p)
	require.ErrorIs(t, <-end, dist.ErrPeerClosed)
	script.Wait(t)
}

func TestAPeerReadsFramesOfAnyKind(t *testing.T) {
	p := peer.New(t, "peer@localhost")
	p.Flags = dist.DefaultFlags
	var kind byte
	script := p.Accept(peer.Handshake(""), peer.ExpectFrame(func(frame []byte) error {
		kind = frame[1]
		return nil
	}), peer.Expect("'_'", "'_'"))
	conn, _, _ := join(t, p)
	for range 2 {
		require.NoError(t, conn.Send(t.Context(), &dist.RegSend{From: self, To: "box"}, etf.Atom("x")))
	}
	require.ErrorContains(t, script.Err(), "this takes ExpectFrame")
	require.EqualValues(t, 68, kind)
}

func TestAPeerHoldsAConnectionUntilTheOtherEndLeaves(t *testing.T) {
	p := peer.New(t, "peer@localhost")
	script := p.Accept(peer.Handshake(""), peer.Hold())
	c := dialPeer(t, p)
	met, err := us(p).Connect(t.Context(), c, p.Node, nil)
	require.NoError(t, err)
	tick := make([]byte, 4)
	_, err = c.Read(tick)
	require.NoError(t, err)
	require.Equal(t, make([]byte, 4), tick)
	require.True(t, met.Hidden())
	require.NoError(t, c.Close())
	script.Wait(t)
}

func TestAPeerThatIsSilentAndOneThatExpectsTicks(t *testing.T) {
	p := peer.New(t, "peer@localhost")
	done := make(chan struct{})
	silent := p.Accept(peer.Handshake(""), peer.Silence(done))
	ticking := p.Accept(peer.Handshake(""), peer.ExpectTick(), peer.ExpectTick())
	for _, want := range []error{dist.ErrTickTimeout, dist.ErrPeerClosed} {
		c := dialPeer(t, p)
		met, err := us(p).Connect(t.Context(), c, p.Node, nil)
		require.NoError(t, err)
		conn := dist.NewConn(c, met, dist.Options{TickTime: 300 * time.Millisecond})
		require.ErrorIs(t, conn.Serve(make(hears, 1)), want)
	}
	close(done)
	silent.Wait(t)
	ticking.Wait(t)
}

func TestAPeerIsFoundByItsName(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	daemon := epmd.NewServer(epmd.ServerOptions{})
	served := make(chan error, 1)
	go func() { served <- daemon.Serve(l) }()
	t.Cleanup(func() { _ = daemon.Close(); <-served })
	p := peer.New(t, "found@localhost")
	p.Register(t, l.Addr().(*net.TCPAddr).Port)
	info, err := epmd.Lookup(t.Context(), l.Addr().String(), "found")
	require.NoError(t, err)
	require.Equal(t, p.Port(), int(info.Port))
}

func TestAScriptThatIsNotAtItsEndFailsTheTest(t *testing.T) {
	w := witness.Watch(t, func(tb testing.TB) {
		p := peer.New(tb, "peer@localhost")
		p.Accept(peer.Handshake(""))
	})
	require.True(t, w.Failed())
	require.Contains(t, w.Text(), "step 0, the connection: ")
	w = witness.Watch(t, func(tb testing.TB) { peer.New(tb, "no name") })
	require.Contains(t, w.Text(), "not the full name of a node")
	w = witness.Watch(t, func(tb testing.TB) {
		p := peer.New(tb, "peer@localhost")
		p.Dial("127.0.0.1:1", peer.SendTick()).Wait(tb)
	})
	require.Contains(t, w.Text(), "refused")
}

func TestAStepThatTakesTooLongFails(t *testing.T) {
	p := peer.New(t, "peer@localhost")
	p.Timeout = 50 * time.Millisecond
	script := p.Accept(peer.ExpectClosed())
	c := dialPeer(t, p)
	require.ErrorContains(t, script.Err(), "the connection stays open")
	_, err := c.Read(make([]byte, 1))
	require.Error(t, err)
	var timeout net.Error
	script = p.Accept(peer.ExpectName())
	dialPeer(t, p)
	require.True(t, errors.As(script.Err(), &timeout) && timeout.Timeout())
}

func TestAMutatedStepSendsOtherBytesOnceOnly(t *testing.T) {
	p := peer.New(t, "peer@localhost")
	twice := func(b []byte) []byte { return bytes.Repeat(b, 2) }
	script := p.Accept(peer.Mutated(peer.SendPacket([]byte("sok")), twice),
		peer.SendPacket([]byte("snok")))
	c := dialPeer(t, p)
	got := make([]byte, 16)
	_, err := readFull(c, got)
	require.NoError(t, err)
	require.Equal(t, "\x00\x03sok\x00\x03sok\x00\x04snok", string(got))
	script.Wait(t)
}
