// Package counter is a gen_server with a number for its state.
//
// From a shell of the same cluster, with the server registered as counter on the node gonode@host:
//
//	gen_server:call({counter, gonode@host}, {add, 41}).              % Erlang
//	GenServer.call({:counter, :"gonode@host"}, {:add, 41})           # Elixir
package counter

import (
	"math/big"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// Server is a counter. It understands the calls get, {add, N} and {set, N}, which answer with the value that results,
// and the casts {add, N} and reset. An unknown call is answered with {error, unknown_request}; an unknown cast is
// ignored.
//
// Its state is an integer of any size, as Erlang's are. The number is never changed in place: each callback returns a
// new one, so a crash leaves nothing half done.
type Server struct{}

// Init implements genserv.Server. args is the first value, an integer; anything else means 0.
func (Server) Init(_ *genserv.Process, args etf.Term) genserv.InitResult[*big.Int] {
	if n, ok := integer(args); ok {
		return genserv.Ok(n)
	}
	return genserv.Ok(new(big.Int))
}

// HandleCall implements genserv.Server.
func (Server) HandleCall(_ *genserv.Process, request etf.Term, _ genserv.From, n *big.Int) genserv.Result[*big.Int] {
	verb, arg := parse(request)
	switch verb {
	case "get":
	case "add":
		n = new(big.Int).Add(n, arg)
	case "set":
		n = arg
	default:
		return genserv.Reply(etf.Tuple{etf.Atom("error"), etf.Atom("unknown_request")}, n)
	}
	return genserv.Reply(etf.NewBigInt(n), n)
}

// HandleCast implements genserv.Caster.
func (Server) HandleCast(_ *genserv.Process, request etf.Term, n *big.Int) genserv.Result[*big.Int] {
	switch verb, arg := parse(request); verb {
	case "add":
		n = new(big.Int).Add(n, arg)
	case "reset":
		n = new(big.Int)
	}
	return genserv.NoReply(n)
}

// parse takes a request apart: get and reset are atoms, add and set come as {Verb, N}. The verb of anything else is
// empty.
func parse(request etf.Term) (verb etf.Atom, arg *big.Int) {
	switch request := request.(type) {
	case etf.Atom:
		if request == "get" || request == "reset" {
			return request, nil
		}
	case etf.Tuple:
		if len(request) != 2 {
			return "", nil
		}
		verb, _ := request[0].(etf.Atom)
		if n, ok := integer(request[1]); ok && (verb == "add" || verb == "set") {
			return verb, n
		}
	}
	return "", nil
}

// integer reads an Erlang integer, which is an etf.Int if it fits into 64 bits and an *etf.BigInt if not.
func integer(t etf.Term) (*big.Int, bool) {
	switch t := t.(type) {
	case etf.Int:
		return big.NewInt(int64(t)), true
	case *etf.BigInt:
		return t.Big(), true
	}
	return nil, false
}
