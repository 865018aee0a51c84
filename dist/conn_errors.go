package dist

import (
	"errors"

	"github.com/gonode-otp/gonode/etf"
)

// Why a connection has ended; match what Err, Serve and Send return with errors.Is.
var (
	// ErrClosed means that this side closed the connection without giving a reason.
	ErrClosed = errors.New("dist: connection closed")
	// ErrPeerClosed means that the peer closed it. There is no goodbye in the protocol: a node that stops, is
	// disconnected or dies looks the same (nodedown reason connection_closed in OTP).
	ErrPeerClosed = errors.New("dist: connection closed by the peer")
	// ErrTickTimeout means that the peer sent nothing for longer than Options.TickTime (net_tick_timeout in OTP).
	ErrTickTimeout = errors.New("dist: the peer has been silent for too long")
	// ErrNotReading means that the peer has made this side answer more than Options.MaxPending bytes and reads none of it.
	ErrNotReading = errors.New("dist: the peer does not read the answers to what it sends")
)

// IOError is the failure of the connection below, such as a reset.
type IOError struct {
	// Peer is the node at the other end.
	Peer etf.Atom
	// Op is "read" or "write".
	Op string
	// Err is what the connection said.
	Err error
}

// Error names the peer, the operation and the failure.
func (e *IOError) Error() string {
	return "dist: " + e.Op + ", " + string(e.Peer) + ": " + e.Err.Error()
}

// Unwrap returns Err.
func (e *IOError) Unwrap() error { return e.Err }
