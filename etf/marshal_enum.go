package etf

import (
	"encoding/hex"
	"reflect"
	"slices"
)

// Enum is implemented by types whose values are atoms of a fixed set. Of a type of strings the values are those atoms,
// of a type of integers they are their places in the list:
//
//	type Color int
//
//	const (
//		Red Color = iota
//		Green
//	)
//
//	var colors = []etf.Atom{"red", "green"}
//
//	func (Color) ETFAtoms() []etf.Atom { return colors }
//
// Marshal and Unmarshal refuse everything else.
type Enum interface {
	// ETFAtoms returns the atoms, always the same, which are not changed.
	ETFAtoms() []Atom
}

var enumType = reflect.TypeFor[Enum]()

// atomsOf returns the atoms of an Enum, or nil for a value of another type.
func atomsOf(v reflect.Value) []Atom {
	typ := v.Type()
	if k := typ.Kind(); k != reflect.String && (k < reflect.Int || k > reflect.Uint64) {
		return nil
	}
	if !typ.Implements(enumType) {
		return nil
	}
	return v.Interface().(Enum).ETFAtoms()
}

func enumTerm(v reflect.Value, atoms []Atom) (Term, error) {
	switch {
	case v.Kind() == reflect.String:
		if a := Atom(v.String()); slices.Contains(atoms, a) {
			return a, nil
		}
	case v.CanInt():
		if i := v.Int(); i >= 0 && i < int64(len(atoms)) {
			return atoms[i], nil
		}
	default:
		if i := v.Uint(); i < uint64(len(atoms)) {
			return atoms[i], nil
		}
	}
	return nil, &MarshalError{Type: v.Type(), Reason: "the value is none of " + atomList(atoms)}
}

func toEnum(t Term, dst reflect.Value, atoms []Atom) error {
	a, ok := t.(Atom)
	i := slices.Index(atoms, a)
	switch {
	case !ok || i < 0:
		return mismatch(t, dst, "want one of "+atomList(atoms))
	case dst.Kind() == reflect.String:
		dst.SetString(string(a))
	case dst.CanInt() && !dst.OverflowInt(int64(i)):
		dst.SetInt(int64(i))
	case dst.CanUint() && !dst.OverflowUint(uint64(i)):
		dst.SetUint(uint64(i))
	default:
		return mismatch(t, dst, "out of range")
	}
	return nil
}

func atomList(atoms []Atom) string {
	list := make(List, len(atoms))
	for i, a := range atoms {
		list[i] = a
	}
	return FormatMax(list, maxUnmarshalText)
}

// isByteArray reports whether the option raw makes a plain binary of the type.
func isByteArray(t reflect.Type) bool {
	k := t.Kind()
	return (k == reflect.Array || k == reflect.Slice) && t.Elem().Kind() == reflect.Uint8
}

// isUUID reports whether the option uuid fits the type.
func isUUID(t reflect.Type) bool { return t.Kind() == reflect.Array && isByteArray(t) && t.Len() == 16 }

// hyphens are the places of the hyphens in the text of a UUID.
var hyphens = [...]int{8, 13, 18, 23}

const uuidText = 36

func uuidTerm(v reflect.Value) Term {
	b := bytesOf(v)
	text := make([]byte, 0, uuidText)
	for i := 0; i < len(b); i++ {
		if slices.Contains(hyphens[:], len(text)) {
			text = append(text, '-')
		}
		text = hex.AppendEncode(text, b[i:i+1])
	}
	return Binary(text)
}

// toUUID reads a UUID from its text, in letters of both cases, or from its 16 bytes.
func toUUID(t Term, dst reflect.Value) error {
	if b, ok := t.(Binary); ok && len(b) == dst.Len() {
		copy(dst.Bytes(), b)
		return nil
	}
	text, _ := AsText(t)
	if len(text) != uuidText {
		return mismatch(t, dst, "want a UUID")
	}
	var digits [32]byte
	n := 0
	for i := range len(text) {
		if slices.Contains(hyphens[:], i) {
			if text[i] != '-' {
				return mismatch(t, dst, "want a UUID")
			}
			continue
		}
		digits[n] = text[i]
		n++
	}
	var b [16]byte
	if _, err := hex.Decode(b[:], digits[:]); err != nil {
		return mismatch(t, dst, "want a UUID")
	}
	copy(dst.Bytes(), b[:])
	return nil
}
