package etf

import "encoding/binary"

// External Term Format: NEWER_REFERENCE_EXT, NEW_REFERENCE_EXT, REFERENCE_EXT.

// ref writes a reference. One without words makes every release crash when it writes it again.
func (e *Encoder) ref(dst []byte, r Ref) ([]byte, *EncodeError) {
	if r.Len < 1 || r.Len > MaxRefWords {
		return dst, badTerm("a reference of %d words instead of 1 to 5", r.Len)
	}
	for _, w := range r.Words[r.Len:] {
		if w != 0 {
			return dst, badTerm("a reference with words behind its length")
		}
	}
	dst, err := e.node(append(dst, tagNewerReference, 0, r.Len), r.Node)
	if err != nil {
		return dst, err
	}
	dst = binary.BigEndian.AppendUint32(dst, r.Creation)
	for _, w := range r.Words[:r.Len] {
		dst = binary.BigEndian.AppendUint32(dst, w)
	}
	return dst, nil
}

func (d *Decoder) refValue() Ref {
	tag := d.r.tag
	if tag == tagReference {
		r := Ref{Node: d.nodeName(), Len: 1}
		r.Words[0] = d.r.u32()
		r.Creation = d.creation(true)
		return r
	}
	n := d.r.u16()
	if d.r.err == nil && (n < 1 || n > MaxRefWords) {
		d.r.fail(ErrMalformed, "a reference that has not 1 to 5 words")
	}
	if d.r.err != nil {
		return Ref{}
	}
	r := Ref{Node: d.nodeName(), Creation: d.creation(tag == tagNewReference), Len: uint8(n)}
	for i := range r.Words[:n] {
		r.Words[i] = d.r.u32()
	}
	return r
}

func (d *Decoder) ref() Term {
	r := d.refValue()
	if d.r.err != nil {
		return nil
	}
	return r
}
