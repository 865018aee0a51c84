package etf

import (
	"fmt"
	"reflect"
	"strings"
)

// Marshaler is implemented by types that make their own term.
type Marshaler interface {
	// MarshalETF returns the term. An error of it is found in that of Marshal with errors.As.
	MarshalETF() (Term, error)
}

// Unmarshaler is implemented by types that read their own term.
type Unmarshaler interface {
	// UnmarshalETF takes the term, which must not be changed.
	UnmarshalETF(Term) error
}

// MarshalError is a Go value that has no term.
type MarshalError struct {
	Path   string       // where in the value, such as .Users[3].Name; "" for the value itself
	Type   reflect.Type // of what is wrong; nil for a nil interface
	Reason string
	Err    error // of a Marshaler or TextMarshaler, else nil
}

// Error names path, type and reason.
func (e *MarshalError) Error() string {
	text := "etf: marshal"
	if e.Path != "" {
		text += " " + shortPath(e.Path)
	}
	if e.Type != nil {
		text += " (" + e.Type.String() + ")"
	}
	text += ": " + e.Reason
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns Err.
func (e *MarshalError) Unwrap() error { return e.Err }

// maxPath is how much of a path an error shows.
const maxPath = 200

func shortPath(path string) string {
	if len(path) <= maxPath {
		return path
	}
	return strings.ToValidUTF8(path[:maxPath], "") + "..."
}

// maxMarshalDepth bounds how deep Go values are followed: those that contain themselves have no end.
const maxMarshalDepth = 1000

// Marshal returns the term for a Go value:
//
//	bool                     true, false
//	integers, big.Int        integer
//	floats                   float; NaN and the infinities are errors
//	string                   binary; with the option atom an atom, with charlist a list of code points
//	[]byte, [N]byte          binary
//	slices, arrays           list; with the option tuple a tuple. A nil slice is []
//	maps                     map, its pairs in term order. A nil map is #{}
//	structs                  map with atom keys, or what its marker says, see below
//	[16]byte                 with the option uuid a binary of its text, such as 550e8400-e29b-41d4-a716-446655440000
//	pointers, interfaces     what they hold; nil is undefined, with the option nil and in an Elixir struct the atom nil
//	time.Duration            integer, milliseconds rounded towards zero, or what the option seconds, millis, micros
//	                         or nanos says; the greatest Duration is infinity
//	time.Time                binary in RFC 3339; with seconds, millis, micros or nanos the Erlang system time in that
//	                         unit; with datetime, naive_datetime or date that struct of Elixir, with calendar the
//	                         calendar:datetime() of Erlang, all in UTC
//	Term                     itself
//	Marshaler                what it says
//	Enum                     one of its atoms
//	encoding.TextMarshaler   binary; with the option atom an atom; of an array of bytes with raw a binary of these
//
// Anything else, such as a function, is a *MarshalError with the path to it.
//
// A field of a struct is named by its tag `etf:"name,option,..."`, else by its own name in snake case: UserID is
// user_id. The name "-" leaves it out. Options are those above and omitempty, which leaves a zero value out; one that
// means nothing for the type of the field is an error. Embedded structs count as their fields, by the rules of
// encoding/json.
//
// What a struct becomes is said by the tag of a field named _ of any type, conventionally struct{}:
//
//	_ struct{} `etf:"tuple"`                   {F1, F2}
//	_ struct{} `etf:"record=point"`            {point, F1, F2}
//	_ struct{} `etf:"proplist"`                [{f1, F1}, {f2, F2}]
//	_ struct{} `etf:"binarykeys"`              #{<<"f1">> => F1, <<"f2">> => F2}
//	_ struct{} `etf:"struct=Elixir.My.Point"`  #{'__struct__' => 'Elixir.My.Point', f1 => F1, f2 => F2}
func Marshal(v any) (Term, error) {
	m := marshaler{}
	return m.value(reflect.ValueOf(v), nil)
}

// Unmarshal stores a term in the value that v points to. It reads what Marshal writes, and is lenient where nothing
// is lost:
//
//	string            from a binary, a list of code points or an atom
//	[]byte            from a binary or a list of bytes
//	floats            also from an integer
//	bool              from true and false
//	pointers, slices  nil from undefined and nil, and so are maps
//	time.Time         from RFC 3339, from the structs and tuples that Marshal writes, which have to be dates of the ISO
//	                  calendar, and with a unit from an integer
//	structs           keys may be atoms or binaries, unknown ones are ignored, missing ones leave their field alone; of a
//	                  proplist the first entry of a key counts and an atom stands for {atom, true}. Tuples and records
//	                  must have all elements, and records and Elixir structs their name
//	maps              from a map; with the option proplist from a proplist
//	any               bool, int64, *big.Int, float64, string for a binary, []any for a list, map[string]any for a map
//	                  whose keys are all atoms or binaries without two of the same text, nil for undefined and nil,
//	                  else the term
//	Term types        from that kind of term
//
// Everything else is an *UnmarshalError with the path to it, and so is what would be nested deeper than 1000 in Go;
// fields before it have been stored. Binaries are copied.
func Unmarshal(t Term, v any) error {
	dst := reflect.ValueOf(v)
	if dst.Kind() != reflect.Pointer || dst.IsNil() {
		return &UnmarshalError{Type: reflect.TypeOf(v), Reason: "the destination must be a pointer that is not nil"}
	}
	u := unmarshaler{}
	return u.value(t, dst.Elem(), nil)
}

// UnmarshalError is a term that does not fit the Go value it should go to.
type UnmarshalError struct {
	Path   string       // where in the Go value, such as .Users[3].Name
	Type   reflect.Type // of the Go value there
	Term   Term         // what was to be stored; nil if the destination itself is wrong
	Reason string
	Err    error // of an Unmarshaler or TextUnmarshaler, else nil
}

// maxUnmarshalText is how much of the term an UnmarshalError shows.
const maxUnmarshalText = 100

// Error names path, type, term and reason.
func (e *UnmarshalError) Error() string {
	text := "etf: unmarshal"
	if e.Path != "" {
		text += " " + shortPath(e.Path)
	}
	if e.Term != nil {
		text += " " + FormatMax(e.Term, maxUnmarshalText)
	}
	text += fmt.Sprintf(" into %v: %s", e.Type, e.Reason)
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns Err.
func (e *UnmarshalError) Unwrap() error { return e.Err }

// within puts a step in front of the path of an error on its way out.
func within(err error, step string) error {
	switch e := err.(type) {
	case *MarshalError:
		e.Path = step + e.Path
	case *UnmarshalError:
		e.Path = step + e.Path
	}
	return err
}
