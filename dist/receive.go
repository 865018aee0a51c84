package dist

import (
	"errors"

	"github.com/gonode-otp/gonode/etf"
)

// frame handles one frame. own says that nobody else uses its memory.
func (r *reader) frame(b []byte, own bool) error {
	h, reason := parseFrameHead(b, r.headers)
	if reason != "" {
		return r.invalid(0, reason)
	}
	switch h.kind {
	case passThrough:
		return r.message(b, h.size, noAtoms, own)
	case distFragCont:
		return r.fragment(h, len(b)-h.size, b[h.size:], 0)
	}
	atoms, n, reason := r.cache.readTable(b[h.size:])
	h.size += n
	if reason != "" {
		return r.invalid(h.size, reason)
	}
	if h.kind == distFragHeader && h.inFragments() {
		refused, reason := r.frags.begin(h, b[h.size:], atoms, own)
		switch {
		case reason != "":
			return r.invalid(2, reason)
		case refused != "":
			return r.refuse(b[h.size:], h.size, atoms, uint64(len(b)), refused)
		}
		return nil
	}
	return r.message(b, h.size, atoms, own)
}

// fragment handles a further fragment with n bytes of the message: part, or still to be read if that is nil. If the
// message is refused unread bytes of it are to be passed over.
func (r *reader) fragment(h frameHead, n int, part []byte, unread int64) error {
	s, room, reason := r.frags.next(h.seq, h.frag, n)
	if reason != "" {
		return r.invalid(2, reason)
	}
	switch {
	case s.refused:
		return r.refuseFragment(s, n, unread)
	case part != nil:
		copy(room, part)
	default:
		if err := r.fill(room); err != nil {
			return err
		}
	}
	if !s.complete() {
		return nil
	}
	return r.message(s.body, 0, s.atoms, true)
}

// refuseFragment passes over a fragment of a message that is refused, and reports that if it is the reason.
func (r *reader) refuseFragment(s *sequence, n int, unread int64) error {
	if err := r.discard(unread); err != nil {
		return err
	}
	if s.body == nil {
		return nil
	}
	body, atoms := s.body, s.atoms
	s.body, s.atoms = nil, nil
	return r.refuse(body, 0, atoms, uint64(len(body)+n), tooLarge(r.frags.maxBytes))
}

// message handles the control message at b[at:] and the payload behind it.
func (r *reader) message(b []byte, at int, atoms []etf.Term, own bool) error {
	if r.c.closing.Load() {
		return nil
	}
	r.dec.Atoms, r.dec.Alias = atoms, own
	if !r.headers {
		r.dec.Atoms = nil
	}
	m, payload, n, behind, bad := r.ctl.read(b[at:])
	if bad != nil {
		if m != nil && errors.Is(bad, etf.ErrLimit) {
			return r.refused(m, &Refusal{Op: r.ctl.op, Size: uint64(len(b)), Reason: bad.Err.Error()})
		}
		bad.Offset += at
		return bad
	}
	end := at + n
	if behind {
		var err error
		if payload, end, err = r.payload(b, end); err != nil {
			if errors.Is(err, etf.ErrLimit) {
				refusal := Refusal{Op: r.ctl.op, Size: uint64(len(b)), Reason: errors.Unwrap(err).Error()}
				refusal.Head = r.payloadHead(b[at+n:])
				return r.refused(m, &refusal)
			}
			return err
		}
	}
	if r.c.opts.Trace != nil {
		r.c.opts.Trace(TraceEvent{Peer: r.c.peer.Name, Op: r.ctl.op, Message: m, Payload: payload, Size: end - at})
	}
	r.handled = true
	r.frames++
	return r.h.Handle(m, payload)
}

// payload decodes the term at b[at:].
func (r *reader) payload(b []byte, at int) (t etf.Term, end int, err error) {
	if !r.headers {
		if at == len(b) || b[at] != versionByte {
			return nil, 0, r.invalid(at, "a message without the term that belongs to it")
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

func (r *reader) invalid(offset int, reason string) error {
	return &ProtocolError{Peer: r.c.peer.Name, Offset: offset, Reason: reason}
}
