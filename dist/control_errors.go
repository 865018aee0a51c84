package dist

import (
	"fmt"

	"github.com/gonode-otp/gonode/etf"
)

// ProtocolError says what a peer sent that no node may send. It ends the connection, as it does in OTP.
type ProtocolError struct {
	// Peer is the node that sent it.
	Peer etf.Atom
	// Op is the operation of the control message, 0 if it was not read.
	Op Op
	// Offset of the offending byte in the frame, as far as it is known; in a message that came in fragments, in the whole
	// of it behind the header.
	Offset int
	// Reason says what is wrong.
	Reason string
	// Err is what the decoder said, if it was the decoder.
	Err error
}

// Error names the peer, the operation, the place and the reason.
func (e *ProtocolError) Error() string {
	s := fmt.Sprintf("dist: invalid message from %s", string(e.Peer))
	if e.Op != 0 {
		s += ", " + e.Op.String()
	}
	s += fmt.Sprintf(", at offset %d: %s", e.Offset, e.Reason)
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns Err.
func (e *ProtocolError) Unwrap() error { return e.Err }

// SendError says why a message was not sent, although the connection is up. Nothing of it was written.
type SendError struct {
	// Peer is the node it was for.
	Peer etf.Atom
	// Op is the operation it would have been, 0 if that was not decided.
	Op Op
	// Reason says what is wrong.
	Reason string
}

// Error names the peer, the operation and the reason.
func (e *SendError) Error() string {
	what := "a message"
	if e.Op != 0 {
		what = e.Op.String()
	}
	return fmt.Sprintf("dist: cannot send %s to %s: %s", what, string(e.Peer), e.Reason)
}
