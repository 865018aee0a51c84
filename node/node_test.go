package node

import (
	"context"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/epmd"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/node/internal/application"
	"github.com/gonode-otp/gonode/node/internal/kernel"
)

// testNode starts a node with an EPMD of its own. Names get the host localhost.
func testNode(t *testing.T, cfg Config) *Node {
	t.Helper()
	if cfg.Name == "" {
		cfg.Name = "test@localhost"
	}
	if cfg.EPMDPort == 0 {
		cfg.EPMDPort = startEPMD(t)
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	cfg.Cookie = "secret"
	if cfg.Listen == "" {
		cfg.Listen = "127.0.0.1"
	}
	n, err := Start(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, n.Stop(context.Background())) })
	return n
}

// startEPMD starts an embedded EPMD on a free port.
func startEPMD(t *testing.T) uint16 {
	t.Helper()
	ls, err := epmd.Listen(t.Context(), 0)
	require.NoError(t, err)
	s := epmd.NewServer(epmd.ServerOptions{})
	var wg sync.WaitGroup
	wg.Go(func() { _ = s.Serve(ls...) })
	t.Cleanup(func() { _ = s.Close(); wg.Wait() })
	return uint16(ls[0].Addr().(*net.TCPAddr).Port)
}

// pair starts two nodes that share an EPMD.
func pair(t *testing.T) (a, b *Node) {
	t.Helper()
	port := startEPMD(t)
	return testNode(t, Config{Name: "a@localhost", EPMDPort: port}),
		testNode(t, Config{Name: "b@localhost", EPMDPort: port})
}

// adder is a server that adds the number of each call to its state.
type adder struct{}

func (adder) Init(_ *genserv.Process, args etf.Term) genserv.InitResult[etf.Int] {
	switch args := args.(type) {
	case etf.Int:
		return genserv.Ok(args)
	case etf.Atom:
		return genserv.StopInit[etf.Int](args)
	}
	return genserv.Ok(etf.Int(0))
}

func (adder) HandleCall(_ *genserv.Process, request etf.Term, _ genserv.From, n etf.Int) genserv.Result[etf.Int] {
	n += request.(etf.Int)
	return genserv.Reply(n, n)
}

func TestTwoGoNodesCallEachOther(t *testing.T) {
	a, b := pair(t)
	pid, err := b.Spawn(t.Context(), genserv.Child{Name: "adder", Module: genserv.Of(adder{}), Args: etf.Int(40)})
	require.NoError(t, err)
	reply, err := a.Call(t.Context(), etf.Tuple{etf.Atom("adder"), b.Name()}, etf.Int(1))
	require.NoError(t, err)
	require.Equal(t, etf.Int(41), reply)
	reply, err = a.Call(t.Context(), pid, etf.Int(1))
	require.NoError(t, err)
	require.Equal(t, etf.Int(42), reply)
	require.Equal(t, []etf.Atom{"b@localhost"}, a.Nodes())
	require.NoError(t, b.Ping(t.Context(), a.Name()))
	require.True(t, a.Disconnect(b.Name()))
	require.False(t, a.Disconnect(b.Name()))
	require.NoError(t, a.Ping(t.Context(), b.Name()), "the next use connects again")
}

func TestACallOnTheSameNodeNeedsNoConnection(t *testing.T) {
	n := testNode(t, Config{NoListen: true})
	require.Nil(t, n.Addr())
	_, err := n.Spawn(t.Context(), genserv.Child{Name: "adder", Module: genserv.Of(adder{}), Args: etf.Int(0)})
	require.NoError(t, err)
	for i := range 100 {
		reply, err := n.Call(t.Context(), etf.Atom("adder"), etf.Int(1))
		require.NoError(t, err)
		require.Equal(t, etf.Int(i+1), reply)
	}
	_, err = n.Call(t.Context(), etf.Atom("nosuch"), etf.Int(1))
	require.ErrorIs(t, err, genserv.ErrNoProc)
	_, err = n.Call(t.Context(), etf.Atom("adder"), etf.Atom("crash"))
	var exit *genserv.Exit
	require.ErrorAs(t, err, &exit)
	require.Empty(t, n.monitors.byRef)
	require.Empty(t, n.calls.waiting)
	require.Equal(t, etf.List{application.ControllerName, kernel.SupervisorName, etf.Atom("net_kernel"), etf.Atom("rex")},
		n.registry.registered(),
		"what every node has is left")
	require.Len(t, n.registry.all(), 4)
}

func TestSpawnTellsWhyAServerDidNotStart(t *testing.T) {
	n := testNode(t, Config{NoListen: true})
	_, err := n.Spawn(t.Context(), genserv.Child{Name: "adder", Module: genserv.Of(adder{}), Args: etf.Atom("why")})
	var exit *genserv.Exit
	require.ErrorAs(t, err, &exit)
	require.Equal(t, etf.Atom("why"), exit.Reason)
	pid, err := n.Spawn(t.Context(), genserv.Child{Name: "adder", Module: genserv.Of(adder{}), Args: etf.Int(0)})
	require.NoError(t, err, "the name is free again")
	_, err = n.Spawn(t.Context(), genserv.Child{Name: "adder", Module: genserv.Of(adder{}), Args: etf.Int(0)})
	var taken *genserv.AlreadyStarted
	require.ErrorAs(t, err, &taken)
	require.Equal(t, pid, taken.Pid)
}

