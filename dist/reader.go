package dist

import (
	"encoding/binary"
	"errors"
	"io"

	"github.com/gonode-otp/gonode/etf"
)

const (
	readBuffer = 16 << 10
	// ownFrame is the size from which on a frame that has not arrived completely gets a buffer of its own. Its binaries
	// are slices of that buffer.
	ownFrame = 8 << 10
	// readBehind is how much a read into such a buffer may read beyond the frame. That is enough for the head of the next
	// fragment or for some small frames, and too little for a second copy to matter.
	readBehind = 512
)

// reader is the receiving side of a connection. All of it is owned by the goroutine that has the right to read.
type reader struct {
	c       *Conn
	h       Handler
	raw     rawReader
	headers bool

	dec   etf.Decoder
	ctl   controlReader
	cache atomCacheIn
	frags fragments

	batcher readBatcher
	yield   func() // letOthersRun
	frames  uint64 // handled so far

	buf          []byte
	r, w         int   // buf[r:w] has been read and not yet looked at
	needsDrained bool  // something since Drained was called last, or that Drained has still work for
	err          error // why the connection ends; Drained may still be called
	ended        chan error

	outAtTick uint64 // Conn.bytesOut when the last tick was read, with the answer to it
}

func (r *reader) init(c *Conn) {
	r.c = c
	r.raw.init(c.conn)
	r.yield = letOthersRun
	r.headers = hasHeaders(c.peer.Negotiated)
	r.dec.Limits = c.opts.Limits
	r.ctl = controlReader{dec: &r.dec, peer: c.peer}
	r.frags = fragments{maxBytes: c.opts.MaxMessage, maxOpen: c.opts.MaxSequences}
}

func (r *reader) start(h Handler) {
	r.h = h
	r.buf = make([]byte, readBuffer)
	r.ended = make(chan error, 1)
}

// run reads frames until the connection ends, or until another goroutine reads on. It continues where the previous
// reader left off, which was before some Work.
func (r *reader) run() {
	growStack(0)
	for r.err == nil {
		if !r.frameBuffered() && !r.runDrained() {
			return
		}
		r.err = r.readFrame()
	}
	if r.runDrained() {
		r.ended <- r.err
	}
}

// frameBuffered reports whether the next frame is in the buffer.
func (r *reader) frameBuffered() bool {
	have := r.w - r.r
	return have >= lengthSize && uint64(have-lengthSize) >= uint64(binary.BigEndian.Uint32(r.buf[r.r:]))
}

// runDrained tells the handler that no further frame is there, and does the work that the handler returns. It reports
// whether this goroutine still has the right to read.
func (r *reader) runDrained() bool {
	if r.needsDrained {
		r.c.armTokenWatch()
	}
	for r.needsDrained {
		work := r.h.Drained()
		if work == nil {
			r.needsDrained = false
			break
		}
		if !r.runWork(work) {
			return false
		}
	}
	return true
}

// runWork does some work and reports whether this goroutine still has the right to read.
func (r *reader) runWork(work Work) bool {
	c, returned := r.c, false
	lent := c.token.count.Add(1)
	defer func() {
		if !returned { // runtime.Goexit in a callback of the user
			c.HandOver()
		}
	}()
	work.Run(ReadToken{c, lent})
	returned = true
	return c.token.count.CompareAndSwap(lent, lent+1)
}

// readFrame reads and handles one frame.
func (r *reader) readFrame() error {
	length, err := r.readLength()
	n := int(length)
	switch {
	case err != nil:
		return err
	case n == 0:
		r.answerTick()
		return nil
	case uint64(length) > uint64(r.c.opts.MaxMessage):
		return r.skipLargeFrame(length)
	case n > r.w-r.r && n >= ownFrame:
		return r.readLargeFrame(n)
	}
	if err := r.bufferBytes(n); err != nil {
		return err
	}
	r.r += n
	return r.handleFrame(r.buf[r.r-n:r.r], false)
}

