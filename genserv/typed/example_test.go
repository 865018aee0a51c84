package typed_test

import (
	"context"
	"fmt"
	"log"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/genserv/typed"
	"github.com/gonode-otp/gonode/node"
)

// A server that is called with {add, N} answers the sum, and an error as {error, Reason}.
func Example() {
	m := typed.NewMux[int]("counter")
	typed.OnCall(m, "add", func(_ *genserv.Process, sum, n int) (reply, next int, err error) {
		if n < 0 {
			return 0, sum, &typed.Error{Reason: etf.Atom("negative")}
		}
		return sum + n, sum + n, nil
	})
	ctx := context.Background()
	n, err := node.Start(ctx, node.Config{Name: "typed@localhost", Cookie: "secret", NoListen: true})
	if err != nil {
		log.Fatal(err)
	}
	defer n.Stop(ctx)
	if _, err := n.Spawn(ctx, genserv.Child{Name: "counter", Module: genserv.Of(m)}); err != nil {
		log.Fatal(err)
	}
	fmt.Println(typed.Call[int](ctx, n, etf.Atom("counter"), typed.Request("add", 42)))
	fmt.Println(typed.Call[int](ctx, n, etf.Atom("counter"), typed.Request("add", -1)))
	// Output:
	// 42 <nil>
	// 0 error: negative
}
