//go:build unix

package dist_test

import (
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
	"github.com/gonode-otp/gonode/gonodetest/beam"
)

// What these tests expect was seen at OTP 25 first; see the comments where it differs from what the Distribution
// Protocol makes one expect.

// local is our side of a handshake with a node of this test: the Go node name, on its host and with its cookie.
func local(erl *beam.Node, name string) dist.Local {
	_, host, _ := dist.SplitNode(etf.Atom(erl.Name()))
	return dist.Local{
		Node:        etf.Atom(name + "@" + host),
		Creation:    4711,
		Cookie:      func(etf.Atom) string { return erl.Cookie() },
		StepTimeout: 20 * time.Second,
	}
}

// release is the OTP release that the node runs.
func release(t testing.TB, erl *beam.Node) int {
	t.Helper()
	n, err := strconv.Atoi(erl.Release())
	require.NoError(t, err)
	return n
}

// dial opens a connection to the distribution port of the node.
func dial(t *testing.T, erl *beam.Node) net.Conn {
	t.Helper()
	name, _, _ := dist.SplitNode(etf.Atom(erl.Name()))
	info, err := epmd.Lookup(t.Context(), epmdAddr(erl), name)
	require.NoError(t, err)
	c, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(int(info.Port))))
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func epmdAddr(erl *beam.Node) string {
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(erl.EPMDPort()))
}

// listen makes name known in the EPMD of the node and listens for it.
func listen(t *testing.T, erl *beam.Node, name string) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", ":0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	r, err := epmd.Register(t.Context(), epmd.RegisterOptions{
		Addr: epmdAddr(erl), Name: name, Port: uint16(l.Addr().(*net.TCPAddr).Port), Hidden: true,
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, r.Close()) })
	return l
}