// readLength reads the length of the next frame.
func (r *reader) readLength() (uint32, error) {
	if err := r.bufferBytes(lengthSize); err != nil {
		return 0, err
	}
	n := binary.BigEndian.Uint32(r.buf[r.r:])
	r.r += lengthSize
	return n, nil
}

// bufferBytes reads until n bytes are in the buffer; n is at most readBuffer.
func (r *reader) bufferBytes(n int) error {
	if r.w-r.r >= n {
		return nil
	}
	if r.r == r.w {
		r.r, r.w = 0, 0
	} else if r.r+n > len(r.buf) {
		r.w = copy(r.buf, r.buf[r.r:r.w])
		r.r = 0
	}
	for r.w-r.r < n {
		if r.batcher.active.Load() {
			r.yield()
		}
		got, err := r.readSome(r.buf[r.w:], nil)
		r.w += got
		if err != nil && r.w-r.r < n {
			return r.readError(err)
		}
	}
	return nil
}

// readFull reads into all of b.
func (r *reader) readFull(b []byte) error {
	n := copy(b, r.buf[r.r:r.w])
	r.r += n
	if n < len(b) {
		r.r, r.w = 0, 0
	}
	for n < len(b) {
		got, err := r.readSome(b[n:], r.buf[:readBehind])
		n += got
		if n > len(b) {
			r.w = n - len(b)
		}
		if err != nil && n < len(b) {
			return r.readError(err)
		}
	}
	return nil
}

func (r *reader) readSome(b, behind []byte) (int, error) {
	r.c.awaitingBytes.Store(true)
	r.batcher.frames.Store(r.frames)
	n, err := r.raw.read(b, behind)
	for err != nil && r.c.extendFarewell(err) {
		n, err = r.raw.read(b, behind)
	}
	r.c.bytesIn.Add(uint64(n))
	r.c.awaitingBytes.Store(false)
	return n, err
}

func (r *reader) readError(err error) error {
	if errors.Is(err, io.EOF) {
		return ErrPeerClosed
	}
	w := &r.c.out
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.writeError != nil {
		return w.writeError
	}
	return &IOError{Peer: r.c.peer.Name, Op: "read", Err: err}
}

// readLargeFrame reads a frame of n bytes into a buffer of its own. The buffer of the first fragment of a message has
// room for the others, which are read to their place there.
func (r *reader) readLargeFrame(n int) error {
	if err := r.bufferBytes(fragHeadSize); err != nil {
		return err
	}
	h, reason := parseFrameHead(r.buf[r.r:r.w], r.headers)
	if reason != "" {
		return r.protocolError(0, reason)
	}
	want, trust := n, maxBelievableSize
	switch h.kind {
	case distFragCont:
		r.r += h.size
		return r.handleFragment(h, n-h.size, nil, int64(n-h.size))
	case distFragHeader:
		want, trust = r.frags.announcedSize(h, n), r.frags.believableSize()
	}
	var b []byte
	for len(b) < n {
		have := len(b)
		b = growBuffer(b, min(n, max(trust, 4*have))-have, want, trust)
		if err := r.readFull(b[have:]); err != nil {
			return err
		}
	}
	return r.handleFrame(b, true)
}

// handleFrame handles one frame. own says that nobody else uses its memory.
func (r *reader) handleFrame(b []byte, own bool) error {
	h, reason := parseFrameHead(b, r.headers)
	if reason != "" {
		return r.protocolError(0, reason)
	}
	switch h.kind {
	case passThrough:
		return r.handleMessage(b, h.size, noAtoms, own)
	case distFragCont:
		return r.handleFragment(h, len(b)-h.size, b[h.size:], 0)
	}
	atoms, n, reason := r.cache.readTable(b[h.size:])
	h.size += n
	if reason != "" {
		return r.protocolError(h.size, reason)
	}
	if h.kind == distFragHeader && h.inFragments() {
		refused, reason := r.frags.beginSequence(h, b[h.size:], atoms, own)
		switch {
		case reason != "":
			return r.protocolError(2, reason)
		case refused != "":
			return r.refuseMessage(b[h.size:], h.size, atoms, uint64(len(b)), refused)
		}
		return nil
	}
	return r.handleMessage(b, h.size, atoms, own)
}

