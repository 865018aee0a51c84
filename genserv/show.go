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
	return orNil(t)
}

func (s *server[S]) showState(state S) (etf.Term, error) {
	if s.shower != nil {
		return s.shower.ShowState(state), nil
	}
	switch v := any(state).(type) {
	case interface{ StateTerm() etf.Term }:
		return v.StateTerm(), nil
	case etf.Term:
		return v, nil
	default:
		return marshal(v)
	}
}

// unshown stands for a state that cannot be shown as a term, and says why.
func unshown(state any, why string) etf.Term {
	return etf.Tuple{
		etf.Atom("no_term"), etf.Binary(fmt.Sprintf("%T", state)), etf.Binary(clipText(why)),
	}
}

var errUnmarshaled = errors.New("no term")

func marshal(v any) (etf.Term, error) {
	switch v := v.(type) {
	case int:
		return etf.Int(v), nil
	case string:
		return etf.Binary(v), nil
	}
	return nil, errUnmarshaled
}

// formatStatus applies the server's FormatStatus; s.State becomes the state as it is to be shown. If FormatStatus failed,
// the text says how, as gen:format_status/4 does, and nothing else of its work counts.
func (s *server[S]) formatStatus(in Status) (out Status, failed string) {
	if s.formatter == nil {
		in.State = s.stateTerm()
		return in, ""
	}
	c := protect(func() { out = s.formatter.FormatStatus(in, s.current) })
	switch {
	case c != nil:
		failed = string(s.name) + ":format_status/1 crashed"
	case in.Message == nil && out.Message != nil, in.Reason == nil && out.Reason != nil:
		failed = string(s.name) + ":format_status/1 returned a map with unknown keys"
	}
	if failed != "" {
		in.State = etf.Charlist(failed)
		return in, failed
	}
	if out.State == nil {
		out.State = s.stateTerm()
	}
	return out, ""
}
