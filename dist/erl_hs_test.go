//go:build unix

package dist_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/epmd"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/gonodetest"
)

// What these tests expect was seen at OTP 25 first; see the comments where it differs from what the Distribution Protocol
// makes one expect.

// local is our side of a handshake with a node of this test: the Go node name, on its host and with its cookie.
func local(beam *gonodetest.Beam, name string) dist.Local {
	_, host, _ := dist.SplitNode(etf.Atom(beam.Name()))
	return dist.Local{
		Node:        etf.Atom(name + "@" + host),
		Creation:    4711,
		Cookie:      func(etf.Atom) string { return beam.Cookie() },
		StepTimeout: 20 * time.Second,
	}
}

// dial opens a connection to the distribution port of the node.
func dial(t *testing.T, beam *gonodetest.Beam) net.Conn {
	t.Helper()
	name, _, _ := dist.SplitNode(etf.Atom(beam.Name()))
	info, err := epmd.Lookup(t.Context(), epmdAddr(beam), name)
	require.NoError(t, err)
	c, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(int(info.Port))))
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func epmdAddr(beam *gonodetest.Beam) string {
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(beam.EPMDPort()))
}

// listen makes name known in the EPMD of the node and listens for it.
func listen(t *testing.T, beam *gonodetest.Beam, name string) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", ":0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	r, err := epmd.Register(t.Context(), epmd.RegisterOptions{
		Addr: epmdAddr(beam), Name: name, Port: uint16(l.Addr().(*net.TCPAddr).Port), Hidden: true,
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, r.Close()) })
	return l
}

func connect(t *testing.T, l dist.Local, beam *gonodetest.Beam) (*dist.Peer, net.Conn, error) {
	t.Helper()
	c := dial(t, beam)
	p, err := l.Connect(t.Context(), c, etf.Atom(beam.Name()), nil)
	return p, c, err
}

// refusal is the HandshakeError in err.
func refusal(t *testing.T, err error) *dist.HandshakeError {
	t.Helper()
	var e *dist.HandshakeError
	require.ErrorAs(t, err, &e)
	return e
}

// awaitTrue evaluates a condition in the node until it holds.
func awaitTrue(t *testing.T, beam *gonodetest.Beam, condition string) {
	t.Helper()
	got := beam.Eval(t, fmt.Sprintf(`(fun F(0) -> false; F(N) -> case (%s) of true -> true;
		false -> receive after 20 -> F(N-1) end end end)(500)`, condition))
	require.Equal(t, "true", got, condition)
}

// ended waits until the other end has closed the connection.
func ended(t *testing.T, c net.Conn) {
	t.Helper()
	require.NoError(t, c.SetReadDeadline(time.Now().Add(20*time.Second)))
	_, err := io.Copy(io.Discard, c)
	require.NoError(t, err)
}

func TestErlTakesUsForAHiddenNode(t *testing.T) {
	beam := gonodetest.StartErl(t)
	l := local(beam, "go")
	p, c, err := connect(t, l, beam)
	require.NoError(t, err)

	require.Equal(t, etf.Atom(beam.Name()), p.Name)
	require.Equal(t, dist.StatusOK, p.Status)
	require.True(t, p.Flags.Has(dist.Mandatory25|dist.FlagPublished|dist.FlagSpawn|dist.FlagAlias|dist.FlagV4NC))
	require.Equal(t, dist.DefaultFlags&p.Flags, p.Negotiated)
	require.True(t, p.Hidden())
	require.Equal(t, beam.Eval(t, "erlang:system_info(creation)"), strconv.Itoa(int(p.Creation)))

	awaitTrue(t, beam, fmt.Sprintf("nodes(hidden) =:= [%v] andalso nodes() =:= []", l.Node))
	require.NoError(t, c.Close())
	awaitTrue(t, beam, "nodes(hidden) =:= []")
}

