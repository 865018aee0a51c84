package node_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/genserv/typed"
	"github.com/gonode-otp/gonode/node"
)

// add answers {add, N} with the sum, which is the state.
func add(_ *genserv.Process, sum, n int) (reply, next int, err error) { return sum + n, sum + n, nil }

// Start a node, host a server on it and call it. From a shell of the same cluster the call is
//
//	gen_server:call({counter, 'hello@localhost'}, {add, 42}).
func Example() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	n, err := node.Start(ctx, node.Config{Name: "hello@localhost", Cookie: "secret"})
	if err != nil {
		log.Fatal(err)
	}
	defer n.Stop(ctx)
	counter := typed.NewMux[int]("counter")
	typed.OnCall(counter, "add", add)
	if _, err := n.Spawn(ctx, genserv.Child{Name: "counter", Module: genserv.Of(counter)}); err != nil {
		log.Fatal(err)
	}
	sum, err := typed.Call[int](ctx, n, etf.Atom("counter"), typed.Request("add", 42))
	fmt.Println(sum, err)
	// Output: 42 <nil>
}

// A function that sends its caller a tick in each interval, until it gets a message or is no longer wanted. In a shell:
// spawn_link('gonode@host', ticker, run, [self(), 1000]).
func ExampleProcessOf() {
	var n *node.Node // from node.Start
	run := func(ctx context.Context, args etf.List) (etf.Term, error) {
		p, ok := node.ProcessOf(ctx)
		ms, isInt := args[1].(etf.Int)
		if !ok || !isInt {
			return nil, node.ErrBadArgument // called by rpc, which has no mailbox
		}
		for {
			any := func(etf.Term) bool { return true }
			if _, got := p.Receive(time.Duration(ms)*time.Millisecond, any); got || ctx.Err() != nil {
				return nil, nil
			}
			p.Send(args[0], etf.Tuple{p.Self(), etf.Atom("tick")})
		}
	}
	n.Export("ticker", "run", 2, run)
}
