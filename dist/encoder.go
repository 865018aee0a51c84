package dist

import (
	"encoding/binary"
	"math"
	"net"

	"github.com/gonode-otp/gonode/etf"
)

const (
	// fragmentSize is what OTP puts into a fragment, and the size of a message up to which it makes none.
	fragmentSize = 64 << 10
	// headRoom is kept free in front of the terms, so that the head of most frames can be put before them without moving
	// them. The head is known only when the terms are encoded, because of the atoms.
	headRoom = 512
	// largeFrame is the size from which on the buffer of a frame is queued itself, not copied, and so is a binary in the
	// payload.
	largeFrame = 16 << 10
	// keptBuffer is the size up to which a buffer is kept for ever, burstBuffer the one up to which it is kept for some
	// time.
	keptBuffer  = 256 << 10
	burstBuffer = 32 << 20
)

// encoder makes frames of messages.
type encoder struct {
	cw         controlWriter
	enc        etf.Encoder
	cache      *atomCacheOut // nil without FlagDistHdrAtomCache
	headers    bool
	fragmented bool
	seq        uint64 // of the last message in fragments

	buf  []byte // of the next frame, empty
	used bool   // buf came back since trim
	head []byte // scratch
}

// outFrame is an encoded message.
type outFrame struct {
	op        Op
	buf       []byte     // headRoom bytes, the control message, the payload without its large binaries
	parts     []etf.Part // these
	start     int        // where the control message begins in buf
	control   int        // where the payload begins
	fragments int        // 1 if the message is not cut

	seq   uint64      // of a message in fragments
	first []byte      // the frame on the wire, or the first one of several; in buf
	rest  net.Buffers // of that frame
	bytes int         // of first and rest
	body  cursor      // behind the first of several frames
}

func (e *encoder) init(p *Peer) {
	e.cw = controlWriter{enc: &e.enc, peer: p}
	e.enc.NoRecords = !p.Negotiated.Has(FlagNativeRecords)
	e.headers = hasHeaders(p.Negotiated)
	e.fragmented = p.Negotiated.Has(FlagFragments)
	if p.Negotiated.Has(FlagDistHdrAtomCache) {
		e.cache = newAtomCacheOut()
	}
}

// size is the size of the message without its head. It must be called before finishFrame.
func (f *outFrame) size() int { return f.control - f.start + f.payloadSize() }

// payloadSize is the size of the payload.
func (f *outFrame) payloadSize() int {
	n := len(f.buf) - f.control
	for _, p := range f.parts {
		n += len(p.Bytes)
	}
	return n
}

// encodeMessage encodes a message up to the head of its frame. cached allows atoms to go through the cache. Either
// finishFrame or discardFrame must follow.
func (e *encoder) encodeMessage(m Message, payload etf.Term, cached bool) (f outFrame, err error) {
	e.enc.Atoms = nil
	if cached && e.cache != nil {
		e.enc.Atoms = e.cache
	}
	w := &e.cw
	if e.buf == nil {
		e.buf = make([]byte, 0, 2*headRoom)
	}
	w.dst, w.err = e.appendVersion(e.buf[:headRoom]), nil
	e.buf = nil
	start := len(w.dst)
	op, payloadFollows := m.write(w, payload)
	f = outFrame{op: op, start: start, control: len(w.dst), fragments: 1}
	if payloadFollows {
		w.dst = e.appendVersion(w.dst)
		e.enc.Apart = largeFrame
		w.any(payload)
		e.enc.Apart = 0
	}
	f.buf, f.parts = w.dst, e.enc.Parts
	w.dst, e.enc.Parts = nil, nil
	if w.err != nil {
		return f, w.err
	}
	if n := f.payloadSize(); e.fragmented && n > fragmentSize {
		f.fragments = (n + fragmentSize - 1) / fragmentSize
	} else if n > math.MaxUint32-maxHead-f.control {
		return f, &SendError{Peer: w.peer.Name, Op: op, Reason: "a message of 4 GB or more"}
	}
	return f, nil
}

// maxHead is more than the head of a frame can take: a text of four bytes a character for each of the atoms.
const maxHead = 1 << 19

// appendVersion appends the version byte that stands before a term where there are no headers.
func (e *encoder) appendVersion(dst []byte) []byte {
	if e.headers {
		return dst
	}
	return append(dst, versionByte)
}

// keepBuffer keeps the buffer of a frame that nobody uses any more for another frame.
func (e *encoder) keepBuffer(b []byte) {
	if cap(b) > cap(e.buf) && cap(b) <= burstBuffer {
		e.buf = b[:0]
		e.used = true
	}
}

// trimBuffer drops a large buffer that has not been used since the last call.
func (e *encoder) trimBuffer() {
	if cap(e.buf) > keptBuffer && !e.used {
		e.buf = nil
	}
	e.used = false
}

// discardFrame drops the message that was encoded last.
func (e *encoder) discardFrame(f *outFrame) {
	e.keepBuffer(f.buf)
	if e.cache != nil {
		e.cache.resetFrame()
	}
}

// finishFrame makes a frame, or the first of several, of what was encoded. It cannot fail; the frame has to be sent,
// because its atoms are in the cache now.
func (e *encoder) finishFrame(f *outFrame) {
	n := f.payloadSize()
	head := append(e.head[:0], 0, 0, 0, 0)
	switch {
	case !e.headers:
		head = append(head, passThrough)
	case f.fragments > 1:
		e.seq++
		f.seq = e.seq
		head = e.appendAtomTable(appendFragHead(head, distFragHeader, f.seq, uint64(f.fragments)))
		n = fragmentSize
	default:
		head = e.appendAtomTable(append(head, versionByte, distHeader))
	}
	if len(head) > headRoom {
		moved := len(head) - headRoom
		f.buf = append(f.buf, head[:moved]...)
		copy(f.buf[len(head):], f.buf[headRoom:])
		f.control += moved
		for i := range f.parts {
			f.parts[i].At += moved
		}
	}
	start := max(headRoom, len(head)) - len(head)
	f.bytes = f.control - start + n
	binary.BigEndian.PutUint32(head, uint32(f.bytes-lengthSize))
	copy(f.buf[start:], head)
	f.body = cursor{buf: f.buf, off: start, parts: f.parts}
	if f.first = f.body.nextContiguous(f.bytes); f.first == nil {
		bufs := f.body.appendNext(nil, f.bytes)
		f.first, f.rest = bufs[0], bufs[1:]
	}
	if cap(head) <= maxKeptHead {
		e.head = head
	}
}

const maxKeptHead = 4 << 10

// appendAtomTable appends the atom table, which is empty if atoms were not cached.
func (e *encoder) appendAtomTable(dst []byte) []byte {
	if e.enc.Atoms == nil {
		return append(dst, 0)
	}
	return e.cache.appendTable(dst)
}
