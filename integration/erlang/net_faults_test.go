package erlang

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/epmd"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/examples/echo"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/gonodetest"
	"github.com/gonode-otp/gonode/gonodetest/beam"
	"github.com/gonode-otp/gonode/node"
)

// refusal is the *dist.HandshakeError in err.
func refusal(t *testing.T, err error) *dist.HandshakeError {
	t.Helper()
	var h *dist.HandshakeError
	require.ErrorAs(t, err, &h, "%v", err)
	return h
}

// stillServes shows that a fault has hurt nobody else.
func stillServes(t *testing.T, n *node.Node, e *beam.Node) {
	t.Helper()
	require.Equal(t, "fine", e.Eval(t, at(n, "gen_server:call({echo,'gonode@host'}, fine)")))
}

func TestAWrongCookieIsNamedOnBothSides(t *testing.T) {
	n := startSamples(t)
	good := beam.StartErl(t)
	bad := beam.StartErl(t, beam.WithCookie("another"))

	err := n.Ping(within(t, 30*time.Second), etf.Atom(bad.Name()))
	require.Equal(t, dist.ReasonCookie, refusal(t, err).Reason)
	require.ErrorIs(t, err, genserv.ErrNoConnection)
	require.ErrorContains(t, err, "cookie")
	require.NotContains(t, err.Error(), n.Name().String()+"another")
	bad.AwaitLog(t, "nvalid challenge reply")

	require.Equal(t, "pang", bad.Eval(t, at(n, "net_adm:ping('gonode@host')")))
	stillServes(t, n, good)
}

func TestShortAndLongNamesAreToldApart(t *testing.T) {
	n := startSamples(t)
	short := beam.StartErl(t)
	long := beam.StartErl(t, beam.WithName("long@127.0.0.1"))

	err := n.Connect(within(t, 30*time.Second), "long@127.0.0.1")
	require.ErrorContains(t, err, "this node uses short names")
	require.Equal(t, "pang", long.Eval(t, at(n, "net_adm:ping('gonode@host')")))
	long.AwaitLog(t, "System running to use fully qualified hostnames")

	cfg := config(t)
	cfg.Name, cfg.LongNames = "gonodelong@127.0.0.1", true
	l := start(t, cfg)
	err = l.Connect(within(t, 30*time.Second), etf.Atom(short.Name()))
	require.ErrorContains(t, err, "this node uses long names")
	require.NoError(t, l.Ping(within(t, 30*time.Second), "long@127.0.0.1"))
	require.Equal(t, "pong", long.Eval(t, "net_adm:ping('gonodelong@127.0.0.1')"))
	stillServes(t, n, short)
}

func TestAPeerWithoutAMandatoryFlagIsRefusedByName(t *testing.T) {
	n := startSamples(t)
	e := beam.StartErl(t)
	for _, flag := range []dist.Flags{dist.FlagUTF8Atoms, dist.FlagBigCreation, dist.FlagMapTag} {
		conn, err := net.Dial("tcp", n.Addr().String())
		require.NoError(t, err)
		old := dist.Local{Node: "old@localhost", Creation: 7, Flags: dist.DefaultFlags &^ (flag | dist.FlagMandatory25Digest),
			Cookie: func(etf.Atom) string { return gonodetest.Cookie(t) }}
		_, err = old.Connect(t.Context(), conn, n.Name(), nil)
		require.Equal(t, dist.ReasonNotAllowed, refusal(t, err).Reason, "without %v", flag)
	}
	stillServes(t, n, e)
}

func TestAPortThatIsNoNodeAndANameThatNobodyHas(t *testing.T) {
	n := startSamples(t)
	e := beam.StartErl(t)
	_, host, _ := strings.Cut(e.Name(), "@")
	for _, text := range []string{"HTTP/1.1 400 Bad Request\r\n\r\n", ""} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		done := make(chan struct{})
		go func() {
			defer close(done)
			c, err := l.Accept()
			if err == nil {
				_, _ = c.Write([]byte(text))
				_ = c.Close()
			}
		}()
		name := fmt.Sprintf("fake%d", len(text))
		r, err := epmd.Register(t.Context(), epmd.RegisterOptions{Name: name, Port: uint16(l.Addr().(*net.TCPAddr).Port),
			Addr: fmt.Sprintf("127.0.0.1:%d", beam.PrivateEPMD(t).Port())})
		require.NoError(t, err)
		err = n.Connect(within(t, 30*time.Second), etf.Atom(name+"@"+host))
		require.NotEmpty(t, refusal(t, err).Stage)
		require.NoError(t, r.Close())
		require.NoError(t, l.Close())
		<-done
	}
	err := n.Connect(within(t, 30*time.Second), etf.Atom("nosuch@"+host))
	require.ErrorIs(t, err, epmd.ErrNotFound)
	stillServes(t, n, e)
}

