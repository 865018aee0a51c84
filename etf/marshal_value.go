package etf

import (
	"encoding"
	"math"
	"math/big"
	"reflect"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"
)

var (
	termType     = reflect.TypeFor[Term]()
	bigIntType   = reflect.TypeFor[big.Int]()
	durationType = reflect.TypeFor[time.Duration]()
	timeType     = reflect.TypeFor[time.Time]()

	marshalerType       = reflect.TypeFor[Marshaler]()
	textMarshalerType   = reflect.TypeFor[encoding.TextMarshaler]()
	unmarshalerType     = reflect.TypeFor[Unmarshaler]()
	textUnmarshalerType = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// infinite is the Duration that stands for infinity.
const infinite = time.Duration(math.MaxInt64)

// isTerm tells whether t is one of the types of terms. That it has their method is not enough: a pointer to a Pid has
// it, and so has a struct that embeds one.
func isTerm(t reflect.Type) bool {
	if !t.Implements(termType) {
		return false
	}
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
		if t.Implements(termType) {
			return false
		}
	}
	return t.Kind() != reflect.Interface && t.PkgPath() == termType.PkgPath()
}

// isSpecial reports whether a struct type is a value of its own and not the sum of its fields.
func isSpecial(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	return t == bigIntType || t == timeType || isTerm(t) || isTerm(p) ||
		p.Implements(marshalerType) || p.Implements(textMarshalerType) ||
		p.Implements(unmarshalerType) || p.Implements(textUnmarshalerType)
}

// isPlain knows the types that Go itself names, such as int and string, which are no more than their kind.
func isPlain(t reflect.Type) bool {
	k := t.Kind()
	return (k <= reflect.Float64 || k == reflect.String) && t.PkgPath() == ""
}

var noOptions fieldOptions

// marshaler is one run of Marshal.
type marshaler struct{ depth int }

func (m *marshaler) value(v reflect.Value, o *fieldOptions) (Term, error) {
	if o == nil {
		o = &noOptions
	}
	if !v.IsValid() {
		return nilTerm(o), nil
	}
	if m.depth++; m.depth > maxMarshalDepth {
		return nil, &MarshalError{Type: v.Type(), Reason: "nested too deep; does the value contain itself?"}
	}
	defer func() { m.depth-- }()
	if t, done, err := m.special(v, o); done || err != nil {
		return t, err
	}
	return m.kind(v, o)
}

// special handles the types that are more than their kind.
func (m *marshaler) special(v reflect.Value, o *fieldOptions) (t Term, done bool, err error) {
	typ := v.Type()
	if isPlain(typ) {
		return nil, false, nil
	}
	if (typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Interface) && v.IsNil() {
		return nilTerm(o), true, nil
	}
	switch {
	case isTerm(typ):
		return v.Interface().(Term), true, nil
	case typ == durationType:
		return durationTerm(time.Duration(v.Int()), o.unit), true, nil
	case typ == bigIntType:
		return NewBigInt(addressable(v).Addr().Interface().(*big.Int)), true, nil
	case typ == timeType && o.unit != "":
		return timeTerm(v.Interface().(time.Time), o.unit), true, nil
	case typ == timeType && o.calendar != "":
		t, err = calendarTerm(v.Interface().(time.Time), o.calendar)
		return t, true, err
	case o.uuid && isUUID(typ):
		return uuidTerm(v), true, nil
	case o.raw && isByteArray(typ):
		return Binary(bytesOf(v)), true, nil
	case typ.Kind() == reflect.Interface:
		return nil, false, nil
	case typ.Implements(marshalerType):
		t, err = v.Interface().(Marshaler).MarshalETF()
		return checked(t, typ, err)
	case reflect.PointerTo(typ).Implements(marshalerType):
		t, err = addressable(v).Addr().Interface().(Marshaler).MarshalETF()
		return checked(t, typ, err)
	case typ.Kind() == reflect.Pointer:
		return nil, false, nil
	case reflect.PointerTo(typ).Implements(textMarshalerType):
		return textTerm(addressable(v), o)
	}
	if atoms := atomsOf(v); atoms != nil {
		t, err = enumTerm(v, atoms)
		return t, true, err
	}
	return nil, false, nil
}

