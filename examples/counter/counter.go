// Package counter is a gen_server whose state is a number.
//
// From a shell of the same cluster, with the server registered as counter on the node gonode@host:
//
//	gen_server:call({counter, gonode@host}, {add, 41}).              % Erlang
//	GenServer.call({:counter, :"gonode@host"}, {:add, 41})           # Elixir
package counter

import (
	"math/big"

	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/genserv/typed"
)

// New returns a counter. It understands the calls get, {add, N} and {set, N}, which answer with the new value, and the
// casts {add, N} and reset. Its argument is the first value. Any argument that is not an integer means 0.
//
// Its state is an integer of any size, as in Erlang. A handler does not change the number in place but returns a new
// one, so a crash leaves nothing half done.
func New() *typed.Mux[*big.Int] {
	m := typed.NewMux[*big.Int]("counter")
	typed.OnInit(m, func(_ *genserv.Process, first any) (*big.Int, error) { return integer(first), nil })
	typed.OnCall(m, "get", func(_ *genserv.Process, n *big.Int, _ struct{}) (reply, next *big.Int, err error) {
		return n, n, nil
	})
	typed.OnCall(m, "add", func(_ *genserv.Process, n *big.Int, more big.Int) (reply, next *big.Int, err error) {
		sum := new(big.Int).Add(n, &more)
		return sum, sum, nil
	})
	typed.OnCall(m, "set", func(_ *genserv.Process, _ *big.Int, to big.Int) (reply, next *big.Int, err error) {
		return &to, &to, nil
	})
	typed.OnCast(m, "add", func(_ *genserv.Process, n *big.Int, more big.Int) (next *big.Int, err error) {
		return new(big.Int).Add(n, &more), nil
	})
	typed.OnCast(m, "reset", func(*genserv.Process, *big.Int, struct{}) (next *big.Int, err error) {
		return new(big.Int), nil
	})
	return m
}

// integer converts a decoded Erlang integer: an int64, or a *big.Int if it is too large for one. Any other value
// becomes 0.
func integer(v any) *big.Int {
	switch n := v.(type) {
	case int64:
		return big.NewInt(n)
	case *big.Int:
		return n
	}
	return new(big.Int)
}
