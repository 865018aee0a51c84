package genserv

import (
	"context"
	"encoding"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/gonode-otp/gonode/etf"
)

// typeTraits are what the Go type of a state tells about who else may hold parts of a value of it. Each is a text
// for people: what is at which place, such as ".cache is a map"; "" means that there is no such part.
type typeTraits struct {
	// shared is the first part that a copy of the value has in common with it: a pointer, a map, a slice and the
	// like. Terms are values, and so is a time.
	shared string
	// sync is the first sign that several goroutines use the value: a lock, a channel, a function or something atomic.
	sync string
	// data says that there is something shared beside that.
	data bool
}

// goType is the type of a state.
type goType = reflect.Type

func goTypeOf[S any]() goType { return reflect.TypeFor[S]() }

var knownTraits sync.Map // of reflect.Type to typeTraits

// traitsOf looks at a type once.
func traitsOf(t reflect.Type) typeTraits {
	if known, ok := knownTraits.Load(t); ok {
		return known.(typeTraits)
	}
	w := typeWalk{seen: map[reflect.Type]bool{}}
	w.visit(t, "")
	knownTraits.Store(t, w.typeTraits)
	return w.typeTraits
}

var (
	termType          = reflect.TypeFor[etf.Term]()
	timeType          = reflect.TypeFor[time.Time]()
	marshalerType     = reflect.TypeFor[etf.Marshaler]()
	textMarshalerType = reflect.TypeFor[encoding.TextMarshaler]()
	lockerType        = reflect.TypeFor[sync.Locker]()
)

// values are types that have pointers in them, but whose values nobody changes, or are no part of a state.
var values = map[reflect.Type]bool{
	termType: true, timeType: true, reflect.TypeFor[error](): true, reflect.TypeFor[context.Context](): true,
	reflect.TypeFor[*Process](): true, reflect.TypeFor[*Timer](): true, reflect.TypeFor[*slog.Logger](): true,
}

// isValue tells whether a type is one of these, or a term.
func isValue(t reflect.Type) bool {
	if values[t] || t.PkgPath() == termType.PkgPath() && t.Implements(termType) {
		return true
	}
	return t.Kind() == reflect.Pointer && t.Implements(termType) && t.Elem().PkgPath() == termType.PkgPath()
}

// typeWalk looks through a type and all that can be reached from it.
type typeWalk struct {
	typeTraits
	seen map[reflect.Type]bool
}

func (w *typeWalk) visit(t reflect.Type, path string) {
	if isValue(t) || w.seen[t] {
		return
	}
	w.seen[t] = true
	if t.PkgPath() == "sync" || t.PkgPath() == "sync/atomic" || reflect.PointerTo(t).Implements(lockerType) {
		w.mark(path, "is a "+t.String(), "is a "+t.String())
		return
	}
	switch t.Kind() {
	case reflect.Chan, reflect.Func, reflect.UnsafePointer:
		what := "is a " + kindWord(t.Kind())
		w.mark(path, what, what)
	case reflect.Pointer:
		w.mark(path, "is a pointer", "")
		w.visit(t.Elem(), path)
	case reflect.Map:
		w.mark(path, "is a map", "")
		w.visit(t.Key(), path+"[key]")
		w.visit(t.Elem(), path+"[]")
	case reflect.Slice:
		w.mark(path, "is a slice", "")
		w.visit(t.Elem(), path+"[]")
	case reflect.Interface:
		w.mark(path, "is an interface", "")
	case reflect.Array:
		w.visit(t.Elem(), path+"[]")
	case reflect.Struct:
		for i := range t.NumField() {
			w.visit(t.Field(i).Type, path+"."+t.Field(i).Name)
		}
	}
}

// mark notes the first part of either kind.
func (w *typeWalk) mark(path, shared, sync string) {
	if path == "" {
		path = "the state itself"
	}
	w.data = w.data || sync == ""
	if w.shared == "" && shared != "" {
		w.shared = path + " " + shared
	}
	if w.sync == "" && sync != "" {
		w.sync = path + " " + sync
	}
}

func kindWord(k reflect.Kind) string {
	switch k {
	case reflect.Chan:
		return "channel"
	case reflect.Func:
		return "function"
	}
	return k.String()
}

// sharedPart tells which part a copy of a state has in common with the state; "" means none. The type of the value
// counts if the declared one is an interface.
func sharedPart(declared reflect.Type, state any) string {
	if t := reflect.TypeOf(state); declared.Kind() == reflect.Interface && t != nil {
		declared = t
	}
	return traitsOf(declared).shared
}

// unsafeToShow tells why a state must not be looked through without its lock; "" means that it may be.
func unsafeToShow(state any) string {
	t := reflect.TypeOf(state)
	if t == nil || t.Implements(marshalerType) || t.Implements(textMarshalerType) {
		return ""
	}
	traits := traitsOf(t)
	if traits.sync == "" {
		traits.sync = syncBehind(reflect.ValueOf(state), "")
	}
	if !traits.data {
		return ""
	}
	return traits.sync
}

// syncBehind looks at the types of what the interfaces of a struct hold now. It follows no pointer but the first.
func syncBehind(v reflect.Value, path string) string {
	if path == "" && v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	if v.Kind() != reflect.Struct || isValue(v.Type()) {
		return ""
	}
	for i := range v.NumField() {
		field, name := v.Field(i), path+"."+v.Type().Field(i).Name
		found := ""
		switch {
		case field.Kind() == reflect.Struct:
			found = syncBehind(field, name)
		case field.Kind() == reflect.Interface && !field.IsNil() && !isValue(field.Elem().Type()):
			if found = traitsOf(field.Elem().Type()).sync; found != "" {
				found = name + ": " + found
			}
		}
		if found != "" {
			return found
		}
	}
	return ""
}

// typeName is the name of a type with the import paths of its packages, which %T leaves out: two packages of one
// name are common where the versions of a server lie side by side.
func typeName(t reflect.Type) string {
	if t == nil {
		return "nil"
	}
	if t.Name() != "" {
		if t.PkgPath() == "" {
			return t.Name()
		}
		return t.PkgPath() + "." + t.Name()
	}
	switch t.Kind() {
	case reflect.Pointer:
		return "*" + typeName(t.Elem())
	case reflect.Slice:
		return "[]" + typeName(t.Elem())
	case reflect.Array:
		return fmt.Sprintf("[%d]%s", t.Len(), typeName(t.Elem()))
	case reflect.Map:
		return "map[" + typeName(t.Key()) + "]" + typeName(t.Elem())
	case reflect.Struct:
		fields := make([]string, t.NumField())
		for i := range fields {
			fields[i] = t.Field(i).Name + " " + typeName(t.Field(i).Type)
		}
		return "struct{" + strings.Join(fields, "; ") + "}"
	}
	return t.String()
}

// reflectType returns the Go type of a value.
func reflectType(v any) goType { return reflect.TypeOf(v) }

// alike makes a state of another type one of S, if both have the same layout.
func alike[S any](state any) (converted S, ok bool) {
	from, to := reflect.TypeOf(state), goTypeOf[S]()
	if from == nil || !sameLayout(from, to) {
		return converted, false
	}
	converted, ok = reflect.ValueOf(state).Convert(to).Interface().(S)
	return converted, ok
}

func sameLayout(from, to reflect.Type) bool {
	return from == to || from.Kind() == to.Kind() && from.Kind() != reflect.Interface && from.ConvertibleTo(to)
}