func TestErlTakesAPublishedNodeForAVisibleOne(t *testing.T) {
	beam := gonodetest.StartErl(t)
	l := local(beam, "go")
	l.Flags = dist.DefaultFlags | dist.FlagPublished
	p, _, err := connect(t, l, beam)
	require.NoError(t, err)
	require.False(t, p.Hidden())
	awaitTrue(t, beam, fmt.Sprintf("nodes() =:= [%v]", l.Node))

	hidden := gonodetest.StartErl(t, gonodetest.WithHidden())
	p, _, err = connect(t, l, hidden)
	require.NoError(t, err)
	require.True(t, p.Hidden(), "one side that does not publish itself is enough")
	awaitTrue(t, hidden, fmt.Sprintf("nodes() =:= [] andalso nodes(hidden) =:= [%v]", l.Node))
}

func TestErlClosesOnAWrongCookieWithoutAWord(t *testing.T) {
	beam := gonodetest.StartErl(t)
	l := local(beam, "go")
	l.Cookie = func(etf.Atom) string { return "not-the-cookie-of-the-cluster" }
	_, _, err := connect(t, l, beam)
	e := refusal(t, err)
	require.ErrorIs(t, err, dist.ReasonCookie)
	require.Equal(t, dist.StageRecvChallengeAck, e.Stage)
	require.True(t, e.Remote)
	require.Contains(t, err.Error(), "same cookie")
	require.NotContains(t, err.Error(), "not-the-cookie")
	beam.AwaitLog(t, "Invalid challenge reply")
}

func TestErlDoesNotAllowANodeThatLacksAMandatoryFlag(t *testing.T) {
	beam := gonodetest.StartErl(t)
	for _, lacking := range []dist.Flags{dist.FlagBigCreation, dist.FlagMapTag, dist.FlagHandshake23} {
		l := local(beam, "go")
		l.Flags = dist.DefaultFlags &^ (dist.FlagMandatory25Digest | lacking)
		_, _, err := connect(t, l, beam)
		require.ErrorIs(t, err, dist.ReasonNotAllowed)
		e := refusal(t, err)
		require.Equal(t, lacking, e.Missing)
		require.True(t, e.Remote)
		require.Contains(t, err.Error(), lacking.String()+" (required since OTP ")

		l.Flags |= dist.FlagMandatory25Digest // stands for it
		_, _, err = connect(t, l, beam)
		require.NoError(t, err)
		awaitTrue(t, beam, "nodes(hidden) =/= []")
		beam.Eval(t, "[net_kernel:disconnect(N) || N <- nodes(hidden)]")
		awaitTrue(t, beam, "nodes(hidden) =:= []")
	}
}

func TestErlReplacesAnOldConnectionIfWeInsist(t *testing.T) {
	beam := gonodetest.StartErl(t)
	l := local(beam, "go")
	_, old, err := connect(t, l, beam)
	require.NoError(t, err)
	awaitTrue(t, beam, "nodes(hidden) =/= []")

	asked := 0
	answer := func(insist bool) dist.InitiatorFunc {
		return func(peer etf.Atom) bool {
			require.Equal(t, etf.Atom(beam.Name()), peer)
			asked++
			return insist
		}
	}
	_, err = l.Connect(t.Context(), dial(t, beam), etf.Atom(beam.Name()), answer(false))
	require.ErrorIs(t, err, dist.ReasonSuperseded)
	require.False(t, refusal(t, err).Remote)

	p, err := l.Connect(t.Context(), dial(t, beam), etf.Atom(beam.Name()), answer(true))
	require.NoError(t, err)
	require.Equal(t, dist.StatusAlive, p.Status)
	require.Equal(t, 2, asked)
	ended(t, old)
	awaitTrue(t, beam, "nodes(hidden) =/= []")
}

func TestErlKeepsAnOldConnectionAgainstOneWithoutTheCookie(t *testing.T) {
	beam := gonodetest.StartErl(t)
	l := local(beam, "go")
	_, old, err := connect(t, l, beam)
	require.NoError(t, err)
	awaitTrue(t, beam, "nodes(hidden) =/= []")

	stranger := l
	stranger.Cookie = func(etf.Atom) string { return "guess" }
	_, _, err = connect(t, stranger, beam)
	require.ErrorIs(t, err, dist.ReasonCookie)
	beam.AwaitLog(t, "Invalid challenge reply")
	require.NotEqual(t, "[]", beam.Eval(t, "nodes(hidden)"))
	require.NoError(t, old.SetReadDeadline(time.Now().Add(50*time.Millisecond)))
	_, err = old.Read(make([]byte, 1))
	require.ErrorContains(t, err, "timeout")
}

