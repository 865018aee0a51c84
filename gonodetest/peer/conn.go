//go:build unix

package peer

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/etf"
)

// maxFrame bounds the size of a frame that a peer reads.
const maxFrame = 256 << 20

// Conn is the connection of a Script, for steps that are functions.
type Conn struct {
	peer *Peer
	net  net.Conn
	vars map[etf.Atom]etf.Term

	// The results of the handshake.
	other    etf.Atom   // the node at the other end
	flags    dist.Flags // what it announced
	ours     uint32     // our challenge
	theirs   uint32     // its challenge
	dialling bool       // the peer dialled
	mutate   func(b []byte) []byte
}

// Net returns the connection itself.
func (c *Conn) Net() net.Conn { return c.net }

// Node returns the name of the node at the other end. It is empty until the handshake has told it.
func (c *Conn) Node() etf.Atom { return c.other }

// Flags returns what that node announced.
func (c *Conn) Flags() dist.Flags { return c.flags }

// Var returns the value that Expect bound to a variable such as "$1", or nil.
func (c *Conn) Var(name string) etf.Term { return c.vars[etf.Atom(name)] }

// Set binds a variable for the steps that follow.
func (c *Conn) Set(name string, value etf.Term) { c.vars[etf.Atom(name)] = value }

// met records which node is at the other end.
func (c *Conn) met(node etf.Atom, flags dist.Flags) {
	c.other, c.flags = node, flags
	c.vars["$peer"] = node
}

// Write writes bytes unchanged, unless the step is Mutated.
func (c *Conn) Write(b []byte) (int, error) {
	if c.mutate != nil {
		b = c.mutate(b)
	}
	return c.net.Write(b)
}

// WritePacket writes a message of the handshake: a length of two bytes, then body.
func (c *Conn) WritePacket(body []byte) error {
	if len(body) > 0xffff {
		return fmt.Errorf("%d bytes are no packet", len(body))
	}
	_, err := c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(body))), body...))
	return err
}

// ReadPacket reads a message of the handshake and returns its body.
func (c *Conn) ReadPacket() ([]byte, error) {
	var head [2]byte
	if _, err := io.ReadFull(c.net, head[:]); err != nil {
		return nil, err
	}
	body := make([]byte, binary.BigEndian.Uint16(head[:]))
	_, err := io.ReadFull(c.net, body)
	return body, err
}

// WriteFrame writes a frame of the connection after the handshake: a length of four bytes, then body. An empty body is
// a tick.
func (c *Conn) WriteFrame(body []byte) error {
	_, err := c.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(body))), body...))
	return err
}

// ReadFrame reads the next frame and returns its body, which is empty for a tick.
func (c *Conn) ReadFrame() ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(c.net, head[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(head[:])
	if n > maxFrame {
		return nil, fmt.Errorf("a frame of %d bytes is announced", n)
	}
	body := make([]byte, n)
	_, err := io.ReadFull(c.net, body)
	return body, err
}

// nextFrame reads the next frame that is not a tick.
func (c *Conn) nextFrame() ([]byte, error) {
	for {
		frame, err := c.ReadFrame()
		if err != nil || len(frame) > 0 {
			return frame, err
		}
	}
}

// ReadMessage reads the next frame that is not a tick. It returns the control message and the term after it, or nil if
// there is no such term.
func (c *Conn) ReadMessage() (control, payload etf.Term, err error) {
	frame, err := c.nextFrame()
	if err != nil {
		return nil, nil, err
	}
	if frame[0] != passThrough {
		return nil, nil, errors.New("a frame with a distribution header; this takes ExpectFrame, or a Peer whose Flags " +
			"have neither FlagDistHdrAtomCache nor FlagFragments")
	}
	control, rest, err := cutTerm(frame[1:])
	if err == nil && len(rest) > 0 {
		if payload, rest, err = cutTerm(rest); err == nil && len(rest) > 0 {
			err = fmt.Errorf("%d bytes behind the payload", len(rest))
		}
	}
	return control, payload, err
}

// passThrough is the first byte of a frame without a distribution header.
const passThrough = 112

// versionByte stands in front of every term of such a frame.
const versionByte = 131

// cutTerm decodes the first term of b, after its version byte.
func cutTerm(b []byte) (term etf.Term, rest []byte, err error) {
	if len(b) == 0 || b[0] != versionByte {
		return nil, nil, errors.New("a term without a version byte")
	}
	var d etf.Decoder
	term, n, err := d.Term(b[1:])
	if err != nil {
		return nil, nil, err
	}
	return term, b[1+n:], nil
}

// WriteMessage writes a control message and, unless it is nil, the payload after it.
func (c *Conn) WriteMessage(control, payload etf.Term) error {
	body, err := etf.Append([]byte{passThrough}, control)
	if err == nil && payload != nil {
		body, err = etf.Append(body, payload)
	}
	if err != nil {
		return err
	}
	return c.WriteFrame(body)
}
