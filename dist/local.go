package dist

import (
	"context"
	"net"
	"strconv"
	"time"

	"github.com/gonode-otp/gonode/etf"
)

// DefaultSetupTime bounds each step of a handshake unless Local.StepTimeout says otherwise (net_setuptime).
const DefaultSetupTime = 7 * time.Second

// Local is our side of every handshake: who we are and what we demand. Node and Cookie have to be set. A Local is not
// changed by its methods and may be used for any number of handshakes at once.
type Local struct {
	// Node is our full name, "name@host". With FlagNameMe it is our host alone, and the peer makes the name.
	Node etf.Atom
	// Creation distinguishes this incarnation of the node; it should not be 0.
	Creation uint32
	// Flags are what we announce; 0 means DefaultFlags.
	Flags Flags
	// Require are flags we demand of a peer besides RequiredFlags.
	Require Flags
	// Cookie returns the cookie shared with peer, which is not authenticated yet. An empty one ends the handshake.
	Cookie func(peer etf.Atom) string
	// StepTimeout bounds each step of the handshake; 0 means DefaultSetupTime.
	StepTimeout time.Duration
	// LengthBytes is the size of the length in front of each message: 2, which 0 means too, or 4 inside TLS.
	LengthBytes int
	// NameFor makes the name and the creation of a peer on host that asks for one; nil means random ones. The name has to
	// be one that no peer has.
	NameFor func(host string) (name etf.Atom, creation uint32)
}

// Initiator is what Connect asks of its caller.
type Initiator interface {
	// Pending is called when peer answers that it still has a connection with a node of our name. true insists on the
	// new connection and makes the peer drop the old one once we have proved that we know the cookie; false gives up. The
	// right answer is whether this attempt is still wanted, and we know of no connection with peer (net_kernel's
	// is_pending).
	Pending(peer etf.Atom) bool
}

// Arbiter is what Accept asks of its caller.
type Arbiter interface {
	// Incoming decides about a node that calls itself name, which anybody can do: nothing is proved yet. The answers are
	//
	//	StatusOK              go on
	//	StatusOKSimultaneous  go on; an own attempt to reach name has been given up, see Simultaneous
	//	StatusNOK             refuse, as an own attempt to reach name goes on
	//	StatusNotAllowed      refuse
	//	StatusAlive           go on if the peer insists, and report by Peer.Replaces that the connection which exists
	//	                      already has to be dropped
	//	StatusNone            close without a word: an earlier attempt of name still waits to replace a connection
	//
	// A node that asked for a name has got it by then, and cannot be answered StatusAlive.
	Incoming(name etf.Atom) Status
}

// Witness is an Arbiter that is told when the peer has proved that it knows the cookie. At that time the peer does not
// know yet that this node knows it too: until Authenticated has returned, the connection is not up for the peer.
type Witness interface {
	Arbiter
	Authenticated()
}

// InitiatorFunc is a function as an Initiator.
type InitiatorFunc func(peer etf.Atom) bool

// Pending calls f.
func (f InitiatorFunc) Pending(peer etf.Atom) bool { return f(peer) }

// ArbiterFunc is a function as an Arbiter.
type ArbiterFunc func(name etf.Atom) Status

// Incoming calls f.
func (f ArbiterFunc) Incoming(name etf.Atom) Status { return f(name) }

// handshake is one run of either script. It lives in one call of Connect or Accept.
type handshake struct {
	Local
	io     packetConn
	peer   Peer   // filled in step by step
	cookie []byte // in Latin-1, once the name of the peer is known
	alive  bool   // the acceptor answered alive and the initiator insists
}

// begin checks l and takes the connection over.
func (l Local) begin(ctx context.Context, c net.Conn, peer etf.Atom, incoming bool) (*handshake, error) {
	if l.Flags == 0 {
		l.Flags = DefaultFlags
	}
	if l.Flags.Has(FlagNameMe) {
		l.Flags &^= FlagPublished // a node without a name of its own is always hidden
	}
	if l.StepTimeout == 0 {
		l.StepTimeout = DefaultSetupTime
	}
	if l.LengthBytes == 0 {
		l.LengthBytes = 2
	}
	h := &handshake{Local: l, peer: Peer{Name: peer, Incoming: incoming, Local: l.Node, LocalCreation: l.Creation}}
	h.io = packetConn{ctx: ctx, conn: c, lengthBytes: l.LengthBytes, stepTime: l.StepTimeout}
	if fault := l.fault(incoming); fault != "" {
		return nil, h.end(h.fail(StageStart, ReasonConfig, HandshakeError{Detail: fault}))
	}
	h.io.watchContext()
	return h, nil
}

