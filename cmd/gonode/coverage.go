package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/gonode-otp/gonode/appup"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/node"
)

// coverageFlags say what the instructions of files are compared with.
type coverageFlags struct {
	node   string
	strict bool
}

// coverageHelp is the common help text of the commands with these flags.
const coverageHelp = `Modules that are added or removed, and that no instruction is about, are told as warnings; the
.app files list them. Whether a module differs that both versions have tells a program into which both are linked:
--node NODE asks one that runs, with Config.Upgrade.`

// nodeFlag adds --node, and the flags of a client.
func (f *coverageFlags) nodeFlag(o *options, cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.node, "node", "", "ask `NODE` which versions of the modules are linked into it")
	_ = cmd.RegisterFlagCompletionFunc("node",
		func(cmd *cobra.Command, _ []string, word string) ([]string, cobra.ShellCompDirective) {
			return o.completeNode(cmd, nil, word)
		})
	o.nodeFlags(cmd, defaultClient)
	usualTimeoutFlag(cmd)
}

func (f *coverageFlags) strictFlag(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.strict, "strict", false,
		"make errors of modules that differ and have no instruction, and of instructions for modules that do not differ")
}

// program asks the node, if a flag names one.
func (f *coverageFlags) program(o *options, cmd *cobra.Command) (p appup.Program, err error) {
	if f.node == "" {
		return p, nil
	}
	err = o.withClient(cmd, f.node, func(ctx context.Context, n *node.Node, peer etf.Atom) error {
		u := &upgrading{cmd: cmd, n: n, peer: peer}
		answer, err := u.rpc(ctx, "gonode", "linked_versions")
		if undef(err) {
			return fmt.Errorf("%s does not tell which versions it has: it is no Go node with Config.Upgrade", peer)
		}
		if err != nil {
			return err
		}
		return etf.Unmarshal(answer, &p.Linked)
	})
	return p, err
}

// judge turns warnings into errors if a flag says so.
func (f *coverageFlags) judge(findings []*appup.Finding) []*appup.Finding {
	for _, finding := range findings {
		finding.Warning = finding.Warning && !f.strict
	}
	return findings
}
