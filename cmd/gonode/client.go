package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/node"
)

// config builds the part of the node's configuration that the shared flags decide. usual is the node name to use when
// neither --sname nor --name is given.
func (o *options) config(cmd *cobra.Command, usual string, long bool) (node.Config, cookie, error) {
	cfg := node.Config{Name: usual, LongNames: long}
	switch {
	case o.sname != "":
		cfg.Name, cfg.LongNames = o.sname, false
	case o.name != "":
		cfg.Name, cfg.LongNames = o.name, true
	}
	if o.verbose {
		cfg.Logger = slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), &slog.HandlerOptions{Level: slog.LevelDebug}))
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
	c, err := o.findCookie(cmd.ErrOrStderr())
	cfg.Cookie = c.value
	return cfg, c, err
}

// limit bounds ctx by --timeout.
func (o *options) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	if o.timeout == 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, o.timeout)
}

// errand is what a client does for a verb that is about the node called peer.
type errand func(ctx context.Context, n *node.Node, peer etf.Atom) error

// withClient runs do on a client that is connected to the node that word names.
func (o *options) withClient(cmd *cobra.Command, word string, do errand) error {
	return o.asClient(cmd, word, func(ctx context.Context, n *node.Node, peer etf.Atom) error {
		if err := n.Connect(ctx, peer); err != nil {
			return err
		}
		return do(ctx, n, peer)
	})
}

// asClient runs do on a node that does not listen and is in no EPMD, with the full name of the node that word names.
func (o *options) asClient(cmd *cobra.Command, word string, do errand) (err error) {
	name, long, err := o.target(word)
	if err != nil {
		return err
	}
	cfg, _, err := o.config(cmd, clientName(name, long), long)
	if err != nil {
		return err
	}
	cfg.NoListen = true
	if asksForName(cfg.Name) {
		cfg.NamedBy = name
	}
	ctx, cancel := o.limit(cmd.Context())
	defer cancel()
	n, err := node.Start(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop(n)) }()
	if etf.Atom(name) == n.Name() {
		return usagef("%s is the name that this side was given", name)
	}
	return do(ctx, n, etf.Atom(name))
}

// asksForName tells whether a node name says, as erl -sname undefined does, that the first peer shall give this node its name.
func asksForName(name string) bool {
	alive, _, _ := strings.Cut(name, "@")
	return alive == "undefined"
}

// stopTime is how long a node may take to send what is on its way and to end its servers.
const stopTime = 5 * time.Second

func stop(n *node.Node) error {
	ctx, cancel := context.WithTimeout(context.Background(), stopTime)
	defer cancel()
	if err := n.Stop(ctx); err != nil {
		return fmt.Errorf("the node did not stop within %v", stopTime)
	}
	return nil
}

// clients counts the client nodes of this process.
var clients atomic.Uint32

// clientName is the name of a passing client of the node called peer. Nobody dials a client, so of its host part only the
// form matters: if this host has no full name, a client of a long-named peer borrows the peer's.
// The number after the process id keeps clients of one process apart.
func clientName(peer string, long bool) string {
	alive := fmt.Sprintf("gonode-%d-%d", os.Getpid(), clients.Add(1))
	full, err := node.FullName(alive, long)
	if err != nil {
		return alive + "@" + hostOf(peer)
	}
	return full
}
