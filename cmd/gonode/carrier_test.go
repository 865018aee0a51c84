package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/gonodetest"
)

// tlsFiles makes an optfile with which the two sides verify each other. Its name has a space in it.
func tlsFiles(t *testing.T, ca *gonodetest.Authority) string {
	t.Helper()
	p := ca.Issue(t, []string{shortHost(t)})
	side := `{certfile, "` + p.Cert + `"}, {keyfile, "` + p.Key + `"}, {cacertfile, "` + ca.CA +
		`"}, {verify, verify_peer}`
	file := filepath.Join(t.TempDir(), "my dist.conf")
	require.NoError(t, os.WriteFile(file,
		[]byte("[{server, ["+side+", {fail_if_no_peer_cert, true}]}, {client, ["+side+"]}]."), 0o600))
	return file
}

func TestEveryVerbWorksOverTLS(t *testing.T) {
	alone(t)
	ca := gonodetest.NewAuthority(t, "authority")
	file, p := tlsFiles(t, ca), ca.Issue(t, []string{"elsewhere"})
	r := startRun(t, "--ssl-dist-optfile", file)
	require.Contains(t, r.err.String(), "(inet_tls)")
	require.Contains(t, r.err.String(), " -proto_dist inet_tls -ssl_dist_optfile '"+file+"'")
	require.Contains(t, r.err.String(), `ERL_ZFLAGS='-proto_dist inet_tls -ssl_dist_optfile `)
	with := []string{"--proto-dist", "inet_tls", "--ssl-dist-optfile", file}
	require.Equal(t, "pong", prints(t, append([]string{"ping", "gonode"}, with...)...))
	require.Equal(t, "hi", prints(t, append([]string{"call", "gonode", "echo", "hi"}, with...)...))
	require.Empty(t, prints(t, append([]string{"cast", "gonode", "counter", "reset"}, with...)...))
	require.Regexp(t, `(?m)^tls +ok +TLS 1\.3, TLS_\w+; certificate of CN=\S+, issued by CN=authority, until \S+, verified$`,
		prints(t, append([]string{"doctor", "gonode"}, with...)...))
	require.Equal(t, "pong", prints(t, "ping", "gonode", "--ssl-dist-opt", "client_certfile="+p.Cert, "--ssl-dist-opt",
		"client_keyfile="+p.Key,
		"--ssl-dist-opt", "client_verify=verify_none"))
	fails(t, exitHandshake, []string{"ping", "gonode", "--ssl-dist-opt", "client_cacertfile=" + ca.CA},
		"give the client on this side a certfile")
	fails(t, exitHandshake, []string{"ping", "gonode", "--ssl-dist-optfile",
		tlsFiles(t, gonodetest.NewAuthority(t, "other"))},
		"cannot connect to gonode@", "issued by CN=authority) is not signed by", "client option cacertfile on this side")
	fails(t, exitHandshake, []string{"ping", "gonode"}, "it may want TLS (-proto_dist inet_tls)")
	require.Equal(t, "pong", prints(t, append([]string{"ping", "gonode"}, with...)...), "it serves on")
}

func TestTheWordsOfACommandLineArriveAsTheyAre(t *testing.T) {
	words := []string{"-a", "/etc/it's here.conf", `back\slash`, `say "x"`}
	require.Equal(t, ` -a '/etc/it'\''s here.conf' 'back\slash' 'say "x"'`, shellWords(words))
	require.Equal(t, `-a /etc/it\'s\ here.conf back\\slash say\ \"x\"`, zflagsText(words))
}
