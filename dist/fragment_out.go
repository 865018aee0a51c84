package dist

import (
	"encoding/binary"

	"github.com/gonode-otp/gonode/etf"
)

// stream is a message on its way in fragments. Its first fragment is queued like any other frame, so that its atom table
// takes effect where it was made. Of the rest, some fragments go with each write, behind everything that is queued by
// then: so whatever others send passes between two fragments, and streams take turns.
//
// What the sender of the stream sends meanwhile waits behind it, as in OTP, where the process itself is held. It is
// encoded at once, so that its sender learns of errors, but without the atom cache: frames that are encoded later go out
// earlier and would change the cache under it.
type stream struct {
	sender etf.Pid
	seq    uint64
	frag   uint64 // number of the next fragment
	buf    []byte
	off    int // of the next fragment in buf
	after  []delayed
}

// delayed is what waits behind a stream: a frame, or the first fragment of another stream.
type delayed struct {
	frame []byte
	large bool // frame is not to be copied
	next  *stream
}

func newStream(sender etf.Pid, f *outFrame) *stream {
	return &stream{sender: sender, seq: f.seq, frag: uint64(f.fragments) - 1, buf: f.buf, off: f.control + fragmentSize}
}

// rest is the number of bytes that are still to be sent.
func (s *stream) rest() int { return len(s.buf) - s.off }

// fragmentHead is the head of a further fragment with its length.
type fragmentHead [lengthSize + fragHeadSize]byte

// fragment returns the body of the next fragment and writes its head to h.
func (s *stream) fragment(h *fragmentHead) []byte {
	n := min(fragmentSize, s.rest())
	binary.BigEndian.PutUint32(h[:], uint32(fragHeadSize+n))
	appendFragHead(h[:lengthSize], distFragCont, s.seq, s.frag)
	s.off += n
	s.frag--
	return s.buf[s.off-n : s.off]
}

// done reports whether the last fragment has been taken.
func (s *stream) done() bool { return s.frag == 0 }