func checked(t Term, typ reflect.Type, err error) (Term, bool, error) {
	switch {
	case err != nil:
		return nil, true, &MarshalError{Type: typ, Reason: "MarshalETF", Err: err}
	case t == nil:
		return nil, true, &MarshalError{Type: typ, Reason: "MarshalETF returned no term"}
	}
	return t, true, nil
}

func textTerm(v reflect.Value, o *fieldOptions) (Term, bool, error) {
	text, err := v.Addr().Interface().(encoding.TextMarshaler).MarshalText()
	if err != nil {
		return nil, true, &MarshalError{Type: v.Type(), Reason: "MarshalText", Err: err}
	}
	t, err := stringTerm(v.Type(), string(text), o)
	return t, true, err
}

// addressable returns v, or a copy of it that has an address.
func addressable(v reflect.Value) reflect.Value {
	if v.CanAddr() {
		return v
	}
	c := reflect.New(v.Type()).Elem()
	c.Set(v)
	return c
}

func (m *marshaler) kind(v reflect.Value, o *fieldOptions) (Term, error) {
	switch v.Kind() {
	case reflect.Bool:
		return boolTerm(v.Bool()), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return Int(v.Int()), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return uintTerm(v.Uint()), nil
	case reflect.Float32, reflect.Float64:
		return floatTerm(v)
	case reflect.String:
		return stringTerm(v.Type(), v.String(), o)
	case reflect.Slice, reflect.Array:
		return m.sequence(v, o)
	case reflect.Map:
		return m.mapping(v, o)
	case reflect.Struct:
		return m.structure(v)
	case reflect.Pointer, reflect.Interface:
		return m.value(v.Elem(), o)
	}
	return nil, &MarshalError{Type: v.Type(), Reason: "there is no term for such a value"}
}

func nilTerm(o *fieldOptions) Term {
	if o.nilAtom {
		return Atom("nil")
	}
	return Atom("undefined")
}

// boolTerm is Bool as a Term, which costs no allocation.
func boolTerm(b bool) Term {
	if b {
		return Atom("true")
	}
	return Atom("false")
}

func uintTerm(u uint64) Term {
	if u <= math.MaxInt64 {
		return Int(u)
	}
	return NewBigInt(new(big.Int).SetUint64(u))
}

func floatTerm(v reflect.Value) (Term, error) {
	f := v.Float()
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil, &MarshalError{Type: v.Type(), Reason: "Erlang has no " + strconv.FormatFloat(f, 'g', -1, 64)}
	}
	return Float(f), nil
}

func stringTerm(typ reflect.Type, s string, o *fieldOptions) (Term, error) {
	switch o.text {
	case "atom":
		a, err := NewAtom(s)
		if err != nil {
			return nil, &MarshalError{Type: typ, Reason: "as an atom", Err: err}
		}
		return a, nil
	case "charlist":
		if !utf8.ValidString(s) {
			return nil, &MarshalError{Type: typ, Reason: "as a charlist: it is not valid UTF-8"}
		}
		return Charlist(s), nil
	}
	return Binary(s), nil
}

// units are the options that say in what a time is counted. The unit of a Duration without one is millis, as in
// Erlang's time-outs.
var units = map[string]time.Duration{"seconds": time.Second, "": time.Millisecond, "millis": time.Millisecond,
	"micros": time.Microsecond, "nanos": time.Nanosecond}

func durationTerm(d time.Duration, unit string) Term {
	if d == infinite {
		return Atom("infinity")
	}
	return Int(d / units[unit])
}

func timeTerm(t time.Time, unit string) Term {
	switch unit {
	case "seconds":
		return Int(t.Unix())
	case "millis":
		return Int(t.UnixMilli())
	case "micros":
		return Int(t.UnixMicro())
	}
	return Int(t.UnixNano())
}

// isBytes tells whether a slice or an array is one of plain bytes.
func isBytes(t reflect.Type) bool {
	e := t.Elem()
	return e.Kind() == reflect.Uint8 && !isSpecial(e)
}

