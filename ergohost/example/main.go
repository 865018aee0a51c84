// Example runs an ergo application. A BEAM calls its actors, and they call a gen_server on the BEAM:
//
//	go run ./example --name gonode --cookie secret
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"

	"ergo.services/ergo/gen"

	"github.com/gonode-otp/gonode/ergohost"
	"github.com/gonode-otp/gonode/node"
)

func main() {
	var cfg node.Config
	flag.StringVar(&cfg.Name, "name", "gonode", "name of the node")
	flag.StringVar(&cfg.Cookie, "cookie", "", "cookie of the cluster; empty means that of the cookie file")
	flag.Parse()
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt)
	defer cancel()
	if err := run(ctx, cfg, func(n *node.Node) { fmt.Println(n.Info()) }); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run runs the shop until ctx ends.
func run(ctx context.Context, cfg node.Config, ready func(*node.Node)) error {
	n, err := node.Start(ctx, cfg)
	if err != nil {
		return err
	}
	defer n.Stop(context.WithoutCancel(ctx))
	options := gen.NodeOptions{}
	options.Network.Mode = gen.NetworkModeDisabled
	ergo, err := ergohost.StartErgo("shop@localhost", options)
	if err != nil {
		return err
	}
	defer ergo.Stop()
	host, err := ergohost.Join(ctx, ergo, n, ergohost.Options{})
	if err != nil {
		return err
	}
	defer host.Close(context.WithoutCancel(ctx))
	ergohost.Register[add](host, "add")
	ergohost.Register[count](host, "count")
	ergohost.Register[pay](host, "pay")
	host.ExportStartLink("branch", newBranch, gen.ProcessOptions{})
	name, err := ergo.ApplicationLoad(&shop{host})
	if err != nil {
		return err
	}
	if err := ergo.ApplicationStart(name, gen.ApplicationOptions{}); err != nil {
		return err
	}
	ready(n)
	<-ctx.Done()
	return ergo.ApplicationStop(name)
}
