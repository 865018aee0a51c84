package node

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"os"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/gonodetest"
	"github.com/gonode-otp/gonode/tlsdist"
)

// mutual are options of both sides with a certificate for localhost and ::1.
func mutual(t *testing.T, ca *gonodetest.Authority) *tlsdist.Options {
	t.Helper()
	p := ca.Issue(t, []string{"localhost", "::1"})
	side := tlsdist.Side{Certs: []tlsdist.KeyPair{{CertFile: p.Cert, KeyFile: p.Key}}, CACertFile: ca.CA}
	return &tlsdist.Options{Server: side, Client: side}
}

func TestTwoNodesTalkOverTLSWhoeverDialsFirst(t *testing.T) {
	ca := gonodetest.NewAuthority(t, "authority")
	port := startEPMD(t)
	a := testNode(t, Config{Name: "a@localhost", EPMDPort: port, TLS: mutual(t, ca)})
	b := testNode(t, Config{Name: "b@localhost", EPMDPort: port, TLS: mutual(t, ca)})
	require.Contains(t, a.Info(), "(inet_tls)")
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if err := a.Ping(t.Context(), b.Name()); err != nil {
				t.Error(err)
			}
		})
		wg.Go(func() {
			if err := b.Ping(t.Context(), a.Name()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	require.Equal(t, []etf.Atom{b.Name()}, a.Nodes())
	for range 20 {
		require.True(t, a.Disconnect(b.Name()))
		require.NoError(t, a.Ping(t.Context(), b.Name()))
	}
}

func TestTwoNodesTalkOverIPv6(t *testing.T) {
	l, err := net.Listen("tcp6", "[::1]:0")
	if err != nil {
		t.Skip("no IPv6 on this host:", err)
	}
	_ = l.Close()
	for _, proto := range []string{"inet6_tcp", "inet6_tls"} {
		var options *tlsdist.Options
		if proto == "inet6_tls" {
			options = mutual(t, gonodetest.NewAuthority(t, "authority"))
		}
		port := startEPMD(t)
		a := testNode(t, Config{Name: "a@::1", EPMDPort: port, ProtoDist: proto, TLS: options, Listen: "::1"})
		b := testNode(t, Config{Name: "b@::1", EPMDPort: port, ProtoDist: proto, TLS: options, Listen: "::1"})
		require.NoError(t, a.Ping(t.Context(), b.Name()))
		require.Contains(t, a.Info(), "listening on [::1]:")
	}
}

func TestACarrierThatCannotWorkIsRefusedAtOnce(t *testing.T) {
	options := mutual(t, gonodetest.NewAuthority(t, "authority"))
	for want, cfg := range map[string]Config{
		`ProtoDist: "tls" is none of inet_tcp, inet_tls, inet6_tcp and inet6_tls`: {ProtoDist: "tls"},
		"TLS: inet6_tls needs TLS options":                                        {ProtoDist: "inet6_tls"},
		"TLS: is given, and inet_tcp makes no use of it":                          {ProtoDist: "inet_tcp", TLS: options},
		"Listen: ::1 is an IPv6 address":                                          {Listen: "::1"},
		"Listen: 10.0.0.1 is an IPv4 address": {Listen: "10.0.0.1",
			ProtoDist: "inet6_tcp"},
	} {
		cfg.Name, cfg.Cookie = "a@h", "x"
		_, err := Start(t.Context(), cfg)
		var bad *ConfigError
		require.ErrorAs(t, err, &bad)
		require.ErrorContains(t, err, "node: Config."+want)
	}
	_, err := Start(t.Context(), Config{Name: "a@h", Cookie: "x", TLS: &tlsdist.Options{Client: options.Client}})
	require.ErrorAs(t, err, new(*tlsdist.OptionError))
	options.Server.Certs[0].KeyFile = "/no/such/key.pem"
	_, err = Start(t.Context(), Config{Name: "a@h", Cookie: "x", TLS: options})
	require.ErrorAs(t, err, new(*tlsdist.FileError))
	require.ErrorContains(t, err, "/no/such/key.pem")
	n, err := Start(t.Context(), Config{Name: "a@h", Cookie: "x", NoListen: true,
		TLS: &tlsdist.Options{Client: tlsdist.Side{CACertFile: options.Client.CACertFile}}})
	require.NoError(t, err, "a node that does not listen needs nothing of a server")
	require.NoError(t, n.Stop(context.Background()))
}

func TestFilesThatHaveBecomeUnusableAreLoggedAndKeepNobodyOut(t *testing.T) {
	ca := gonodetest.NewAuthority(t, "authority")
	var log safeBuffer
	port := startEPMD(t)
	options := mutual(t, ca)
	a := testNode(t, Config{Name: "a@localhost", EPMDPort: port, TLS: options,
		Logger: slog.New(slog.NewTextHandler(&log, nil))})
	b := testNode(t, Config{Name: "b@localhost", EPMDPort: port, TLS: mutual(t, ca)})
	require.NoError(t, os.WriteFile(options.Server.Certs[0].CertFile, []byte("half"), 0o600))
	require.NoError(t, b.Ping(t.Context(), a.Name()))
	require.Contains(t, log.String(), "those of before are")
	require.Contains(t, log.String(), options.Server.Certs[0].CertFile)
}

// safeBuffer is a buffer for several goroutines.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
