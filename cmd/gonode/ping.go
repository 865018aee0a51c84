package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/node"
)

func newPing(o *options) *cobra.Command {
	return &cobra.Command{
		Use:               "ping NODE",
		Short:             "Connect to a node and ask whether it is there, as net_adm:ping does",
		Example:           "  gonode ping a@myhost\n  GONODE_COOKIE=secret gonode ping a@host.example.org",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: completeNode,
		RunE: o.run(func(cmd *cobra.Command, args []string) error {
			return o.withClient(cmd, args[0], func(ctx context.Context, n *node.Node) error {
				if err := n.Ping(ctx, etf.Atom(args[0])); err != nil {
					return err
				}
				return o.print(cmd, etf.Atom("pong"))
			})
		}),
	}
}
