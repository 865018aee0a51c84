package transport

import (
	"context"
	"log/slog"
	"net"
	"time"

	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/tlsdist"
)

// Carrier is what lies between the connection to a port and the handshake of the distribution: nothing, or TLS.
type Carrier interface {
	// Outgoing makes a connection to a node on host ready for the handshake. After an error the connection is closed.
	Outgoing(ctx context.Context, c net.Conn, host string) (net.Conn, error)
	// Incoming makes a connection that was accepted ready for the handshake. After an error it is closed.
	Incoming(ctx context.Context, c net.Conn) (net.Conn, error)
	// Authenticated is called when the peer at the other end of c has proved that it knows the cookie.
	Authenticated(c net.Conn)
	// Explain returns a better error for what the handshake of the distribution over c has returned, or err itself.
	Explain(c net.Conn, err *dist.HandshakeError) error
	// LengthBytes is the size of the length in front of each message of that handshake.
	LengthBytes() int
}

// Protocol is a value of -proto_dist.
type Protocol struct {
	Family Family
	TLS    bool
}

// ParseProtocol returns the protocol called name: the name of one of OTP's modules without _dist at its end.
func ParseProtocol(name string) (p Protocol, known bool) {
	p, known = map[string]Protocol{
		"inet_tcp":  {},
		"inet6_tcp": {Family: Family{IPv6: true}},
		"inet_tls":  {TLS: true},
		"inet6_tls": {Family: Family{IPv6: true}, TLS: true},
	}[name]
	return p, known
}

// Options say what a Carrier is to be.
type Options struct {
	TLS              *tlsdist.Options // nil: plain TCP
	NoListen         bool             // there are no incoming connections
	HandshakeTimeout time.Duration    // for the handshake of TLS
	Log              *slog.Logger     // warnings about the options, and changed files that cannot be used
}

// NewCarrier makes a carrier. It fails with *tlsdist.OptionError or *tlsdist.FileError if the options of TLS cannot
// work.
func NewCarrier(o Options) (Carrier, error) {
	if o.TLS == nil {
		return plain{}, nil
	}
	return newTLSCarrier(o)
}

// plain is the carrier that adds nothing to TCP.
type plain struct{}

func (plain) Outgoing(_ context.Context, c net.Conn, _ string) (net.Conn, error) { return c, nil }
func (plain) Incoming(_ context.Context, c net.Conn) (net.Conn, error)           { return c, nil }
func (plain) Authenticated(net.Conn)                                             {}
func (plain) Explain(_ net.Conn, err *dist.HandshakeError) error                 { return err }
func (plain) LengthBytes() int                                                   { return 2 }
