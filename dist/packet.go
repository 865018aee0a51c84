package dist

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"strconv"
	"time"
)

// maxPacket bounds a handshake message. The longest one with a meaning is the status named:, with 7 bytes, a length, a
// name of up to 255 characters of four bytes and a creation; the rest is room for the tails later versions may add.
const maxPacket = 2048

// packetConn reads and writes the packets of a handshake, never a byte more than belongs to them. Each of them gets a
// fresh deadline, as dist_util resets its timer at every step.
type packetConn struct {
	ctx         context.Context // of the one call that runs the handshake
	conn        net.Conn
	lengthBytes int // bytes of the length: 2, or 4 inside TLS
	stepTime    time.Duration
	stopWatch   func() bool
	in          [maxPacket]byte
	out         []byte
}

// longAgo is a deadline that has passed.
var longAgo = time.Unix(1, 0)

// watchContext makes the end of ctx interrupt whatever the connection waits for, until stopWatch is called.
func (p *packetConn) watchContext() {
	// If SetDeadline fails the connection is broken, and whatever waits for it fails.
	p.stopWatch = context.AfterFunc(p.ctx, func() { _ = p.conn.SetDeadline(longAgo) })
}

// startStep starts the time of a step. It looks at ctx after it has set the deadline: if ctx ends before that, the
// deadline set here may undo the one of watchContext, and the check finds it; if ctx ends later, watchContext sets its
// deadline last.
func (p *packetConn) startStep() error {
	if err := p.conn.SetDeadline(time.Now().Add(p.stepTime)); err != nil {
		return err
	}
	return context.Cause(p.ctx)
}

// release gives the connection back without a deadline. It fails if ctx has ended.
func (p *packetConn) release() error {
	if !p.stopWatch() {
		return context.Cause(p.ctx)
	}
	_ = p.conn.SetDeadline(time.Time{}) // should it fail the connection is broken, which its next use will tell
	return nil
}

// writePacket sends one packet, and with it those that are buffered. appendBody appends the body behind the length.
func (p *packetConn) writePacket(appendBody func(dst []byte) []byte) error {
	if err := p.startStep(); err != nil {
		return err
	}
	p.appendPacket(appendBody)
	_, err := p.conn.Write(p.out)
	p.out = p.out[:0]
	return err
}

// bufferPacket is writePacket for a packet that can wait for the next one, so that the peer wakes up once for both.
func (p *packetConn) bufferPacket(appendBody func(dst []byte) []byte) error {
	if err := context.Cause(p.ctx); err != nil {
		return err
	}
	p.appendPacket(appendBody)
	return nil
}

func (p *packetConn) appendPacket(appendBody func(dst []byte) []byte) {
	at := len(p.out)
	p.out = appendBody(append(p.out, make([]byte, p.lengthBytes)...))
	n := len(p.out) - at - p.lengthBytes
	if p.lengthBytes == 4 {
		binary.BigEndian.PutUint32(p.out[at:], uint32(n))
	} else {
		binary.BigEndian.PutUint16(p.out[at:], uint16(n))
	}
}

// readPacket returns the body of the next packet, which is valid until the next read. A length that is not legal is a
// *MessageError, and nothing behind it is read.
func (p *packetConn) readPacket() ([]byte, error) {
	if err := p.startStep(); err != nil {
		return nil, err
	}
	var head [4]byte
	if _, err := io.ReadFull(p.conn, head[4-p.lengthBytes:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(head[:])
	if n == 0 || n > maxPacket {
		return nil, &MessageError{Message: "packet", Detail: badLength(head[4-p.lengthBytes:], n)}
	}
	_, err := io.ReadFull(p.conn, p.in[:n])
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return p.in[:n], err
}

// badLength explains a length that no handshake message has. head are its bytes on the wire.
func badLength(head []byte, n uint32) string {
	text := "its length " + strconv.FormatUint(uint64(n), 10) + " is not within 1 and " + strconv.Itoa(maxPacket)
	switch {
	case head[0] == 0x15 && head[1] == 0x03:
		text += "; this is an alert of TLS, so the other end has -proto_dist inet_tls and this one has not"
	case head[0] == 0x16 && head[1] == 0x03:
		text += "; this is the first message of TLS, so the other end has -proto_dist inet_tls and this one has not"
	case len(head) == 4 && (n>>16 <= maxPacket) && (byte(n>>8) == tagName || byte(n>>8) == tagNameOld):
		text += "; it begins like a handshake with lengths of two bytes, as outside of TLS"
	}
	return text
}
