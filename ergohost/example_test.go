package ergohost_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"ergo.services/ergo/act"
	"ergo.services/ergo/gen"

	"github.com/gonode-otp/gonode/ergohost"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/node"
)

// greeter is an ergo actor.
type greeter struct{ act.Actor }

func (*greeter) HandleCall(_ gen.PID, _ gen.Ref, name any) (any, error) {
	return etf.Tuple{etf.Atom("hello"), name.(etf.Atom)}, nil
}

func Example() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	var options gen.NodeOptions
	options.Network.Mode = gen.NetworkModeDisabled
	options.Log.DefaultLogger.Disable = true
	ergo, err := ergohost.StartErgo("guest@localhost", options)
	if err != nil {
		log.Fatal(err)
	}
	defer ergo.Stop()
	n, err := node.Start(ctx, node.Config{Name: "example", Cookie: "secret", NoListen: true})
	if err != nil {
		log.Fatal(err)
	}
	defer n.Stop(ctx)
	host, err := ergohost.Join(ctx, ergo, n, ergohost.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer host.Close(ctx)
	newGreeter := func() gen.ProcessBehavior { return &greeter{} }
	if _, err := ergo.Spawn(host.Exposed("greeter", newGreeter), gen.ProcessOptions{}); err != nil {
		log.Fatal(err)
	}
	fmt.Println(n.Call(ctx, etf.Atom("greeter"), etf.Atom("joe")))
	// Output: {hello,joe} <nil>
}
