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
		return r.fragment(h, len(b)-h.size, b[h.size:])
	}
	atoms, n, reason := r.cache.readTable(b[h.size:])
	h.size += n
	if reason != "" {
		return r.invalid(h.size, reason)
	}
	// OTP takes sequence 0 for a message that is not in fragments.
	if h.kind == distFragHeader && h.frag != 1 && h.seq != 0 {
		if reason = r.frags.begin(h, b[h.size:], atoms, own); reason != "" {
			return r.invalid(2, reason)
		}
		return nil
	}
	return r.message(b, h.size, atoms, own)
}

// fragment handles a further fragment with n bytes of the message: part, or still to be read if that is nil.
func (r *reader) fragment(h frameHead, n int, part []byte) error {
	s, room, reason := r.frags.next(h.seq, h.frag, n)
	if reason != "" {
		return r.invalid(2, reason)
	}
	if part != nil {
		copy(room, part)
	} else if err := r.fill(room); err != nil {
		return err
	}
	if !s.complete() {
		return nil
	}
	return r.message(s.body, 0, s.atoms, true)
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
		bad.Offset += at
		return bad
	}
	end := at + n
	if behind {
		var err error
		if payload, end, err = r.payload(b, end); err != nil {
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
		e := &ProtocolError{Peer: r.c.peer.Name, Op: r.ctl.op, Offset: at, Reason: "the term of the message cannot be read", Err: err}
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
