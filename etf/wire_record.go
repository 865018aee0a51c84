package etf

import "encoding/binary"

// RECORD_EXT, native records of OTP 29, experimental there:
// N:32, Flags:8, Module, Name, N field names, N values; bit 0 of Flags says that the record is exported.

func (e *Encoder) record(dst []byte, r *Record, depth int) ([]byte, *EncodeError) {
	if depth <= 0 && r != nil {
		c := *r // r itself may lie on the stack of a caller
		return e.appendDeep(dst, &c)
	}
	dst, err := e.recordHead(dst, r)
	if err != nil {
		return dst, err
	}
	for i, t := range r.Values {
		if dst, err = e.term(dst, t, depth-1); err != nil {
			return dst, err.in("#.%s", r.Fields[i])
		}
	}
	return dst, nil
}

// recordHead appends all that stands in front of the values of r.
func (e *Encoder) recordHead(dst []byte, r *Record) ([]byte, *EncodeError) {
	switch {
	case r == nil:
		return dst, badTerm("a nil *Record")
	case e.NoRecords:
		return dst, badTerm("a native record, which the peer does not understand")
	case len(r.Fields) != len(r.Values):
		return dst, badTerm("a record with %d field names and %d values", len(r.Fields), len(r.Values))
	}
	if err := fits32(len(r.Fields), "a record of %d fields"); err != nil {
		return dst, err
	}
	if duplicateField(r.Fields) {
		return dst, badTerm("a record with two fields of one name")
	}
	dst = binary.BigEndian.AppendUint32(append(dst, tagRecord), uint32(len(r.Fields)))
	var flags byte
	if r.Exported {
		flags = exportedFlag
	}
	dst, err := e.atom(append(dst, flags), r.Module)
	if err != nil {
		return dst, err.in(".Module")
	}
	if dst, err = e.atom(dst, r.Name); err != nil {
		return dst, err.in(".Name")
	}
	for i, a := range r.Fields {
		if dst, err = e.atom(dst, a); err != nil {
			return dst, err.in(".Fields[%d]", i+1)
		}
	}
	return dst, nil
}

func duplicateField(fields []Atom) bool {
	if len(fields) <= smallMap {
		for i := range fields {
			for j := range i {
				if fields[i] == fields[j] {
					return true
				}
			}
		}
		return false
	}
	seen := make(map[Atom]struct{}, len(fields))
	for _, a := range fields {
		seen[a] = struct{}{}
	}
	return len(seen) < len(fields)
}

func (d *Decoder) record(depth int) Term {
	if depth <= 0 {
		return d.readDeep()
	}
	at := d.r.at
	r := d.recordHead(depth)
	if r == nil {
		return nil
	}
	for i := range r.Values {
		if r.Values[i] = d.term(depth - 1); r.Values[i] == nil {
			return nil
		}
	}
	return d.recordEnd(r, at)
}

// recordEnd checks r, which was read and begins at at.
func (d *Decoder) recordEnd(r *Record, at int) Term {
	if duplicateField(r.Fields) {
		d.r.failAt(at, tagRecord, ErrMalformed, "a record with two fields of one name")
		return nil
	}
	return r
}

// recordHead reads all that stands in front of the values, and makes room for those. It returns nil if it failed.
func (d *Decoder) recordHead(depth int) *Record {
	n := d.r.u32()
	flags := d.r.u8()
	if d.r.err != nil || !d.claimElements(2*uint64(n)) {
		return nil
	}
	r := &Record{Exported: flags&exportedFlag != 0, Module: d.atomValue(), Name: d.atomValue()}
	if n > 0 {
		r.Fields = make([]Atom, n)
		r.Values = d.slab.elems(int(n), depth, d.r.left())
	}
	for i := range r.Fields {
		r.Fields[i] = d.atomValue()
	}
	if d.r.err != nil {
		return nil
	}
	return r
}
