package epmd

import (
	"bytes"
	"strconv"
	"unicode/utf8"
)

// portPlease2Req asks where a name listens. EPMD Protocol, "Get the Distribution Port of Another Node".
type portPlease2Req struct{ name string }

func (m portPlease2Req) append(dst []byte) []byte {
	return appendFrame(dst, append([]byte{tagPortPlease}, m.name...))
}

// parsePortPlease2Req reads the body of a PORT_PLEASE2_REQ; old nodes end the name with a NUL.
func parsePortPlease2Req(body []byte) (portPlease2Req, error) {
	c := &cursor{message: "PORT_PLEASE2_REQ", b: body}
	c.u8()
	name := c.bytes(len(body) - 1)
	name = bytes.TrimSuffix(name, []byte{0})
	switch {
	case len(name) == 0:
		c.fail("the name is empty")
	case bytes.IndexByte(name, 0) >= 0:
		c.fail("the name holds a NUL")
	case !utf8.Valid(name):
		c.fail("the name is not UTF-8")
	// Differs from OTP: epmd counts one character too many here and so never finds a name of 255 characters, although
	// it registers it.
	case utf8.RuneCount(name) > maxNameRunes:
		c.fail("the name has more than 255 characters")
	}
	return portPlease2Req{string(name)}, c.err
}

// port2Resp answers portPlease2Req. Without resultOK it has no more fields.
type port2Resp struct {
	result uint8
	node   alive2Req
}

func (m port2Resp) append(dst []byte) []byte {
	dst = append(dst, tagPort2, m.result)
	if m.result != resultOK {
		return dst
	}
	return m.node.appendFields(dst)
}

func parsePort2Resp(b []byte) (port2Resp, error) {
	c := &cursor{message: "PORT2_RESP", b: b}
	if tag := c.u8(); c.err == nil && tag != tagPort2 {
		c.off = 0
		c.fail("unknown tag " + strconv.Itoa(int(tag)))
	}
	m := port2Resp{result: c.u8()}
	if m.result == resultOK {
		m.node = parseFields(c)
	}
	return m, c.err
}
