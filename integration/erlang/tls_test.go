package erlang

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/gonodetest"
	"github.com/gonode-otp/gonode/gonodetest/beam"
	"github.com/gonode-otp/gonode/internal/soak"
	"github.com/gonode-otp/gonode/node"
	"github.com/gonode-otp/gonode/tlsdist"
)

const (
	only12 = "{versions, ['tlsv1.2']}"
	only13 = "{versions, ['tlsv1.3']}"
)

// Either version of TLS, either end dialling, with certificates that both verify.
func TestNodesTalkOverTLSInBothDirections(t *testing.T) {
	ca := gonodetest.NewAuthority(t, "authority")
	host := shortHost(t)
	for name, versions := range map[string]string{"tls12": only12, "tls13": only13, "default": ""} {
		t.Run(name, func(t *testing.T) {
			n := start(t, tlsConfig(t, optfile(t, mutual(ca.Issue(t, []string{host}), ca.CA), strict)))
			spawnSamples(t, n)
			e := beam.StartErl(t, overTLS(optfile(t, mutual(ca.Issue(t, []string{host}), ca.CA), versions, strict)))
			to := startSrv(t, e)

			reply, err := n.Call(within(t, 30*time.Second), to, term(t, "{echo, #{dialled => go}}"))
			require.NoError(t, err)
			require.Equal(t, "#{dialled => go}", etf.Format(reply))
			require.True(t, n.Disconnect(etf.Atom(e.Name())))
			require.Eventually(t, func() bool { return e.Eval(t, "nodes(hidden)") == "[]" }, 30*time.Second, 10*time.Millisecond)

			require.Equal(t, "{ok,erlang}", e.Eval(t, at(n, "gen_server:call({echo,'gonode@host'}, {ok,erlang})")))
			require.Equal(t, at(n, "['gonode@host']"), e.Eval(t, "nodes(hidden)"))
		})
	}
}

// tlsPair are a Go node with the samples and an Erlang node with srv that talk over TLS of one version.
func tlsPair(t *testing.T, version string, opts ...beam.Option) (n *node.Node, e *beam.Node, to etf.Tuple) {
	t.Helper()
	ca := gonodetest.NewAuthority(t, "authority")
	file := optfile(t, mutual(ca.Issue(t, []string{shortHost(t)}), ca.CA), version, strict)
	cfg := tlsConfig(t, file)
	cfg.TickTime = 8 * time.Second
	n = start(t, cfg)
	spawnSamples(t, n)
	e = beam.StartErl(t, append(opts, overTLS(file), beam.WithTimeout(2*time.Minute))...)
	return n, e, startSrv(t, e)
}

func TestLargeMessagesGoBothWaysOverTLS(t *testing.T) {
	size, milliseconds := soak.Size(16<<20, 64<<20), soak.Size(1000, 3000)
	for _, version := range []string{only12, only13} {
		n, e, to := tlsPair(t, version)
		require.Equal(t, "true", e.Eval(t, at(n, fmt.Sprintf(`(fun() -> T = binary:copy(<<"0123456789abcdef">>, %d),
			gen_server:call({echo,'gonode@host'}, T, 100000) =:= T end)()`, size/16))))
		large := etf.Tuple{etf.Atom("echo"), etf.Binary(make([]byte, size))}
		reply, err := n.Call(within(t, time.Minute), to, large)
		require.NoError(t, err)
		require.True(t, etf.Equal(large[1], reply))
		require.Equal(t, "0", e.Eval(t, at(n, fmt.Sprintf(mixedSizes, milliseconds))))
		stop(t, n)
	}
}

// mixedSizes has 15 processes call echo with terms of 3, 64 and 200 kB for some milliseconds and counts wrong answers.
const mixedSizes = `(fun() ->
	S = {echo,'gonode@host'}, Me = self(), Stop = erlang:monotonic_time(millisecond) + %d,
	One = fun F(P, I, Bad) ->
		case erlang:monotonic_time(millisecond) > Stop of
			true -> Me ! {bad, Bad};
			false ->
				Size = element(1 + I rem 3, {3000, 64 * 1024, 200 * 1024}),
				T = {P, I, [tag, binary:copy(<<P, I:16>>, Size div 3)]},
				F(P, I + 1, case gen_server:call(S, T, 60000) of T -> Bad; _ -> Bad + 1 end)
		end
	end,
	[spawn_link(fun() -> One(P, P, 0) end) || P <- lists:seq(1, 15)],
	lists:sum([receive {bad, B} -> B end || _ <- lists:seq(1, 15)])
end)()`

