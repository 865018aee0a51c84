package epmd

import (
	"bytes"
	"encoding/binary"
	"strconv"
)

// alive2Req asks for a registration, which lasts as long as the connection. EPMD Protocol, "Register a Node in EPMD".
type alive2Req struct {
	port      uint16
	nodeType  NodeType
	protocol  uint8 // 0 = TCP, also over IPv6 and under TLS
	high, low uint16
	name      string
	extra     []byte
}

func (m alive2Req) append(dst []byte) []byte {
	body := make([]byte, 0, 13+len(m.name)+len(m.extra))
	body = append(body, tagAlive2)
	return appendFrame(dst, m.appendFields(body))
}

// appendFields appends what ALIVE2_REQ and PORT2_RESP have in common.
func (m alive2Req) appendFields(dst []byte) []byte {
	dst = binary.BigEndian.AppendUint16(dst, m.port)
	dst = append(dst, byte(m.nodeType), m.protocol)
	dst = binary.BigEndian.AppendUint16(dst, m.high)
	dst = binary.BigEndian.AppendUint16(dst, m.low)
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(m.name)))
	dst = append(dst, m.name...)
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(m.extra)))
	return append(dst, m.extra...)
}

// parseFields reads what ALIVE2_REQ and PORT2_RESP have in common. Bytes behind it are let pass, as epmd does.
func parseFields(c *cursor) alive2Req {
	m := alive2Req{
		port:     c.u16(),
		nodeType: NodeType(c.u8()),
		protocol: c.u8(),
		high:     c.u16(),
		low:      c.u16(),
	}
	m.name = string(c.bytes(int(c.u16())))
	m.extra = bytes.Clone(c.bytes(int(c.u16())))
	return m
}

// parseAlive2Req reads the body of an ALIVE2_REQ. A name that breaks the form of the message is an error here; one that
// is merely not allowed is for the server to refuse.
func parseAlive2Req(body []byte) (alive2Req, error) {
	c := &cursor{message: "ALIVE2_REQ", b: body}
	c.u8()
	m := parseFields(c)
	if c.err == nil && m.name == "" {
		c.fail("the name is empty")
	}
	if bytes.IndexByte([]byte(m.name), 0) >= 0 {
		c.fail("the name holds a NUL")
	}
	return m, c.err
}

// alive2Resp answers alive2Req: with a creation of 32 bits if the node announced a High of 6 or more, else of 16.
type alive2Resp struct {
	result   uint8
	creation uint32
	extended bool // ALIVE2_X_RESP
}

func (m alive2Resp) append(dst []byte) []byte {
	if m.extended {
		dst = append(dst, tagAlive2X, m.result)
		return binary.BigEndian.AppendUint32(dst, m.creation)
	}
	dst = append(dst, tagAlive2Resp, m.result)
	return binary.BigEndian.AppendUint16(dst, uint16(m.creation))
}

// alive2RespSize returns how long the answer that begins with tag is.
func alive2RespSize(tag byte) (int, error) {
	switch tag {
	case tagAlive2X:
		return 6, nil
	case tagAlive2Resp:
		return 4, nil
	}
	return 0, &ProtocolError{Message: "ALIVE2_RESP", Reason: "unknown tag " + strconv.Itoa(int(tag))}
}

func parseAlive2Resp(b []byte) (alive2Resp, error) {
	c := &cursor{message: "ALIVE2_RESP", b: b}
	tag := c.u8()
	if c.err != nil {
		return alive2Resp{}, c.err
	}
	if _, err := alive2RespSize(tag); err != nil {
		return alive2Resp{}, err
	}
	m := alive2Resp{result: c.u8(), extended: tag == tagAlive2X}
	if m.extended {
		m.creation = c.u32()
	} else {
		m.creation = uint32(c.u16())
	}
	return m, c.err
}
