package ergohost

import (
	"sync"

	"github.com/gonode-otp/gonode/etf"
)

// Cast is what an exposed actor gets in HandleMessage for a gen_server:cast. Sent to a Remote it becomes one.
type Cast struct{ Request any }

// Info is what an exposed actor gets in HandleMessage for a plain message, as of the operator ! of Erlang. Sent to a
// Remote it becomes one, as everything else does that is no Cast.
type Info struct{ Message any }

// values says which terms become values of which types.
type values struct {
	mu     sync.RWMutex
	decode map[etf.Atom]func(etf.Term) (any, error)
}

// Register lets terms with a tag come to the actors of h as values of T, made by etf.Unmarshal: a tuple whose first
// element is the tag, the tag alone, and the Elixir struct of that name (its tag is "Elixir.My.Struct"). A tuple
// needs a T with the field _ struct{} tagged etf:"record=tag", a struct one tagged etf:"struct=Elixir.My.Struct". A
// term that does not fit into T comes as it is, and so does one without a registered tag. Values go the other way by
// etf.Marshal, which needs no registration. The last registration of a tag counts.
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

// value makes the value of a term that an actor gets.
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

// term makes the term of a value that an actor gave.
func term(v any) (etf.Term, error) {
	if t, ok := v.(etf.Term); ok && t != nil {
		return t, nil
	}
	return etf.Marshal(v)
}