// fault says why l cannot do a handshake. It returns "" if l can.
func (l Local) fault(incoming bool) string {
	dynamic := l.Flags.Has(FlagNameMe)
	_, latin1 := appendLatin1(nil, string(l.Node))
	switch fault := nameFault(l.Node, dynamic); {
	case fault != "":
		return "our name " + quoteName(l.Node) + " " + fault
	case !latin1:
		return "our name " + quoteName(l.Node) + " has characters outside of Latin-1"
	case dynamic && incoming:
		return "a node that asks for a name cannot be connected to"
	case l.Cookie == nil:
		return "no cookie: Local.Cookie is not set"
	case l.StepTimeout < 0:
		return "the step time " + l.StepTimeout.String() + " is negative"
	case l.LengthBytes != 2 && l.LengthBytes != 4:
		return "lengths of " + strconv.Itoa(l.LengthBytes) + " bytes do not exist"
	}
	return ""
}

// setCookie asks for the cookie of the peer.
func (h *handshake) setCookie(stage Stage) error {
	cookie := h.Cookie(h.peer.Name)
	latin1, ok := appendLatin1(nil, cookie)
	switch {
	case cookie == "":
		return h.fail(stage, ReasonConfig, HandshakeError{Detail: "no cookie is set for this peer"})
	case !ok || len(latin1) > maxAtomRunes:
		return h.fail(stage, ReasonConfig, HandshakeError{Detail: "the cookie is not up to 255 characters of Latin-1"})
	}
	h.cookie = latin1
	return nil
}

// setPeerFlags notes the flags of the peer and checks them.
func (h *handshake) setPeerFlags(stage Stage, f Flags) error {
	h.peer.Flags = f.Expand()
	h.peer.Negotiated = h.peer.Flags & h.Flags.Expand() &^ FlagNameMe
	if missing := f.Missing(RequiredFlags | h.Require); missing != 0 {
		return h.fail(stage, ReasonFlags, HandshakeError{Missing: missing})
	}
	return nil
}

func (h *handshake) send(stage Stage, appendBody func(dst []byte) []byte) error {
	if err := h.io.writePacket(appendBody); err != nil {
		return h.failIO(stage, err)
	}
	return nil
}

// recv reads the next packet. It is valid until the next recv.
func (h *handshake) recv(stage Stage) ([]byte, error) {
	b, err := h.io.readPacket()
	if err != nil {
		return nil, h.failIO(stage, err)
	}
	return b, nil
}

// fail makes the error of a stage: e with what is known of both sides.
func (h *handshake) fail(stage Stage, reason Reason, e HandshakeError) error {
	e.Stage, e.Reason = stage, reason
	e.Local, e.Peer, e.Incoming = h.peer.Local, h.peer.Name, h.peer.Incoming
	e.Ours, e.Theirs = h.Flags.Expand(), h.peer.Flags
	return &e
}

// failIO makes the error of a stage out of one of the connection, of the context, or of the parser of a message.
func (h *handshake) failIO(stage Stage, err error) error {
	if cause := context.Cause(h.io.ctx); cause != nil {
		return h.fail(stage, ReasonCanceled, HandshakeError{Err: cause})
	}
	e := HandshakeError{Err: err}
	reason := reasonOf(err)
	switch {
	case reason == ReasonClosed && stage == StageRecvChallengeAck:
		reason, e.Remote = ReasonCookie, true
	case (reason == ReasonClosed || reason == ReasonTimeout) && h.alive && !h.peer.Incoming:
		e.Detail = "it has not noticed yet that our old connection is gone, and OTP 23 waits for that; try again later"
	}
	return h.fail(stage, reason, e)
}

// end releases the connection, and closes it if err says that the handshake failed: it cannot be continued.
func (h *handshake) end(err error) error {
	if h.io.stopWatch != nil {
		if release := h.io.release(); err == nil && release != nil {
			err = h.failIO(StageSendChallengeAck, release)
		}
	}
	if err != nil {
		_ = h.io.conn.Close() // the handshake has failed already, and with a better reason
	}
	return err
}
