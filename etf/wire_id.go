package etf

import "encoding/binary"

// External Term Format: NEW_PID_EXT, PID_EXT, V4_PORT_EXT, NEW_PORT_EXT, PORT_EXT.

func (e *Encoder) node(dst []byte, a Atom) ([]byte, *EncodeError) {
	if a == "" {
		return dst, badTerm("an identifier without a node name")
	}
	dst, err := e.atom(dst, a)
	if err != nil {
		return dst, err.in(".Node")
	}
	return dst, nil
}

func (e *Encoder) pid(dst []byte, p Pid) ([]byte, *EncodeError) {
	dst, err := e.node(append(dst, tagNewPid), p.Node)
	if err != nil {
		return dst, err
	}
	dst = binary.BigEndian.AppendUint32(dst, p.ID)
	dst = binary.BigEndian.AppendUint32(dst, p.Serial)
	return binary.BigEndian.AppendUint32(dst, p.Creation), nil
}

// port writes NEW_PORT_EXT while the number fits, because OTP 23 knows nothing else; every later release reads both.
func (e *Encoder) port(dst []byte, p Port) ([]byte, *EncodeError) {
	tag := byte(tagNewPort)
	if p.ID > maxNewPortID {
		tag = tagV4Port
	}
	dst, err := e.node(append(dst, tag), p.Node)
	if err != nil {
		return dst, err
	}
	if tag == tagNewPort {
		dst = binary.BigEndian.AppendUint32(dst, uint32(p.ID))
	} else {
		dst = binary.BigEndian.AppendUint64(dst, p.ID)
	}
	return binary.BigEndian.AppendUint32(dst, p.Creation), nil
}

// nodeName reads the node name of the identifier whose tag was just read.
//
// Differs from OTP: an empty name is refused. No node can have it, and it is what a forgotten field looks like.
func (d *Decoder) nodeName() Atom {
	at, tag := d.r.at, d.r.tag
	a := d.atomValue()
	if a == "" {
		d.r.failAt(at, tag, ErrMalformed, "an identifier without a node name")
	}
	d.r.at, d.r.tag = at, tag
	return a
}

// creation reads a creation, one byte long in the old tags.
func (d *Decoder) creation(old bool) uint32 {
	if old {
		return uint32(d.r.u8())
	}
	return d.r.u32()
}

func (d *Decoder) pidValue() Pid {
	old := d.r.tag == tagPid
	return Pid{Node: d.nodeName(), ID: d.r.u32(), Serial: d.r.u32(), Creation: d.creation(old)}
}

func (d *Decoder) pid() Term {
	p := d.pidValue()
	if d.r.err != nil {
		return nil
	}
	return p
}

func (d *Decoder) portValue() Port {
	tag := d.r.tag
	p := Port{Node: d.nodeName()}
	if tag == tagV4Port {
		p.ID = d.r.u64()
	} else {
		p.ID = uint64(d.r.u32())
	}
	p.Creation = d.creation(tag == tagPort)
	return p
}

func (d *Decoder) port() Term {
	p := d.portValue()
	if d.r.err != nil {
		return nil
	}
	return p
}
