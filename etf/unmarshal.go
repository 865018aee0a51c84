package etf

import (
	"encoding"
	"math"
	"math/big"
	"reflect"
	"strconv"
)

// unmarshaler is one run of Unmarshal. It calls itself for what stands in a term, so depth is bounded as that of
// Marshal is: neither terms nor types have a bound.
type unmarshaler struct{ depth int }

func mismatch(t Term, dst reflect.Value, reason string) error {
	return &UnmarshalError{Type: dst.Type(), Term: t, Reason: reason}
}

func (u *unmarshaler) value(t Term, dst reflect.Value, o *fieldOptions) error {
	if o == nil {
		o = &noOptions
	}
	if t == nil {
		return &UnmarshalError{Type: dst.Type(), Reason: "there is no term"}
	}
	if u.depth++; u.depth > maxMarshalDepth {
		return mismatch(t, dst, "nested too deep")
	}
	defer func() { u.depth-- }()
	if done, err := u.special(t, dst, o); done || err != nil {
		return err
	}
	return u.kind(t, dst, o)
}

// special handles the types that are more than their kind.
func (u *unmarshaler) special(t Term, dst reflect.Value, o *fieldOptions) (done bool, err error) {
	typ := dst.Type()
	switch {
	case isPlain(typ):
		return false, nil
	case typ.Kind() == reflect.Interface:
		return true, u.toInterface(t, dst)
	case reflect.TypeOf(t) == typ:
		dst.Set(reflect.ValueOf(t))
		return true, nil
	case isTerm(typ):
		return true, mismatch(t, dst, "that is another kind of term")
	case dst.CanAddr() && dst.Addr().Type().Implements(unmarshalerType):
		if err := dst.Addr().Interface().(Unmarshaler).UnmarshalETF(t); err != nil {
			return true, &UnmarshalError{Type: typ, Term: t, Reason: "UnmarshalETF", Err: err}
		}
		return true, nil
	case typ.Kind() == reflect.Pointer:
		return true, u.pointer(t, dst, o)
	case typ == durationType:
		return true, toDuration(t, dst, o.unit)
	case typ == bigIntType:
		return true, toBigInt(t, dst)
	case typ == timeType:
		return true, toTime(t, dst, o)
	case o.uuid && isUUID(typ):
		return true, toUUID(t, dst)
	case o.raw && isByteArray(typ):
		return false, nil
	case dst.CanAddr() && dst.Addr().Type().Implements(textUnmarshalerType):
		return true, toText(t, dst)
	}
	if atoms := atomsOf(dst); atoms != nil {
		return true, toEnum(t, dst, atoms)
	}
	return false, nil
}

// toInterface stores t in a Term, in an interface that it happens to implement, or as its natural Go value in an any.
func (u *unmarshaler) toInterface(t Term, dst reflect.Value) error {
	if dst.NumMethod() == 0 {
		v, ok := naturalValue(t, maxMarshalDepth-u.depth)
		switch {
		case !ok:
			return mismatch(t, dst, "nested too deep")
		case v != nil:
			dst.Set(reflect.ValueOf(v))
		default:
			dst.SetZero()
		}
		return nil
	}
	if !reflect.TypeOf(t).AssignableTo(dst.Type()) {
		return mismatch(t, dst, "no term implements this interface")
	}
	dst.Set(reflect.ValueOf(t))
	return nil
}

// naturalValue returns the Go value that an any gets. ok is false if t is nested deeper than depth.
func naturalValue(t Term, depth int) (v any, ok bool) {
	if depth < 0 {
		return nil, false
	}
	switch t := t.(type) {
	case Atom:
		switch t {
		case "true", "false":
			return t == "true", true
		case "undefined", "nil":
			return nil, true
		}
	case Int:
		return int64(t), true
	case *BigInt:
		return new(big.Int).Set(t.Big()), true
	case Float:
		return float64(t), true
	case Binary:
		return string(t), true
	case List:
		list := make([]any, len(t))
		for i, e := range t {
			if list[i], ok = naturalValue(e, depth-1); !ok {
				return nil, false
			}
		}
		return list, true
	case Map:
		return naturalMap(t, depth)
	}
	return t, true
}

func naturalMap(m Map, depth int) (v any, ok bool) {
	result := make(map[string]any, len(m))
	for _, p := range m {
		key, ok := keyText(p.Key)
		if _, twice := result[key]; !ok || twice {
			return m, true
		}
		if result[key], ok = naturalValue(p.Value, depth-1); !ok {
			return nil, false
		}
	}
	return result, true
}

// keyText returns the text of an atom or a binary.
func keyText(t Term) (string, bool) {
	switch t := t.(type) {
	case Atom:
		return string(t), true
	case Binary:
		return string(t), true
	}
	return "", false
}

func isNilAtom(t Term) bool { return IsAtom(t, "undefined") || IsAtom(t, "nil") }

func (u *unmarshaler) pointer(t Term, dst reflect.Value, o *fieldOptions) error {
	if isNilAtom(t) {
		dst.SetZero()
		return nil
	}
	if dst.IsNil() {
		fresh := reflect.New(dst.Type().Elem())
		if err := u.value(t, fresh.Elem(), o); err != nil {
			return err
		}
		dst.Set(fresh)
		return nil
	}
	return u.value(t, dst.Elem(), o)
}

func toDuration(t Term, dst reflect.Value, unit string) error {
	switch t := t.(type) {
	case Atom:
		if t == "infinity" {
			dst.SetInt(int64(infinite))
			return nil
		}
	case Int:
		if limit := Int(infinite / units[unit]); t > limit || t < -limit {
			return mismatch(t, dst, "out of range")
		}
		dst.SetInt(int64(t) * int64(units[unit]))
		return nil
	}
	return mismatch(t, dst, "want an integer or infinity")
}

