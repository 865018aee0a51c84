// Package counter is a gen_server with a number for its state.
package counter

import (
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// Server is a counter. It understands the calls get, {add, N} and {set, N}, which answer with the value that results, and
// the casts {add, N} and reset. An unknown call is answered with {error, unknown_request}; an unknown cast is ignored.
type Server struct{}

// Init implements genserv.Server. args is the first value, an integer; anything else means 0.
func (Server) Init(_ *genserv.Process, args etf.Term) genserv.InitResult[int64] {
	n, _ := args.(etf.Int)
	return genserv.Ok(int64(n))
}

// HandleCall implements genserv.Server.
func (Server) HandleCall(_ *genserv.Process, request etf.Term, _ genserv.From, n int64) genserv.Result[int64] {
	verb, arg, ok := parse(request)
	switch {
	case ok && verb == "add":
		n += arg
	case ok && verb == "set":
		n = arg
	case request != etf.Term(etf.Atom("get")):
		return genserv.Reply(etf.Tuple{etf.Atom("error"), etf.Atom("unknown_request")}, n)
	}
	return genserv.Reply(etf.Int(n), n)
}

// HandleCast implements genserv.Caster.
func (Server) HandleCast(_ *genserv.Process, request etf.Term, n int64) genserv.Result[int64] {
	if verb, arg, ok := parse(request); ok && verb == "add" {
		n += arg
	} else if request == etf.Term(etf.Atom("reset")) {
		n = 0
	}
	return genserv.NoReply(n)
}

// parse takes {Verb, N} apart.
func parse(request etf.Term) (verb etf.Atom, n int64, ok bool) {
	t, ok := request.(etf.Tuple)
	if !ok || len(t) != 2 {
		return "", 0, false
	}
	verb, ok1 := t[0].(etf.Atom)
	i, ok2 := t[1].(etf.Int)
	return verb, int64(i), ok1 && ok2
}
