package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/gonode-otp/gonode/appup"
	"github.com/gonode-otp/gonode/etf"
)

func newAppup(o *options) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "appup",
		Short:   "Check and draft the files by which applications and releases are upgraded, and show what they do",
		Example: "  gonode appup check lib/*/ebin/*.app* releases/*/relup",
		RunE:    runNoCommand,
	}
	cmd.AddCommand(newAppupCheck(o), newAppupPlan(o), newAppupDraft(o))
	return cmd
}

func newAppupCheck(o *options) *cobra.Command {
	f := &coverageFlags{}
	cmd := &cobra.Command{
		Use:   "check FILE...",
		Short: "Tell everything that is wrong in .app, .appup, .rel and relup files",
		Long: `Tell everything that is wrong in .app, .appup, .rel and relup files, a line each: file:line:column: what it
is. A warning is what OTP allows but hardly anybody means. The exit code is 1 if there is something else than
warnings.

An .appup file is compared with the .app file beside it: its version, and the modules that it speaks of; and with
those of the versions that it leads from and to, in lib/APP-VSN/ebin. A relup is compared with the same, by way of
the .rel files in releases/VSN.

` + coverageHelp + `
It also tells which modules an .app file lists that are not linked, or does not list that are.`,
		Example: `  gonode appup check lib/*/ebin/*.app* releases/*/relup
  gonode appup check lib/*/ebin/*.app* --node calc --strict`,
		Args: cobra.MinimumNArgs(1),
	}
	format := outputFlag(cmd, "text", "one line a finding")
	f.strictFlag(cmd)
	f.nodeFlag(o, cmd)
	cmd.RunE = o.run(func(cmd *cobra.Command, files []string) error {
		p, err := f.program(o, cmd)
		if err != nil {
			return err
		}
		return appupCheck(cmd, files, format.value, func(name string) ([]*appup.Finding, error) {
			found, err := p.Check(disk{}, filepath.ToSlash(name))
			return f.judge(found), err
		})
	})
	return cmd
}

// findingJSON is a finding as JSON.
type findingJSON struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Warning bool   `json:"warning"`
	Reason  string `json:"reason"`
	Message string `json:"message"`
}

// appupCheck prints the findings in files, and those that more finds in them.
func appupCheck(cmd *cobra.Command, files []string, format string, more func(string) ([]*appup.Finding, error)) error {
	wrong := 0
	all := []findingJSON{}
	for _, file := range files {
		findings, err := appup.CheckFile(disk{}, file)
		if err == nil {
			var found []*appup.Finding
			found, err = more(file)
			findings = appup.SortFindings(append(findings, found...))
		}
		var failed *fs.PathError
		switch {
		case errors.As(err, &failed):
			return err
		case err != nil:
			return usageError{err}
		}
		for _, f := range findings {
			if !f.Warning {
				wrong++
			}
			all = append(all, findingJSON{f.File, f.Line, f.Column, f.Warning, etf.Format(f.Reason), f.Msg})
			if format != "json" {
				fmt.Fprintln(cmd.OutOrStdout(), printable(f.Error()))
			}
		}
	}
	if format == "json" {
		if err := printJSON(cmd, all); err != nil {
			return err
		}
	}
	if wrong > 0 {
		return fmt.Errorf("findings in %d files: %d", len(files), wrong)
	}
	return nil
}