func TestAnIdleConnectionOverTLSLivesByItsTicks(t *testing.T) {
	t.Parallel()
	n, e, _ := tlsPair(t, only13, beam.WithArgs("-kernel", "net_ticktime", "8"))
	require.NoError(t, n.Ping(within(t, 30*time.Second), etf.Atom(e.Name())))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	down := make(chan node.NodeEvent, 1)
	go func() {
		for ev := range n.SubscribeNodes(ctx).All() {
			if !ev.Up {
				down <- ev
				return
			}
		}
		close(down)
	}()
	select {
	case ev, ok := <-down:
		require.False(t, ok, "the idle connection ended: %v", ev)
	case <-within(t, 12*time.Second).Done():
	}
	require.Equal(t, at(n, "['gonode@host']"), e.Eval(t, "nodes(hidden)"))
}

func TestTheEndOfEitherSideIsSeenOverTLS(t *testing.T) {
	for _, version := range []string{only12, only13} {
		n, e, to := tlsPair(t, version)
		stillServes(t, n, e)
		e.Eval(t, at(n, "true = erlang:monitor_node('gonode@host', true)"))
		cast := e.Eval(t, at(n, "[gen_server:cast({counter,'gonode@host'}, {add, 1}) || _ <- lists:seq(1, 1000)], ok"))
		require.Equal(t, "ok", cast)
		// What was sent before Stop arrives.
		for i := range 1000 {
			require.NoError(t, n.Cast(within(t, 30*time.Second), to, etf.Int(i)))
		}
		stop(t, n)
		require.Equal(t, at(n, "{nodedown,'gonode@host'}"), e.Eval(t, "receive M -> M after 20000 -> late end"))
		require.Equal(t, "1000", e.Eval(t, "length(gen_server:call(srv, seen))"))
	}
	n, e, to := tlsPair(t, only13)
	stillServes(t, n, e)
	waiting := make(chan error, 1)
	go func() { _, err := n.Call(within(t, time.Minute), to, etf.Atom("silence")); waiting <- err }()
	require.Eventually(t, func() bool { return e.Eval(t, "element(2, process_info(whereis(srv), monitored_by)) =/= []") == "true" }, 20*time.Second, 10*time.Millisecond)
	e.Kill(t)
	require.ErrorIs(t, <-waiting, genserv.ErrNoConnection)
}

func TestAPeerThatCameBackIsDialledAgainOverTLS(t *testing.T) {
	ca := gonodetest.NewAuthority(t, "authority")
	file := optfile(t, mutual(ca.Issue(t, []string{shortHost(t)}), ca.CA), strict)
	n := start(t, tlsConfig(t, file))
	for range 3 {
		e := beam.StartErl(t, overTLS(file), beam.WithSname("phoenix"))
		to := startSrv(t, e)
		reply, err := n.Call(within(t, 30*time.Second), to, term(t, "{echo, back}"))
		require.NoError(t, err)
		require.Equal(t, etf.Atom("back"), reply)
		e.Kill(t)
		require.Eventually(t, func() bool { return len(n.Nodes()) == 0 }, 20*time.Second, 10*time.Millisecond)
	}
}

func TestAPeerWithoutANameIsServedOverTLSAndAsksForOne(t *testing.T) {
	ca := gonodetest.NewAuthority(t, "authority")
	file := optfile(t, mutual(ca.Issue(t, []string{shortHost(t)}), ca.CA), strict)
	n := start(t, tlsConfig(t, file))
	spawnSamples(t, n)
	nameless := beam.StartErl(t, beam.WithSname("undefined"), overTLS(file))
	require.Equal(t, "true", nameless.Eval(t, at(n, "net_kernel:connect_node('gonode@host')")))
	require.Equal(t, "hi", nameless.Eval(t, at(n, "gen_server:call({echo,'gonode@host'}, hi)")))

	giver := beam.StartErl(t, overTLS(file))
	to := startSrv(t, giver)
	cfg := tlsConfig(t, file)
	cfg.Name, cfg.NamedBy = "undefined", giver.Name()
	client := start(t, cfg)
	require.False(t, strings.HasPrefix(string(client.Name()), "undefined"))
	reply, err := client.Call(within(t, 30*time.Second), to, term(t, "{echo, named}"))
	require.NoError(t, err)
	require.Equal(t, etf.Atom("named"), reply)
}

// OTP changes its keys after so many bytes of TLS 1.3, and renegotiates TLS 1.2 after 2^28 records; options make it
// do so soon.
func TestPeersMayChangeTheirKeys(t *testing.T) {
	for _, often := range []string{"{versions, ['tlsv1.3']}, {key_update_at, 2000}",
		"{versions, ['tlsv1.2']}, {renegotiate_at, 50}"} {
		n, e, to := pairWith(t, often)
		ctx := within(t, time.Minute)
		require.NoError(t, n.Connect(ctx, etf.Atom(e.Name())))
		for i := range 300 {
			reply, err := n.Call(ctx, to, term(t, "{echo, %d}", i))
			require.NoError(t, err)
			require.Equal(t, etf.Int(i), reply)
		}
		require.Equal(t, "300", e.Eval(t, at(n, callOften)), often)
		require.Contains(t, e.Eval(t, "nodes(hidden)"), string(n.Name()))
	}
}

