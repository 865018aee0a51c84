package node

import (
	"context"
	"log/slog"
	"net"

	"github.com/gonode-otp/gonode/dist"
)

// carrier is what lies between the connection to a port and the handshake of the distribution: nothing, or TLS. It is
// one half of what -proto_dist of erl chooses; family is the other.
type carrier interface {
	// outgoing makes a connection to a node on host ready for the handshake. After an error the connection is closed.
	outgoing(ctx context.Context, c net.Conn, host string) (net.Conn, error)
	// incoming does so for a connection that was accepted.
	incoming(ctx context.Context, c net.Conn) (net.Conn, error)
	// trust is called when the peer has proved that it knows the cookie.
	trust(c net.Conn)
	// explain makes a better error of what the handshake of the distribution over c has returned, if it knows one.
	explain(c net.Conn, err *dist.HandshakeError) error
	// lengthBytes is the size of the lengths in that handshake.
	lengthBytes() int
}

// protoDists are the values of Config.ProtoDist: the names of OTP's modules without _dist at their end.
var protoDists = map[string]struct{ six, tls bool }{
	"inet_tcp": {}, "inet6_tcp": {six: true}, "inet_tls": {tls: true}, "inet6_tls": {true, true},
}

// newCarrier makes the carrier of a checked Config.
func newCarrier(cfg *Config, log *slog.Logger) (carrier, error) {
	if !protoDists[cfg.ProtoDist].tls {
		return plain{}, nil
	}
	return newTLSCarrier(cfg, log)
}

// plain is the carrier that adds nothing to TCP.
type plain struct{}

func (plain) outgoing(_ context.Context, c net.Conn, _ string) (net.Conn, error) { return c, nil }
func (plain) incoming(_ context.Context, c net.Conn) (net.Conn, error)           { return c, nil }
func (plain) trust(net.Conn)                                                     {}
func (plain) explain(_ net.Conn, err *dist.HandshakeError) error                 { return err }
func (plain) lengthBytes() int                                                   { return 2 }
