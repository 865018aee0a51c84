package etf

import (
	"reflect"
	"strconv"
)

// associations returns the pairs of a map, or those of a proplist if one is wanted.
func associations(t Term, asProplist bool) (Map, bool) {
	if !asProplist {
		m, ok := t.(Map)
		return m, ok
	}
	list, ok := t.(List)
	if !ok {
		return nil, false
	}
	pairs := make(Map, 0, len(list))
	for _, e := range list {
		switch e := e.(type) {
		case Atom:
			pairs = append(pairs, MapPair{e, Atom("true")})
		case Tuple:
			if len(e) != 2 {
				return nil, false
			}
			pairs = append(pairs, MapPair{e[0], e[1]})
		default:
			return nil, false
		}
	}
	return pairs, true
}

// mapping replaces the entries of the map that the term has, and keeps others, as encoding/json does.
func (u *unmarshaler) mapping(t Term, dst reflect.Value, o *fieldOptions) error {
	if isNilAtom(t) {
		dst.SetZero()
		return nil
	}
	pairs, ok := associations(t, o.proplist)
	if !ok {
		return mismatch(t, dst, wantPairs(o.proplist))
	}
	typ := dst.Type()
	fresh := reflect.MakeMapWithSize(typ, len(pairs))
	for i := len(pairs) - 1; i >= 0; i-- { // backwards, so that the first entry of a key in a proplist counts
		key, value := reflect.New(typ.Key()).Elem(), reflect.New(typ.Elem()).Elem()
		err := u.value(pairs[i].Key, key, o)
		if err == nil && !key.Comparable() {
			err = mismatch(pairs[i].Key, key, "cannot be a key of a Go map")
		}
		if err == nil {
			err = u.value(pairs[i].Value, value, o)
		}
		if err != nil {
			return within(err, "["+FormatMax(pairs[i].Key, maxUnmarshalText)+"]")
		}
		count := fresh.Len()
		if fresh.SetMapIndex(key, value); fresh.Len() == count && !o.proplist {
			return mismatch(t, dst, "two keys become that of "+FormatMax(pairs[i].Key, maxUnmarshalText))
		}
	}
	if dst.IsNil() {
		dst.Set(fresh)
		return nil
	}
	for iter := fresh.MapRange(); iter.Next(); {
		dst.SetMapIndex(iter.Key(), iter.Value())
	}
	return nil
}

func wantPairs(proplist bool) string {
	if proplist {
		return "want a proplist"
	}
	return "want a map"
}

func (u *unmarshaler) structure(t Term, dst reflect.Value) error {
	plan := planOf(dst.Type())
	switch {
	case plan.err != "":
		return mismatch(t, dst, plan.err)
	case plan.form == formTuple || plan.form == formRecord:
		return u.tuple(t, dst, plan)
	}
	pairs, ok := associations(t, plan.form == formProplist)
	if !ok {
		return mismatch(t, dst, wantPairs(plan.form == formProplist))
	}
	if plan.form == formElixir {
		if name, ok := pairs.Get(Atom("__struct__")); !ok || !Equal(name, plan.name) {
			return mismatch(t, dst, "want the struct "+plan.name.String())
		}
	}
	values := make(map[string]Term, len(pairs))
	for i := len(pairs) - 1; i >= 0; i-- {
		if key, ok := keyText(pairs[i].Key); ok {
			if _, twice := values[key]; !twice || plan.form == formProplist || sameKind(pairs[i].Key, plan) {
				values[key] = pairs[i].Value
			}
		}
	}
	for i := range plan.fields {
		f := &plan.fields[i]
		if value, ok := values[f.name]; ok {
			if err := u.field(value, dst, f); err != nil {
				return err
			}
		}
	}
	return nil
}

// sameKind reports whether a key is of the kind that Marshal writes; it counts before one of the other kind.
func sameKind(key Term, plan *structPlan) bool {
	_, binary := key.(Binary)
	return binary == plan.binaryKeys
}

func (u *unmarshaler) field(t Term, dst reflect.Value, f *fieldPlan) error {
	field, ok := settable(dst, f.index)
	if !ok {
		return within(mismatch(t, dst, "an embedded pointer to an unexported struct cannot be set"), f.step)
	}
	if err := u.value(t, field, &f.opts); err != nil {
		return within(err, f.step)
	}
	return nil
}

// settable follows index and makes embedded structs that are missing.
func settable(v reflect.Value, index []int) (reflect.Value, bool) {
	for i, x := range index {
		if i > 0 && v.Kind() == reflect.Pointer {
			if v.IsNil() {
				if !v.CanSet() {
					return v, false
				}
				v.Set(reflect.New(v.Type().Elem()))
			}
			v = v.Elem()
		}
		v = v.Field(x)
	}
	return v, v.CanSet()
}

func (u *unmarshaler) tuple(t Term, dst reflect.Value, plan *structPlan) error {
	elems, ok := t.(Tuple)
	if !ok {
		return mismatch(t, dst, "want a tuple")
	}
	if plan.form == formRecord {
		if len(elems) == 0 || !Equal(elems[0], plan.name) {
			return mismatch(t, dst, "want the record "+plan.name.String())
		}
		elems = elems[1:]
	}
	if len(elems) != len(plan.fields) {
		return mismatch(t, dst, strconv.Itoa(len(elems))+" elements for "+strconv.Itoa(len(plan.fields))+" fields")
	}
	for i := range plan.fields {
		f := &plan.fields[i]
		if f.opts.omitEmpty && isNilAtom(elems[i]) {
			continue
		}
		if err := u.field(elems[i], dst, f); err != nil {
			return err
		}
	}
	return nil
}
