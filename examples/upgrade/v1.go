package upgrade

import (
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// V1 is version 1 of the counter. Its state is a number; it answers get and {add, N} with it.
type V1 struct{}

// ModuleName is the same for all versions.
func (V1) ModuleName() etf.Atom { return "counter" }

// Init implements genserv.Server.
func (V1) Init(*genserv.Process, etf.Term) genserv.InitResult[int] { return genserv.Ok(0) }

// HandleCall implements genserv.Server.
func (V1) HandleCall(_ *genserv.Process, request etf.Term, _ genserv.From, n int) genserv.Result[int] {
	if more, ok := add(request); ok {
		n += more
	} else if !etf.IsAtom(request, "get") {
		return genserv.Reply(unknown, n)
	}
	return genserv.Reply(etf.Int(n), n)
}
