package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/node"
)

func newPing(o *options) *cobra.Command {
	var format *choice
	cmd := &cobra.Command{
		Use:   "ping NODE",
		Short: "Connect to a node and ask whether it is there, as net_adm:ping does",
		Long: `Connect to a node and ask whether it is there. The answer is pong, or else a reason on standard error and an
exit code that is not 0.

` + nodeHelp,
		Example: "  gonode ping a\n  gonode ping a@myhost\n  gonode ping a@host.example.org --cookie-file " +
			"/run/secrets/cookie",
		Args:              expectArgs(1, "NODE"),
		ValidArgsFunction: o.completeNode,
		RunE: o.run(func(cmd *cobra.Command, args []string) error {
			return o.withClient(cmd, args[0], func(ctx context.Context, n *node.Node, peer etf.Atom) error {
				if err := n.Ping(ctx, peer); err != nil {
					return err
				}
				return printTerm(cmd, format.value, etf.Atom("pong"))
			})
		}),
	}
	o.nodeFlags(cmd, defaultClient)
	usualTimeoutFlag(cmd)
	format = outputFlag(cmd, "term", "Erlang syntax")
	return cmd
}

// nodeHelp explains the argument NODE.
const nodeHelp = `NODE is name@host. A name alone is a node of this host. A host with a dot makes a long name:
gonode then takes a long name for itself, as nodes with short and with long names never connect. This side is called
gonode-1 to gonode-16, the first that the EPMD of this host does not have, so that it leaves few atoms on NODE;
without an EPMD, and with --sname undefined, NODE gives it a name.`