// crypto/tls has no renegotiation for a server, so that a connection of TLS 1.2 that OTP has dialled ends when it
// asks for one. The next use makes another.
func TestWhereAServerCannotRenegotiateTheConnectionComesBack(t *testing.T) {
	n, e, _ := pairWith(t, "{versions, ['tlsv1.2']}, {renegotiate_at, 50}")
	answered, err := strconv.Atoi(e.Eval(t, at(n, callOften)))
	require.NoError(t, err)
	require.Less(t, answered, 300)
	require.Greater(t, answered, 280, "a few calls of 300 are lost")
}

// callOften calls echo 300 times and counts the answers.
const callOften = "length([I || I <- lists:seq(1, 300), (catch gen_server:call({echo,'gonode@host'}, I)) =:= I])"

// pairWith is tlsPair where the Erlang node alone has more options.
func pairWith(t *testing.T, theirs string) (*node.Node, *beam.Node, etf.Tuple) {
	t.Helper()
	ca := gonodetest.NewAuthority(t, "authority")
	p := mutual(ca.Issue(t, []string{shortHost(t)}), ca.CA)
	cfg := tlsConfig(t, optfile(t, p, strict))
	cfg.Name = "gonode" + strconv.Itoa(len(theirs))
	n := start(t, cfg)
	spawnSamples(t, n)
	e := beam.StartErl(t, overTLS(optfile(t, p, strict, theirs)), beam.WithTimeout(time.Minute))
	return n, e, startSrv(t, e)
}

// tlsRefusal dials e and returns why that failed.
func tlsRefusal(t *testing.T, n *node.Node, e *beam.Node) *tlsdist.HandshakeError {
	t.Helper()
	err := n.Connect(within(t, 30*time.Second), etf.Atom(e.Name()))
	var connect *node.ConnectError
	require.ErrorAs(t, err, &connect)
	require.Equal(t, "tls", connect.Stage)
	var refused *tlsdist.HandshakeError
	require.ErrorAs(t, err, &refused)
	return refused
}

func TestAWrongCertificateIsRefusedWithFileAndReason(t *testing.T) {
	t.Parallel()
	ca, other := gonodetest.NewAuthority(t, "authority"), gonodetest.NewAuthority(t, "other")
	host := shortHost(t)
	good := ca.Issue(t, []string{host})
	file := optfile(t, mutual(good, ca.CA), strict)
	n := start(t, tlsConfig(t, file))
	spawnSamples(t, n)
	fine := beam.StartErl(t, overTLS(file))
	for name, c := range map[string]struct {
		erl            []string // the options of the Erlang node
		reason, advice string   // what the Go node says when it dials
		ping           string   // when it is dialled
	}{
		"unknown CA": {[]string{mutual(other.Issue(t, []string{host}), ca.CA), strict},
			"issued by CN=other) is not signed by one that " + ca.CA + " trusts",
			"add the certificate of its issuer to " + ca.CA, "pang"},
		"expired": {[]string{mutual(ca.Issue(t, []string{host}, gonodetest.Expired), ca.CA), strict},
			"has expired: it ended at ", "give the peer a new certificate", "pang"},
		"another host": {[]string{mutual(ca.Issue(t, []string{"elsewhere"}), ca.CA), strict},
			// as OTP, which does not look at the host of a client
			"is for elsewhere and not for " + host, "subjectAltName DNS:" + host, "pong"},
		"ours is unknown there": {[]string{mutual(good, other.CA), strict},
			"", "cacertfile", "pang"},
		"no certfile there": {[]string{verifying(ca.CA)}, "the peer ", "log", "pang"},
	} {
		for _, version := range []string{only12, only13} {
			e := beam.StartErl(t, overTLS(optfile(t, append(c.erl, version)...)))
			refused := tlsRefusal(t, n, e)
			t.Log(name, version, refused)
			require.Contains(t, refused.Reason, c.reason)
			require.Contains(t, refused.Advice, c.advice)
			if tlsdist.Alert(refused) == "unknown certificate authority" { // the alert may be lost with the connection
				require.Contains(t, refused.Reason, good.Cert)
			}
			require.Equal(t, c.ping, e.Eval(t, at(n, "net_adm:ping('gonode@host')")), name)
			require.Equal(t, "pong", fine.Eval(t, at(n, "net_adm:ping('gonode@host')")), "it serves others")
			e.Kill(t)
		}
	}
}

