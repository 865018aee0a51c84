package erlang

import (
	"crypto/x509"
	"encoding/pem"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/gonodetest"
	"github.com/gonode-otp/gonode/gonodetest/beam"
)

// The peer stands still until the large message of one process waits in the connection and the small ones of another
// have come to it.
func TestALargeMessageDoesNotHoldUpTheSmallOnesOfAnotherProcess(t *testing.T) {
	n := start(t, config(t))
	e := beam.StartErl(t, beam.WithTimeout(time.Minute))
	e.Eval(t, `register(sink, spawn(fun() -> (fun F(Seen) -> receive
		{large, B} -> F([{large, byte_size(B)} | Seen]); {small, I} -> F([I | Seen]);
		{seen, Who} -> Who ! {seen, lists:reverse(Seen)}, F(Seen); _ -> F(Seen) end end)([]) end))`)
	sink := etf.Tuple{etf.Atom("sink"), etf.Atom(e.Name())}
	const size = 64 << 20
	spawn(t, n, "large", genserv.Of(agent{do: func(p *genserv.Process) {
		p.Send(sink, etf.Tuple{etf.Atom("large"), etf.Binary(make([]byte, size))})
	}}))
	spawn(t, n, "small", genserv.Of(agent{do: func(p *genserv.Process) {
		for i := range 10 {
			p.Send(sink, etf.Tuple{etf.Atom("small"), etf.Int(i)})
		}
	}}))
	require.NoError(t, n.Ping(within(t, 30*time.Second), etf.Atom(e.Name())))
	e.Pause(t)
	sent := make(chan error, 1)
	go func() {
		_, err := n.Call(within(t, time.Minute), etf.Atom("large"), etf.Atom("do"))
		sent <- err
	}()
	require.Eventually(t, func() bool { // when it is under way, others of its kind have to wait
		return n.Send(within(t, 20*time.Millisecond), sink, make(etf.Binary, 100_000)) != nil
	}, 30*time.Second, time.Millisecond)
	_, err := n.Call(within(t, 30*time.Second), etf.Atom("small"), etf.Atom("do"))
	require.NoError(t, err, "small ones need not")
	e.Resume(t)
	require.NoError(t, <-sent)
	var seen string
	require.Eventually(t, func() bool {
		seen = e.Eval(t, "(fun() -> sink ! {seen, self()}, receive {seen, S} -> S end end)()")
		return strings.Contains(seen, "large")
	}, time.Minute, 10*time.Millisecond)
	require.Equal(t, "[0,1,2,3,4,5,6,7,8,9,{large,"+strconv.Itoa(size)+"}]", seen)
}

// Both sides listen within a range of ports, as behind a firewall.
func TestNodesListenWithinARangeOfPorts(t *testing.T) {
	first := gonodetest.FreePort(t)
	cfg := config(t)
	cfg.PortMin, cfg.PortMax = uint16(first), uint16(first+50)
	n := start(t, cfg)
	spawnSamples(t, n)
	e := beam.StartErl(t, beam.WithArgs("-kernel", "inet_dist_listen_min", strconv.Itoa(first),
		"inet_dist_listen_max", strconv.Itoa(first+50)))
	within50 := func(port int) { t.Helper(); require.True(t, first <= port && port <= first+50, "port %d", port) }
	within50(n.Addr().(*net.TCPAddr).Port)
	_, theirs, err := net.SplitHostPort(erlPort(t, e))
	require.NoError(t, err)
	port, err := strconv.Atoi(theirs)
	require.NoError(t, err)
	within50(port)
	bothDial(t, n, e)
}

// The same file with the same password for both, the key encrypted as openssl does it.
func TestAnEncryptedKeyServesBothSides(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		gonodetest.SkipLane(t, "encrypted keys", "openssl is not installed")
	}
	ca := gonodetest.NewAuthority(t, "authority")
	p := ca.Issue(t, []string{shortHost(t)})
	encrypted := filepath.Join(t.TempDir(), "encrypted.pem")
	out, err := exec.Command("openssl", "pkcs8", "-topk8", "-in", p.Key, "-out", encrypted, "-v2", "aes-256-cbc",
		"-passout", "pass:pass phrase").CombinedOutput()
	require.NoError(t, err, string(out))
	text, err := os.ReadFile(encrypted)
	require.NoError(t, err)
	block, _ := pem.Decode(text)
	_, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	require.Error(t, err, "it is encrypted")
	p.Key = encrypted
	file := optfile(t, mutual(p, ca.CA), `{password, "pass phrase"}`, strict)
	n := start(t, tlsConfig(t, file))
	spawnSamples(t, n)
	bothDial(t, n, beam.StartErl(t, overTLS(file)))
}
