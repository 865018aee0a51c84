// Command calc is a node with a counter that can be upgraded while it runs. See the README one level up.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/gonode-otp/gonode/examples/upgrade"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/node"
)

func main() {
	var cfg node.Config
	var root string
	flag.StringVar(&cfg.Name, "sname", "calc", "short node `name`")
	flag.StringVar(&root, "root", "examples/upgrade/root", "`directory` with releases and lib")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, cfg, root); err != nil {
		fmt.Fprintln(os.Stderr, "calc:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, cfg node.Config, root string) (err error) {
	versions, err := upgrade.Versions()
	if err != nil {
		return err
	}
	cfg.Upgrade = &node.Upgrade{Versions: versions, Root: root}
	n, err := node.Start(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		err = errors.Join(err, n.Stop(ctx))
	}()
	// The counter runs the version of the release, whichever version is named here.
	if _, err := n.Spawn(ctx, genserv.Child{Name: "counter", Module: genserv.Of(upgrade.V1{})}); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "node %s runs release %s\n", n.Name(), n.ReleaseHandler().Running().Vsn)
	<-ctx.Done()
	return nil
}
