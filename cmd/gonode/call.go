package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/node"
)

func newCall(o *options) *cobra.Command {
	return &cobra.Command{
		Use:               "call NODE NAME TERM",
		Short:             "Call a registered server and print its reply, as gen_server:call does",
		Long:              "Call a registered server and print its reply. TERM is a term in Erlang syntax; the final dot may be left out.",
		Example:           "  gonode call gonode@myhost counter '{add, 41}'\n  gonode call gonode@myhost echo '#{k => [1, 2.5, <<\"x\">>]}' -o json",
		Args:              cobra.ExactArgs(3),
		ValidArgsFunction: completeNode,
		RunE: o.run(func(cmd *cobra.Command, args []string) error {
			return o.request(cmd, args, func(ctx context.Context, n *node.Node, to, request etf.Term) error {
				reply, err := n.Call(ctx, to, request)
				if err != nil {
					return err
				}
				return o.print(cmd, reply)
			})
		}),
	}
}

func newCast(o *options) *cobra.Command {
	return &cobra.Command{
		Use:               "cast NODE NAME TERM",
		Short:             "Send a request to a registered server without waiting, as gen_server:cast does",
		Long:              "Send a request to a registered server without waiting. There is no sign whether the server exists, as in Erlang; that the node\ncannot be reached is an error.",
		Example:           "  gonode cast gonode@myhost counter reset",
		Args:              cobra.ExactArgs(3),
		ValidArgsFunction: completeNode,
		RunE: o.run(func(cmd *cobra.Command, args []string) error {
			return o.request(cmd, args, func(ctx context.Context, n *node.Node, to, request etf.Term) error {
				return n.Cast(ctx, to, request)
			})
		}),
	}
}

// request parses NODE NAME TERM and hands them to do on a connected client.
func (o *options) request(cmd *cobra.Command, args []string, do func(ctx context.Context, n *node.Node, to, request etf.Term) error) error {
	request, err := etf.Parse(args[2])
	if err != nil {
		return usagef("TERM: %w", err)
	}
	to := etf.Tuple{etf.Atom(args[1]), etf.Atom(args[0])}
	return o.withClient(cmd, args[0], func(ctx context.Context, n *node.Node) error {
		return do(ctx, n, to, request)
	})
}
