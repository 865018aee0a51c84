package dist

import (
	"net"

	"github.com/gonode-otp/gonode/etf"
)

// cursor walks over an encoded message whose large binaries are not in the buffer (etf.Encoder.Apart). Copying them
// would take longer than everything else, and their memory a second time.
type cursor struct {
	buf   []byte
	off   int        // in buf
	parts []etf.Part // that are still to come
	taken int        // of the first of them
}

// nextContiguous takes the next n bytes if they are contiguous in the buffer. Otherwise it takes nothing and returns
// nil.
func (c *cursor) nextContiguous(n int) []byte {
	if len(c.parts) > 0 && c.parts[0].At < c.off+n {
		return nil
	}
	c.off += n
	return c.buf[c.off-n : c.off]
}

// appendNext adds the next n bytes to bufs.
func (c *cursor) appendNext(bufs net.Buffers, n int) net.Buffers {
	for n > 0 {
		end := len(c.buf)
		if len(c.parts) > 0 {
			end = c.parts[0].At
		}
		if k := min(n, end-c.off); k > 0 {
			bufs = append(bufs, c.buf[c.off:c.off+k])
			c.off += k
			n -= k
			continue
		}
		b := c.parts[0].Bytes[c.taken:]
		k := min(n, len(b))
		bufs = append(bufs, b[:k])
		n -= k
		if c.taken += k; k == len(b) {
			c.parts, c.taken = c.parts[1:], 0
		}
	}
	return bufs
}
