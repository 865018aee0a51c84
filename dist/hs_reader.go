package dist

import (
	"encoding/binary"
	"strconv"
)

// MessageError says that the peer sent what is not the handshake message that has to come next. The connection cannot
// be used any further.
type MessageError struct {
	// Message is its name in the Distribution Protocol, such as send_challenge.
	Message string
	// Offset is where the fault is, in bytes from the tag of the message.
	Offset int
	// Detail says what is wrong.
	Detail string
}

// Error names the message, the place and the fault.
func (e *MessageError) Error() string {
	return "dist: " + e.Message + ", byte " + strconv.Itoa(e.Offset) + ": " + e.Detail
}

// hsReader walks over one handshake message. Its first fault sticks: every later read yields zero.
type hsReader struct {
	message string
	buf     []byte
	off     int
	err     *MessageError
}

func (r *hsReader) fail(at int, detail string) {
	if r.err == nil {
		r.err = &MessageError{Message: r.message, Offset: at, Detail: detail}
	}
}

// bytes returns the next n bytes of the message itself.
func (r *hsReader) bytes(n int) []byte {
	if left := len(r.buf) - r.off; r.err == nil && n > left {
		r.fail(r.off, "needs "+strconv.Itoa(n)+" bytes here, "+strconv.Itoa(left)+" are left")
	}
	if r.err != nil {
		return nil
	}
	r.off += n
	return r.buf[r.off-n : r.off]
}

// tag reads the first byte, which has to be want.
func (r *hsReader) tag(want byte) {
	if b := r.bytes(1); b != nil && b[0] != want {
		r.fail(0, "tag "+strconv.QuoteRune(rune(b[0]))+" instead of "+strconv.QuoteRune(rune(want)))
	}
}

func (r *hsReader) u16() uint16 {
	if b := r.bytes(2); b != nil {
		return binary.BigEndian.Uint16(b)
	}
	return 0
}

func (r *hsReader) u32() uint32 {
	if b := r.bytes(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

func (r *hsReader) u64() uint64 {
	if b := r.bytes(8); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

// rest returns what is left.
func (r *hsReader) rest() []byte { return r.bytes(len(r.buf) - r.off) }

// expectEnd checks that nothing is left. It is not called for messages that may have a tail.
func (r *hsReader) expectEnd() {
	if left := len(r.buf) - r.off; r.err == nil && left > 0 {
		r.fail(r.off, strconv.Itoa(left)+" bytes too many")
	}
}

// firstFault returns the first fault as an error, nil without one.
func (r *hsReader) firstFault() error {
	if r.err == nil {
		return nil
	}
	return r.err
}
