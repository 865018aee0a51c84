package upgrade

import (
	"fmt"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// V3 is version 3 of the counter. It does not count beyond Limit, and does not take over a counter that has exceeded
// it.
type V3 struct{ V2 }

// Limit is the largest number of version 3.
const Limit = 1000

// HandleCall implements genserv.Server.
func (v V3) HandleCall(p *genserv.Process, request etf.Term, from genserv.From, s Tally) genserv.Result[Tally] {
	if more, ok := add(request); ok && s.N+more > Limit {
		return genserv.Reply(etf.Tuple{etf.Atom("error"), etf.Atom("limit")}, s)
	}
	return v.V2.HandleCall(p, request, from, s)
}

// CodeChange refuses a counter that is too large, as a code_change/3 that returns {error, {too_large, N}}.
func (V3) CodeChange(oldVsn etf.Term, old any, _ etf.Term) (Tally, error) {
	s, ok := old.(Tally)
	switch {
	case !ok:
		return Tally{}, fmt.Errorf("version %v has a state of type %T", oldVsn, old)
	case s.N > Limit:
		return Tally{}, &genserv.Exit{Reason: etf.Tuple{etf.Atom("too_large"), etf.Int(s.N)}}
	}
	return s, nil
}

// Downgrade returns the state unchanged: version 2 has the same.
func (V3) Downgrade(_ etf.Term, s Tally, _ etf.Term) (any, error) { return s, nil }
