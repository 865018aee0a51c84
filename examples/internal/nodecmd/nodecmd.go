// Package nodecmd is the command line of the examples that are programs: a node with a name and a cookie, which runs
// until it is interrupted.
//
//	func main() {
//		nodecmd.Program{Name: "echo", Short: "Answer every request with itself",
//			Start: func(ctx context.Context, n *node.Node) error {
//				_, err := n.Spawn(ctx, genserv.Child{Name: "echo", Module: genserv.Of(echo.Server{})})
//				return err
//			}}.Main()
//	}
package nodecmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/gonode-otp/gonode/node"
)

// Program is a program that is a node.
type Program struct {
	// Name is that of the command, and of the node without --sname and --name.
	Name string
	// Short is the help in one line, Long the help behind it.
	Short, Long string
	// Flags adds flags of its own to the command; nil adds none.
	Flags func(cmd *cobra.Command)
	// Configure changes the configuration of the node before it starts; nil changes nothing.
	Configure func(cfg *node.Config) error
	// Cleanup is called when the node has ended, also if it could not be configured; nil does nothing.
	Cleanup func()
	// Start starts the servers. The node is up, and ends when Start fails.
	Start func(ctx context.Context, n *node.Node) error
}

// Main runs the program with the arguments of the process and exits: with 0 after SIGINT or SIGTERM, with 1 after an
// error.
func (p Program) Main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // whoever asks a second time does not want to wait for an orderly end
	if err := p.Run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", p.Name, err)
		os.Exit(1)
	}
}

// Run runs the program with these arguments until ctx ends. When the node and its servers are up it writes the line
// "ready NODE" to stdout, and nothing else.
func (p Program) Run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	var sname, name string
	var cfg node.Config
	cmd := &cobra.Command{Use: p.Name, Short: p.Short, Long: p.Long, Args: cobra.NoArgs,
		SilenceUsage: true, SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg.Name, cfg.LongNames = p.Name, name != ""
			if name+sname != "" {
				cfg.Name = name + sname
			}
			return p.run(cmd.Context(), cfg, cmd.OutOrStdout())
		}}
	f := cmd.Flags()
	f.StringVar(&sname, "sname", "", "short node `name`, as erl -sname takes it (default "+p.Name+")")
	f.StringVar(&name, "name", "", "long node `name`, as erl -name takes it")
	f.StringVar(&cfg.Cookie, "cookie", "", "the cluster's `cookie` (default that of ~/.erlang.cookie); other users of "+
		"this host see it in the list of processes")
	cmd.MarkFlagsMutuallyExclusive("sname", "name")
	if p.Flags != nil {
		p.Flags(cmd)
	}
	cmd.SetArgs(args)
	cmd.SetOut(stdout)
	cmd.SetErr(stderr)
	return cmd.ExecuteContext(ctx)
}

// endTime bounds the orderly end of the node.
const endTime = 10 * time.Second

func (p Program) run(ctx context.Context, cfg node.Config, stdout io.Writer) (err error) {
	if p.Cleanup != nil {
		defer p.Cleanup()
	}
	if p.Configure != nil {
		if err := p.Configure(&cfg); err != nil {
			return err
		}
	}
	n, err := node.Start(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTime)
		defer cancel()
		err = errors.Join(err, n.Stop(end))
	}()
	if err := p.Start(ctx, n); err != nil {
		return err
	}
	if _, err := fmt.Fprintln(stdout, "ready", string(n.Name())); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
	case <-n.Done():
	}
	return nil
}
