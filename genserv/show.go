package genserv

import (
	"errors"
	"fmt"

	"github.com/gonode-otp/gonode/etf"
)

// stateTerm returns the state as sys:get_state shows it.
func (s *server[S]) stateTerm() etf.Term { return s.show(s.current) }

func (s *server[S]) show(state S) etf.Term {
	var t etf.Term
	var err error
	c := protect(func() { t, err = s.showState(state) })
	switch {
	case c != nil:
		return unshown(state, etf.Format(c.exitReason()))
	case err != nil:
		return unshown(state, err.Error())
	}
	return orUndefined(t)
}

func (s *server[S]) showState(state S) (etf.Term, error) {
	if s.shower != nil {
		return s.shower.ShowState(state), nil
	}
	switch v := any(state).(type) {
	case nil:
		return nil, nil
	case interface{ StateTerm() etf.Term }:
		return v.StateTerm(), nil
	case etf.Term:
		return v, nil
	default:
		if why := unsafeToShow(v); why != "" {
			return nil, errors.New(why + ", so others may be changing it; give it a method StateTerm() etf.Term")
		}
		return etf.Marshal(v)
	}
}

// unshown stands for a state that cannot be shown as a term, and says why.
func unshown(state any, why string) etf.Term {
	return etf.Tuple{
		etf.Atom("no_term"), etf.Binary(fmt.Sprintf("%T", state)), etf.Binary(clipText(why)),
	}
}

// formatStatus applies the server's FormatStatus and fills in what it left out. If FormatStatus fails, the state is
// the text that says so, as in gen:format_status/4, and the rest is shown as it is.
func (s *server[S]) formatStatus(in Status) Status {
	if s.formatter == nil {
		in.State = s.stateTerm()
		return in
	}
	var out Status
	if c := protect(func() { out = s.formatter.FormatStatus(in, s.current) }); c != nil {
		in.State = etf.Charlist(string(s.name) + ":format_status/1 crashed")
		return in
	}
	if out.State == nil {
		out.State = s.stateTerm()
	}
	if out.Message == nil {
		out.Message = in.Message
	}
	if out.Reason == nil {
		out.Reason = in.Reason
	}
	if out.Log == nil {
		out.Log = in.Log
	}
	return out
}
