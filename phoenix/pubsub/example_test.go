package pubsub_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/node"
	"github.com/gonode-otp/gonode/phoenix/pubsub"
)

// Subscribe and broadcast. On the nodes of an Elixir cluster that are connected, subscribers of MyApp.PubSub get the
// message too. A real node would leave out NoListen.
func Example() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	n, err := node.Start(ctx, node.Config{Name: "shout@localhost", Cookie: "secret", NoListen: true})
	if err != nil {
		log.Fatal(err)
	}
	defer n.Stop(ctx)
	ps, err := pubsub.Start(ctx, n, "Elixir.MyApp.PubSub", pubsub.Options{})
	if err != nil {
		log.Fatal(err)
	}
	room := ps.Subscribe("room:1")
	defer room.Close()
	if err := ps.Broadcast(ctx, "room:1", etf.Tagged("hello", etf.Binary("world"))); err != nil {
		log.Fatal(err)
	}
	msg, err := room.Next(ctx)
	fmt.Println(etf.Format(msg), err)
	// Output:
	// {hello,<<"world">>} <nil>
}
