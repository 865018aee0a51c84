// Command cmd is a node with Depo databases: one is open, registered as Depo.DB, and others are opened by Depo.open.
//
//	go run -C examples/depo ./cmd --sname db --cookie secret                   # in memory
//	go run -C examples/depo ./cmd --sname db --cookie secret --file app.db     # in a file, made if there is none
//
// It prints "ready NODE" when it can be called.
package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/examples/depo"
	"github.com/gonode-otp/gonode/examples/internal/nodecmd"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/node"
)

func main() { program().Main() }

func program() nodecmd.Program {
	var file string
	var atoms int
	return nodecmd.Program{
		Name:  "depo",
		Short: "SQLite databases as gen_servers",
		Flags: func(cmd *cobra.Command) {
			cmd.Flags().StringVar(&file, "file", "", "`path` of the database (default one in memory)")
			cmd.Flags().IntVar(&atoms, "atoms", 1000, "how many `names` of columns become atoms")
		},
		Start: func(ctx context.Context, n *node.Node) error {
			what := etf.Term(etf.Atom("memory"))
			if file != "" {
				what = etf.List{etf.Tagged("or_create", etf.Binary(file))}
			}
			db := genserv.Of(depo.V2{V1: depo.V1{Names: depo.NewNames(atoms)}})
			return n.Applications().Start(ctx, depo.App(db, what))
		},
	}
}
