package epmd

import (
	"encoding/binary"
	"io"
	"strconv"
	"unicode/utf8"
)

// Tags of requests and answers. EPMD Protocol, one section each.
const (
	tagDump       = 100 // DUMP_REQ 'd'
	tagKill       = 107 // KILL_REQ 'k'
	tagNames      = 110 // NAMES_REQ 'n'
	tagStop       = 115 // STOP_REQ 's'
	tagAlive2X    = 118 // ALIVE2_X_RESP, since OTP 23
	tagPort2      = 119 // PORT2_RESP
	tagAlive2     = 120 // ALIVE2_REQ 'x'
	tagAlive2Resp = 121 // ALIVE2_RESP
	tagPortPlease = 122 // PORT_PLEASE2_REQ 'z'
)

const (
	maxNameRunes = 255  // an atom has no more
	maxNameBytes = 1020 // 255 characters of four bytes
	maxExtra     = 1020 // the limit of epmd
	maxRequest   = 4096 // body; the longest legal one, ALIVE2 with both fields full, has 2053
)

// Results of ALIVE2 and PORT2. Whatever is not resultOK is a refusal.
const (
	resultOK     = 0
	resultFailed = 1
)

// NodeType is the kind of node an EPMD entry announces. It informs only: what a node is, peers learn in the handshake.
type NodeType uint8

// The two kinds of node. OTP registers every node as TypeVisible, with -hidden too.
const (
	TypeHidden  NodeType = 72 // 'h'
	TypeVisible NodeType = 77 // 'M'
)

// String returns hidden or visible, and the number for any other value.
func (t NodeType) String() string {
	switch t {
	case TypeHidden:
		return "hidden"
	case TypeVisible:
		return "visible"
	}
	return "type " + strconv.Itoa(int(t))
}

// Distribution versions to announce. High 6 asks for a 32-bit creation; Low 5 is what OTP 23 to 29 really register.
const (
	highVersion = 6
	lowVersion  = 5
)

// Creation field of a refused ALIVE2.
const refusedCreation = 99

// appendFrame appends the length of body, as every request has it, and body. Answers have no length.
func appendFrame(dst, body []byte) []byte {
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(body)))
	return append(dst, body...)
}

// readFrame reads one request from r. It allocates nothing until the length is known to be legal.
func readFrame(r io.Reader) ([]byte, error) {
	var head [2]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	n := int(binary.BigEndian.Uint16(head[:]))
	if n == 0 || n > maxRequest {
		return nil, &ProtocolError{Message: "request", Reason: "length " + strconv.Itoa(n) + " is not within 1 and " +
			strconv.Itoa(maxRequest)}
	}
	body := make([]byte, n)
	_, err := io.ReadFull(r, body)
	return body, err
}

// nameFault says what is wrong with a node name, "" if nothing is.
func nameFault(name string) string {
	if name == "" {
		return "is empty"
	}
	if !utf8.ValidString(name) {
		return "is not UTF-8"
	}
	if n := utf8.RuneCountInString(name); n > maxNameRunes {
		return "has " + strconv.Itoa(n) + " characters; 255 are allowed"
	}
	for _, r := range name {
		if r < ' ' || r == 0x7f {
			return "holds a control character"
		}
	}
	return ""
}

// cursor reads the fields of a message. Its first fault sticks, and every later read returns zero.
type cursor struct {
	message string
	b       []byte
	off     int
	err     error
}

func (c *cursor) fail(reason string) {
	if c.err == nil {
		c.err = &ProtocolError{Message: c.message, Offset: c.off, Reason: reason}
	}
}

// bytes returns the next n bytes, which alias the message.
func (c *cursor) bytes(n int) []byte {
	if c.err == nil && n > len(c.b)-c.off {
		c.fail("needs " + strconv.Itoa(n) + " bytes, " + strconv.Itoa(len(c.b)-c.off) + " are left")
	}
	if c.err != nil {
		return nil
	}
	c.off += n
	return c.b[c.off-n : c.off]
}

func (c *cursor) u8() uint8 {
	if b := c.bytes(1); b != nil {
		return b[0]
	}
	return 0
}

func (c *cursor) u16() uint16 {
	if b := c.bytes(2); b != nil {
		return binary.BigEndian.Uint16(b)
	}
	return 0
}

func (c *cursor) u32() uint32 {
	if b := c.bytes(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}
