package dist

import (
	"crypto/md5"
	"crypto/rand"
	"crypto/subtle"
	"encoding/binary"
	"strconv"
)

const digestSize = md5.Size

// newChallenge returns a random challenge that differs from other. A peer that picked the challenge we are going to
// send back could otherwise return our own digest as its proof.
func newChallenge(other uint32) uint32 {
	for {
		var b [4]byte
		_, _ = rand.Read(b[:]) // crypto/rand.Read never fails
		if c := binary.BigEndian.Uint32(b[:]); c != other {
			return c
		}
	}
}

// genDigest is the proof of knowing cookie, which is in Latin-1: MD5 over it and the decimal text of challenge.
// Distribution Protocol, "Distribution Handshake", gen_digest. The protocol prescribes MD5.
func genDigest(cookie []byte, challenge uint32) [digestSize]byte {
	text := make([]byte, 0, 255+10)
	text = append(text, cookie...)
	return md5.Sum(strconv.AppendUint(text, uint64(challenge), 10))
}

// isProof reports whether digest is the proof for challenge, in a time that does not tell how much of it is right.
func isProof(digest [digestSize]byte, cookie []byte, challenge uint32) bool {
	want := genDigest(cookie, challenge)
	return subtle.ConstantTimeCompare(digest[:], want[:]) == 1
}
