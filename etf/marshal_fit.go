package etf

import (
	"fmt"
	"reflect"
)

// checkFit refuses options that mean nothing for a field of type t. They are most likely meant for another field.
func (o *fieldOptions) checkFit(t reflect.Type) error {
	for _, c := range []struct {
		option string
		given  bool
		fits   func(reflect.Type) bool
	}{
		{o.text, o.text != "", isText},
		{o.unit, o.unit != "", func(t reflect.Type) bool { return t == timeType || t == durationType }},
		{o.calendar, o.calendar != "", func(t reflect.Type) bool { return t == timeType }},
		{"uuid", o.uuid, isUUID},
		{"raw", o.raw, isByteArray},
		{"proplist", o.proplist, func(t reflect.Type) bool { return t.Kind() == reflect.Map }},
		{"nil", o.nilAtom && !o.omitEmpty, func(t reflect.Type) bool { return t.Kind() == reflect.Pointer }},
	} {
		if c.given && !fitsElement(t, c.fits, maxFitDepth) {
			return misfitError(c.option, t)
		}
	}
	if o.tuple && !isSequence(t) {
		return misfitError("tuple", t)
	}
	return nil
}

func misfitError(option string, t reflect.Type) error {
	return fmt.Errorf("the option %s means nothing for %v", option, t)
}

// maxFitDepth bounds how far the elements of a type are followed: a type may be its own element.
const maxFitDepth = 16

// fitsElement reports whether fits holds for t, or for an element of t to which the option is passed on. It is true for
// an interface, because its content is unknown.
func fitsElement(t reflect.Type, fits func(reflect.Type) bool, depth int) bool {
	if depth == 0 || t.Kind() == reflect.Interface || fits(t) {
		return true
	}
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array:
		return fitsElement(t.Elem(), fits, depth-1)
	case reflect.Map:
		return fitsElement(t.Key(), fits, depth-1) || fitsElement(t.Elem(), fits, depth-1)
	}
	return false
}

func isText(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	return t.Kind() == reflect.String || p.Implements(textMarshalerType) || p.Implements(textUnmarshalerType)
}

func isSequence(t reflect.Type) bool {
	for depth := 0; t.Kind() == reflect.Pointer && depth < maxFitDepth; depth++ {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.Slice, reflect.Array, reflect.Interface:
		return true
	}
	return false
}
