package main

import (
	"context"
	"errors"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gonode-otp/gonode/epmd"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/node"
)

// nodesHelp is the part of the help of upgrade about several nodes.
const nodesHelp = `
With --nodes, or --match over the names that the EPMDs of --hosts know, several nodes are upgraded, of Go and of OTP.
Each is locked, and tries the upgrade (--dry-run of a Go node, check_install_release of one of OTP). Then the first of
them goes, as the canary, and after it the others in waves of --wave. After each wave the nodes are watched for
--watch: they have to stay up, to run the release, and none of the servers that run the new code may end with an
error. At the first failure, or if this command is interrupted, all that have the release go back, the last one first.
With --permanent the release is made permanent at the end, on all.

A node that is down is passed over, and the command ends with exit code 3. When it is back the same command with
--reapply brings it up to the release; nodes that have it are passed over then.`

const nodesExamples = `
  gonode upgrade --nodes a,b@myhost,c@otherhost 2 --wave 2 --watch 30s --permanent
  gonode upgrade --match 'shop*' --hosts host1,host2 2 --dry-run`

// nodesFlags are the flags of upgrade for several nodes.
type nodesFlags struct {
	names, hosts []string
	match        string
	wave         int
	reapply      bool
}

func (f *nodesFlags) add(o *options, cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringSliceVar(&f.names, "nodes", nil, "upgrade these `nodes`, separated by commas; the first is the canary")
	flags.StringVar(&f.match, "match", "",
		"upgrade the nodes whose names, without the host, match `PATTERN`, as in 'shop*'")
	flags.StringSliceVar(&f.hosts, "hosts", nil,
		"the `hosts` that --match looks on, separated by commas (default this one)")
	flags.IntVar(&f.wave, "wave", 0, "upgrade `N` nodes at a time after the canary (default 1)")
	flags.BoolVar(&f.reapply, "reapply", false, "pass over nodes that run the release already")
	cmd.MarkFlagsMutuallyExclusive("nodes", "match")
	_ = cmd.RegisterFlagCompletionFunc("nodes", o.completeNodes)
	for _, flag := range []string{"match", "hosts", "wave"} {
		completeFlag(cmd, flag)
	}
}

func (f *nodesFlags) given() bool { return f.names != nil || f.match != "" }

// checkNodes refuses flags that do not work with several nodes.
func (f upgradeFlags) checkNodes(args []string) error {
	_, badPattern := path.Match(f.nodes.match, "")
	switch {
	case len(args) > 1:
		return usagef("--nodes and --match say which nodes; leave %s out, and give the VSN alone", args[0])
	case badPattern != nil:
		return usagef("--match %q: %w", f.nodes.match, badPattern)
	case f.nodes.hosts != nil && f.nodes.match == "":
		return usagef("--hosts says where --match looks")
	case f.nodes.wave < 0:
		return usagef("--wave %d is negative", f.nodes.wave)
	case f.abort, f.report, f.app != "":
		return usagef("--abort, --report and --app are about one node")
	case f.canary > 0:
		return usagef("--canary is about the processes of one node; of several nodes the first is the canary")
	}
	f.nodes = nodesFlags{}
	return f.check([]string{"", args[0]})
}

// completeNodes offers the nodes of this host for a list of nodes.
func (o *options) completeNodes(cmd *cobra.Command, _ []string, word string) ([]string, cobra.ShellCompDirective) {
	before := ""
	if i := strings.LastIndexByte(word, ','); i >= 0 {
		before = word[:i+1]
	}
	all, directive := o.completeNode(cmd, nil, "")
	for i := range all {
		all[i] = before + all[i]
	}
	return all, directive | cobra.ShellCompDirectiveNoSpace
}

// completeUpgraded offers nodes unless a flag names them.
func (o *options) completeUpgraded(cmd *cobra.Command, args []string, word string) (
	[]string, cobra.ShellCompDirective) {
	if cmd.Flags().Changed("nodes") || cmd.Flags().Changed("match") {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return o.completeNode(cmd, args, word)
}

// upgradeNodes upgrades several nodes.
func (o *options) upgradeNodes(cmd *cobra.Command, args []string, f upgradeFlags) error {
	if err := f.checkNodes(args); err != nil {
		return err
	}
	words, err := o.nodesOf(cmd.Context(), f.nodes)
	if err != nil {
		return err
	}
	names, err := o.targets(words)
	if err != nil {
		return err
	}
	return o.asClientOf(cmd, words, func(ctx context.Context, n *node.Node) error {
		return newRollout(cmd, n, f, args[0], names).run(ctx)
	})
}

// nodesOf returns the nodes that the flags name.
func (o *options) nodesOf(ctx context.Context, f nodesFlags) ([]string, error) {
	if f.match == "" {
		return f.names, nil
	}
	env, err := epmd.ReadEnv(os.Getenv)
	if err != nil {
		return nil, err
	}
	hosts := f.hosts
	if hosts == nil {
		hosts = []string{"localhost"}
	}
	ctx, cancel := context.WithTimeout(ctx, usualTimeout)
	defer cancel()
	var words []string
	for _, host := range hosts {
		if err := checkHost(host); err != nil {
			return nil, err
		}
		entries, err := epmd.Names(ctx, env.Addr(host))
		if err != nil {
			return nil, err
		}
		for _, e := range sorted(entries) {
			// The names of clients are not nodes that can be dialled.
			if match, _ := path.Match(f.match, e.Name); !match || e.Port == noPort {
				continue
			}
			if f.hosts == nil {
				words = append(words, e.Name)
			} else {
				words = append(words, e.Name+"@"+host)
			}
		}
	}
	if len(words) == 0 {
		return nil, usagef("--match %q: no node of %s has such a name", f.match, strings.Join(hosts, ", "))
	}
	return words, nil
}

// targets returns the full names of nodes, each once.
func (o *options) targets(words []string) ([]etf.Atom, error) {
	var names []etf.Atom
	var long bool
	for i, word := range words {
		name, isLong, err := o.target(word)
		if err != nil {
			return nil, err
		}
		if i > 0 && isLong != long {
			return nil, usagef("%s and %s: nodes with long and with short names never connect", names[0], name)
		}
		long = isLong
		if slices.Contains(names, etf.Atom(name)) {
			return nil, usagef("%s stands twice among the nodes", name)
		}
		names = append(names, etf.Atom(name))
	}
	if len(names) == 0 {
		return nil, usagef("--nodes is empty")
	}
	return names, nil
}

// asClientOf runs do on a node that does not listen. If this host gives it no name, the first node that can be reached
// does.
func (o *options) asClientOf(cmd *cobra.Command, words []string,
	do func(context.Context, *node.Node) error) (err error) {
	for _, word := range words {
		began := false
		err = o.runClient(cmd, word, o.startClient, func(ctx context.Context, n *node.Node, _ etf.Atom) error {
			began = true
			return do(ctx, n)
		})
		if unreachable := (*node.ConnectError)(nil); began || !errors.As(err, &unreachable) {
			return err
		}
	}
	return err
}
