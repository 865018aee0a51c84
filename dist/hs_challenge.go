package dist

import (
	"encoding/binary"

	"github.com/gonode-otp/gonode/etf"
)

// Tags of the proofs. Distribution Protocol, "Distribution Handshake".
const (
	tagReply = 'r' // send_challenge_reply
	tagAck   = 'a' // send_challenge_ack
)

// challenge is the acceptor's own name, flags and challenge.
type challenge struct {
	old       bool // the form of version 5; its sender is OTP 22 or older
	flags     Flags
	challenge uint32
	creation  uint32
	name      etf.Atom
}

// append appends the form of version 6.
func (m challenge) append(dst []byte) []byte {
	dst = append(dst, tagName)
	dst = binary.BigEndian.AppendUint64(dst, uint64(m.flags))
	dst = binary.BigEndian.AppendUint32(dst, m.challenge)
	dst = binary.BigEndian.AppendUint32(dst, m.creation)
	return appendName16(dst, m.name)
}

// parseChallenge reads either form; of the old one only in order to say what the peer lacks. A tail behind the name of
// version 6 is ignored. The name is not checked, as it has to equal the one that was dialled.
func parseChallenge(b []byte) (m challenge, err error) {
	r := hsReader{message: "send_challenge", buf: b}
	if len(b) > 0 && b[0] == tagNameOld {
		r.tag(tagNameOld)
		m.old = true
		_ = r.u16() // the version
		m.flags = Flags(r.u32())
		m.challenge = r.u32()
		m.name = r.latin1(r.rest())
		return m, r.firstFault()
	}
	r.tag(tagName)
	m.flags = Flags(r.u64())
	m.challenge = r.u32()
	m.creation = r.u32()
	m.name = r.name16()
	return m, r.firstFault()
}

// challengeReply is the initiator's proof, and its own challenge.
type challengeReply struct {
	challenge uint32
	digest    [digestSize]byte
}

func (m challengeReply) append(dst []byte) []byte {
	dst = binary.BigEndian.AppendUint32(append(dst, tagReply), m.challenge)
	return append(dst, m.digest[:]...)
}

func parseChallengeReply(b []byte) (m challengeReply, err error) {
	r := hsReader{message: "send_challenge_reply", buf: b}
	r.tag(tagReply)
	m.challenge = r.u32()
	copy(m.digest[:], r.bytes(digestSize))
	r.expectEnd()
	return m, r.firstFault()
}

// challengeAck is the acceptor's proof.
type challengeAck struct{ digest [digestSize]byte }

func (m challengeAck) append(dst []byte) []byte { return append(append(dst, tagAck), m.digest[:]...) }

func parseChallengeAck(b []byte) (m challengeAck, err error) {
	r := hsReader{message: "send_challenge_ack", buf: b}
	r.tag(tagAck)
	copy(m.digest[:], r.bytes(digestSize))
	r.expectEnd()
	return m, r.firstFault()
}