func TestTLSAndPlainNodesTellEachOtherApart(t *testing.T) {
	ca := gonodetest.NewAuthority(t, "authority")
	file := optfile(t, mutual(ca.Issue(t, []string{shortHost(t)}), ca.CA), strict)
	plain, secure := beam.StartErl(t), beam.StartErl(t, overTLS(file))

	cfg := tlsConfig(t, file)
	cfg.SetupTime = 2 * time.Second
	overTLS := start(t, cfg)
	refused := tlsRefusal(t, overTLS, plain)
	require.Contains(t, refused.Advice, "-proto_dist inet_tls")
	require.Equal(t, "pang", plain.Eval(t, at(overTLS, "net_adm:ping('gonode@host')")))
	require.Equal(t, "pong", secure.Eval(t, at(overTLS, "net_adm:ping('gonode@host')")))

	cfg = config(t)
	cfg.Name = "plain"
	overTCP := start(t, cfg)
	err := overTCP.Connect(within(t, 30*time.Second), etf.Atom(secure.Name()))
	var handshake *dist.HandshakeError
	require.ErrorAs(t, err, &handshake)
	require.Contains(t, err.Error(), "-proto_dist inet_tls")
	require.Equal(t, "pang", secure.Eval(t, strings.ReplaceAll(at(overTLS, "net_adm:ping('gonode@host')"), "gonode",
		"plain")))
	require.NoError(t, overTCP.Ping(within(t, 30*time.Second), etf.Atom(plain.Name())))
}

// Whoever dials without knowing the cookie costs little, however far he goes, and disturbs nobody.
func TestStrangersCostLittleOverTLS(t *testing.T) {
	ca := gonodetest.NewAuthority(t, "authority")
	p := ca.Issue(t, []string{shortHost(t)})
	cfg := tlsConfig(t, optfile(t, mutual(p, ca.CA), strict))
	cfg.SetupTime = 60 * time.Second // all of them are there at the end
	n := start(t, cfg)
	spawnSamples(t, n)
	e := beam.StartErl(t, overTLS(optfile(t, mutual(p, ca.CA), strict)))
	stillServes(t, n, e)
	pair, err := tls.LoadX509KeyPair(p.Cert, p.Key)
	require.NoError(t, err)
	hello := clientHello(t)
	for name, stranger := range map[string]func(net.Conn){
		"silent":       func(net.Conn) {},
		"half a hello": func(c net.Conn) { _, _ = c.Write(hello[:len(hello)/2]) },
		"hello":        func(c net.Conn) { _, _ = c.Write(hello) },
		"no cookie": func(c net.Conn) {
			_ = tls.Client(c, &tls.Config{InsecureSkipVerify: true, Certificates: []tls.Certificate{pair}}).Handshake()
		},
		// announces 64 kB, which is no message that crypto/tls would not take, and sends them
		"a long handshake": func(c net.Conn) {
			_, _ = c.Write(slices.Concat(append([]byte{22, 3, 1, 0x40, 0, 1, 0, 0xff, 0xff}, make([]byte, 0x4000-4)...),
				append([]byte{22, 3, 1, 0x3f, 0xff}, make([]byte, 0x3fff)...),
				append([]byte{22, 3, 1, 0x3f, 0xff}, make([]byte, 0x3fff)...)))
		},
	} {
		const many = 200
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		var conns []net.Conn
		for range many {
			c := dialTo(t, n)
			conns = append(conns, c)
			stranger(c)
		}
		stillServes(t, n, e)
		runtime.GC()
		runtime.ReadMemStats(&after)
		each := (int64(after.HeapInuse+after.StackInuse) - int64(before.HeapInuse+before.StackInuse)) / many
		t.Logf("%s: %d bytes each, both ends", name, each)
		require.Less(t, each, int64(120<<10), name)
		for _, c := range conns {
			_ = c.Close()
		}
		stillServes(t, n, e)
	}
}

// clientHello is the first message of a handshake.
func clientHello(t *testing.T) []byte {
	t.Helper()
	a, b := net.Pipe()
	defer b.Close()
	go func() {
		_ = tls.Client(a, &tls.Config{InsecureSkipVerify: true}).Handshake()
	}()
	defer a.Close()
	hello := make([]byte, 4096)
	n, err := b.Read(hello)
	require.NoError(t, err)
	return hello[:n]
}

// dialTo opens a connection to the port of n.
func dialTo(t *testing.T, n *node.Node) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(n.Addr().(*net.TCPAddr).Port)))
	require.NoError(t, err)
	return c
}
