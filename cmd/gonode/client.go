package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/node"
)

// config returns the part of the node's configuration that comes from the shared flags. usual is the node name when
// neither --sname nor --name is given.
func (o *options) config(cmd *cobra.Command, usual string, long bool) (node.Config, cookie, error) {
	// --timeout bounds what a command does, and the command itself decides what is printed.
	cfg := node.Config{Name: usual, LongNames: long, CallTimeout: -1, Logger: slog.New(slog.DiscardHandler)}
	switch {
	case o.sname != "":
		cfg.Name, cfg.LongNames = o.sname, false
	case o.name != "":
		cfg.Name, cfg.LongNames = o.name, true
	}
	if o.verbose {
		cfg.Logger = logger(cmd, slog.LevelDebug)
	}
	var err error
	if cfg.Trace, err = tracer(cmd.ErrOrStderr()); err != nil {
		return cfg, cookie{}, err
	}
	if err := o.carrier.apply(cmd, &cfg); err != nil {
		return cfg, cookie{}, err
	}
	// The name is checked first so that a typing error leaves no new cookie file behind.
	if _, err := node.FullName(cfg.Name, cfg.LongNames); err != nil {
		return cfg, cookie{}, err
	}
	c, err := o.findCookie()
	cfg.Cookie = c.value
	return cfg, c, err
}

// logger writes the log of a node, from a level on, to standard error.
func logger(cmd *cobra.Command, from slog.Leveler) *slog.Logger {
	return slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), &slog.HandlerOptions{Level: from}))
}

// limit bounds ctx by --timeout.
func (o *options) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	if o.timeout == 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, o.timeout)
}

// clientFunc is what a client does for a verb about the node called peer.
type clientFunc func(ctx context.Context, n *node.Node, peer etf.Atom) error

// withClient runs do on a client that is connected to the node that word names.
func (o *options) withClient(cmd *cobra.Command, word string, do clientFunc) error {
	return o.runClient(cmd, word, o.startClient, func(ctx context.Context, n *node.Node, peer etf.Atom) error {
		if err := n.Connect(ctx, peer); err != nil {
			return err
		}
		return do(ctx, n, peer)
	})
}

// startFunc starts a node that has its own name, or gets one from the node called peer.
type startFunc func(ctx context.Context, cfg node.Config, peer string) (*node.Node, error)

// runClient runs do on a node that does not listen, with the full name of the node that word names.
func (o *options) runClient(cmd *cobra.Command, word string, start startFunc, do clientFunc) error {
	return o.withConfig(cmd, word, func(ctx context.Context, cfg node.Config, peer string) error {
		n, err := start(ctx, cfg, peer)
		if err != nil {
			return err
		}
		if etf.Atom(peer) == n.Name() {
			err = usagef("%s is the name that this side was given", peer)
		} else {
			err = do(ctx, n, etf.Atom(peer))
		}
		return errors.Join(err, stop(n))
	})
}

// withConfig runs do with the configuration of a client, which does not listen, and with the full name of the node that
// word names.
func (o *options) withConfig(cmd *cobra.Command, word string,
	do func(ctx context.Context, cfg node.Config, peer string) error) error {
	name, long, err := o.target(word)
	if err != nil {
		return err
	}
	ctx, cancel := o.limit(cmd.Context())
	defer cancel()
	usual := ""
	if o.sname == "" && o.name == "" {
		var release func()
		usual, release = claimName(ctx, name, long)
		defer release()
	}
	cfg, _, err := o.config(cmd, usual, long)
	if err != nil {
		return err
	}
	cfg.NoListen = true
	if cfg.TLS != nil && !o.verbose { // otherwise the node itself logs them
		for _, n := range cfg.TLS.StartNotes(false) {
			cmd.PrintErrln("note: " + n.String())
		}
	}
	return do(ctx, cfg, name)
}

// startClient starts a client. A peer that makes no names, such as a C or Java node, closes the connection when it is
// asked for one. The client then takes a unique name, unless --sname says otherwise.
func (o *options) startClient(ctx context.Context, cfg node.Config, peer string) (*node.Node, error) {
	if !asksForName(cfg.Name) {
		return node.Start(ctx, cfg)
	}
	named := cfg
	named.NamedBy = peer
	n, err := node.Start(ctx, named)
	var refused *dist.HandshakeError
	if o.sname != "" || o.name != "" || !errors.As(err, &refused) || refused.Stage != dist.StageRecvStatus {
		return n, err
	}
	cfg.Name = uniqueName(peer, cfg.LongNames)
	return node.Start(ctx, cfg)
}

// unnamed in front of the @ asks the peer to make the name.
const unnamed = "undefined"

// asksForName reports whether a node name asks the first peer for a name, as erl -sname undefined does.
func asksForName(name string) bool {
	alive, _, _ := strings.Cut(name, "@")
	return alive == unnamed
}

// stopTime is how long a node may take to send queued data and to end its servers.
const stopTime = 5 * time.Second

func stop(n *node.Node) error {
	ctx, cancel := context.WithTimeout(context.Background(), stopTime)
	defer cancel()
	if err := n.Stop(ctx); err != nil {
		return fmt.Errorf("the node did not stop within %v", stopTime)
	}
	return nil
}
