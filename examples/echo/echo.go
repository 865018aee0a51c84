// Package echo is the smallest gen_server: it answers any request with the request.
//
// From a shell of the same cluster, with the server registered as echo on the node gonode@host:
//
//	gen_server:call({echo, gonode@host}, {hello, <<"world">>}).         % Erlang
//	GenServer.call({:echo, :"gonode@host"}, {:hello, "world"})          # Elixir
package echo

import (
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// Server answers any call with its request. It has no state.
type Server struct{}

// Init implements genserv.Server. It ignores its arguments.
func (Server) Init(*genserv.Process, etf.Term) genserv.InitResult[struct{}] {
	return genserv.Ok(struct{}{})
}

// HandleCall implements genserv.Server.
func (Server) HandleCall(_ *genserv.Process, request etf.Term, _ genserv.From,
	state struct{}) genserv.Result[struct{}] {
	return genserv.Reply(request, state)
}

// HandleCast implements genserv.Caster. It ignores casts.
func (Server) HandleCast(_ *genserv.Process, _ etf.Term, state struct{}) genserv.Result[struct{}] {
	return genserv.NoReply(state)
}
