package typed

import (
	"errors"
	"fmt"
	"strings"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// pattern is what a request looks like: name for an atom, {name, A1, ..., An} for a tuple with n arguments, %name{}
// for an Elixir struct.
type pattern struct {
	name  etf.Atom
	arity int
}

// arityStruct is the arity of an Elixir struct, arityNone that of what has no pattern.
const (
	arityStruct = -1
	arityNone   = -2
)

// patternOf returns the pattern of a request.
func patternOf(request etf.Term) pattern {
	switch r := request.(type) {
	case etf.Atom:
		return pattern{name: r}
	case etf.Tuple:
		if len(r) > 1 {
			if name, ok := r[0].(etf.Atom); ok {
				return pattern{name, len(r) - 1}
			}
		}
	case etf.Map:
		if t, ok := r.Get(atomStruct); ok {
			if name, ok := t.(etf.Atom); ok {
				return pattern{name, arityStruct}
			}
		}
	}
	return pattern{arity: arityNone}
}

var atomStruct etf.Term = etf.Atom("__struct__")

// String returns the pattern as Erlang writes it.
func (k pattern) String() string {
	switch {
	case k.arity == arityStruct:
		return "#{'__struct__' := " + etf.Format(k.name) + "}"
	case k.arity == 0:
		return etf.Format(k.name)
	}
	return "{" + etf.Format(k.name) + strings.Repeat(", _", k.arity) + "}"
}

// argument returns the pattern of the requests of that name with an argument of type A, and the function that takes
// the argument out of one:
//
//	struct{}                                nothing: the request is the atom
//	struct tagged `etf:"tuple"`             all that stands behind the name, one field each
//	struct tagged `etf:"record=NAME"`       the whole request, if NAME is the name
//	struct tagged `etf:"struct=NAME"`       the whole request, likewise
//	genserv.Down, if the name is DOWN       the whole message
//	any other type                          the one thing that stands behind the name
//
// An error is that of a name that is no atom, or of a type into which no term goes.
func argument[A any](name etf.Atom) (k pattern, decode func(request etf.Term) (A, error), err error) {
	if name == "" {
		return k, nil, fmt.Errorf("the name of the request is empty")
	}
	if _, err := etf.NewAtom(string(name)); err != nil {
		return k, nil, err
	}
	var zero A
	if _, none := any(zero).(struct{}); none {
		return pattern{name: name}, func(etf.Term) (A, error) { return zero, nil }, nil
	}
	if _, down := any(zero).(genserv.Down); down && name == "DOWN" {
		return pattern{name, 4}, downOf[A], nil
	}
	f, err := etf.UnmarshalFunc[A]()
	if err != nil {
		return k, nil, err
	}
	switch form, _ := etf.StructFormOf[A](); {
	case form.Kind == etf.FormTuple && form.Fields == 0, form.Kind == etf.FormRecord && form.Fields == 0:
		return k, nil, fmt.Errorf("%T has no fields: a request without an argument has the argument type struct{}", zero)
	case form.Kind == etf.FormTuple:
		return pattern{name, form.Fields}, func(request etf.Term) (A, error) { return f(request.(etf.Tuple)[1:]) }, nil
	case form.Kind == etf.FormRecord && form.Name == name:
		return pattern{name, form.Fields}, f, nil
	case form.Kind == etf.FormElixirStruct && form.Name == name:
		return pattern{name, arityStruct}, f, nil
	}
	return pattern{name, 1}, func(request etf.Term) (A, error) { return f(request.(etf.Tuple)[1]) }, nil
}

// downOf takes a genserv.Down out of a message; A is that type.
func downOf[A any](msg etf.Term) (A, error) {
	down, ok := genserv.AsDown(msg)
	a, _ := any(down).(A)
	if !ok {
		return a, errors.New("want {'DOWN', Ref, process, Object, Reason}")
	}
	return a, nil
}
