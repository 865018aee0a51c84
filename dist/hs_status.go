package dist

import (
	"encoding/binary"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/gonode-otp/gonode/etf"
)

// tagStatus begins send_status and the answer to alive. Distribution Protocol, "Distribution Handshake".
const tagStatus = 's'

// statusMessage is the acceptor's answer to send_name.
type statusMessage struct {
	status   Status
	name     etf.Atom // with StatusNamed
	creation uint32   // with StatusNamed
}

func (m statusMessage) append(dst []byte) []byte {
	dst = append(dst, tagStatus)
	dst = append(dst, m.status.String()...)
	if m.status != StatusNamed {
		return dst
	}
	// Unlike all other names of the handshake this one is in UTF-8 (send_status of dist_util).
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(m.name)))
	dst = append(dst, m.name...)
	return binary.BigEndian.AppendUint32(dst, m.creation)
}

// parseStatus reads send_status. An unknown text is an error. A tail behind named: is ignored.
func parseStatus(b []byte) (m statusMessage, err error) {
	r := hsReader{message: "send_status", buf: b}
	r.tag(tagStatus)
	if strings.HasPrefix(string(b), "s"+StatusNamed.String()) {
		_ = r.bytes(len(StatusNamed.String())) // the text, which is known
		m.status = StatusNamed
		name := r.bytes(int(r.u16()))
		at := r.off - len(name)
		m.creation = r.u32()
		m.name = etf.Atom(name)
		if fault := nameFault(m.name, false); r.err == nil && fault != "" {
			r.fail(at, "the name "+strconv.QuoteToASCII(shorten(name))+" "+fault)
		}
		if r.err == nil && !utf8.Valid(name) {
			r.fail(at, "the name is not UTF-8")
		}
		return m, r.firstFault()
	}
	text := r.rest()
	m.status = statusOf(string(text))
	if m.status == StatusNone {
		r.fail(1, "the status "+strconv.QuoteToASCII(shorten(text))+" is not known")
	}
	return m, r.firstFault()
}

// statusOf returns the status with the given text, StatusNone without one.
func statusOf(text string) Status {
	for s := StatusOK; s < StatusNamed; s++ {
		if s.String() == text {
			return s
		}
	}
	return StatusNone
}

// shorten returns so much of b as fits into a message for people.
func shorten(b []byte) string { return string(b[:min(len(b), 40)]) }

// appendAlive appends the initiator's answer to alive: whether it wants the new connection.
func appendAlive(dst []byte, insist bool) []byte {
	return strconv.AppendBool(append(dst, tagStatus), insist)
}

// parseAlive reads that answer.
func parseAlive(b []byte) (insist bool, err error) {
	r := hsReader{message: "send_status", buf: b}
	r.tag(tagStatus)
	switch text := r.rest(); string(text) {
	case "true":
		insist = true
	case "false":
	default:
		r.fail(1, "the answer "+strconv.QuoteToASCII(shorten(text))+" to alive is neither true nor false")
	}
	return insist, r.firstFault()
}