func TestWithoutEPMDTheNodeSaysSoOrBringsItsOwn(t *testing.T) {
	cfg := config(t)
	cfg.EPMDPort = uint16(gonodetest.FreePort(t))
	_, err := node.Start(t.Context(), cfg)
	require.ErrorIs(t, err, epmd.ErrUnavailable)

	cfg.EPMD = node.EPMDAuto
	n := start(t, cfg)
	spawnSamples(t, n)
	e := beam.StartErl(t, beam.WithEPMDPort(int(cfg.EPMDPort)))
	stillServes(t, n, e)
	require.Contains(t, e.Eval(t, "element(2, net_adm:names())"), `{"gonode",`)

	_, err = node.Start(t.Context(), cfg)
	var taken *epmd.NameTakenError
	require.ErrorAs(t, err, &taken)
}

// A host where no EPMD was: the first Go node has brought one, and takes it along when it stops.
func TestTheNodesOfAHostOutliveTheOneThatBroughtTheEPMD(t *testing.T) {
	t.Parallel() // it mostly waits
	if beam.OTPRelease(t) < 24 {
		t.Skip("OTP 23 does not register again")
	}
	cfg := config(t)
	cfg.EPMD, cfg.EPMDPort = node.EPMDAuto, uint16(gonodetest.FreePort(t))
	first, err := node.Start(t.Context(), cfg)
	require.NoError(t, err)
	cfg.Name = "second"
	start(t, cfg)
	cfg.Name = "third"
	start(t, cfg)
	e := beam.StartErl(t, beam.WithEPMDPort(int(cfg.EPMDPort)))
	alive, _, _ := strings.Cut(e.Name(), "@")
	stop(t, first)

	addr := fmt.Sprintf("127.0.0.1:%d", cfg.EPMDPort)
	require.Eventually(t, func() bool {
		entries, err := epmd.Names(t.Context(), addr)
		var names []string
		for _, e := range entries {
			names = append(names, e.Name)
		}
		slices.Sort(names)
		return err == nil && slices.Equal(names, []string{alive, "second", "third"})
	}, 30*time.Second, 10*time.Millisecond)
	cfg.Name = "fourth"
	n := start(t, cfg)
	spawnSamples(t, n)
	stillServes(t, n, e)
}

func TestARestartedNodeIsTakenBackByItsPeer(t *testing.T) {
	n := startSamples(t)
	e := beam.StartErl(t)
	stillServes(t, n, e)
	// A second node of the same name, as after a crash that the peer has not noticed: its peer answers alive.
	e.Eval(t, at(n, "net_kernel:monitor_nodes(true, [nodedown_reason, {node_type, all}])"))
	conn, err := net.Dial("tcp", erlPort(t, e))
	require.NoError(t, err)
	again := dist.Local{Node: n.Name(), Creation: n.Creation() + 1,
		Cookie: func(etf.Atom) string { return gonodetest.Cookie(t) }}
	info, err := again.Connect(t.Context(), conn, etf.Atom(e.Name()), nil)
	if beam.OTPRelease(t) < 24 {
		// Nobody is let in before the old connection has ended, and OTP 23 does not end it.
		require.ErrorContains(t, err, "OTP 23 waits for that")
		require.True(t, n.Disconnect(etf.Atom(e.Name())))
	} else {
		require.NoError(t, err)
		require.Equal(t, dist.StatusAlive, info.Status)
		require.NoError(t, conn.Close())
	}
	require.Eventually(t, func() bool { return n.Ping(t.Context(), etf.Atom(e.Name())) == nil }, 30*time.Second,
		50*time.Millisecond)
	stillServes(t, n, e)
}

// erlPort is the address on which a BEAM node listens.
func erlPort(t *testing.T, e *beam.Node) string {
	t.Helper()
	alive, _, _ := strings.Cut(e.Name(), "@")
	info, err := epmd.Lookup(t.Context(), fmt.Sprintf("127.0.0.1:%d", e.EPMDPort()), alive)
	require.NoError(t, err)
	return fmt.Sprintf("127.0.0.1:%d", info.Port)
}

func TestAStoppedNodeIsGoneForEverybody(t *testing.T) {
	n := startSamples(t)
	e := beam.StartErl(t)
	stillServes(t, n, e)
	e.Eval(t, at(n, "Ref = monitor(process, {echo,'gonode@host'})"))
	stillServes(t, n, e) // so the monitor has arrived
	stop(t, n)
	require.Equal(t, at(n, "{{echo,'gonode@host'},shutdown}"), e.Eval(t,
		"receive {'DOWN', Ref, process, O, R} -> {O, R} after 20000 -> none end"))
	require.Eventually(t, func() bool { return e.Eval(t, "nodes(hidden)") == "[]" }, 30*time.Second, 10*time.Millisecond)
	_, err := n.Spawn(t.Context(), genserv.Child{Name: "late", Module: genserv.Of(echo.Server{})})
	require.ErrorIs(t, err, node.ErrStopped)
	err = n.Connect(t.Context(), etf.Atom(e.Name()))
	require.True(t, errors.Is(err, node.ErrStopped), "%v", err)
}
