package etf

import (
	"fmt"
	"math"
	"reflect"
)

// MarshalFunc returns Marshal for values of type T. It inspects the type once: it fails for a type without terms, such
// as a channel, and for one with invalid tags. The function converts numbers, text, booleans and terms without
// reflection.
func MarshalFunc[T any]() (func(T) (Term, error), error) {
	if err := checkType(reflect.TypeFor[T](), true); err != nil {
		return nil, err
	}
	if isTerm(reflect.TypeFor[T]()) {
		return func(v T) (Term, error) {
			if t, ok := any(v).(Term); ok && !isNilPointer(t) {
				return t, nil
			}
			return Atom("undefined"), nil
		}, nil
	}
	for _, known := range []any{
		func(v int) (Term, error) { return Int(v), nil },
		func(v int64) (Term, error) { return Int(v), nil },
		func(v bool) (Term, error) { return boolTerm(v), nil },
		func(v string) (Term, error) { return Binary(v), nil },
		func(v Term) (Term, error) {
			if v == nil {
				return Atom("undefined"), nil
			}
			return v, nil
		},
	} {
		if f, ok := known.(func(T) (Term, error)); ok {
			return f, nil
		}
	}
	return func(v T) (Term, error) { return Marshal(v) }, nil
}

// isNilPointer reports whether t is one of the terms that are pointers, and nil.
func isNilPointer(t Term) bool {
	switch t := t.(type) {
	case *BigInt:
		return t == nil
	case *Fun:
		return t == nil
	case *Record:
		return t == nil
	}
	return false
}

// UnmarshalFunc returns a function that makes values of type T of terms, as Unmarshal does; after an error the value is
// zero. It inspects the type once: it fails for a type into which no term goes, and for one with invalid tags. The
// function converts numbers, text, booleans and terms without reflection.
func UnmarshalFunc[T any]() (func(Term) (T, error), error) {
	typ := reflect.TypeFor[T]()
	if err := checkType(typ, false); err != nil {
		return nil, err
	}
	if isTerm(typ) {
		return func(t Term) (v T, err error) {
			v, ok := t.(T)
			if !ok {
				err = &UnmarshalError{Type: typ, Term: t, Reason: "that is another kind of term"}
			}
			return v, err
		}, nil
	}
	for _, known := range []any{intOf, int64Of, boolOf, stringOf, termOf} {
		if f, ok := known.(func(Term) (T, error)); ok {
			return f, nil
		}
	}
	return unmarshalAs[T], nil
}

func unmarshalAs[T any](t Term) (T, error) {
	var v, zero T
	if err := Unmarshal(t, &v); err != nil {
		return zero, err
	}
	return v, nil
}

// The functions for the most common types handle plain terms and leave all others to Unmarshal, which also words the
// errors.

func intOf(t Term) (int, error) {
	if i, ok := t.(Int); ok && i >= math.MinInt && i <= math.MaxInt {
		return int(i), nil
	}
	return unmarshalAs[int](t)
}

func int64Of(t Term) (int64, error) {
	if i, ok := t.(Int); ok {
		return int64(i), nil
	}
	return unmarshalAs[int64](t)
}

func boolOf(t Term) (bool, error) {
	if a, ok := t.(Atom); ok && (a == "true" || a == "false") {
		return a == "true", nil
	}
	return unmarshalAs[bool](t)
}

func stringOf(t Term) (string, error) {
	switch t := t.(type) {
	case Binary:
		return string(t), nil
	case Atom:
		return string(t), nil
	}
	return unmarshalAs[string](t)
}

func termOf(t Term) (Term, error) {
	if t == nil {
		return nil, &UnmarshalError{Type: termType, Reason: "there is no term"}
	}
	return t, nil
}

// FormKind is what kind of term Marshal makes of a struct.
type FormKind int

// The forms of a struct, by the tag of its field _; see Marshal.
const (
	FormMap          FormKind = FormKind(formMap)
	FormTuple        FormKind = FormKind(formTuple)
	FormRecord       FormKind = FormKind(formRecord)
	FormProplist     FormKind = FormKind(formProplist)
	FormElixirStruct FormKind = FormKind(formElixir)
)

// StructForm is what Marshal makes of a struct type.
type StructForm struct {
	Kind   FormKind
	Name   Atom // of a record or an Elixir struct
	Fields int  // how many it has
}

// StructFormOf returns the form of the struct type T, and false if T is no struct, or one that is a value of its own
// such as time.Time.
func StructFormOf[T any]() (StructForm, bool) {
	t := reflect.TypeFor[T]()
	if t.Kind() != reflect.Struct || isSpecial(t) {
		return StructForm{}, false
	}
	p := planOf(t)
	return StructForm{Kind: FormKind(p.form), Name: p.name, Fields: len(p.fields)}, true
}

// checkType refuses a type whose values have no term, or into which no term goes.
func checkType(t reflect.Type, marshal bool) error {
	c := typeCheck{marshal: marshal, seen: map[reflect.Type]bool{}}
	return c.check(t, "")
}

type typeCheck struct {
	marshal bool
	seen    map[reflect.Type]bool
}

func (c *typeCheck) typeError(t reflect.Type, path, reason string) error {
	if c.marshal {
		return &MarshalError{Path: path, Type: t, Reason: reason}
	}
	return &UnmarshalError{Path: path, Type: t, Reason: reason}
}

func (c *typeCheck) check(t reflect.Type, path string) error {
	if c.seen[t] {
		return nil
	}
	c.seen[t] = true
	if c.hasOwnForm(t) {
		return nil
	}
	switch t.Kind() {
	case reflect.Chan, reflect.Func, reflect.UnsafePointer, reflect.Complex64, reflect.Complex128:
		if c.marshal {
			return c.typeError(t, path, "there is no term for such a value")
		}
		return c.typeError(t, path, "no term goes into such a value")
	case reflect.Interface:
		if !c.marshal && t.NumMethod() > 0 && t != termType {
			return c.typeError(t, path, "no term implements this interface")
		}
	case reflect.Pointer:
		return c.check(t.Elem(), path)
	case reflect.Slice, reflect.Array:
		return c.check(t.Elem(), path+"[]")
	case reflect.Map:
		if err := c.check(t.Key(), path+"[key]"); err != nil {
			return err
		}
		return c.check(t.Elem(), path+"[]")
	case reflect.Struct:
		return c.structure(t, path)
	}
	return nil
}

// hasOwnForm reports whether the type makes or reads its own term in this direction.
func (c *typeCheck) hasOwnForm(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	if t == bigIntType || t == timeType || isTerm(t) {
		return true
	}
	if c.marshal {
		return p.Implements(marshalerType) || p.Implements(textMarshalerType)
	}
	return p.Implements(unmarshalerType) || p.Implements(textUnmarshalerType)
}

func (c *typeCheck) structure(t reflect.Type, path string) error {
	plan := planOf(t)
	if plan.err != "" {
		return c.typeError(t, path, plan.err)
	}
	for i := range plan.fields {
		f := t.FieldByIndex(plan.fields[i].index)
		if err := c.check(f.Type, fmt.Sprintf("%s.%s", path, f.Name)); err != nil {
			return err
		}
	}
	return nil
}