func connect(t *testing.T, l dist.Local, erl *beam.Node) (*dist.Peer, net.Conn, error) {
	t.Helper()
	c := dial(t, erl)
	p, err := l.Connect(t.Context(), c, etf.Atom(erl.Name()), nil)
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
func awaitTrue(t *testing.T, erl *beam.Node, condition string) {
	t.Helper()
	got := erl.Eval(t, fmt.Sprintf(`(fun F(0) -> false; F(N) -> case (%s) of true -> true;
		false -> receive after 20 -> F(N-1) end end end)(500)`, condition))
	require.Equal(t, "true", got, condition)
}

// awaitState waits until net_kernel has node in the state, an atom: "up", "up_pending" while another connection waits
// for the end of this one, "none" for no connection. nodes(hidden) tells less, for the emulator lists a node before
// net_kernel knows that it is up (dist_util:connection/1: do_setnode, mark_nodeup). The state is the third field of the
// record connection in net_kernel.erl.
func awaitState(t *testing.T, erl *beam.Node, node etf.Atom, state string) {
	t.Helper()
	awaitTrue(t, erl, fmt.Sprintf(
		"case ets:lookup(sys_dist, %v) of [C] -> element(4, C); [] -> none end =:= %s", node, state))
}

// ended waits until the other end has closed the connection.
func ended(t *testing.T, c net.Conn) {
	t.Helper()
	require.NoError(t, c.SetReadDeadline(time.Now().Add(20*time.Second)))
	_, err := io.Copy(io.Discard, c)
	require.NoError(t, err)
}

func TestErlTakesUsForAHiddenNode(t *testing.T) {
	erl := beam.StartErl(t)
	l := local(erl, "go")
	p, c, err := connect(t, l, erl)
	require.NoError(t, err)

	require.Equal(t, etf.Atom(erl.Name()), p.Name)
	require.Equal(t, dist.StatusOK, p.Status)
	require.True(t, p.Flags.Has(dist.Mandatory25|dist.FlagPublished|dist.FlagSpawn))
	require.Equal(t, release(t, erl) >= 24, p.Flags.Has(dist.FlagAlias|dist.FlagV4NC), "since OTP 24")
	require.Equal(t, dist.DefaultFlags&p.Flags, p.Negotiated)
	require.True(t, p.Hidden())
	require.Equal(t, erl.Eval(t, "erlang:system_info(creation)"), strconv.Itoa(int(p.Creation)))

	awaitTrue(t, erl, fmt.Sprintf("nodes(hidden) =:= [%v] andalso nodes() =:= []", l.Node))
	require.NoError(t, c.Close())
	awaitTrue(t, erl, "nodes(hidden) =:= []")
}

func TestErlTakesAPublishedNodeForAVisibleOne(t *testing.T) {
	erl := beam.StartErl(t)
	l := local(erl, "go")
	l.Flags = dist.DefaultFlags | dist.FlagPublished
	p, _, err := connect(t, l, erl)
	require.NoError(t, err)
	require.False(t, p.Hidden())
	awaitTrue(t, erl, fmt.Sprintf("nodes() =:= [%v]", l.Node))

	hidden := beam.StartErl(t, beam.WithHidden())
	p, _, err = connect(t, l, hidden)
	require.NoError(t, err)
	require.True(t, p.Hidden(), "one side that does not publish itself is enough")
	awaitTrue(t, hidden, fmt.Sprintf("nodes() =:= [] andalso nodes(hidden) =:= [%v]", l.Node))
}

func TestErlClosesOnAWrongCookieWithoutAWord(t *testing.T) {
	erl := beam.StartErl(t)
	l := local(erl, "go")
	l.Cookie = func(etf.Atom) string { return "not-the-cookie-of-the-cluster" }
	_, _, err := connect(t, l, erl)
	e := refusal(t, err)
	require.ErrorIs(t, err, dist.ReasonCookie)
	require.Equal(t, dist.StageRecvChallengeAck, e.Stage)
	require.True(t, e.Remote)
	require.Contains(t, err.Error(), "same cookie")
	require.NotContains(t, err.Error(), "not-the-cookie")
	erl.AwaitLog(t, "Invalid challenge reply")
}

func TestErlDoesNotAllowANodeThatLacksAMandatoryFlag(t *testing.T) {
	erl := beam.StartErl(t)
	for _, lacking := range []dist.Flags{dist.FlagBigCreation, dist.FlagMapTag, dist.FlagHandshake23, dist.FlagV4NC} {
		if release(t, erl) < lacking.MandatorySince() {
			continue
		}
		l := local(erl, "go")
		l.Flags = dist.DefaultFlags &^ (dist.FlagMandatory25Digest | lacking)
		_, _, err := connect(t, l, erl)
		require.ErrorIs(t, err, dist.ReasonNotAllowed)
		e := refusal(t, err)
		require.Equal(t, lacking, e.Missing)
		require.True(t, e.Remote)
		require.Contains(t, err.Error(), lacking.String()+" (required since OTP ")

		if release(t, erl) < 25 || !dist.Mandatory25.Has(lacking) {
			continue
		}
		l.Flags |= dist.FlagMandatory25Digest // stands for it
		_, _, err = connect(t, l, erl)
		require.NoError(t, err)
		awaitTrue(t, erl, "nodes(hidden) =/= []")
		erl.Eval(t, "[net_kernel:disconnect(N) || N <- nodes(hidden)]")
		awaitTrue(t, erl, "nodes(hidden) =:= []")
	}
}

func TestErlReplacesAnOldConnectionIfWeInsist(t *testing.T) {
	erl := beam.StartErl(t)
	l := local(erl, "go")
	_, old, err := connect(t, l, erl)
	require.NoError(t, err)
	awaitState(t, erl, l.Node, "up")

	asked := 0
	answer := func(insist bool) dist.InitiatorFunc {
		return func(peer etf.Atom) bool {
			require.Equal(t, etf.Atom(erl.Name()), peer)
			asked++
			return insist
		}
	}
	_, err = l.Connect(t.Context(), dial(t, erl), etf.Atom(erl.Name()), answer(false))
	require.ErrorIs(t, err, dist.ReasonSuperseded)
	require.False(t, refusal(t, err).Remote)
	// Until net_kernel has noticed the end of the attempt that we gave up, it closes every other one without a word
	// (dist_util:mark_pending/1, already_pending).
	awaitState(t, erl, l.Node, "up")

	p, err := l.Connect(t.Context(), dial(t, erl), etf.Atom(erl.Name()), answer(true))
	if release(t, erl) < 24 {
		// It waits for the end of the old connection, and ends neither it nor the wait before its own time is up
		// (net_kernel:handle_info/2, accept_pending; dist_util:mark_pending, OTP 23).
		require.ErrorContains(t, err, "OTP 23 waits for that")
		require.NoError(t, old.Close())
		awaitState(t, erl, l.Node, "none")
		_, _, err = connect(t, l, erl)
		require.NoError(t, err)
		return
	}
	require.NoError(t, err)
	require.Equal(t, dist.StatusAlive, p.Status)
	require.Equal(t, 2, asked)
	ended(t, old)
	awaitTrue(t, erl, "nodes(hidden) =/= []")
}

func TestErlKeepsAnOldConnectionAgainstOneWithoutTheCookie(t *testing.T) {
	erl := beam.StartErl(t)
	l := local(erl, "go")
	_, old, err := connect(t, l, erl)
	require.NoError(t, err)
	awaitState(t, erl, l.Node, "up")

	stranger := l
	stranger.Cookie = func(etf.Atom) string { return "guess" }
	_, _, err = connect(t, stranger, erl)
	if release(t, erl) < 24 { // which does not come to the cookie
		require.ErrorContains(t, err, "OTP 23 waits for that")
	} else {
		require.ErrorIs(t, err, dist.ReasonCookie)
		erl.AwaitLog(t, "Invalid challenge reply")
	}
	require.NotEqual(t, "[]", erl.Eval(t, "nodes(hidden)"))
	require.NoError(t, old.SetReadDeadline(time.Now().Add(50*time.Millisecond)))
	_, err = old.Read(make([]byte, 1))
	require.ErrorContains(t, err, "timeout")
}

// During a simultaneous connect the node has an own attempt to reach us under way, which our listener keeps waiting.
func TestErlBreaksTheTieOfASimultaneousConnectByTheNames(t *testing.T) {
	for name, want := range map[string]dist.Status{"aaa": dist.StatusNOK, "zzz": dist.StatusOKSimultaneous} {
		t.Run(name, func(t *testing.T) {
			erl := beam.StartErl(t, beam.WithSname("mmm"))
			l := local(erl, name)
			ln := listen(t, erl, name)
			session := erl.NewSession()
			session.Eval(t, fmt.Sprintf("spawn(fun() -> net_kernel:connect_node(%v) end), ok", l.Node))
			theirs, err := ln.Accept()
			require.NoError(t, err)
			defer theirs.Close()
			var head [2]byte
			_, err = io.ReadFull(theirs, head[:]) // its name is here: the attempt is under way
			require.NoError(t, err)
			require.Equal(t, want, dist.Simultaneous(etf.Atom(erl.Name()), l.Node))

			p, _, err := connect(t, l, erl)
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
	erl := beam.StartErl(t)
	l := local(erl, "unused")
	_, host, _ := dist.SplitNode(l.Node)
	l.Node, l.Creation, l.Flags = etf.Atom(host), 0, dist.DefaultFlags|dist.FlagNameMe
	p, _, err := connect(t, l, erl)
	require.NoError(t, err)
	require.Equal(t, dist.StatusNamed, p.Status)
	require.NotZero(t, p.LocalCreation)
	require.True(t, strings.HasSuffix(string(p.Local), "@"+host), p.Local)
	require.False(t, p.Negotiated.Has(dist.FlagNameMe))
	awaitTrue(t, erl, fmt.Sprintf("nodes(hidden) =:= [%v]", p.Local))
}

func TestErlIsNotTheNodeThatWasDialled(t *testing.T) {
	erl := beam.StartErl(t)
	l := local(erl, "go")
	_, host, _ := dist.SplitNode(l.Node)
	_, err := l.Connect(t.Context(), dial(t, erl), etf.Atom("other@"+host), nil)
	require.ErrorIs(t, err, dist.ReasonName)
	require.Equal(t, etf.Atom(erl.Name()), refusal(t, err).Name)
	require.Contains(t, err.Error(), erl.Name())
}
