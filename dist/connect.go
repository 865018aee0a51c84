package dist

import (
	"context"
	"net"

	"github.com/gonode-otp/gonode/etf"
)

// Connect does the handshake over c as the side that dialled peer, and returns what it established. The connection then
// belongs to the caller again: no deadline is set on it, and no byte behind the handshake has been read. i is asked
// whether to insist if the peer has an old connection; nil insists.
//
// Connect starts no goroutine and returns at the latest when ctx ends or a step takes longer than Local.StepTimeout.
// Every error is a *HandshakeError, and then c is closed. After one with ReasonNOK the connection that comes in from
// peer is the one to use. See dist_util:handshake_we_started/1.
func (l Local) Connect(ctx context.Context, c net.Conn, peer etf.Atom, i Initiator) (*Peer, error) {
	h, err := l.begin(ctx, c, peer, false)
	if err != nil {
		return nil, err
	}
	if err := h.end(h.connect(i)); err != nil {
		return nil, err
	}
	p := h.peer // the buffers of the handshake go
	return &p, nil
}

// connect is the script of the initiator.
func (h *handshake) connect(i Initiator) error {
	if err := h.checkNames(); err != nil {
		return err
	}
	if err := h.sendName(); err != nil {
		return err
	}
	if err := h.recvStatus(i); err != nil {
		return err
	}
	theirs, err := h.recvChallenge()
	if err != nil {
		return err
	}
	ours, err := h.sendChallengeReply(theirs)
	if err != nil {
		return err
	}
	return h.recvChallengeAck(ours)
}

// checkNames finds out before anything is sent that the names cannot be connected.
func (h *handshake) checkNames() error {
	_, ours, _ := SplitNode(h.Node)
	if h.Flags.Has(FlagNameMe) {
		ours = string(h.Node)
	}
	_, latin1 := appendLatin1(nil, string(h.peer.Name))
	_, theirs, ok := SplitNode(h.peer.Name)
	switch {
	case !ok, !latin1, nameFault(h.peer.Name, false) != "":
		return h.fail(StageStart, ReasonConfig, HandshakeError{Detail: "the name to dial is not one of a node, name@host"})
	case h.peer.Name == h.Node:
		return h.fail(StageStart, ReasonConfig, HandshakeError{Detail: "the name to dial is our own"})
	case !sameStyle(ours, theirs):
		return h.fail(StageStart, ReasonNameStyle, HandshakeError{})
	}
	return h.setCookie(StageStart)
}

func (h *handshake) sendName() error {
	m := sendName{flags: h.Flags, creation: h.Creation, name: h.Node}
	if h.Flags.Has(FlagNameMe) {
		m.creation = 0
	}
	return h.send(StageSendName, m.append)
}

func (h *handshake) recvStatus(i Initiator) error {
	b, err := h.recv(StageRecvStatus)
	if err != nil {
		return err
	}
	m, err := parseStatus(b)
	if err != nil {
		return h.failIO(StageRecvStatus, err)
	}
	h.peer.Status = m.status
	switch dynamic := h.Flags.Has(FlagNameMe); {
	case m.status == StatusNotAllowed:
		lacking := h.Flags.Missing(Mandatory(newestMandatory))
		return h.fail(StageRecvStatus, ReasonNotAllowed, HandshakeError{Remote: true, Missing: lacking})
	case dynamic != (m.status == StatusNamed):
		return h.fail(StageRecvStatus, ReasonStatus, HandshakeError{Detail: h.statusDetail(m.status, dynamic)})
	case dynamic:
		return h.takeName(m)
	case m.status == StatusNOK:
		return h.fail(StageRecvStatus, ReasonNOK, HandshakeError{Remote: true})
	case m.status == StatusAlive:
		return h.sendStatusReply(i == nil || i.Pending(h.peer.Name))
	}
	return nil // ok and ok_simultaneous
}

func (h *handshake) statusDetail(s Status, dynamic bool) string {
	if dynamic {
		return "the peer answered " + s.String() + " instead of giving us a name; it may be OTP 22 or older"
	}
	return "the peer gave us a name, which we did not ask for"
}

// takeName takes over the name the peer made for us, which has to be on our host.
func (h *handshake) takeName(m statusMessage) error {
	if _, host, _ := SplitNode(m.name); host != string(h.Node) {
		return h.fail(StageRecvStatus, ReasonName, HandshakeError{Name: m.name,
			Detail: "the peer named us " + quoteName(m.name) + ", but our host is " + quoteName(h.Node)})
	}
	h.peer.Local, h.peer.LocalCreation = m.name, m.creation
	return nil
}

func (h *handshake) sendStatusReply(insist bool) error {
	err := h.send(StageSendStatusReply, func(dst []byte) []byte { return appendAlive(dst, insist) })
	if err != nil {
		return err
	}
	if !insist {
		return h.fail(StageSendStatusReply, ReasonSuperseded, HandshakeError{})
	}
	h.alive = true
	return nil
}

// recvChallenge reads who the peer is and checks that it is the one that was dialled, with the flags it needs.
func (h *handshake) recvChallenge() (theirs uint32, err error) {
	b, err := h.recv(StageRecvChallenge)
	if err != nil {
		return 0, err
	}
	m, err := parseChallenge(b)
	if err != nil {
		return 0, h.failIO(StageRecvChallenge, err)
	}
	if m.name != h.peer.Name {
		return 0, h.fail(StageRecvChallenge, ReasonName, HandshakeError{Name: m.name})
	}
	if m.old {
		m.flags &^= FlagHandshake23 // it did not recognise ours, whatever it says
	}
	h.peer.Creation = m.creation
	return m.challenge, h.setPeerFlags(StageRecvChallenge, m.flags)
}

// sendChallengeReply proves that we know the cookie and asks the same of the peer.
func (h *handshake) sendChallengeReply(theirs uint32) (ours uint32, err error) {
	m := challengeReply{challenge: newChallenge(theirs), digest: genDigest(h.cookie, theirs)}
	return m.challenge, h.send(StageSendChallengeReply, m.append)
}

func (h *handshake) recvChallengeAck(ours uint32) error {
	b, err := h.recv(StageRecvChallengeAck)
	if err != nil {
		return err
	}
	m, err := parseChallengeAck(b)
	if err != nil {
		return h.failIO(StageRecvChallengeAck, err)
	}
	if !isProof(m.digest, h.cookie, ours) {
		return h.fail(StageRecvChallengeAck, ReasonCookie, HandshakeError{})
	}
	return nil
}
