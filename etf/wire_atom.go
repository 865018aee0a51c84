package etf

import (
	"encoding/binary"
	"math"
	"unicode/utf8"
)

// External Term Format: ATOM_UTF8_EXT, SMALL_ATOM_UTF8_EXT, ATOM_EXT, SMALL_ATOM_EXT, ATOM_CACHE_REF.

// checkAtom says why s is no atom, or "".
func checkAtom(s string) string {
	switch {
	case len(s) > maxAtomChars && utf8.RuneCountInString(s) > maxAtomChars:
		return "an atom of more than 255 characters"
	case !utf8.ValidString(s):
		return "an atom that is not valid UTF-8"
	}
	return ""
}

func appendAtom(dst []byte, a Atom) ([]byte, *EncodeError) {
	if len(a) <= math.MaxUint8 && isASCII(a) {
		return append(append(dst, tagSmallAtomUTF8, byte(len(a))), a...), nil
	}
	if detail := checkAtom(string(a)); detail != "" {
		return dst, badTerm("%s", detail)
	}
	if len(a) <= math.MaxUint8 {
		return append(append(dst, tagSmallAtomUTF8, byte(len(a))), a...), nil
	}
	dst = binary.BigEndian.AppendUint16(append(dst, tagAtomUTF8), uint16(len(a)))
	return append(dst, a...), nil
}

func isASCII[T Atom | []byte](text T) bool {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// atom reads the atom whose tag was just read; nil if there is none. The dynamic type of the result is Atom.
func (d *Decoder) atom() Term {
	switch d.r.tag {
	case tagSmallAtomUTF8:
		return d.atomText(d.r.bytes(uint32(d.r.u8())))
	case tagAtomCacheRef:
		return d.atomRef()
	case tagAtomUTF8:
		return d.atomText(d.r.bytes(uint32(d.r.u16())))
	case tagSmallAtom:
		return d.atomLatin1(d.r.bytes(uint32(d.r.u8())))
	case tagAtom:
		return d.atomLatin1(d.r.bytes(uint32(d.r.u16())))
	default:
		d.r.fail(ErrMalformed, "an atom is expected here")
		return nil
	}
}

func (d *Decoder) atomText(b []byte) Term {
	if d.r.err != nil {
		return nil
	}
	if t := d.atoms.find(b); t != nil {
		return t
	}
	s := string(b)
	if detail := checkAtom(s); detail != "" {
		d.r.fail(ErrMalformed, detail)
		return nil
	}
	if d.atoms == nil {
		if d.uncachedAtoms++; d.uncachedAtoms < internAfter {
			return Atom(s)
		}
		d.atoms = new(internTable)
	}
	return d.atoms.add(Atom(s))
}

func (d *Decoder) atomLatin1(b []byte) Term {
	if d.r.err != nil {
		return nil
	}
	if len(b) > maxAtomChars {
		d.r.fail(ErrMalformed, "an atom of more than 255 characters")
		return nil
	}
	if isASCII(b) {
		return d.atomText(b)
	}
	var text [2 * maxAtomChars]byte
	u := text[:0]
	for _, c := range b {
		u = utf8.AppendRune(u, rune(c))
	}
	return d.atomText(u)
}

func (d *Decoder) atomRef() Term {
	i := int(d.r.u8())
	if d.r.err != nil {
		return nil
	}
	if d.Atoms == nil {
		d.r.fail(ErrRefused, "a reference to an atom cache where there is none")
		return nil
	}
	if i < len(d.Atoms) {
		if _, ok := d.Atoms[i].(Atom); ok {
			return d.Atoms[i]
		}
	}
	d.r.fail(ErrMalformed, "no atom at this index of the frame's table")
	return nil
}

// atomValue reads an atom, tag included, inside another term.
func (d *Decoder) atomValue() Atom {
	d.r.readTag()
	if d.r.err != nil {
		return ""
	}
	a, _ := d.atom().(Atom)
	return a
}
