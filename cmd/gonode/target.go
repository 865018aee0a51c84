package main

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gonode-otp/gonode/epmd"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/node"
)

// target returns the full name of the node that a user means by word, and whether it is a long name. A name without a
// host gets the host of this side, as with erl -remsh.
func (o *options) target(word string) (name string, long bool, err error) {
	_, host, given := strings.Cut(word, "@")
	long = isLong(host)
	if !given {
		if long, host, err = o.ownHost(); err != nil {
			return "", false, err
		}
		word += "@" + host
	}
	name, err = node.FullName(word, long)
	var config *node.ConfigError
	switch {
	case errors.As(err, &config):
		return "", false, usagef("NODE: %s", config.Reason)
	case err != nil:
		return "", false, err
	case long && o.sname != "":
		return "", false, usagef("%s has a long name, and nodes with long and with short names never connect: give "+
			"--name instead of --sname", name)
	case !long && o.name != "":
		return "", false, usagef("%s has a short name, and nodes with long and with short names never connect: give "+
			"--sname instead of --name", name)
	}
	return name, long, nil
}

// ownHost returns the host part of the name that --sname or --name gives to this side, and whether it is a long one.
func (o *options) ownHost() (long bool, host string, err error) {
	own, long := o.sname, false
	if o.name != "" {
		own, long = o.name, true
	}
	if own == "" {
		own = "x"
	}
	full, err := node.FullName(own, long)
	return long, hostOf(full), err
}

// isLong reports whether a name with this host part is a long name. The host part of a long name may also be an IPv6
// address.
func isLong(host string) bool { return strings.ContainsAny(host, ".:") }

// serverName checks the name of a registered process.
func serverName(word string) (etf.Atom, error) {
	name, err := etf.NewAtom(word)
	if err != nil {
		return "", usagef("NAME: %w", err)
	}
	if name == "" {
		return "", usagef("NAME is empty")
	}
	return name, nil
}

// completeTime is how long the completion of node names may take after the tab key.
const completeTime = time.Second

// completeNode offers the nodes that the EPMD of this host knows, with the host part that --sname or --name asks for.
func (o *options) completeNode(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	_, host, err := o.ownHost()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), completeTime)
	defer cancel()
	entries, err := epmd.Names(ctx, epmd.Addr("localhost"))
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var nodes []string
	for _, e := range sorted(entries) {
		if e.Name == printable(e.Name) {
			nodes = append(nodes, e.Name+"@"+host)
		}
	}
	return nodes, cobra.ShellCompDirectiveNoFileComp
}
