package dist

import (
	"encoding/binary"
	"net"

	"github.com/gonode-otp/gonode/etf"
)

// stream is a message on its way in fragments. Its first fragment is queued like any other frame, so that its atom
// table takes effect where it was made. The other fragments follow a few with each write, behind everything that is
// queued by then. So messages of others pass between two fragments, and streams take turns.
//
// What the sender of the stream sends meanwhile waits behind it, as in OTP, where the process itself is suspended. It
// is encoded at once, so that its sender learns of errors, but without the atom cache: frames that are encoded later go
// out earlier and would change the cache.
type stream struct {
	sender    etf.Pid
	seq       uint64
	frag      uint64 // number of the next fragment
	body      cursor // in front of the next fragment
	bytesLeft int    // bytes behind it
	followers []follower
}

// follower is what waits behind a stream: a frame, or the first fragment of another stream.
type follower struct {
	frame []byte
	rest  net.Buffers // of the frame
	size  int         // of both
	large bool        // frame is not to be copied
	next  *stream
}

func newStream(sender etf.Pid, f *outFrame) *stream {
	return &stream{sender: sender, seq: f.seq, frag: uint64(f.fragments) - 1, body: f.body,
		bytesLeft: f.payloadSize() - fragmentSize}
}

// fragmentHead is the head of a further fragment with its length.
type fragmentHead [lengthSize + fragHeadSize]byte

// appendFragment adds the next fragment to bufs, its head in h. n is the size of its body.
func (s *stream) appendFragment(bufs net.Buffers, h *fragmentHead) (more net.Buffers, n int) {
	n = min(fragmentSize, s.bytesLeft)
	binary.BigEndian.PutUint32(h[:], uint32(fragHeadSize+n))
	appendFragHead(h[:lengthSize], distFragCont, s.seq, s.frag)
	s.bytesLeft -= n
	s.frag--
	return s.body.appendNext(append(bufs, h[:]), n), n
}

// isDone reports whether the last fragment has been taken.
func (s *stream) isDone() bool { return s.frag == 0 }
