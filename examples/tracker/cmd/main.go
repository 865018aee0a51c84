// Command tracker is a node with the demonstration of Phoenix.PubSub and Phoenix.Tracker: see the README one level up.
//
//	go run ./examples/tracker/cmd --sname tr --cookie secret \
//		--pubsub Elixir.Demo.PubSub --tracker Elixir.Demo.Presence --pool 2
package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/examples/internal/nodecmd"
	"github.com/gonode-otp/gonode/examples/tracker"
	"github.com/gonode-otp/gonode/node"
)

func main() {
	var pubsub, presence string
	var pool int
	nodecmd.Program{
		Name:  "tracker",
		Short: "Run a node whose processes are listed by Phoenix.Tracker",
		Flags: func(cmd *cobra.Command) {
			f := cmd.Flags()
			f.StringVar(&pubsub, "pubsub", "Elixir.Demo.PubSub", "`name` of the Phoenix.PubSub")
			f.StringVar(&presence, "tracker", "Elixir.Demo.Presence", "`name` of the Phoenix.Tracker or Phoenix.Presence")
			f.IntVar(&pool, "pool", 1, "the pool_size of both: that of the other nodes")
		},
		Start: func(ctx context.Context, n *node.Node) error {
			return tracker.Start(ctx, n, tracker.Config{PubSub: etf.Atom(pubsub), Tracker: etf.Atom(presence), Pool: pool})
		},
	}.Main()
}
