package transport

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/tlsdist"
)

// tlsCarrier carries the distribution over TLS, as inet_tls_dist of OTP.
type tlsCarrier struct {
	server *tlsdist.Credentials // nil if the node does not listen
	client *tlsdist.Credentials
	// handshakeTimeout is for the handshake of TLS alone.
	handshakeTimeout time.Duration
	log              *slog.Logger
}

func newTLSCarrier(o Options) (*tlsCarrier, error) {
	for _, note := range o.TLS.StartNotes(!o.NoListen) {
		o.Log.Warn("TLS: " + note.String())
	}
	c := &tlsCarrier{handshakeTimeout: o.HandshakeTimeout, log: o.Log}
	var err error
	if c.client, err = o.TLS.ClientCredentials(); err != nil {
		return nil, err
	}
	if o.NoListen {
		return c, nil
	}
	if c.server, err = o.TLS.ServerCredentials(); err != nil {
		return nil, err
	}
	return c, nil
}

// What is read of a peer before it has proved that it knows the cookie has a limit, so that nobody else can fill the
// memory. Chains of certificates and the lists of issuers that servers send need some of it.
const (
	maxFromClient = 32 << 10
	maxFromServer = 256 << 10 // max_handshake_size of OTP
)

func (c *tlsCarrier) Outgoing(ctx context.Context, conn net.Conn, host string) (net.Conn, error) {
	cfg := c.config(c.client, host)
	return c.handshake(ctx, tls.Client(newLimitedConn(conn, maxFromServer), cfg), c.client)
}

func (c *tlsCarrier) Incoming(ctx context.Context, conn net.Conn) (net.Conn, error) {
	cfg := c.config(c.server, "")
	return c.handshake(ctx, tls.Server(newLimitedConn(conn, maxFromClient), cfg), c.server)
}

// config returns the configuration for one connection. Changed files that cannot be used are logged; those before stay
// in use.
func (c *tlsCarrier) config(creds *tlsdist.Credentials, host string) *tls.Config {
	cfg, err := creds.Config(host)
	if err != nil {
		c.log.Error("changed files of TLS cannot be used; those of before are", "error", err)
	}
	return cfg
}

func (c *tlsCarrier) handshake(ctx context.Context, conn *tls.Conn, creds *tlsdist.Credentials) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, c.handshakeTimeout)
	defer cancel()
	if err := conn.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		return nil, creds.Explain(err)
	}
	return conn, nil
}

func (c *tlsCarrier) Authenticated(conn net.Conn) {
	conn.(*tls.Conn).NetConn().(*limitedConn).removeLimit()
}

func (c *tlsCarrier) LengthBytes() int { return 4 }

// Explain finds a peer that has not accepted our certificate. In TLS 1.3 that comes after the handshake of TLS, as an
// alert, or as nothing but the end of the connection if the alert was lost on the way.
func (c *tlsCarrier) Explain(conn net.Conn, err *dist.HandshakeError) error {
	switch {
	case tlsdist.Alert(err) != "":
		return c.creds(err.Incoming).Explain(err)
	case err.Incoming || err.Reason != dist.ReasonClosed || err.Stage != dist.StageRecvStatus &&
		err.Stage != dist.StageSendName:
		return err
	}
	e := &tlsdist.HandshakeError{Remote: true, Err: err, Reason: "the peer closed the connection on seeing our name",
		Advice: "it may be busy with an earlier attempt; its log says more"}
	if conn.(*tls.Conn).ConnectionState().Version == tls.VersionTLS13 {
		e.Reason = "the peer closed the connection when TLS was agreed on"
		e.Advice = "it may not accept the certificate of this side (client option certfile here, cacertfile there), or " +
			"be busy with an earlier attempt; its log says which"
	}
	return e
}

func (c *tlsCarrier) creds(incoming bool) *tlsdist.Credentials {
	if incoming {
		return c.server
	}
	return c.client
}

// limitedConn is a connection that fails to read more than max bytes until removeLimit is called. Its methods are
// called by one goroutine after the other.
type limitedConn struct {
	net.Conn
	max, left int
	unlimited bool
}

func newLimitedConn(conn net.Conn, max int) *limitedConn {
	return &limitedConn{Conn: conn, max: max, left: max}
}

func (c *limitedConn) Read(p []byte) (int, error) {
	if c.unlimited {
		return c.Conn.Read(p)
	}
	if c.left == 0 {
		return 0, fmt.Errorf("the peer sent more than %d bytes before it has proved that it knows the cookie", c.max)
	}
	n, err := c.Conn.Read(p[:min(len(p), c.left)])
	c.left -= n
	return n, err
}

func (c *limitedConn) removeLimit() { c.unlimited = true }
