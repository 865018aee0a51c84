package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/examples/counter"
	"github.com/gonode-otp/gonode/examples/echo"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/node"
	"github.com/gonode-otp/gonode/pg"
	"github.com/gonode-otp/gonode/tlsdist"
)

// startTime bounds the start and the end of a node. It allows for a busy machine.
const startTime = time.Minute

// runNode runs a node with the servers of the suites until its input ends.
func runNode(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("node", flag.ContinueOnError)
	cfg := node.Config{Cookie: os.Getenv("GONODE_COOKIE"), EPMD: node.EPMDExternal, Operators: node.OperatorsChange,
		LogLevel: new(slog.LevelVar)}
	flags.BoolVar(&cfg.LongNames, "long", false, "long names")
	flags.BoolVar(&cfg.Visible, "visible", false, "a visible node")
	flags.DurationVar(&cfg.TickTime, "ticktime", 0, "tick time")
	flags.StringVar(&cfg.ProtoDist, "proto-dist", "", "what carries connections")
	flags.StringVar(&cfg.LoggerNode, "logger-node", "", "node to whose logger reports go")
	optfile := flags.String("ssl-dist-optfile", "", "file with the options of TLS")
	root := flags.String("root", "", "directory of the release handler")
	if err := flags.Parse(args); err != nil {
		return err
	}
	cfg.Name = flags.Arg(0)
	if *root != "" {
		dir, err := os.OpenRoot(*root)
		if err != nil {
			return err
		}
		defer dir.Close()
		versions, err := versions(dir.FS())
		if err != nil {
			return err
		}
		cfg.Upgrade = &node.Upgrade{Versions: versions, Root: *root}
	}
	if *optfile != "" {
		var err error
		if cfg.TLS, err = tlsdist.ReadFile(*optfile); err != nil {
			return err
		}
	}

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	n, err := startNode(ctx, cfg)
	if err != nil {
		return err
	}
	fmt.Println(n.Name())
	select {
	case <-ctx.Done():
	case <-n.Done():
	}
	return stopNode(n)
}

func startNode(ctx context.Context, cfg node.Config) (*node.Node, error) {
	start, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	n, err := node.Start(start, cfg)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(spawnServers(start, n), startApplication(start, n)); err != nil {
		return nil, errors.Join(err, stopNode(n))
	}
	n.Export("pg", "start", 1, func(ctx context.Context, args etf.List) (etf.Term, error) {
		return startScope(ctx, n, args)
	})
	return n, nil
}

// startScope does pg:start/1 for the suite of process groups.
func startScope(ctx context.Context, n *node.Node, args etf.List) (etf.Term, error) {
	name, ok := args[0].(etf.Atom)
	if !ok {
		return nil, node.ErrBadArgument
	}
	pid, err := n.Spawn(ctx, pg.New(n, name).Child())
	if err != nil {
		return nil, err
	}
	return etf.Tagged("ok", pid), nil
}

func stopNode(n *node.Node) error {
	ctx, cancel := context.WithTimeout(context.Background(), startTime)
	defer cancel()
	return n.Stop(ctx)
}

func spawnServers(ctx context.Context, n *node.Node) error {
	for _, s := range []struct {
		name etf.Atom
		code genserv.Module
		args etf.Term
	}{
		{"echo", genserv.Of(echo.Server{}), nil},
		{"counter", genserv.Of(counter.New()), etf.Int(0)},
		{"probe", genserv.Of(probe{}), nil},
		{"tree", newTree(), etf.Tuple{etf.Map{}, etf.List{}}},
	} {
		if _, err := n.Spawn(ctx, genserv.Child{Name: s.name, Module: s.code, Args: s.args}); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return nil
}
