package main

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/gonode-otp/gonode/appup"
	"github.com/gonode-otp/gonode/etf"
)

func newAppupPlan(o *options) *cobra.Command {
	f := &relupFlags{}
	cmd := &cobra.Command{
		Use:   "plan NEW.rel | relup",
		Short: "Show step by step what an upgrade does to which modules and their processes",
		Long: `Show step by step what an upgrade does to which modules and their processes, out of the files alone: of a
relup, or of what a relup is made of, see gonode relup make.

What a node would do with the processes that it has now tells gonode upgrade NODE VSN --dry-run.`,
		Example: `  gonode appup plan b.rel --up-from a.rel --path 'lib/*/ebin'
  gonode appup plan releases/B/relup`,
		Args: cobra.MinimumNArgs(1),
		RunE: o.run(func(cmd *cobra.Command, args []string) error {
			if err := f.words(args); err != nil {
				return err
			}
			relup, err := f.planned()
			if err != nil {
				return err
			}
			return printPlan(cmd, relup)
		}),
	}
	f.inputs(cmd)
	return cmd
}

// planned returns the relup to print: an existing one, or one that is made for it.
func (f *relupFlags) planned() (*appup.Relup, error) {
	if !strings.HasSuffix(f.newRel, "relup") {
		made, err := f.relup()
		if err != nil {
			return nil, err
		}
		return &made.Relup, nil
	}
	src, err := disk{}.ReadFile(f.newRel)
	if err != nil {
		return nil, err
	}
	return appup.ParseRelup(f.newRel, src)
}

func printPlan(cmd *cobra.Command, r *appup.Relup) error {
	w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	show := func(from, to string, e appup.RelupEntry) {
		fmt.Fprintf(w, "%s to %s\n", printable(from), printable(to))
		for i, t := range e.Script.Terms() {
			what, who := "unknown", etf.FormatMax(t, 100)
			if step, err := appup.ParseInstruction(t); err == nil {
				what, who = planned(step)
			}
			fmt.Fprintf(w, "%d\t%s\t%s\n", i+1, what, printable(who))
		}
	}
	for _, e := range r.Up {
		show(e.Vsn, r.Vsn, e)
	}
	for _, e := range r.Down {
		show(r.Vsn, e.Vsn, e)
	}
	return w.Flush()
}

// planned says what an instruction does, and to what.
func planned(step appup.Instruction) (what, who string) {
	switch s := step.(type) {
	case appup.LoadObjectCode:
		return "find", fmt.Sprintf("%s of %s-%s", names(s.Modules), s.App, s.Vsn)
	case appup.Load:
		return "load", fmt.Sprintf("%s (old code: %s, %s)", s.Module, s.PrePurge, s.PostPurge)
	case appup.Remove:
		return "remove", fmt.Sprintf("%s (old code: %s, %s)", s.Module, s.PrePurge, s.PostPurge)
	case appup.PurgeModules:
		return "purge", "old code of " + names(s.Modules)
	case appup.Suspend:
		return "suspend", "processes of " + suspended(s)
	case appup.Resume:
		return "resume", "processes of " + names(s.Modules)
	case appup.CodeChange:
		return "change code", changed(s)
	case appup.Stop:
		return "stop", "processes of " + names(s.Modules)
	case appup.Start:
		return "start", "processes of " + names(s.Modules)
	case appup.SyncNodes:
		if s.From != nil {
			return "wait", fmt.Sprintf("at %s for the nodes of %v", etf.Format(s.ID), s.From)
		}
		return "wait", fmt.Sprintf("at %s for %s", etf.Format(s.ID), names(s.Nodes))
	case appup.Apply:
		if s.Undo != nil {
			return "call", fmt.Sprintf("%v, taken back by %v", s.MFA, s.Undo)
		}
		return "call", s.String() + ", which nothing takes back"
	}
	return wordPlanned(step)
}

func wordPlanned(step appup.Instruction) (what, who string) {
	switch step {
	case appup.Word("point_of_no_return"):
		return "begin", "servers change from here on"
	case appup.Word("restart_emulator"), appup.Word("restart_new_emulator"):
		return "restart", "the emulator, which a Go node refuses before anything is done"
	}
	return "unknown", etf.Format(step.Term())
}

func names(atoms []etf.Atom) string {
	all := make([]string, len(atoms))
	for i, a := range atoms {
		all[i] = etf.Format(a)
	}
	return strings.Join(all, ", ")
}

func suspended(s appup.Suspend) string {
	all := make([]string, len(s.Entries))
	for i, e := range s.Entries {
		all[i] = etf.Format(e.Module)
		switch limit := e.Timeout.(type) {
		case etf.Int:
			all[i] += fmt.Sprintf(" (within %d ms)", limit)
		case etf.Atom:
			if limit == "infinity" {
				all[i] += " (however long it takes)"
			}
		}
	}
	return strings.Join(all, ", ")
}

func changed(s appup.CodeChange) string {
	all := make([]string, len(s.Entries))
	for i, e := range s.Entries {
		all[i] = fmt.Sprintf("%v with %s", e.Module, etf.FormatMax(e.Extra, 40))
	}
	way := "up: "
	if s.Down {
		way = "down: "
	}
	return way + strings.Join(all, ", ")
}
