// Command cmd is a node with Depo databases: one is open, registered as Depo.DB, and others are opened by Depo.open.
//
//	go run -C examples/depo ./cmd --sname db --cookie secret                   # in memory
//	go run -C examples/depo ./cmd --sname db --cookie secret --file app.db     # in a file, made if there is none
//
// It prints "ready NODE" when it can be called.
package main

import (
	"context"
	"os"

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
	var d directory
	return nodecmd.Program{
		Name:  "depo",
		Short: "SQLite databases as gen_servers",
		Flags: func(cmd *cobra.Command) {
			cmd.Flags().StringVar(&file, "file", "", "`path` of the database (default one in memory)")
			cmd.Flags().IntVar(&atoms, "atoms", 1000, "how many `names` of columns become atoms")
			cmd.Flags().StringVar(&d.path, "root", "", "`directory` with releases and lib (default a copy of "+
				"examples/depo/root that is removed at the end)")
		},
		Configure: func(cfg *node.Config) error { return d.configure(cfg, depo.NewNames(atoms)) },
		Start: func(ctx context.Context, n *node.Node) error {
			what := etf.Term(etf.Atom("memory"))
			if file != "" {
				what = etf.List{etf.Tagged("or_create", etf.Binary(file))}
			}
			return n.Applications().Start(ctx, depo.App(genserv.Of(depo.V1{Names: d.names}), what))
		},
		Cleanup: d.close,
	}
}

// directory is where the files of the releases are.
type directory struct {
	path      string
	temporary bool
	names     *depo.Names
}

func (d *directory) configure(cfg *node.Config, names *depo.Names) (err error) {
	d.names = names
	if d.path == "" {
		if d.path, err = os.MkdirTemp("", "depo"); err != nil {
			return err
		}
		d.temporary = true
		if err := depo.WriteFiles(d.path); err != nil {
			return err
		}
	}
	versions, err := depo.Versions(names)
	if err != nil {
		return err
	}
	cfg.Upgrade = &node.Upgrade{Versions: versions, Root: d.path}
	return nil
}

func (d *directory) close() {
	if d.temporary {
		_ = os.RemoveAll(d.path)
	}
}
