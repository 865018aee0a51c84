package erlang

import (
	"fmt"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/epmd"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/gonodetest"
	"github.com/gonode-otp/gonode/gonodetest/beam"
	"github.com/gonode-otp/gonode/node"
	"github.com/gonode-otp/gonode/node/nodediag"
)

// needIPv6 skips on a host without it.
func needIPv6(t *testing.T) {
	t.Helper()
	l, err := net.Listen("tcp6", "[::1]:0")
	if err != nil {
		gonodetest.SkipLane(t, "IPv6", err.Error())
	}
	_ = l.Close()
}

// ownAddress is an address of this host beside loopback.
func ownAddress(t *testing.T) (addr string, ok bool) {
	t.Helper()
	addrs, err := net.InterfaceAddrs()
	require.NoError(t, err)
	for _, a := range addrs {
		p, err := netip.ParsePrefix(a.String())
		if err == nil && p.Addr().Is6() && !p.Addr().IsLoopback() && !p.Addr().IsLinkLocalUnicast() {
			return p.Addr().String(), true
		}
	}
	return "", false
}

func overIPv6() beam.Option { return beam.WithArgs("-proto_dist", "inet6_tcp") }

// bothDial has the two nodes call each other, each over a connection of its own.
func bothDial(t *testing.T, n *node.Node, e *beam.Node) {
	t.Helper()
	to := startSrv(t, e)
	reply, err := n.Call(within(t, 30*time.Second), to, term(t, "{echo, six}"))
	require.NoError(t, err)
	require.Equal(t, etf.Atom("six"), reply)
	require.True(t, n.Disconnect(etf.Atom(e.Name())))
	require.Eventually(t, func() bool { return e.Eval(t, "nodes(hidden)") == "[]" }, 30*time.Second, 10*time.Millisecond)
	require.Equal(t, "six", e.Eval(t, at(n, "gen_server:call({echo,'gonode@host'}, six)")))
}

// bothWays is bothDial over IPv6.
func bothWays(t *testing.T, n *node.Node, e *beam.Node) {
	t.Helper()
	bothDial(t, n, e)
	address := e.Eval(t, at(n, "{ok, I} = net_kernel:node_info('gonode@host'), element(2, lists:keyfind(address, 1, I))."))
	// OTP 25 says inet of every TLS
	require.Regexp(t, `^\{net_address,\{\{\d+,\d+,\d+,\d+,\d+,\d+,\d+,\d+\},\d+\},.*,(tcp,inet6|tls,inet6?)\}$`, address,
		"the connection is one of IPv6")
}

func TestNodesTalkOverIPv6InBothDirections(t *testing.T) {
	needIPv6(t)
	t.Run("short names", func(t *testing.T) {
		cfg := config(t)
		cfg.ProtoDist = "inet6_tcp"
		n := start(t, cfg)
		spawnSamples(t, n)
		bothWays(t, n, beam.StartErl(t, overIPv6()))
	})
	hosts := []string{"::1"}
	if own, ok := ownAddress(t); ok {
		hosts = append(hosts, own)
	}
	for _, host := range hosts {
		t.Run(host, func(t *testing.T) {
			cfg := config(t)
			cfg.ProtoDist, cfg.Listen = "inet6_tcp", host
			cfg.Name, cfg.LongNames = "gonode@"+host, true
			n := start(t, cfg)
			spawnSamples(t, n)
			require.Equal(t, host, n.Addr().(*net.TCPAddr).IP.String())
			bothWays(t, n, beam.StartErl(t, beam.WithName("erl@"+host), overIPv6()))
		})
	}
}

func TestNodesTalkOverTLSOverIPv6(t *testing.T) {
	needIPv6(t)
	ca := gonodetest.NewAuthority(t, "authority")
	file := optfile(t, mutual(ca.Issue(t, []string{"::1"}), ca.CA), strict)
	cfg := tlsConfig(t, file)
	cfg.ProtoDist, cfg.Name, cfg.LongNames = "inet6_tls", "gonode@::1", true
	n := start(t, cfg)
	spawnSamples(t, n)
	e := beam.StartErl(t, beam.WithName("erl@::1"),
		beam.WithArgs("-proto_dist", "inet6_tls", "-ssl_dist_optfile", file))
	bothWays(t, n, e)
	var steps []string
	cfg.Name = "examiner@::1"
	for f := range nodediag.Examine(within(t, 30*time.Second), cfg, etf.Atom(e.Name())) {
		require.NoError(t, f.Err)
		steps = append(steps, f.Step)
		if f.Step == "tls" {
			require.Contains(t, f.Detail, "certificate of CN=::1, issued by CN=authority, until ")
		}
	}
	require.Equal(t, []string{"name", "address", "epmd", "port", "tls", "handshake", "flags", "ping", "tick"}, steps)
}

// A node of one family finds none of the other, and says so.
func TestTheFamiliesDoNotMix(t *testing.T) {
	needIPv6(t)
	cfg := config(t)
	cfg.ProtoDist, cfg.LongNames, cfg.Name = "inet6_tcp", true, "gonode@::1"
	n := start(t, cfg)
	err := n.Connect(within(t, 30*time.Second), "a@127.0.0.1")
	require.ErrorContains(t, err, "127.0.0.1 has no IPv6 address")
	_, f := examine(t, cfg, "a@127.0.0.1")
	require.Equal(t, "address", f.Step)
	require.Contains(t, f.Advice, "with an IPv6 address")

	cfg = config(t)
	cfg.LongNames, cfg.Name = true, "gonode4@127.0.0.1"
	n = start(t, cfg)
	require.Error(t, n.Connect(within(t, 30*time.Second), "a@::1"))
	_, f = examine(t, cfg, "a@::1")
	require.Contains(t, f.Advice, "with an IPv4 address")
}

// An embedded EPMD serves nodes that come by IPv6, and a node registers there by IPv6.
func TestTheEmbeddedEPMDIsReachedByIPv6(t *testing.T) {
	needIPv6(t)
	cfg := config(t)
	port := gonodetest.FreePort(t)
	cfg.EPMD, cfg.EPMDPort, cfg.ProtoDist = node.EPMDEmbedded, uint16(port), "inet6_tcp"
	cfg.Listen = "::1"
	n := start(t, cfg)
	spawnSamples(t, n)
	info, err := epmd.Lookup(t.Context(), fmt.Sprintf("[::1]:%d", port), "gonode")
	require.NoError(t, err)
	require.Equal(t, n.Addr().(*net.TCPAddr).Port, int(info.Port))
	e := beam.StartErl(t, overIPv6(), beam.WithEPMDPort(port))
	bothWays(t, n, e)
	entries, err := epmd.Names(t.Context(), fmt.Sprintf("[::1]:%d", port))
	require.NoError(t, err)
	require.Len(t, entries, 2)
}