// handleFragment handles a further fragment with n bytes of the message. part is these bytes, or nil if they are still
// to be read. If the message is refused, unread is the number of bytes to skip.
func (r *reader) handleFragment(h frameHead, n int, part []byte, unread int64) error {
	s, room, reason := r.frags.nextFragment(h.seq, h.frag, n)
	if reason != "" {
		return r.protocolError(2, reason)
	}
	switch {
	case s.refused:
		return r.refuseFragment(s, n, unread)
	case part != nil:
		copy(room, part)
	default:
		if err := r.readFull(room); err != nil {
			return err
		}
	}
	if !s.isComplete() {
		return nil
	}
	return r.handleMessage(s.body, 0, s.atoms, true)
}

// refuseFragment skips a fragment of a message that is refused, and reports the message if this fragment is the reason.
func (r *reader) refuseFragment(s *sequence, n int, unread int64) error {
	if err := r.skipBytes(unread); err != nil {
		return err
	}
	if s.body == nil {
		return nil
	}
	body, atoms := s.body, s.atoms
	s.body, s.atoms = nil, nil
	return r.refuseMessage(body, 0, atoms, uint64(len(body)+n), tooLarge(r.frags.maxBytes))
}

// handleMessage handles the control message at b[at:] and the payload behind it.
func (r *reader) handleMessage(b []byte, at int, atoms []etf.Term, own bool) error {
	if r.c.closing.Load() {
		return nil
	}
	r.dec.Atoms, r.dec.Alias = atoms, own
	if !r.headers {
		r.dec.Atoms = nil
	}
	m, payload, n, payloadFollows, bad := r.ctl.read(b[at:])
	if bad != nil {
		if m != nil && errors.Is(bad, etf.ErrLimit) {
			return r.reportRefusal(m, &Refusal{Op: r.ctl.op, Size: uint64(len(b)), Reason: bad.Err.Error()})
		}
		bad.Offset += at
		return bad
	}
	end := at + n
	if payloadFollows {
		var err error
		if payload, end, err = r.decodePayload(b, end); err != nil {
			if errors.Is(err, etf.ErrLimit) {
				refusal := Refusal{Op: r.ctl.op, Size: uint64(len(b)), Reason: errors.Unwrap(err).Error()}
				refusal.Head = r.payloadHead(b[at+n:])
				return r.reportRefusal(m, &refusal)
			}
			return err
		}
	}
	if r.c.opts.Trace != nil {
		r.c.opts.Trace(TraceEvent{Peer: r.c.peer.Name, Op: r.ctl.op, Message: m, Payload: payload, Size: end - at})
	}
	r.needsDrained = true
	r.frames++
	return r.h.Handle(m, payload)
}

// decodePayload decodes the term at b[at:].
func (r *reader) decodePayload(b []byte, at int) (t etf.Term, end int, err error) {
	if !r.headers {
		if at == len(b) || b[at] != versionByte {
			return nil, 0, r.protocolError(at, "a message without the term that belongs to it")
		}
		at++
	}
	t, n, err := r.dec.Term(b[at:])
	if err != nil {
		e := &ProtocolError{Peer: r.c.peer.Name, Op: r.ctl.op, Offset: at, Reason: "the term of the message cannot be read",
			Err: err}
		var d *etf.DecodeError
		if errors.As(err, &d) {
			e.Offset += d.Offset
		}
		return nil, 0, e
	}
	return t, at + n, nil
}

func (r *reader) protocolError(offset int, reason string) error {
	return &ProtocolError{Peer: r.c.peer.Name, Offset: offset, Reason: reason}
}
