package node_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/node"
)

// greeter is a gen_server. Its state is the number of greetings so far.
type greeter struct{}

func (greeter) Init(*genserv.Process, etf.Term) genserv.InitResult[int] { return genserv.Ok(0) }

func (greeter) HandleCall(_ *genserv.Process, name etf.Term, _ genserv.From, n int) genserv.Result[int] {
	return genserv.Reply(etf.Tuple{etf.Atom("hello"), name, etf.Int(n + 1)}, n+1)
}

// Start a node, host a server on it and call it. From a shell of the same cluster the call is
//
//	gen_server:call({greeter, 'hello@localhost'}, joe).
func Example() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	n, err := node.Start(ctx, node.Config{Name: "hello@localhost", Cookie: "secret"})
	if err != nil {
		log.Fatal(err)
	}
	defer n.Stop(ctx)
	if _, err := n.Spawn(ctx, genserv.Child{Name: "greeter", Module: genserv.Of(greeter{})}); err != nil {
		log.Fatal(err)
	}
	reply, err := n.Call(ctx, etf.Atom("greeter"), etf.Atom("joe"))
	fmt.Println(reply, err)
	// Output: {hello,joe,1} <nil>
}