// sequence makes a binary of bytes, else a list or a tuple. Options of a field hold for the elements too, except tuple.
func (m *marshaler) sequence(v reflect.Value, o *fieldOptions) (Term, error) {
	if isBytes(v.Type()) && !o.tuple {
		return Binary(bytesOf(v)), nil
	}
	inner := *o
	inner.tuple = false
	elems := make([]Term, v.Len())
	for i := range elems {
		t, err := m.value(v.Index(i), &inner)
		if err != nil {
			return nil, within(err, "["+strconv.Itoa(i)+"]")
		}
		elems[i] = t
	}
	if o.tuple {
		return Tuple(elems), nil
	}
	return List(elems), nil
}

// bytesOf returns a copy of the bytes of a slice or an array.
func bytesOf(v reflect.Value) []byte {
	if v.Kind() == reflect.Array {
		v = addressable(v)
	}
	return append([]byte{}, v.Bytes()...)
}

// mapping makes a map, or with the option proplist a list of pairs, in the order of the keys. The options of a field
// hold for keys and values.
func (m *marshaler) mapping(v reflect.Value, o *fieldOptions) (Term, error) {
	pairs := make(Map, 0, v.Len())
	for iter := v.MapRange(); iter.Next(); {
		key, err := m.value(iter.Key(), o)
		if err == nil {
			var value Term
			if value, err = m.value(iter.Value(), o); err == nil {
				pairs = append(pairs, MapPair{key, value})
				continue
			}
		}
		return nil, within(err, "["+formatKey(iter.Key())+"]")
	}
	slices.SortFunc(pairs, func(a, b MapPair) int { return Compare(a.Key, b.Key) })
	for i := 1; i < len(pairs); i++ {
		if Equal(pairs[i-1].Key, pairs[i].Key) {
			return nil, &MarshalError{Type: v.Type(), Reason: "two keys become " + Format(pairs[i].Key)}
		}
	}
	if o.proplist {
		return proplist(pairs), nil
	}
	return pairs, nil
}

func formatKey(key reflect.Value) string {
	if key.Kind() == reflect.String {
		return strconv.Quote(key.String())
	}
	if key.CanInt() {
		return strconv.FormatInt(key.Int(), 10)
	}
	return key.Type().String()
}

func proplist(pairs Map) List {
	list := make(List, len(pairs))
	for i, p := range pairs {
		list[i] = Tuple{p.Key, p.Value}
	}
	return list
}

func (m *marshaler) structure(v reflect.Value) (Term, error) {
	plan := planOf(v.Type())
	if plan.err != "" {
		return nil, &MarshalError{Type: v.Type(), Reason: plan.err}
	}
	if plan.form == formTuple || plan.form == formRecord {
		return m.tuple(v, plan)
	}
	pairs := make(Map, 0, len(plan.fields)+1)
	if plan.form == formElixir {
		pairs = append(pairs, MapPair{Atom("__struct__"), plan.name})
	}
	for i := range plan.fields {
		f := &plan.fields[i]
		field, ok := fieldOf(v, f.index)
		if !ok || f.opts.omitEmpty && field.IsZero() {
			continue
		}
		t, err := m.value(field, &f.opts)
		if err != nil {
			return nil, within(err, f.step)
		}
		pairs = append(pairs, MapPair{f.key, t})
	}
	if plan.form == formProplist {
		return proplist(pairs), nil
	}
	return pairs, nil
}

// tuple makes a tuple or a record. A field that is left out has its place: it becomes undefined.
func (m *marshaler) tuple(v reflect.Value, plan *structPlan) (Term, error) {
	elems := make(Tuple, 0, len(plan.fields)+1)
	if plan.form == formRecord {
		elems = append(elems, plan.name)
	}
	for i := range plan.fields {
		f := &plan.fields[i]
		field, ok := fieldOf(v, f.index)
		if !ok || f.opts.omitEmpty && field.IsZero() {
			elems = append(elems, nilTerm(&f.opts))
			continue
		}
		t, err := m.value(field, &f.opts)
		if err != nil {
			return nil, within(err, f.step)
		}
		elems = append(elems, t)
	}
	return elems, nil
}

// fieldOf follows index; false means that an embedded pointer on the way is nil.
func fieldOf(v reflect.Value, index []int) (reflect.Value, bool) {
	for i, x := range index {
		if i > 0 && v.Kind() == reflect.Pointer {
			if v.IsNil() {
				return reflect.Value{}, false
			}
			v = v.Elem()
		}
		v = v.Field(x)
	}
	return v, true
}
