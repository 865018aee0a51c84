package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gonode-otp/gonode/epmd"
	"github.com/gonode-otp/gonode/node"
)

// config builds the part of the node's configuration that the shared flags decide. fallback is the node name to use when
// neither --sname nor --name is given.
func (o *options) config(cmd *cobra.Command, fallback string, long bool) (node.Config, error) {
	cfg := node.Config{Name: fallback, LongNames: long}
	switch {
	case o.sname != "":
		cfg.Name, cfg.LongNames = o.sname, false
	case o.name != "":
		cfg.Name, cfg.LongNames = o.name, true
	}
	var err error
	cfg.Cookie, err = o.findCookie()
	if o.verbose {
		cfg.Logger = slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	return cfg, err
}

// findCookie applies the precedence flag, environment, file. Empty means that the node looks into the cookie file itself.
func (o *options) findCookie() (string, error) {
	if o.cookie != "" {
		return o.cookie, nil
	}
	if o.cookieFile != "" {
		return node.ReadCookieFile(o.cookieFile)
	}
	return os.Getenv("GONODE_COOKIE"), nil
}

// withClient runs do on a node that does not listen and is in no EPMD, connected to target.
func (o *options) withClient(cmd *cobra.Command, target string, do func(context.Context, *node.Node) error) (err error) {
	_, host, ok := strings.Cut(target, "@")
	if !ok || host == "" {
		return usagef("%q is no node name: want name@host", target)
	}
	long := strings.Contains(host, ".")
	cfg, err := o.config(cmd, fmt.Sprintf("gonode-%d", os.Getpid()), long)
	if err != nil {
		return err
	}
	if long && o.name == "" && o.sname == "" {
		cfg.Name += "@" + clientHost(host)
	}
	cfg.NoListen = true
	ctx, cancel := context.WithTimeout(cmd.Context(), o.timeout)
	defer cancel()
	n, err := node.Start(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { _ = n.Stop(context.WithoutCancel(ctx)) }()
	return do(ctx, n)
}

// clientHost is the host part of the name of a passing client towards a peer with long names: this host's full name, or
// the peer's own if there is none to be found. Nobody dials a client, so the host only has to have the right form.
func clientHost(peerHost string) string {
	full, err := node.FullName("x", true)
	if err != nil {
		return peerHost
	}
	_, host, _ := strings.Cut(full, "@")
	return host
}

// completeNode offers the nodes that the EPMD of this host knows.
func completeNode(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	full, err := node.FullName("x", false)
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	entries, err := epmd.Names(cmd.Context(), epmd.Addr("localhost"))
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	var nodes []string
	for _, e := range entries {
		nodes = append(nodes, e.Name+full[1:])
	}
	return nodes, cobra.ShellCompDirectiveNoFileComp
}
