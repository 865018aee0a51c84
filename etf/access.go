package etf

import "math/big"

// IsAtom says whether t is the atom a. Use it, or a type switch, in place of ==; see Term.
func IsAtom(t Term, a Atom) bool {
	b, ok := t.(Atom)
	return ok && a == b
}

// Bool returns b as Erlang has it: the atom true or false.
func Bool(b bool) Atom {
	if b {
		return "true"
	}
	return "false"
}

// AsInt returns the value of an integer. ok is false if t is no integer, or one that an int does not hold; AsBig takes
// those.
func AsInt(t Term) (n int, ok bool) {
	i, ok := t.(Int)
	if !ok {
		b, isBig := t.(*BigInt)
		if !isBig || b == nil || !b.Big().IsInt64() {
			return 0, false
		}
		i = Int(b.Big().Int64())
	}
	if Int(int(i)) != i {
		return 0, false
	}
	return int(i), true
}

// AsBig returns the value of an integer of any size; ok is false if t is no integer. Like BigInt.Big it may return
// memory of t, so the result must not be changed.
func AsBig(t Term) (n *big.Int, ok bool) {
	switch t := t.(type) {
	case Int:
		return big.NewInt(int64(t)), true
	case *BigInt:
		if t != nil {
			return t.Big(), true
		}
	}
	return nil, false
}

// AsText returns the text of a binary, of a list of code points (see AsCharlist) or of an atom; ok is false for any
// other term. The bytes of a binary are returned as they are, even if they are not valid UTF-8, which utf8.ValidString
// tells. A list that holds binaries or lists is no text here; unicode:characters_to_list/1 takes those too.
func AsText(t Term) (text string, ok bool) {
	switch t := t.(type) {
	case Atom:
		return string(t), true
	case Binary:
		return string(t), true
	}
	return AsCharlist(t)
}

// AsCharlist returns the text of a list of code points, the inverse of Charlist; [] is the empty text. An element is a
// code point and not a byte: [228] and [8364] are "ä" and "€". ok is false if t is no proper list, or if an element is
// no code point of Unicode, such as a surrogate or a number above 16#10FFFF.
func AsCharlist(t Term) (text string, ok bool) {
	list, ok := t.(List)
	if !ok {
		return "", false
	}
	runes := make([]rune, len(list))
	for i, e := range list {
		c, ok := e.(Int)
		if !ok || c < 0 || c > 0x10ffff || c >= 0xd800 && c <= 0xdfff {
			return "", false
		}
		runes[i] = rune(c)
	}
	return string(runes), true
}

// Atoms returns the list of the atoms.
func Atoms(atoms ...Atom) List {
	list := make(List, len(atoms))
	for i, a := range atoms {
		list[i] = a
	}
	return list
}

// AsAtoms returns the elements of a list of atoms, the inverse of Atoms. ok is false if t is no proper list, or if an
// element is no atom.
func AsAtoms(t Term) (atoms []Atom, ok bool) {
	list, ok := t.(List)
	if !ok {
		return nil, false
	}
	atoms = make([]Atom, len(list))
	for i, e := range list {
		if atoms[i], ok = e.(Atom); !ok {
			return nil, false
		}
	}
	return atoms, true
}

// Tagged returns the tuple {Tag, Elem, ...}.
func Tagged(tag Atom, elems ...Term) Tuple {
	t := make(Tuple, 1+len(elems))
	t[0] = tag
	copy(t[1:], elems)
	return t
}

// AsTuple returns t if it is a tuple of arity elements, the tag included, whose first one is the atom tag:
// is_record(Term, Tag, Arity) of Erlang. The other elements begin at index 1.
func AsTuple(t Term, tag Atom, arity int) (tuple Tuple, ok bool) {
	tuple, ok = t.(Tuple)
	if !ok || len(tuple) != arity || arity == 0 || !IsAtom(tuple[0], tag) {
		return nil, false
	}
	return tuple, true
}

// Verb takes a request apart. Of {Verb, Arg, ...} it returns the atom Verb and the arguments, of an atom Verb the atom
// and no arguments. The verb of any other term is empty. The result shares memory with t.
func Verb(t Term) (verb Atom, args Tuple) {
	switch t := t.(type) {
	case Atom:
		return t, nil
	case Tuple:
		if len(t) == 0 {
			return "", nil
		}
		if verb, ok := t[0].(Atom); ok {
			return verb, t[1:]
		}
	}
	return "", nil
}

// MapIndex finds the values of one Map by key, in a time that does not grow with the map. Build one with Map.Index.
// It may be used by several goroutines.
type MapIndex struct {
	pairs Map
	keys  keySet
}

// Index returns an index of m. To build one takes as long as a dozen calls of Map.Get that find their key in the
// middle, whatever the size, and 16 to 32 bytes a pair. The map must not be changed afterwards.
func (m Map) Index() *MapIndex {
	x := &MapIndex{pairs: m}
	if len(m) <= smallMap {
		return x
	}
	if _, _, twice := x.keys.fillTable(m); twice { // no map of Erlang; the first of equal keys counts, as in Map.Get
		x.keys = keySet{}
	}
	x.keys.hasher = hasher{}
	return x
}

// Get returns the value under the given key, compared with Equal, as Map.Get does.
func (x *MapIndex) Get(key Term) (value Term, ok bool) {
	if !x.keys.filled {
		return x.pairs.Get(key)
	}
	var h hasher // of the call: one that remembers is for one goroutine
	i := x.keys.lookup(x.pairs, h.hash(key), key, recursion)
	if i < 0 {
		return nil, false
	}
	return x.pairs[i].Value, true
}
