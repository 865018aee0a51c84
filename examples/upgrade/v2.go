package upgrade

import (
	"fmt"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// V2 is version 2 of the counter. Its state also has the number of additions. get answers #{n => N, adds => Adds}.
type V2 struct{}

// Tally is the state of versions 2 and 3.
type Tally struct {
	N    int `etf:"n"`
	Adds int `etf:"adds"`
}

func (s Tally) term() etf.Term {
	return etf.Map{{Key: etf.Atom("n"), Value: etf.Int(s.N)}, {Key: etf.Atom("adds"), Value: etf.Int(s.Adds)}}
}

// ModuleName is the same for all versions.
func (V2) ModuleName() etf.Atom { return "counter" }

// Init implements genserv.Server.
func (V2) Init(*genserv.Process, etf.Term) genserv.InitResult[Tally] { return genserv.Ok(Tally{}) }

// HandleCall implements genserv.Server.
func (V2) HandleCall(_ *genserv.Process, request etf.Term, _ genserv.From, s Tally) genserv.Result[Tally] {
	if more, ok := add(request); ok {
		s = Tally{s.N + more, s.Adds + 1}
	} else if !etf.IsAtom(request, "get") {
		return genserv.Reply(unknown, s)
	}
	return genserv.Reply(s.term(), s)
}

// CodeChange implements genserv.CodeChanger. It converts the state of version 1 into that of version 2.
func (V2) CodeChange(oldVsn etf.Term, old any, _ etf.Term) (Tally, error) {
	n, ok := old.(int)
	if !ok {
		return Tally{}, fmt.Errorf("version %v has a state of type %T", oldVsn, old)
	}
	return Tally{N: n}, nil
}

// Downgrade implements genserv.Downgrader. It converts the state back into that of version 1.
func (V2) Downgrade(_ etf.Term, s Tally, _ etf.Term) (any, error) { return s.N, nil }
