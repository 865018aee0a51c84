//go:build unix

package peer

import (
	"context"
	"crypto/md5"
	"crypto/rand"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"

	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/etf"
)

// Handshake does the whole handshake as the protocol prescribes it, in either role. With Dial, node is the expected
// name of the node at the other end. With Accept it may be empty, which accepts any name.
func Handshake(node string) Step {
	return Step{"Handshake", func(c *Conn) error {
		p := c.peer
		ctx, cancel := context.WithTimeout(p.ctx, p.Timeout)
		defer cancel()
		l := dist.Local{Node: p.Node, Creation: p.Creation, Flags: p.Flags, StepTimeout: p.Timeout,
			Cookie: func(etf.Atom) string { return p.Cookie }}
		var met *dist.Peer
		var err error
		if c.dialling {
			met, err = l.Connect(ctx, c.net, etf.Atom(node), nil)
		} else {
			met, err = l.Accept(ctx, c.net, nil)
		}
		if err != nil {
			return err
		}
		c.met(met.Name, met.Flags)
		if node != "" && met.Name != etf.Atom(node) {
			return fmt.Errorf("it is %v that has connected", met.Name)
		}
		return nil
	}}
}

// The steps of the handshake one by one, in the form of OTP 23 and later. See "Distribution Handshake" in the
// documentation of ERTS. The side that dials does
//
//	SendName(), ExpectStatus("ok"), ExpectChallenge(), SendReply(), ExpectAck()
//
// and the dialled side does
//
//	ExpectName(), SendStatus("ok"), SendChallenge(), ExpectReply(), SendAck()

// SendName sends the name and the flags of the peer.
func SendName() Step {
	return Step{"SendName", func(c *Conn) error {
		b := binary.BigEndian.AppendUint64([]byte{'N'}, uint64(c.peer.Flags))
		b = binary.BigEndian.AppendUint32(b, c.peer.Creation)
		return c.WritePacket(appendName(b, c.peer.Node))
	}}
}

// ExpectName waits for the name of the other end.
func ExpectName() Step {
	return Step{"ExpectName", func(c *Conn) error {
		b, err := c.packet('N', 1+8+4+2)
		if err != nil {
			return err
		}
		c.met(etf.Atom(b[15:]), dist.Flags(binary.BigEndian.Uint64(b[1:])))
		return nil
	}}
}

// SendStatus sends a status: ok, ok_simultaneous, nok, not_allowed or alive, or the answer to alive, true or false.
func SendStatus(status string) Step {
	return Step{"SendStatus " + status, func(c *Conn) error { return c.WritePacket([]byte("s" + status)) }}
}

// ExpectStatus waits for a status.
func ExpectStatus(status string) Step {
	return Step{"ExpectStatus " + status, func(c *Conn) error {
		b, err := c.packet('s', 1)
		if err == nil && string(b[1:]) != status {
			err = fmt.Errorf("the status is %q", b[1:])
		}
		return err
	}}
}

// SendChallenge sends the name and the challenge of the dialled side.
func SendChallenge() Step {
	return Step{"SendChallenge", func(c *Conn) error {
		c.ours = newChallenge()
		b := binary.BigEndian.AppendUint64([]byte{'N'}, uint64(c.peer.Flags))
		b = binary.BigEndian.AppendUint32(b, c.ours)
		b = binary.BigEndian.AppendUint32(b, c.peer.Creation)
		return c.WritePacket(appendName(b, c.peer.Node))
	}}
}

// ExpectChallenge waits for the challenge of the dialled side.
func ExpectChallenge() Step {
	return Step{"ExpectChallenge", func(c *Conn) error {
		b, err := c.packet('N', 1+8+4+4+2)
		if err != nil {
			return err
		}
		c.theirs = binary.BigEndian.Uint32(b[9:])
		c.met(etf.Atom(b[19:]), dist.Flags(binary.BigEndian.Uint64(b[1:])))
		return nil
	}}
}

// SendReply sends the challenge of the dialling side and its proof that it knows the cookie.
func SendReply() Step {
	return Step{"SendReply", func(c *Conn) error {
		c.ours = newChallenge()
		b := binary.BigEndian.AppendUint32([]byte{'r'}, c.ours)
		return c.WritePacket(append(b, c.proof(c.theirs)...))
	}}
}

// ExpectReply waits for the reply of the dialling side, and fails if the proof is wrong.
func ExpectReply() Step {
	return Step{"ExpectReply", func(c *Conn) error {
		b, err := c.packet('r', 1+4+md5.Size)
		if err != nil {
			return err
		}
		c.theirs = binary.BigEndian.Uint32(b[1:])
		return c.check(b[5:])
	}}
}

// SendAck sends the proof of the dialled side.
func SendAck() Step {
	return Step{"SendAck", func(c *Conn) error { return c.WritePacket(append([]byte{'a'}, c.proof(c.theirs)...)) }}
}

// ExpectAck waits for the proof of the dialled side, and fails if it is wrong.
func ExpectAck() Step {
	return Step{"ExpectAck", func(c *Conn) error {
		b, err := c.packet('a', 1+md5.Size)
		if err != nil {
			return err
		}
		return c.check(b[1:])
	}}
}

// packet reads a message of the handshake that begins with tag and has at least the given number of bytes.
func (c *Conn) packet(tag byte, least int) ([]byte, error) {
	b, err := c.ReadPacket()
	switch {
	case err != nil:
		return nil, err
	case len(b) == 0 || b[0] != tag:
		return nil, fmt.Errorf("a message that begins with %q came, not with %q", b[:min(len(b), 1)], string(tag))
	case len(b) < least:
		return nil, fmt.Errorf("a message of %d bytes is too short", len(b))
	}
	return b, nil
}

// proof is the MD5 of the cookie and the text of the challenge.
func (c *Conn) proof(challenge uint32) []byte {
	digest := md5.Sum(strconv.AppendUint([]byte(c.peer.Cookie), uint64(challenge), 10))
	return digest[:]
}

func (c *Conn) check(digest []byte) error {
	if subtle.ConstantTimeCompare(digest, c.proof(c.ours)) != 1 {
		return errors.New("the other end has another cookie")
	}
	return nil
}

func newChallenge() uint32 {
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails
	return binary.BigEndian.Uint32(b[:])
}

func appendName(b []byte, node etf.Atom) []byte {
	b = binary.BigEndian.AppendUint16(b, uint16(len(node)))
	return append(b, node...)
}
