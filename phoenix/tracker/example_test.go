package tracker_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/examples/echo"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/node"
	"github.com/gonode-otp/gonode/phoenix/pubsub"
	"github.com/gonode-otp/gonode/phoenix/tracker"
)

// Track a server. On the Elixir nodes that are connected Phoenix.Tracker.list(MyApp.Presence, "lobby") has it then. A
// real node would leave out NoListen.
func Example() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	n, err := node.Start(ctx, node.Config{Name: "here@localhost", Cookie: "secret", NoListen: true})
	if err != nil {
		log.Fatal(err)
	}
	defer n.Stop(ctx)
	ps, err := pubsub.Start(ctx, n, "Elixir.MyApp.PubSub", pubsub.Options{})
	if err != nil {
		log.Fatal(err)
	}
	presence, err := tracker.Start(ctx, n, "Elixir.MyApp.Presence", ps, tracker.Options{})
	if err != nil {
		log.Fatal(err)
	}
	pid, err := n.Spawn(ctx, genserv.Child{Module: genserv.Of(echo.Server{})})
	if err != nil {
		log.Fatal(err)
	}
	meta := etf.Map{{Key: etf.Atom("lang"), Value: etf.Atom("go")}}
	if _, err := presence.Track(ctx, pid, "lobby", etf.Binary("echo"), meta); err != nil {
		log.Fatal(err)
	}
	list, err := presence.List(ctx, "lobby")
	for _, p := range list {
		lang, _ := p.Meta.Get(etf.Atom("lang"))
		fmt.Println(etf.Format(p.Key), lang, err)
	}
	// Output: <<"echo">> go <nil>
}
