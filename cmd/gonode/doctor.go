package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/node"
	"github.com/gonode-otp/gonode/node/nodediag"
)

func newDoctor(o *options) *cobra.Command {
	var format *choice
	cmd := &cobra.Command{
		Use:   "doctor NODE",
		Short: "Walk the way to a node step by step and say what to change where it ends",
		Long: `Walk the way to a node step by step: the form of its name, the address of its host, EPMD, its port, the
handshake with cookie and flags, its answer to a ping and its tick time. The first step that fails is the last one
that is shown; below it stands what to change, and on which side. The exit code is that of ping for the same
failure.

` + nodeHelp,
		Example:           "  gonode doctor a@myhost\n  GONODE_TRACE=dist gonode doctor a -o json",
		Args:              expectArgs(1, "NODE"),
		ValidArgsFunction: o.completeNode,
		RunE: o.run(func(cmd *cobra.Command, args []string) error {
			show := showFinding
			if format.value == "json" {
				show = jsonFinding
			}
			return o.examine(cmd, args[0], show)
		}),
	}
	o.nodeFlags(cmd, defaultClient)
	usualTimeoutFlag(cmd)
	format = outputFlag(cmd, "text", "a line a step")
	return cmd
}

// examine prints what each step on the way to a node finds, as soon as it is known.
func (o *options) examine(cmd *cobra.Command, word string, show func(*cobra.Command, nodediag.Finding) error) error {
	return o.withConfig(cmd, word, func(ctx context.Context, cfg node.Config, peer string) error {
		if asksForName(cfg.Name) { // no node is asked for a name, because an obstacle is a finding here
			cfg.Name = uniqueName(peer, cfg.LongNames)
		}
		for f := range nodediag.Examine(ctx, cfg, etf.Atom(peer)) {
			if f.Step == "config" {
				return f.Err
			}
			if f.Err != nil && ctx.Err() != nil && cmd.Context().Err() == nil {
				f.Advice = fmt.Sprintf("no answer within %v: a firewall may drop what is sent; --timeout gives it longer",
					o.timeout)
			}
			if err := show(cmd, f); err != nil {
				return err
			}
			if f.Err != nil {
				return &examineError{node: etf.Atom(peer), failed: f}
			}
		}
		return ctx.Err()
	})
}

// examineError means that the examination ended before the node was reached. The cause and the advice have been
// printed.
type examineError struct {
	node   etf.Atom
	failed nodediag.Finding
}

func (e *examineError) Error() string {
	return fmt.Sprintf("the way to %s ends at the step %s", string(e.node), e.failed.Step)
}

func (e *examineError) Unwrap() error { return e.failed.Err }

// showFinding prints a finding as a line for people, and its advice as another line.
func showFinding(cmd *cobra.Command, f nodediag.Finding) error {
	verdict, text := "ok  ", f.Detail
	if f.Err != nil {
		verdict, text = "FAIL", plain(f.Err)
	}
	_, err := fmt.Fprintf(cmd.OutOrStdout(), "%-9s  %s  %s\n", f.Step, verdict, strings.ReplaceAll(text, "\n", " "))
	if f.Advice != "" {
		_, e := fmt.Fprintf(cmd.OutOrStdout(), "%-9s        change: %s\n", "", f.Advice)
		err = errors.Join(err, e)
	}
	return err
}

// jsonFinding prints a finding as a line of JSON.
func jsonFinding(cmd *cobra.Command, f nodediag.Finding) error {
	v := struct {
		Step   string `json:"step"`
		OK     bool   `json:"ok"`
		Detail string `json:"detail"`
		Advice string `json:"advice,omitempty"`
	}{f.Step, f.Err == nil, f.Detail, f.Advice}
	if f.Err != nil {
		v.Detail = plain(f.Err)
	}
	return printJSON(cmd, v)
}
