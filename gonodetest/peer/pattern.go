//go:build unix

package peer

import (
	"fmt"
	"strings"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/gonodetest/internal/excerpt"
)

// termOf returns a term as it is, and parses a source text.
func termOf(v any) (etf.Term, error) {
	switch v := v.(type) {
	case nil:
		return nil, nil
	case string:
		return etf.Parse(v)
	case etf.Term:
		return v, nil
	}
	return nil, fmt.Errorf("%T is neither a term nor the source of one", v)
}

// variable reports whether an atom is a variable of a script: it begins with a dollar sign, and is not one of the tags
// of OTP's own messages.
func variable(a etf.Atom) bool {
	switch a {
	case "$gen_call", "$gen_cast", "$gen_all_state_event", "$gen_event", "$ancestors", "$initial_call":
		return false
	}
	return strings.HasPrefix(string(a), "$")
}

// fill returns a term with the variables replaced.
func (c *Conn) fill(source any) (etf.Term, error) {
	t, err := termOf(source)
	if err != nil || t == nil {
		return nil, err
	}
	return c.replace(t)
}

func (c *Conn) replace(t etf.Term) (etf.Term, error) {
	switch t := t.(type) {
	case etf.Atom:
		if !variable(t) {
			return t, nil
		}
		if value, bound := c.vars[t]; bound {
			return value, nil
		}
		return nil, fmt.Errorf("%v is not bound", t)
	case etf.Tuple:
		elems, err := c.replaceAll(t)
		return etf.Tuple(elems), err
	case etf.List:
		elems, err := c.replaceAll(t)
		return etf.List(elems), err
	case etf.ImproperList:
		elems, err := c.replaceAll(append(t.Elems[:len(t.Elems):len(t.Elems)], t.Tail))
		if err != nil {
			return nil, err
		}
		return etf.NewList(elems[:len(elems)-1], elems[len(elems)-1]), nil
	case etf.Map:
		return c.replaceMap(t)
	}
	return t, nil
}

func (c *Conn) replaceAll(terms []etf.Term) ([]etf.Term, error) {
	elems := make([]etf.Term, len(terms))
	for i, t := range terms {
		var err error
		if elems[i], err = c.replace(t); err != nil {
			return nil, err
		}
	}
	return elems, nil
}

func (c *Conn) replaceMap(m etf.Map) (etf.Term, error) {
	fresh := make(etf.Map, len(m))
	for i, pair := range m {
		both, err := c.replaceAll([]etf.Term{pair.Key, pair.Value})
		if err != nil {
			return nil, err
		}
		fresh[i] = etf.MapPair{Key: both[0], Value: both[1]}
	}
	return fresh, nil
}

// match compares a term with a pattern and binds its variables.
func (c *Conn) match(pattern any, t etf.Term) error {
	p, err := termOf(pattern)
	switch {
	case err != nil:
		return err
	case p == nil && t != nil:
		return fmt.Errorf("a payload where none is expected")
	case p == nil:
		return nil
	case t == nil && !etf.IsAtom(p, "_"):
		return fmt.Errorf("no payload where %v is expected", p)
	case t == nil:
		return nil
	}
	return c.compare(p, t)
}

func (c *Conn) compare(p, t etf.Term) error {
	switch p := p.(type) {
	case etf.Atom:
		return c.compareAtom(p, t)
	case etf.Tuple:
		if t, ok := t.(etf.Tuple); ok && len(p) == len(t) {
			return c.compareAll(p, t)
		}
	case etf.List:
		if t, ok := t.(etf.List); ok && len(p) == len(t) {
			return c.compareAll(p, t)
		}
	case etf.ImproperList:
		return c.compareTail(p, t)
	case etf.Map:
		if t, ok := t.(etf.Map); ok {
			return c.compareMap(p, t)
		}
	default:
		if etf.Equal(p, t) {
			return nil
		}
	}
	return mismatch(p, t)
}

func mismatch(p, t etf.Term) error {
	return fmt.Errorf("%s instead of %v", excerpt.Head(fmt.Sprint(t)), p)
}

func (c *Conn) compareAtom(p etf.Atom, t etf.Term) error {
	switch value, bound := c.vars[p]; {
	case p == "_":
		return nil
	case bound && etf.Equal(value, t):
		return nil
	case bound:
		return fmt.Errorf("%s instead of %v, which is %v", excerpt.Head(fmt.Sprint(t)), p, value)
	case variable(p):
		c.vars[p] = t
		return nil
	case etf.Equal(p, t):
		return nil
	}
	return mismatch(p, t)
}

func (c *Conn) compareAll(patterns, terms []etf.Term) error {
	for i, p := range patterns {
		if err := c.compare(p, terms[i]); err != nil {
			return err
		}
	}
	return nil
}

// compareTail compares a list with a pattern that ends in a tail, such as ['$first'|'$rest'].
func (c *Conn) compareTail(p etf.ImproperList, t etf.Term) error {
	elems, tail := []etf.Term(nil), etf.Term(etf.List(nil))
	switch t := t.(type) {
	case etf.List:
		elems = t
	case etf.ImproperList:
		elems, tail = t.Elems, t.Tail
	}
	n := len(p.Elems)
	if len(elems) < n {
		return mismatch(p, t)
	}
	if err := c.compareAll(p.Elems, elems[:n]); err != nil {
		return err
	}
	return c.compare(p.Tail, etf.NewList(elems[n:], tail))
}

func (c *Conn) compareMap(p, t etf.Map) error {
	for _, pair := range p {
		key, err := c.replace(pair.Key)
		if err != nil {
			return err
		}
		value, ok := t.Get(key)
		if !ok {
			return fmt.Errorf("no key %v in %s", key, excerpt.Head(fmt.Sprint(t)))
		}
		if err := c.compare(pair.Value, value); err != nil {
			return err
		}
	}
	return nil
}
