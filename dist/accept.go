package dist

import (
	"context"
	"net"
)

// Accept does the handshake over c as the side that was dialled, and returns what it established. The connection then
// belongs to the caller again: no deadline is set on it, and no byte behind the handshake has been read. a decides what
// becomes of the peer once its name is known; nil admits everybody.
//
// Accept starts no goroutine and returns at the latest when ctx ends or a step takes longer than Local.StepTimeout.
// Every error is a *HandshakeError, and then c is closed. Before the peer has proved that it knows the cookie it
// costs a few kilobytes, and nothing of it is kept. See dist_util:handshake_other_started/1.
func (l Local) Accept(ctx context.Context, c net.Conn, a Arbiter) (*Peer, error) {
	growStack(0)
	h, err := l.begin(ctx, c, "", true)
	if err != nil {
		return nil, err
	}
	if err := h.end(h.accept(a)); err != nil {
		return nil, err
	}
	p := h.peer // the buffers of the handshake go
	return &p, nil
}

// accept is the script of the acceptor.
func (h *handshake) accept(a Arbiter) error {
	name, err := h.recvName()
	if err != nil {
		return err
	}
	if err := h.sendStatus(a); err != nil {
		return err
	}
	ours, err := h.sendChallenge()
	if err != nil {
		return err
	}
	if name.old {
		if err := h.recvComplement(name.flags); err != nil {
			return err
		}
	}
	theirs, err := h.recvChallengeReply(ours)
	if err != nil {
		return err
	}
	if w, ok := a.(Witness); ok {
		w.Authenticated()
	}
	return h.sendChallengeAck(theirs)
}

// recvName reads who the peer is, and checks its flags as far as they are known.
func (h *handshake) recvName() (sendName, error) {
	b, err := h.recv(StageRecvName)
	if err != nil {
		return sendName{}, err
	}
	m, err := parseSendName(b)
	if err != nil {
		return m, h.failIO(StageRecvName, err)
	}
	h.peer.Name, h.peer.Creation = m.name, m.creation
	announced := m.flags
	if m.old && m.flags.Has(FlagHandshake23) {
		announced |= highFlags // until the complement says which of them it really has
	}
	if err := h.setPeerFlags(StageRecvName, announced); err != nil {
		_ = h.refuse(StatusNotAllowed) // what the peer lacks is the better error
		return m, err
	}
	if m.name == h.Node {
		// Differs from OTP: that answers nok, which promises a connection that never comes.
		_ = h.refuse(StatusNotAllowed) // the name is the better error
		return m, h.fail(StageRecvName, ReasonName, HandshakeError{Name: m.name, Detail: "the peer has the same name as we"})
	}
	if m.flags.Has(FlagNameMe) {
		return m, h.namePeer(string(m.name))
	}
	return m, nil
}

// highFlags are the flags that the old form of the name has no room for. The complement brings them.
const highFlags = ^Flags(0xffffffff)

// namePeer gives the peer the name it asked for.
func (h *handshake) namePeer(host string) error {
	name := h.NameFor
	if name == nil {
		name = randomName
	}
	h.peer.Name, h.peer.Creation = name(host)
	h.peer.Status = StatusNamed
	h.peer.Negotiated &^= FlagPublished
	// The initiator checks that the flag is in the set both have (do_setnode of dist_util).
	h.Flags = h.Flags&^FlagPublished | FlagNameMe
	if fault := nameFault(h.peer.Name, false); fault != "" {
		return h.fail(StageSendStatus, ReasonConfig, HandshakeError{Detail: "the name made for the peer " + fault})
	}
	return nil
}

// sendStatus asks the arbiter and tells the peer, together with the challenge if no answer comes before that.
func (h *handshake) sendStatus(a Arbiter) error {
	status := StatusOK
	if a != nil {
		status = a.Incoming(h.peer.Name)
	}
	named := h.peer.Status == StatusNamed
	switch {
	case status == StatusNone:
		return h.fail(StageSendStatus, ReasonBusy, HandshakeError{})
	case status == StatusNotAllowed, status == StatusNOK && !named:
		return h.refuse(status)
	case named && status == StatusOK:
		status = StatusNamed
	case named, status > StatusAlive:
		return h.fail(StageSendStatus, ReasonConfig,
			HandshakeError{Detail: "the arbiter cannot answer " + status.String() + " here"})
	}
	if err := h.setCookie(StageSendStatus); err != nil {
		return err
	}
	h.peer.Status = status
	m := statusMessage{status: status, name: h.peer.Name, creation: h.peer.Creation}
	if status != StatusAlive {
		if err := h.io.bufferPacket(m.append); err != nil { // the challenge follows
			return h.failIO(StageSendStatus, err)
		}
		return nil
	}
	if err := h.send(StageSendStatus, m.append); err != nil {
		return err
	}
	return h.recvStatusReply()
}

// refuse sends one of the two statuses that end the handshake and returns the error it ends with.
func (h *handshake) refuse(s Status) error {
	if err := h.send(StageSendStatus, statusMessage{status: s}.append); err != nil {
		return err
	}
	if s == StatusNOK {
		return h.fail(StageSendStatus, ReasonNOK, HandshakeError{})
	}
	return h.fail(StageSendStatus, ReasonNotAllowed, HandshakeError{})
}

func (h *handshake) recvStatusReply() error {
	b, err := h.recv(StageRecvStatusReply)
	if err != nil {
		return err
	}
	insist, err := parseAlive(b)
	if err != nil {
		return h.failIO(StageRecvStatusReply, err)
	}
	if !insist {
		return h.fail(StageRecvStatusReply, ReasonSuperseded, HandshakeError{Remote: true})
	}
	// Differs from OTP: the peer gets the acknowledgement before the old connection is gone. OTP makes it wait, here the
	// caller of Accept drops the old one before it reads the first message of the new, which looks the same to both.
	h.peer.Replaces = true
	return nil
}

func (h *handshake) sendChallenge() (ours uint32, err error) {
	m := challenge{flags: h.Flags, challenge: newChallenge(0), creation: h.Creation, name: h.Node}
	return m.challenge, h.send(StageSendChallenge, m.append)
}

// recvComplement reads the other half of the flags, for which the old form of the name has no room.
func (h *handshake) recvComplement(low Flags) error {
	b, err := h.recv(StageRecvComplement)
	if err != nil {
		return err
	}
	m, err := parseComplement(b)
	if err != nil {
		return h.failIO(StageRecvComplement, err)
	}
	h.peer.Creation = m.creation
	return h.setPeerFlags(StageRecvComplement, low|m.high)
}

func (h *handshake) recvChallengeReply(ours uint32) (theirs uint32, err error) {
	b, err := h.recv(StageRecvChallengeReply)
	if err != nil {
		return 0, err
	}
	m, err := parseChallengeReply(b)
	if err != nil {
		return 0, h.failIO(StageRecvChallengeReply, err)
	}
	if !isProof(m.digest, h.cookie, ours) {
		return 0, h.fail(StageRecvChallengeReply, ReasonCookie, HandshakeError{})
	}
	return m.challenge, nil
}

func (h *handshake) sendChallengeAck(theirs uint32) error {
	m := challengeAck{digest: genDigest(h.cookie, theirs)}
	return h.send(StageSendChallengeAck, m.append)
}