func toBigInt(t Term, dst reflect.Value) error {
	v := dst.Addr().Interface().(*big.Int)
	switch t := t.(type) {
	case Int:
		v.SetInt64(int64(t))
	case *BigInt:
		v.Set(t.Big())
	default:
		return mismatch(t, dst, "want an integer")
	}
	return nil
}

func toText(t Term, dst reflect.Value) error {
	text, ok := AsText(t)
	if !ok {
		return mismatch(t, dst, "want a binary, a list of code points or an atom")
	}
	if err := dst.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(text)); err != nil {
		return &UnmarshalError{Type: dst.Type(), Term: t, Reason: "UnmarshalText", Err: err}
	}
	return nil
}

func (u *unmarshaler) kind(t Term, dst reflect.Value, o *fieldOptions) error {
	switch dst.Kind() {
	case reflect.Bool:
		return toBool(t, dst)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return toInt(t, dst)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return toUint(t, dst)
	case reflect.Float32, reflect.Float64:
		return toFloat(t, dst)
	case reflect.String:
		text, ok := AsText(t)
		if !ok {
			return mismatch(t, dst, "want a binary, a list of code points or an atom")
		}
		dst.SetString(text)
		return nil
	case reflect.Slice, reflect.Array:
		return u.sequence(t, dst, o)
	case reflect.Map:
		return u.mapping(t, dst, o)
	case reflect.Struct:
		return u.structure(t, dst)
	}
	return mismatch(t, dst, "no term goes into such a value")
}

func toBool(t Term, dst reflect.Value) error {
	if a, ok := t.(Atom); ok && (a == "true" || a == "false") {
		dst.SetBool(a == "true")
		return nil
	}
	return mismatch(t, dst, "want true or false")
}

func toInt(t Term, dst reflect.Value) error {
	switch n := t.(type) {
	case Int:
		if dst.OverflowInt(int64(n)) {
			return mismatch(t, dst, "out of range")
		}
		dst.SetInt(int64(n))
		return nil
	case *BigInt:
		return mismatch(t, dst, "out of range")
	}
	return mismatch(t, dst, "want an integer")
}

func toUint(t Term, dst reflect.Value) error {
	var n uint64
	switch i := t.(type) {
	case Int:
		if i < 0 {
			return mismatch(t, dst, "out of range")
		}
		n = uint64(i)
	case *BigInt:
		if !i.Big().IsUint64() {
			return mismatch(t, dst, "out of range")
		}
		n = i.Big().Uint64()
	default:
		return mismatch(t, dst, "want an integer")
	}
	if dst.OverflowUint(n) {
		return mismatch(t, dst, "out of range")
	}
	dst.SetUint(n)
	return nil
}

func toFloat(t Term, dst reflect.Value) error {
	var f float64
	switch n := t.(type) {
	case Float:
		f = float64(n)
	case Int:
		f = float64(n)
	case *BigInt:
		// An integer that a float does not hold exactly is rounded.
		f, _ = new(big.Float).SetInt(n.Big()).Float64()
	default:
		return mismatch(t, dst, "want a number")
	}
	if dst.OverflowFloat(f) || math.IsInf(f, 0) {
		return mismatch(t, dst, "out of range")
	}
	dst.SetFloat(f)
	return nil
}

// elementsOf returns the elements of a list, or of a tuple where one is wanted.
func elementsOf(t Term, o *fieldOptions) ([]Term, bool) {
	switch t := t.(type) {
	case List:
		return t, !o.tuple
	case Tuple:
		return t, o.tuple
	}
	return nil, false
}

func (u *unmarshaler) sequence(t Term, dst reflect.Value, o *fieldOptions) error {
	if b, ok := t.(Binary); ok && !o.tuple && (isBytes(dst.Type()) || o.raw && isByteArray(dst.Type())) {
		return toBytes(b, dst)
	}
	if dst.Kind() == reflect.Slice && isNilAtom(t) {
		dst.SetZero()
		return nil
	}
	elems, ok := elementsOf(t, o)
	switch {
	case !ok && o.tuple:
		return mismatch(t, dst, "want a tuple")
	case !ok:
		return mismatch(t, dst, "want a list")
	case dst.Kind() == reflect.Array && len(elems) != dst.Len():
		return mismatch(t, dst, strconv.Itoa(len(elems))+" elements for "+strconv.Itoa(dst.Len())+" places")
	}
	into := dst
	if dst.Kind() == reflect.Slice {
		into = reflect.MakeSlice(dst.Type(), len(elems), len(elems))
	}
	inner := *o
	inner.tuple = false
	for i, e := range elems {
		if err := u.value(e, into.Index(i), &inner); err != nil {
			return within(err, "["+strconv.Itoa(i)+"]")
		}
	}
	if dst.Kind() == reflect.Slice {
		dst.Set(into)
	}
	return nil
}

func toBytes(b Binary, dst reflect.Value) error {
	if dst.Kind() == reflect.Array {
		if len(b) != dst.Len() {
			return mismatch(b, dst, strconv.Itoa(len(b))+" bytes for "+strconv.Itoa(dst.Len())+" places")
		}
		copy(dst.Bytes(), b)
		return nil
	}
	s := reflect.MakeSlice(dst.Type(), len(b), len(b))
	copy(s.Bytes(), b)
	dst.Set(s)
	return nil
}
