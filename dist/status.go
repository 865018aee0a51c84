package dist

import "github.com/gonode-otp/gonode/etf"

// Status is the acceptor's answer to a name. Distribution Protocol, "Distribution Handshake", recv_status.
type Status uint8

const (
	// StatusNone is no answer: the acceptor closes without a word. OTP does so while an earlier attempt of the same peer
	// still waits to replace a connection (already_pending in net_kernel).
	StatusNone Status = iota
	// StatusOK lets the handshake go on.
	StatusOK
	// StatusOKSimultaneous lets it go on; the acceptor gives up its own attempt to reach the initiator.
	StatusOKSimultaneous
	// StatusNOK refuses, since the acceptor's own attempt goes on. The initiator waits for that one.
	StatusNOK
	// StatusNotAllowed refuses: flags are missing, or the initiator is not on the acceptor's list.
	StatusNotAllowed
	// StatusAlive says that the acceptor still has a connection with a node of that name. The initiator answers whether
	// the new one shall replace it.
	StatusAlive
	// StatusNamed lets a handshake with FlagNameMe go on and carries the name given to the initiator.
	StatusNamed
)

var statusText = [...]string{
	StatusNone:           "",
	StatusOK:             "ok",
	StatusOKSimultaneous: "ok_simultaneous",
	StatusNOK:            "nok",
	StatusNotAllowed:     "not_allowed",
	StatusAlive:          "alive",
	StatusNamed:          "named:",
}

// String returns the text of the status on the wire.
func (s Status) String() string {
	if int(s) < len(statusText) {
		return statusText[s]
	}
	return "unknown status"
}

// Simultaneous decides, for an acceptor named self whose own attempt to reach peer is under way, what to answer to a
// connection that peer opens meanwhile: StatusNOK if the own attempt goes on, StatusOKSimultaneous if it is to be given
// up. Both nodes come to the same end because they compare the same two names (net_kernel, accept_pending).
func Simultaneous(self, peer etf.Atom) Status {
	// Erlang compares atoms by their characters and Go compares strings by their bytes; for UTF-8 the order is the same.
	if self > peer {
		return StatusNOK
	}
	return StatusOKSimultaneous
}
