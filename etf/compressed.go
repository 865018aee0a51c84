package etf

import (
	"bytes"
	"compress/zlib"
	"io"
)

// compressed reads tag 80 behind the version byte: the size of the term without its version byte, 32 bits, then the
// term in zlib format (External Term Format, section Introduction). The size is not trusted: the result grows as bytes
// are inflated, and never exceeds the limit.
func (d *Decoder) compressed() Term {
	d.r.readTag()
	at := d.r.at
	size := d.r.u32()
	if d.r.err == nil && uint64(size) > uint64(d.limits.Inflated) {
		d.r.fail(ErrLimit, "a compressed term larger than Limits.Inflated allows")
	}
	if d.r.err != nil {
		return nil
	}
	src := bytes.NewReader(d.r.buf[d.r.off:])
	inflated, err := inflate(src, int(size))
	switch {
	case err != nil:
		d.r.fail(ErrMalformed, "compressed term: "+err.Error())
		return nil
	case len(inflated) != int(size):
		d.r.fail(ErrMalformed, "a compressed term whose size is not the one announced")
		return nil
	}
	outer := d.r
	outer.off = len(outer.buf) - src.Len()
	d.setInput(inflated)
	t := d.topTerm()
	if d.r.err == nil && d.r.left() > 0 {
		d.r.failAt(d.r.off, d.r.peekTag(), ErrMalformed, "bytes behind the term in compressed data")
	}
	if d.r.err != nil {
		outer.err, outer.off = d.r.err, len(outer.buf)
		t = nil
	}
	outer.at, outer.tag = at, tagCompressed
	d.r = outer
	return t
}

// inflate returns what src holds, at most one byte more than size.
func inflate(src *bytes.Reader, size int) ([]byte, error) {
	z, err := zlib.NewReader(src)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	b.Grow(min(size, 4*src.Len()) + bytes.MinRead)
	_, err = io.Copy(&b, io.LimitReader(z, int64(size)+1))
	return b.Bytes(), err
}