// During a simultaneous connect the node has an own attempt to reach us under way, which our listener keeps waiting.
func TestErlBreaksTheTieOfASimultaneousConnectByTheNames(t *testing.T) {
	for name, want := range map[string]dist.Status{"aaa": dist.StatusNOK, "zzz": dist.StatusOKSimultaneous} {
		t.Run(name, func(t *testing.T) {
			beam := gonodetest.StartErl(t, gonodetest.WithSname("mmm"))
			l := local(beam, name)
			ln := listen(t, beam, name)
			session := beam.NewSession()
			session.Eval(t, fmt.Sprintf("spawn(fun() -> net_kernel:connect_node(%v) end), ok", l.Node))
			theirs, err := ln.Accept()
			require.NoError(t, err)
			defer theirs.Close()
			var head [2]byte
			_, err = io.ReadFull(theirs, head[:]) // its name is here: the attempt is under way
			require.NoError(t, err)
			require.Equal(t, want, dist.Simultaneous(etf.Atom(beam.Name()), l.Node))

			p, _, err := connect(t, l, beam)
			if want == dist.StatusNOK {
				require.ErrorIs(t, err, dist.ReasonNOK)
				require.True(t, refusal(t, err).Remote)
				return
			}
			require.NoError(t, err)
			require.Equal(t, want, p.Status)
			ended(t, theirs)
		})
	}
}

func TestErlGivesUsANameWhenWeAskForOne(t *testing.T) {
	beam := gonodetest.StartErl(t)
	l := local(beam, "unused")
	_, host, _ := dist.SplitNode(l.Node)
	l.Node, l.Creation, l.Flags = etf.Atom(host), 0, dist.DefaultFlags|dist.FlagNameMe
	p, _, err := connect(t, l, beam)
	require.NoError(t, err)
	require.Equal(t, dist.StatusNamed, p.Status)
	require.NotZero(t, p.LocalCreation)
	require.True(t, strings.HasSuffix(string(p.Local), "@"+host), p.Local)
	require.False(t, p.Negotiated.Has(dist.FlagNameMe))
	awaitTrue(t, beam, fmt.Sprintf("nodes(hidden) =:= [%v]", p.Local))
}

func TestErlIsNotTheNodeThatWasDialled(t *testing.T) {
	beam := gonodetest.StartErl(t)
	l := local(beam, "go")
	_, host, _ := dist.SplitNode(l.Node)
	_, err := l.Connect(t.Context(), dial(t, beam), etf.Atom("other@"+host), nil)
	require.ErrorIs(t, err, dist.ReasonName)
	require.Equal(t, etf.Atom(beam.Name()), refusal(t, err).Name)
	require.Contains(t, err.Error(), beam.Name())
}

// accepted is what one Accept returned.
type accepted struct {
	peer *dist.Peer
	conn net.Conn
	err  error
}

// acceptOne lets the node dial us in the background and answers. The result of connect_node is what the second returned
// function waits for.
func acceptOne(t *testing.T, beam *gonodetest.Beam, l dist.Local, ln net.Listener, a dist.Arbiter) (accepted, string) {
	t.Helper()
	result := make(chan string, 1)
	session := beam.NewSession()
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		value, err := session.Try(ctx, fmt.Sprintf("net_kernel:connect_node(%v)", l.Node))
		if err != nil {
			value = err.Error()
		}
		result <- value
	}()
	c, err := ln.Accept()
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	p, err := l.Accept(t.Context(), c, a)
	return accepted{p, c, err}, <-result
}

