package nodediag_test

import (
	"context"
	"crypto/tls"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/gonodetest"
	"github.com/gonode-otp/gonode/node"
	"github.com/gonode-otp/gonode/node/nodediag"
	"github.com/gonode-otp/gonode/tlsdist"
)

// mutual are options of both sides with a certificate for localhost and ::1.
func mutual(t *testing.T, ca *gonodetest.Authority) *tlsdist.Options {
	t.Helper()
	p := ca.Issue(t, []string{"localhost", "::1"})
	side := tlsdist.Side{Certs: []tlsdist.KeyPair{{CertFile: p.Cert, KeyFile: p.Key}}, CACertFile: ca.CA}
	return &tlsdist.Options{Server: side, Client: side}
}

// start starts a node with an EPMD of its own.
func start(t *testing.T, cfg node.Config) *node.Node {
	t.Helper()
	cfg.Cookie, cfg.EPMD = "secret", node.EPMDEmbedded
	n, err := node.Start(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, n.Stop(context.Background())) })
	return n
}

func TestTheWholeWayIsWalkedAndLeavesNothingBehind(t *testing.T) {
	port := uint16(gonodetest.FreePort(t))
	for _, options := range []*tlsdist.Options{nil, mutual(t, gonodetest.NewAuthority(t, "authority"))} {
		n := start(t, node.Config{Name: "b@localhost", EPMDPort: port, TLS: options, TickTime: 8 * time.Second})
		cfg := node.Config{Name: "c@localhost", Cookie: "secret", EPMDPort: port, TLS: options, Visible: true}
		var steps []string
		for f := range nodediag.Examine(t.Context(), cfg, n.Name()) {
			require.NoError(t, f.Err, f.Step)
			require.NotEmpty(t, f.Detail)
			steps = append(steps, f.Step)
		}
		want := []string{"name", "address", "epmd", "port", "handshake", "flags", "ping", "tick"}
		if options != nil {
			want = slices.Insert(want, 4, "tls")
		}
		require.Equal(t, want, steps)
		require.Eventually(t, func() bool { return len(n.Nodes()) == 0 }, time.Minute, time.Millisecond)
		require.NoError(t, n.Stop(t.Context()))
	}
}

func TestWhatStandsInTheWayIsNamedWithWhatToChange(t *testing.T) {
	port := uint16(gonodetest.FreePort(t))
	n := start(t, node.Config{Name: "b@localhost", EPMDPort: port})
	cfg := node.Config{Name: "c@localhost", Cookie: "secret", EPMDPort: port}
	last := func(cfg node.Config, peer etf.Atom) (f nodediag.Finding) {
		for f = range nodediag.Examine(t.Context(), cfg, peer) {
		}
		require.Error(t, f.Err)
		require.NotEmpty(t, f.Advice)
		return f
	}
	require.Equal(t, "name", last(cfg, "c@localhost").Step, "that is this node")
	require.Equal(t, "name", last(cfg, "b@host.example.org").Step)
	f := last(cfg, "nosuch@localhost")
	require.Equal(t, "epmd", f.Step)
	require.Contains(t, f.Advice, "knows b")
	wrong := cfg
	wrong.Cookie = "another"
	f = last(wrong, n.Name())
	require.Equal(t, "handshake", f.Step)
	require.Equal(t, "give both nodes the same cookie", f.Advice)
	closed := cfg
	closed.NodePort = uint16(gonodetest.FreePort(t))
	require.Equal(t, "port", last(closed, n.Name()).Step)
	shut := cfg
	shut.Allow = []string{"other@"}
	require.Equal(t, "name", last(shut, n.Name()).Step)
	var bad *node.ConfigError
	f = last(node.Config{Name: "c@localhost", Cookie: "x", ProtoDist: "tls"}, n.Name())
	require.Equal(t, "config", f.Step)
	require.ErrorAs(t, f.Err, &bad)
}

// The walk to a node over TLS ends where TLS does, and says what to change.
func TestExamineNamesWhatIsWrongWithTLS(t *testing.T) {
	ca, other := gonodetest.NewAuthority(t, "authority"), gonodetest.NewAuthority(t, "other")
	port := uint16(gonodetest.FreePort(t))
	b := start(t, node.Config{Name: "b@localhost", EPMDPort: port, TLS: mutual(t, ca)})
	last := func(cfg node.Config) (f nodediag.Finding) {
		cfg.EPMDPort, cfg.Cookie = port, "secret"
		for f = range nodediag.Examine(t.Context(), cfg, b.Name()) {
		}
		require.Error(t, f.Err)
		return f
	}
	f := last(node.Config{Name: "c@localhost", TLS: mutual(t, other)})
	require.Equal(t, "tls", f.Step)
	require.Contains(t, f.Err.Error(), "(CN=localhost, issued by CN=authority) is not signed by one that")
	require.Contains(t, f.Advice, "client option cacertfile on this side")

	f = last(node.Config{Name: "d@localhost"})
	require.Equal(t, "handshake", f.Step)
	require.Contains(t, f.Err.Error()+f.Advice, "-proto_dist")

	nobody := mutual(t, ca)
	nobody.Client.Certs = nil
	nobody.Client.MaxVersion = tls.VersionTLS12
	f = last(node.Config{Name: "e@localhost", TLS: nobody})
	require.Equal(t, "tls", f.Step)
	require.Contains(t, f.Advice, "client on this side has no certfile")
	nobody.Client.MaxVersion = 0
	f = last(node.Config{Name: "f@localhost", TLS: nobody})
	require.Equal(t, "handshake", f.Step, "in TLS 1.3 the refusal comes after the handshake of TLS")
	require.ErrorAs(t, f.Err, new(*tlsdist.HandshakeError))
	require.Contains(t, f.Advice, "cert")
}
