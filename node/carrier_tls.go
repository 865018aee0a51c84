package node

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
	step   time.Duration
	log    *slog.Logger
}

func newTLSCarrier(cfg *Config, log *slog.Logger) (*tlsCarrier, error) {
	for _, note := range cfg.TLS.StartNotes(!cfg.NoListen) {
		log.Warn("TLS: " + note.String())
	}
	c := &tlsCarrier{step: cfg.SetupTime, log: log}
	var err error
	if c.client, err = cfg.TLS.ClientCredentials(); err != nil {
		return nil, err
	}
	if cfg.NoListen {
		return c, nil
	}
	if c.server, err = cfg.TLS.ServerCredentials(); err != nil {
		return nil, err
	}
	return c, nil
}

// maxUntrusted is how much of a peer is read before it has proved that it knows the cookie: chains of certificates
// and the lists of issuers that servers send may take some of it, and a stranger must not fill the memory.
const (
	maxUntrusted       = 32 << 10
	maxUntrustedServer = 256 << 10 // of a server that we dialled; max_handshake_size of OTP
)

func (c *tlsCarrier) outgoing(ctx context.Context, conn net.Conn, host string) (net.Conn, error) {
	cfg := c.config(c.client, host)
	return c.handshake(ctx, tls.Client(newBounded(conn, maxUntrustedServer), cfg), c.client)
}

func (c *tlsCarrier) incoming(ctx context.Context, conn net.Conn) (net.Conn, error) {
	cfg := c.config(c.server, "")
	return c.handshake(ctx, tls.Server(newBounded(conn, maxUntrusted), cfg), c.server)
}

// config is the configuration for one connection. New files that cannot be used are logged, and do not keep peers out.
func (c *tlsCarrier) config(creds *tlsdist.Credentials, host string) *tls.Config {
	cfg, err := creds.Config(host)
	if err != nil {
		c.log.Error("changed files of TLS cannot be used; those of before are", "error", err)
	}
	return cfg
}

func (c *tlsCarrier) handshake(ctx context.Context, conn *tls.Conn, creds *tlsdist.Credentials) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, c.step)
	defer cancel()
	if err := conn.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		return nil, creds.Explain(err)
	}
	return conn, nil
}

func (c *tlsCarrier) trust(conn net.Conn) { conn.(*tls.Conn).NetConn().(*bounded).lift() }

func (c *tlsCarrier) lengthBytes() int { return 4 }

// explain finds a peer that has not accepted our certificate. In TLS 1.3 that comes after the handshake of TLS, as an
// alert, or as nothing but the end of the connection if the alert was lost on the way.
func (c *tlsCarrier) explain(conn net.Conn, err *dist.HandshakeError) error {
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

// bounded is a connection of which no more than some bytes are read until lift is called. One goroutine after the
// other uses it for reading.
type bounded struct {
	net.Conn
	max, left int
	lifted    bool
}

func newBounded(c net.Conn, max int) *bounded { return &bounded{Conn: c, max: max, left: max} }

func (b *bounded) Read(p []byte) (int, error) {
	if b.lifted {
		return b.Conn.Read(p)
	}
	if b.left == 0 {
		return 0, fmt.Errorf("the peer sent more than %d bytes before it has proved that it knows the cookie", b.max)
	}
	n, err := b.Conn.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

func (b *bounded) lift() { b.lifted = true }
