package depo

import (
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// NewState is the state of a database in memory that was taught statements, in version vsn, with a transaction of the
// server itself if one is wanted.
func NewState(p *genserv.Process, vsn string, names *Names, transaction bool, taught map[etf.Atom]string) (any, error) {
	db, err := openDatabase(p, names, etf.Atom("memory"))
	if err != nil {
		return nil, err
	}
	if err := db.c.teach(taught); err != nil {
		return nil, err
	}
	if transaction {
		if err := db.begin(p, p.Self()); err != nil {
			return nil, err
		}
	}
	if vsn == "1" {
		return State{db}, nil
	}
	return State2{State: State{db}, requests: 3}, nil
}
