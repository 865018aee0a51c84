// Command tsrv is a node with the application t__: see the README one level up.
//
//	go run ./examples/tsrv/cmd --sname ts --cookie secret
package main

import (
	"context"
	"os"

	"github.com/spf13/cobra"

	"github.com/gonode-otp/gonode/examples/internal/nodecmd"
	"github.com/gonode-otp/gonode/examples/tsrv"
	"github.com/gonode-otp/gonode/node"
)

func main() {
	var d directory
	nodecmd.Program{
		Name:  "tsrv",
		Short: "Run a node with t__srv, which translates",
		Flags: func(cmd *cobra.Command) {
			cmd.Flags().StringVar(&d.path, "root", "", "`directory` with releases, lib and repositories of PO files "+
				"(default a copy of examples/tsrv/root that is removed at the end)")
		},
		Configure: d.configure,
		Start: func(ctx context.Context, n *node.Node) error {
			return n.Applications().Start(ctx, tsrv.App(d.files.FS()))
		},
		Cleanup: d.close,
	}.Main()
}

// directory is where the files are.
type directory struct {
	path      string
	temporary bool
	files     *os.Root
}

func (d *directory) configure(cfg *node.Config) (err error) {
	if d.path == "" {
		if d.path, err = os.MkdirTemp("", "tsrv"); err != nil {
			return err
		}
		d.temporary = true
		if err = tsrv.WriteFiles(d.path); err != nil {
			return err
		}
	}
	if d.files, err = os.OpenRoot(d.path); err != nil {
		return err
	}
	versions, err := tsrv.Versions(d.files.FS())
	if err != nil {
		return err
	}
	cfg.Upgrade = &node.Upgrade{Versions: versions, Root: d.path}
	return nil
}

func (d *directory) close() {
	if d.files != nil {
		_ = d.files.Close()
	}
	if d.temporary {
		_ = os.RemoveAll(d.path)
	}
}
