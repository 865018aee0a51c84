package genserv

import "github.com/gonode-otp/gonode/etf"

// From says who made a call and what the reply has to carry. It is opaque: keep it, pass it on, give it to
// Process.Reply, but do not look inside. Tag comes back to the caller bit for bit, whatever it is.
type From struct {
	Pid etf.Pid
	Tag etf.Term

	term etf.Term // From as it came in the message, nil in one that was built by hand
}

// nobody is the From of a message that is no call.
var nobody From

// fromTerm keeps what stands in the place of From. Only {Pid, Tag} makes a complete one, but gen_server looks at it no
// sooner than when it replies.
func fromTerm(t etf.Term) From {
	f := From{term: t}
	if pair, ok := t.(etf.Tuple); ok && len(pair) == 2 {
		f.Pid, _ = pair[0].(etf.Pid)
		f.Tag = pair[1]
	}
	return f
}

// Term returns {Pid, Tag}, for a server that hands a call on to another one.
func (f From) Term() etf.Term {
	if f.term != nil {
		return f.term
	}
	return etf.Tuple{f.Pid, orUndefined(f.Tag)}
}

// FromTerm is the inverse of Term. It refuses what is not {Pid, Tag}.
func FromTerm(t etf.Term) (f From, ok bool) {
	pair, ok := t.(etf.Tuple)
	if !ok || len(pair) != 2 {
		return From{}, false
	}
	if _, ok = pair[0].(etf.Pid); !ok {
		return From{}, false
	}
	return fromTerm(t), true
}

// Destination returns where the reply {Tag, Reply} goes: to the alias if Tag is [alias|Alias] or a list that begins
// with one, else to the process. This is the rule of gen:reply/2 since OTP 24; a caller on an older release gets its
// reply at the pid, since its tags are plain references.
//
// It is nil if f came from a message whose From was no pair.
func (f From) Destination() etf.Term {
	if alias := aliasOf(f.Tag); alias != nil {
		return alias
	}
	switch t := f.term.(type) {
	case nil:
		return f.Pid
	case etf.Tuple:
		if len(t) == 2 {
			return t[0]
		}
	}
	return nil
}

// aliasOf returns the A of [alias|A] and of [[alias|A] | _], or nil.
func aliasOf(tag etf.Term) etf.Term {
	if a := aliasPair(tag); a != nil {
		return a
	}
	switch list := tag.(type) {
	case etf.ImproperList:
		if len(list.Elems) > 0 {
			return aliasPair(list.Elems[0])
		}
	case etf.List:
		if len(list) > 0 {
			return aliasPair(list[0])
		}
	}
	return nil
}

func aliasPair(t etf.Term) etf.Term {
	if pair, ok := t.(etf.ImproperList); ok && len(pair.Elems) == 1 && etf.IsAtom(pair.Elems[0], "alias") {
		if _, ok := pair.Tail.(etf.Ref); ok {
			return pair.Tail
		}
	}
	return nil
}
