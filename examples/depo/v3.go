package depo

import (
	"fmt"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// V3 is version 3, which does what version 2 does. It takes no server over in the middle of a transaction: the upgrade
// fails then, and everything stays as it was.
type V3 struct{ V2 }

var (
	_ genserv.CodeChanger[State2] = V3{}
	_ genserv.Downgrader[State2]  = V3{}
)

// CodeChange takes the state of version 2 over: code_change/3 answers {error, transaction_open} if there is one.
func (V3) CodeChange(_ etf.Term, old any, _ etf.Term) (State2, error) {
	s, ok := old.(State2)
	if !ok {
		return State2{}, fmt.Errorf("a state of type %T", old)
	}
	if s.db.tx != nil {
		return s, &genserv.Exit{Reason: etf.Atom("transaction_open")}
	}
	return s, nil
}

// Downgrade makes the state of version 2, which is the same.
func (V3) Downgrade(_ etf.Term, s State2, _ etf.Term) (any, error) { return s, nil }