func TestErlConnectsToUs(t *testing.T) {
	beam := gonodetest.StartErl(t)
	l := local(beam, "go")
	ln := listen(t, beam, "go")
	asked := etf.Atom("")
	got, answer := acceptOne(t, beam, l, ln, dist.ArbiterFunc(func(name etf.Atom) dist.Status {
		asked = name
		return dist.StatusOK
	}))
	require.NoError(t, got.err)
	require.Equal(t, "true", answer)
	require.Equal(t, etf.Atom(beam.Name()), asked)
	require.Equal(t, asked, got.peer.Name)
	require.True(t, got.peer.Incoming)
	require.False(t, got.peer.Replaces)
	require.True(t, got.peer.Hidden())
	require.Equal(t, beam.Eval(t, "erlang:system_info(creation)"), strconv.Itoa(int(got.peer.Creation)))
	require.Equal(t, fmt.Sprintf("[%v]", l.Node), beam.Eval(t, "nodes(hidden)"))
	// The node may send at once. A tick of ours shows that the connection has gone over to lengths of four bytes.
	_, err := got.conn.Write([]byte{0, 0, 0, 0})
	require.NoError(t, err)
	require.Equal(t, fmt.Sprintf("[%v]", l.Node), beam.Eval(t, "nodes(hidden)"))
}

func TestErlHasAnotherCookieThanWe(t *testing.T) {
	beam := gonodetest.StartErl(t)
	l := local(beam, "go")
	l.Cookie = func(etf.Atom) string { return "another" }
	got, answer := acceptOne(t, beam, l, listen(t, beam, "go"), nil)
	require.ErrorIs(t, got.err, dist.ReasonCookie)
	require.False(t, refusal(t, got.err).Remote)
	require.Equal(t, "false", answer)
}

func TestErlIsNotAllowedByUs(t *testing.T) {
	beam := gonodetest.StartErl(t)
	l := local(beam, "go")
	ln := listen(t, beam, "go")
	got, answer := acceptOne(t, beam, l, ln, dist.ArbiterFunc(func(etf.Atom) dist.Status { return dist.StatusNotAllowed }))
	require.ErrorIs(t, got.err, dist.ReasonNotAllowed)
	require.Equal(t, "false", answer)

	l.Require = dist.FlagNativeRecords
	got, answer = acceptOne(t, beam, l, ln, nil)
	require.ErrorIs(t, got.err, dist.ReasonFlags)
	require.Equal(t, dist.FlagNativeRecords, refusal(t, got.err).Missing)
	require.Equal(t, "false", answer)
}

func TestErlInsistsOnANewConnection(t *testing.T) {
	beam := gonodetest.StartErl(t)
	l := local(beam, "go")
	ln := listen(t, beam, "go")
	got, answer := acceptOne(t, beam, l, ln, dist.ArbiterFunc(func(etf.Atom) dist.Status { return dist.StatusAlive }))
	require.NoError(t, got.err)
	require.Equal(t, "true", answer)
	require.True(t, got.peer.Replaces)
	require.Equal(t, dist.StatusAlive, got.peer.Status)
}

// While its own attempt waits for our status, the node lets an attempt of ours through only if our name is the greater one;
// the other way round the connection it has dialled is the one that counts.
func TestErlYieldsOrGoesOnWhenBothDial(t *testing.T) {
	beam := gonodetest.StartErl(t, gonodetest.WithSname("mmm"))
	l := local(beam, "aaa")
	ln := listen(t, beam, "aaa")
	got, answer := acceptOne(t, beam, l, ln, dist.ArbiterFunc(func(name etf.Atom) dist.Status {
		_, _, err := connect(t, l, beam)
		require.ErrorIs(t, err, dist.ReasonNOK)
		return dist.Simultaneous(l.Node, name)
	}))
	require.NoError(t, got.err)
	require.Equal(t, dist.StatusOKSimultaneous, got.peer.Status)
	require.Equal(t, "true", answer)
}

func TestErlWithoutANameGetsOneFromUs(t *testing.T) {
	host := gonodetest.StartErl(t)
	beam := gonodetest.StartErl(t, gonodetest.WithSname("undefined"))
	l := local(host, "go")
	got, answer := acceptOne(t, beam, l, listen(t, host, "go"), nil)
	require.NoError(t, got.err)
	require.Equal(t, "true", answer)
	require.Equal(t, dist.StatusNamed, got.peer.Status)
	require.True(t, got.peer.Hidden())
	require.Equal(t, string(got.peer.Name), strings.Trim(beam.Eval(t, "node()"), "'"))
	require.Equal(t, beam.Eval(t, "erlang:system_info(creation)"), strconv.Itoa(int(got.peer.Creation)))
}
