package ergohost

import (
	"sync"

	"github.com/gonode-otp/gonode/etf"
)

// Cast is what HandleMessage of an exposed actor gets for a gen_server:cast. A Cast that is sent to a Remote becomes a
// cast.
type Cast struct{ Request any }

// Info is what HandleMessage of an exposed actor gets for a plain message, as the operator ! of Erlang sends it. An
// Info that is sent to a Remote becomes a plain message, and so does any other value except a Cast.
type Info struct{ Message any }

// values maps terms to values of registered types.
type values struct {
	mu     sync.RWMutex
	decode map[etf.Atom]func(etf.Term) (any, error)
}

// Register delivers terms with a tag to the actors of h as values of T, made by etf.Unmarshal. Such a term is a tuple
// whose first element is the tag, the tag alone, or the Elixir struct of that name (its tag is "Elixir.My.Struct"). For
// a tuple, T needs the field _ struct{} tagged etf:"record=tag", and for a struct one tagged
// etf:"struct=Elixir.My.Struct". A term that does not fit into T is delivered unchanged, and so is one without a
// registered tag. Values are sent by etf.Marshal, which needs no registration. A later registration of a tag replaces
// an earlier one.
func Register[T any](h *Host, tag etf.Atom) {
	h.values.mu.Lock()
	defer h.values.mu.Unlock()
	if h.values.decode == nil {
		h.values.decode = map[etf.Atom]func(etf.Term) (any, error){}
	}
	h.values.decode[tag] = func(t etf.Term) (any, error) {
		var v T
		if _, alone := t.(etf.Atom); alone {
			t = etf.Tuple{t}
		}
		err := etf.Unmarshal(t, &v)
		return v, err
	}
}

// value returns what an actor gets for a term.
func (v *values) value(t etf.Term) any {
	tag, ok := tagOf(t)
	if !ok {
		return t
	}
	v.mu.RLock()
	decode := v.decode[tag]
	v.mu.RUnlock()
	if decode == nil {
		return t
	}
	got, err := decode(t)
	if err != nil {
		return t
	}
	return got
}

func tagOf(t etf.Term) (etf.Atom, bool) {
	switch t := t.(type) {
	case etf.Atom:
		return t, true
	case etf.Tuple:
		if len(t) > 0 {
			tag, ok := t[0].(etf.Atom)
			return tag, ok
		}
	case etf.Map:
		if name, ok := t.Get(etf.Atom("__struct__")); ok {
			tag, ok := name.(etf.Atom)
			return tag, ok
		}
	}
	return "", false
}

// term returns the term for a value that an actor sent.
func term(v any) (etf.Term, error) {
	if t, ok := v.(etf.Term); ok && t != nil {
		return t, nil
	}
	return etf.Marshal(v)
}
