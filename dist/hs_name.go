package dist

import (
	"encoding/binary"
	"strconv"

	"github.com/gonode-otp/gonode/etf"
)

// Tags of the first messages. Distribution Protocol, "Distribution Handshake".
const (
	tagName       = 'N' // send_name and send_challenge of version 6, since OTP 23
	tagNameOld    = 'n' // the same of version 5
	tagComplement = 'c' // send_complement
)

// sendName is the first message of the initiator.
type sendName struct {
	old      bool     // the form of version 5, which has only the low half of the flags and no creation
	flags    Flags    //
	creation uint32   //
	name     etf.Atom // a host alone with FlagNameMe
}

// append appends the form of version 6. Whoever makes the message has checked that the name is in Latin-1.
func (m sendName) append(dst []byte) []byte {
	dst = append(dst, tagName)
	dst = binary.BigEndian.AppendUint64(dst, uint64(m.flags))
	dst = binary.BigEndian.AppendUint32(dst, m.creation)
	return appendName16(dst, m.name)
}

// appendOld appends the form of version 5, as OTP 23 and 24 send it when they do not know the version of their peer.
func (m sendName) appendOld(dst []byte) []byte {
	dst = append(dst, tagNameOld, 0, 5)
	dst = binary.BigEndian.AppendUint32(dst, uint32(m.flags))
	dst, _ = appendLatin1(dst, string(m.name)) // the name was checked, see sendName.append
	return dst
}

// parseSendName reads either form. The name is checked. A tail behind it in version 6 is ignored.
func parseSendName(b []byte) (m sendName, err error) {
	r := hsReader{message: "send_name", buf: b}
	tag := r.bytes(1)
	at := 0
	switch {
	case len(tag) == 1 && tag[0] == tagName:
		m.flags = Flags(r.u64())
		m.creation = r.u32()
		at = r.off + 2
		m.name = r.name16()
	case len(tag) == 1 && tag[0] == tagNameOld:
		m.old = true
		_ = r.u16() // the version, which OTP ignores as well
		m.flags = Flags(r.u32())
		at = r.off
		m.name = r.latin1(r.rest())
	default:
		r.fail(0, "is no send_name")
	}
	if fault := nameFault(m.name, m.flags.Has(FlagNameMe)); r.err == nil && fault != "" {
		r.fail(at, "the name "+strconv.Quote(string(m.name))+" "+fault)
	}
	return m, r.firstFault()
}

// complement is what an initiator that began with the old form adds: the other half of the flags and its creation.
type complement struct {
	high     Flags // with its bits in their places
	creation uint32
}

func (m complement) append(dst []byte) []byte {
	dst = append(dst, tagComplement)
	dst = binary.BigEndian.AppendUint32(dst, uint32(m.high>>32))
	return binary.BigEndian.AppendUint32(dst, m.creation)
}

func parseComplement(b []byte) (m complement, err error) {
	r := hsReader{message: "send_complement", buf: b}
	r.tag(tagComplement)
	m.high = Flags(r.u32()) << 32
	m.creation = r.u32()
	r.expectEnd()
	return m, r.firstFault()
}

// appendName16 appends a name in Latin-1 behind its length.
func appendName16(dst []byte, name etf.Atom) []byte {
	at := len(dst)
	dst, _ = appendLatin1(append(dst, 0, 0), string(name)) // Local.fault has checked that it is in Latin-1
	binary.BigEndian.PutUint16(dst[at:], uint16(len(dst)-at-2))
	return dst
}

// name16 reads a name in Latin-1 behind its length.
func (r *hsReader) name16() etf.Atom { return r.latin1(r.bytes(int(r.u16()))) }

// latin1 turns the bytes read last into a name.
func (r *hsReader) latin1(b []byte) etf.Atom {
	if len(b) > maxAtomRunes {
		r.fail(r.off-len(b), "a name of "+strconv.Itoa(len(b))+" characters; an atom has up to 255")
		return ""
	}
	return fromLatin1(b)
}