// slow has an Init that waits for its channel.
type slow struct{ adder }

var slowGate chan struct{}

func (slow) Init(*genserv.Process, etf.Term) genserv.InitResult[etf.Int] {
	<-slowGate
	return genserv.Ok(etf.Int(0))
}

func TestAServerWhoseStarterGaveUpIsKilled(t *testing.T) {
	n := testNode(t, Config{NoListen: true})
	slowGate = make(chan struct{})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err := n.Spawn(ctx, genserv.Child{Name: "slow", Module: genserv.Of(slow{})})
	require.ErrorIs(t, err, context.DeadlineExceeded)
	close(slowGate)
	require.Eventually(t, func() bool { return n.registry.byName("slow") == nil }, time.Minute, time.Millisecond)
}

func TestStopMayBeCalledByManyAndWaitsForTheSameEnd(t *testing.T) {
	n := testNode(t, Config{})
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() { _ = n.Stop(context.Background()) })
	}
	wg.Wait()
	_, err := n.Spawn(t.Context(), genserv.Child{Name: "late", Module: genserv.Of(adder{}), Args: etf.Int(0)})
	require.ErrorIs(t, err, ErrStopped)
	_, err = net.Dial("tcp", n.Addr().String())
	require.Error(t, err)
}

// TestANodeOpensNoConnectionNobodyAskedFor checks the sockets of this process. The node has only its listener and its
// registration, both on loopback.
func TestANodeOpensNoConnectionNobodyAskedFor(t *testing.T) {
	testNode(t, Config{})
	deadline := time.After(300 * time.Millisecond)
	for {
		for _, s := range ownSockets(t) {
			require.True(t, s.loopback(), "%+v", s)
		}
		select {
		case <-deadline:
			return
		case <-time.Tick(10 * time.Millisecond):
		}
	}
}

type socket struct{ local, remote string }

func (s socket) loopback() bool {
	const listening = "00000000:0000"
	return strings.HasPrefix(s.remote, "0100007F:") || s.remote == listening ||
		strings.HasSuffix(s.remote, "00000000000000000000000001000000") ||
		strings.Trim(s.remote, "0:") == "" || strings.HasPrefix(s.remote, "0000000000000000FFFF00000100007F") ||
		strings.HasPrefix(s.remote, "00000000000000000000000001000000")
}

// ownSockets lists the TCP and UDP sockets of this process from /proc.
func ownSockets(t *testing.T) (own []socket) {
	t.Helper()
	inodes := map[string]bool{}
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("no /proc here to see the sockets of a process")
	}
	for _, fd := range fds {
		if link, err := os.Readlink("/proc/self/fd/" + fd.Name()); err == nil {
			inodes[strings.TrimSuffix(strings.TrimPrefix(link, "socket:["), "]")] = true
		}
	}
	for _, file := range []string{"tcp", "tcp6", "udp", "udp6"} {
		data, _ := os.ReadFile("/proc/self/net/" + file)
		for _, line := range strings.Split(string(data), "\n")[1:] {
			if f := strings.Fields(line); len(f) > 9 && inodes[f[9]] {
				own = append(own, socket{f[1], f[2]})
			}
		}
	}
	return own
}

func TestAConfigThatCannotWorkIsRefusedByField(t *testing.T) {
	for field, cfg := range map[string]Config{
		"Name":          {Name: "a b@h"},
		"SetupTime":     {Name: "a@h", SetupTime: time.Hour},
		"TickTime":      {Name: "a@h", TickTime: -1},
		"TickIntensity": {Name: "a@h", TickIntensity: 3},
		"PortMax":       {Name: "a@h", PortMin: 10, PortMax: 9},
		"EPMD":          {Name: "a@h", EPMD: 7},
		"Cookie":        {Name: "a@h", Cookie: strings.Repeat("x", 256)},
		"Cookies[b@h]":  {Name: "a@h", Cookie: "x", Cookies: map[string]string{"b@h": "€"}},
		"Listen":        {Name: "a@h", Cookie: "x", Listen: "not an address"},
	} {
		_, err := Start(t.Context(), cfg)
		var bad *ConfigError
		require.ErrorAs(t, err, &bad, field)
		require.Equal(t, field, bad.Field)
	}
}

func TestAPortRangeIsSearchedForAFreePort(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = l.Close() }()
	taken := uint16(l.Addr().(*net.TCPAddr).Port)
	n := testNode(t, Config{PortMin: taken, PortMax: taken + 20})
	require.Greater(t, n.Addr().(*net.TCPAddr).Port, int(taken))
}
