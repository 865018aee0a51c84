package pg_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/examples/echo"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/node"
	"github.com/gonode-otp/gonode/pg"
)

// Put a server into a group. On a BEAM node that is connected, pg:get_members(echoes) has it then. A real node would
// leave out NoListen.
func Example() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	n, err := node.Start(ctx, node.Config{Name: "groups@localhost", Cookie: "secret", NoListen: true})
	if err != nil {
		log.Fatal(err)
	}
	defer n.Stop(ctx)
	scope, err := pg.Start(ctx, n, pg.DefaultScope)
	if err != nil {
		log.Fatal(err)
	}
	pid, err := n.Spawn(ctx, genserv.Child{Module: genserv.Of(echo.Server{})})
	if err != nil {
		log.Fatal(err)
	}
	changes, members := scope.Subscribe(etf.Atom("echoes"))
	defer changes.Close()
	fmt.Println(len(members))
	if err := scope.Join(ctx, etf.Atom("echoes"), pid); err != nil {
		log.Fatal(err)
	}
	change, err := changes.Next(ctx)
	fmt.Println(change.Joined, change.Pids[0] == pid, err)
	for _, member := range scope.Members(etf.Atom("echoes")) {
		reply, err := n.Call(ctx, member, etf.Atom("hello"))
		fmt.Println(reply, err)
	}
	// Output:
	// 0
	// true true <nil>
	// hello <nil>
}
