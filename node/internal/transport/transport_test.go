package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/dist"
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

func TestTheOwnHostIsFoundWithoutAnyEntry(t *testing.T) {
	own, err := os.Hostname()
	require.NoError(t, err)
	for _, f := range []Family{{}, {IPv6: true}} {
		addrs, err := f.Lookup(t.Context(), own)
		require.NoError(t, err)
		require.NotEmpty(t, addrs)
		require.Equal(t, f.IPv6, addrs[0].Is6())
	}
	_, err = Family{}.Lookup(t.Context(), "no-such-host.invalid")
	require.Error(t, err)
	_, err = Family{IPv6: true}.Lookup(t.Context(), "127.0.0.1")
	require.ErrorContains(t, err, "127.0.0.1 has no IPv6 address")
	_, err = Family{}.Dial(t.Context(), "", "no port")
	require.Error(t, err)
}

func TestLittleIsReadOfWhoIsNotTrusted(t *testing.T) {
	a, b := net.Pipe()
	defer a.Close()
	go func() {
		defer b.Close()
		_, _ = b.Write(make([]byte, 1000))
	}()
	limited := newLimitedConn(a, 10)
	got, err := io.ReadAll(limited)
	require.ErrorContains(t, err, "more than 10 bytes before it has proved that it knows the cookie")
	require.Len(t, got, 10)
	limited.removeLimit()
	got, err = io.ReadAll(limited)
	require.NoError(t, err)
	require.Len(t, got, 990)
}

func TestARefusalAfterTheHandshakeOfTLSIsExplained(t *testing.T) {
	ca := gonodetest.NewAuthority(t, "authority")
	o := Options{TLS: mutual(t, ca), HandshakeTimeout: time.Second, Log: slog.New(slog.DiscardHandler)}
	c, err := newTLSCarrier(o)
	require.NoError(t, err)
	x, y := net.Pipe()
	done := make(chan net.Conn, 1)
	go func() {
		conn, _ := c.Incoming(context.Background(), y)
		done <- conn
	}()
	conn, err := c.Outgoing(t.Context(), x, "localhost")
	require.NoError(t, err)
	defer conn.Close()
	defer (<-done).Close()
	defer y.Close() // first, for a goodbye would wait for a reader
	defer x.Close()

	closed := &dist.HandshakeError{Stage: dist.StageRecvStatus, Reason: dist.ReasonClosed, Err: io.EOF}
	var e *tlsdist.HandshakeError
	require.ErrorAs(t, c.Explain(conn, closed), &e)
	require.Contains(t, e.Error(), "may not accept the certificate of this side")
	require.True(t, errors.Is(e, dist.ReasonClosed), "it is still found what it was")
	for _, other := range []*dist.HandshakeError{
		{Stage: dist.StageRecvChallengeAck, Reason: dist.ReasonCookie},
		{Stage: dist.StageRecvName, Reason: dist.ReasonClosed, Incoming: true},
		{Stage: dist.StageRecvChallenge, Reason: dist.ReasonClosed},
	} {
		require.Equal(t, error(other), c.Explain(conn, other))
	}
	alert := &net.OpError{Op: "remote error", Err: errors.New("tls: unknown certificate authority")}
	require.ErrorAs(t, c.Explain(conn, &dist.HandshakeError{Reason: dist.ReasonIO, Err: alert}), &e)
	require.Contains(t, e.Error(), o.TLS.Client.Certs[0].CertFile+": unknown certificate authority")
	require.ErrorAs(t, c.Explain(conn, &dist.HandshakeError{Reason: dist.ReasonIO, Err: alert, Incoming: true}), &e)
	require.True(t, e.Incoming)
}

func TestAStrangerHasLimitedTimeForTLS(t *testing.T) {
	o := Options{TLS: mutual(t, gonodetest.NewAuthority(t, "authority")), HandshakeTimeout: 20 * time.Millisecond,
		Log: slog.New(slog.DiscardHandler)}
	c, err := newTLSCarrier(o)
	require.NoError(t, err)
	x, y := net.Pipe()
	defer x.Close()
	_, err = c.Incoming(t.Context(), y)
	var e *tlsdist.HandshakeError
	require.ErrorAs(t, err, &e)
	require.True(t, e.Timeout())
	_, err = y.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.ErrClosedPipe, "the connection is closed")
}

func TestAnIPv6NodeListensOnIPv4Too(t *testing.T) {
	l, err := net.Listen("tcp6", "[::1]:0")
	if err != nil {
		t.Skip("no IPv6 on this host:", err)
	}
	_ = l.Close()
	all, err := Family{IPv6: true}.Listen(t.Context(), "", 0, 0)
	require.NoError(t, err)
	defer all.Close()
	c, err := net.Dial("tcp4", fmt.Sprintf("127.0.0.1:%d", all.Addr().(*net.TCPAddr).Port))
	require.NoError(t, err, "as inet6_tcp of OTP")
	_ = c.Close()
}

func TestAnAddressThatIsNoneOfThisHostIsNotTriedOnEveryPort(t *testing.T) {
	began := time.Now()
	_, err := Family{}.Listen(t.Context(), "192.0.2.1", 1, 65535)
	require.ErrorContains(t, err, "cannot listen")
	require.NotContains(t, err.Error(), "within")
	require.Less(t, time.Since(began), 10*time.Second)
}

func TestARangeWithoutAFreePortIsNamed(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = l.Close() }()
	taken := uint16(l.Addr().(*net.TCPAddr).Port)
	_, err = Family{}.Listen(t.Context(), "127.0.0.1", taken, taken)
	require.ErrorContains(t, err, fmt.Sprintf("within %d and %d", taken, taken))
}
