package dist

import (
	"encoding/binary"

	"github.com/gonode-otp/gonode/etf"
)

// First bytes of a frame. Distribution Protocol, "Protocol between Connected Nodes" and "Distribution Header".
const (
	passThrough    = 112 // without a header, terms with version bytes
	versionByte    = 131
	distHeader     = 68 // DIST_HEADER
	distFragHeader = 69 // DIST_FRAG_HEADER, the first fragment
	distFragCont   = 70 // DIST_FRAG_CONT, any other

	fragHeadSize = 18 // version byte, tag, sequence, fragment
	lengthSize   = 4  // in front of each frame
)

// hasHeaders reports whether the frames of a connection have distribution headers, in both directions. OTP uses them as
// soon as one of the two features that need them is negotiated.
func hasHeaders(negotiated Flags) bool { return negotiated&(FlagDistHdrAtomCache|FlagFragments) != 0 }

// frameHead is what stands in front of the terms of a frame.
type frameHead struct {
	kind byte   // passThrough, distHeader, distFragHeader or distFragCont
	seq  uint64 // of a fragment
	frag uint64 // number of a fragment; the last one is 1
	size int    // of the head
}

// parseFrameHead reads the head of a frame, in the case of distHeader and distFragHeader up to the atom table. headers
// says whether the frame has to have a distribution header. reason says what is wrong, "" if nothing is.
func parseFrameHead(frame []byte, headers bool) (h frameHead, reason string) {
	if !headers {
		if len(frame) < 2 || frame[0] != passThrough || frame[1] != versionByte {
			return h, "not a frame of a connection without distribution headers"
		}
		return frameHead{kind: passThrough, size: 2}, ""
	}
	if len(frame) < 2 || frame[0] != versionByte {
		return h, "not a frame of a connection with distribution headers"
	}
	h.kind = frame[1]
	switch h.kind {
	case distHeader:
		h.size = 2
	case distFragHeader, distFragCont:
		if len(frame) < fragHeadSize {
			return h, endsInHeader
		}
		h.seq = binary.BigEndian.Uint64(frame[2:])
		h.frag = binary.BigEndian.Uint64(frame[10:])
		h.size = fragHeadSize
	default:
		return h, "not a distribution header"
	}
	return h, ""
}

func appendFragHead(dst []byte, kind byte, seq, frag uint64) []byte {
	dst = append(dst, versionByte, kind)
	dst = binary.BigEndian.AppendUint64(dst, seq)
	return binary.BigEndian.AppendUint64(dst, frag)
}

// noAtoms is the table of a frame without atoms. A nil table would mean that the frame has no table.
var noAtoms = []etf.Term{}
