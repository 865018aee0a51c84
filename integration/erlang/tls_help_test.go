package erlang

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/gonodetest"
	"github.com/gonode-otp/gonode/gonodetest/beam"
	"github.com/gonode-otp/gonode/node"
	"github.com/gonode-otp/gonode/tlsdist"
)

// optfile writes a file for -ssl_dist_optfile. Options of the server alone begin with "server ", those of the client
// with "client ".
func optfile(t *testing.T, options ...string) string {
	t.Helper()
	side := func(ours, theirs string) string {
		var list []string
		for _, o := range options {
			if o = strings.TrimPrefix(o, ours); o != "" && !strings.HasPrefix(o, theirs) {
				list = append(list, o)
			}
		}
		return "[" + strings.Join(list, ",\n   ") + "]"
	}
	text := fmt.Sprintf("[{server,\n  %s},\n {client,\n  %s}].\n", side("server ", "client "), side("client ", "server "))
	file := filepath.Join(t.TempDir(), "dist.conf")
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	return file
}

// certified shows a certificate.
func certified(p gonodetest.CertFiles) string {
	return fmt.Sprintf("{certfile, %q},\n   {keyfile, %q}", p.Cert, p.Key)
}

// verifying verifies the certificate of the other side.
func verifying(ca string) string {
	return fmt.Sprintf("{cacertfile, %q},\n   {verify, verify_peer}", ca)
}

// mutual are the options of a side that shows a certificate and verifies the other's.
func mutual(p gonodetest.CertFiles, ca string) string {
	return certified(p) + ",\n   " + verifying(ca)
}

// strict is what a server says beside mutual to let in those with a certificate only: OTP 25 does not by itself.
const strict = "server {fail_if_no_peer_cert, true}"

// shortHost is the host in the short names of this machine.
func shortHost(t *testing.T) string {
	t.Helper()
	name, err := node.FullName("x", false)
	require.NoError(t, err)
	return name[2:]
}

// tlsConfig is config with TLS.
func tlsConfig(t *testing.T, file string) node.Config {
	t.Helper()
	cfg := config(t)
	var err error
	cfg.TLS, err = tlsdist.ReadFile(file)
	require.NoError(t, err)
	return cfg
}

// overTLS makes erl use TLS.
func overTLS(file string) beam.Option {
	return beam.WithArgs("-proto_dist", "inet_tls", "-ssl_dist_optfile", file)
}
