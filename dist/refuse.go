package dist

import (
	"errors"
	"fmt"

	"github.com/gonode-otp/gonode/etf"
)

// Refusal describes a received message that exceeds a limit of Options. The message is skipped and the connection goes
// on: the message breaks no rule of the protocol, and others share the connection with its sender.
type Refusal struct {
	// Op is the operation of the message, 0 if even that was not read.
	Op Op
	// Size is the number of bytes of the message that had been announced or had come when it was refused.
	Size uint64
	// Reason names the limit.
	Reason string
	// Head are the first elements of the payload, two at most, if it is a tuple and they could be read: of a call the
	// tag and who waits for the answer.
	Head []etf.Term
}

// refusedHead is how much of a frame that is too large is kept until it has been skipped: more than its header, its
// control message and the first elements of a call can take.
const refusedHead = 512 << 10

// skipLargeFrame reads a frame of n bytes that is too large, keeps only its beginning and reports it.
func (r *reader) skipLargeFrame(n uint32) error {
	b := make([]byte, min(n, refusedHead))
	if err := r.readFull(b); err != nil {
		return err
	}
	h, reason := parseFrameHead(b, r.headers)
	if reason != "" {
		return r.protocolError(0, reason)
	}
	rest := int64(n) - int64(len(b))
	if h.kind == distFragCont {
		return r.handleFragment(h, int(n), nil, rest) // more than there can be room for
	}
	atoms := noAtoms
	if h.kind != passThrough {
		table, size, reason := r.cache.readTable(b[h.size:])
		h.size += size
		if reason != "" {
			return r.protocolError(h.size, reason)
		}
		atoms = table
	}
	if h.kind == distFragHeader && h.inFragments() {
		if reason := r.frags.beginRefusedSequence(h); reason != "" {
			return r.protocolError(2, reason)
		}
	}
	if err := r.skipBytes(rest); err != nil {
		return err
	}
	return r.refuseMessage(b[h.size:], h.size, atoms, uint64(n), tooLarge(r.c.opts.MaxMessage))
}

func tooLarge(limit int) string {
	return fmt.Sprintf("it is larger than MaxMessage, %d bytes", limit)
}

// skipBytes reads n bytes and drops them.
func (r *reader) skipBytes(n int64) error {
	have := min(n, int64(r.w-r.r))
	r.r += int(have)
	for n -= have; n > 0; {
		r.r, r.w = 0, 0
		got, err := r.readSome(r.buf[:min(n, int64(len(r.buf)))], nil)
		if n -= int64(got); err != nil && n > 0 {
			return r.readError(err)
		}
	}
	return nil
}

// refuseMessage reports a message that is not handled. b is the beginning of the message, its control message first,
// and at is the offset of b in the frame.
func (r *reader) refuseMessage(b []byte, at int, atoms []etf.Term, size uint64, reason string) error {
	if r.c.closing.Load() {
		return nil
	}
	r.dec.Atoms, r.dec.Alias = atoms, false
	if !r.headers {
		r.dec.Atoms = nil
	}
	m, _, n, payloadFollows, bad := r.ctl.read(b)
	if bad != nil {
		if !errors.Is(bad, etf.ErrTruncated) && !errors.Is(bad, etf.ErrLimit) {
			bad.Offset += at
			return bad
		}
		payloadFollows = false
	}
	refusal := Refusal{Op: r.ctl.op, Size: size, Reason: reason}
	if payloadFollows {
		refusal.Head = r.payloadHead(b[n:])
	}
	return r.reportRefusal(m, &refusal)
}

func (r *reader) reportRefusal(m Message, refusal *Refusal) error {
	r.needsDrained = true
	r.frames++
	if r.c.opts.Refused == nil {
		return nil
	}
	return r.c.opts.Refused(m, refusal)
}

// payloadHead reads the first elements of a payload that may be incomplete.
func (r *reader) payloadHead(b []byte) (head []etf.Term) {
	if !r.headers && len(b) > 0 {
		b = b[1:]
	}
	r.dec.Begin(b)
	for range min(2, r.dec.TupleHeader()) {
		t := r.dec.Any()
		if t == nil {
			break
		}
		head = append(head, t)
	}
	_, _ = r.dec.End() // the payload may be cut or over a limit: what was read of it is all that is wanted
	return head
}
