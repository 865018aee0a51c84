package main

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/gonode-otp/gonode/appup"
)

func newAppupDraft(o *options) *cobra.Command {
	f := &coverageFlags{}
	cmd := &cobra.Command{
		Use:   "draft OLD NEW",
		Short: "Write an .appup file to start from, for the ways between two versions of an application",
		Long: `Write an .appup file to start from on standard output, for the way from one version of an application to
another and back. OLD and NEW are .app files, or directories such as lib/APP-VSN with one below ebin.

A module that is added gets add_module, one that is removed delete_module. One that has changed gets update: with a
code change, or as a supervisor; or load_module if no process runs it. A module that is the same in both versions gets
nothing. Which ones are tells a program into which both versions are linked: --node NODE asks one that runs, with
Config.Upgrade. The files alone do not tell: then all modules that are in both are taken for servers that have
changed, and a comment says so.`,
		Example: `  gonode appup draft lib/counter-1 lib/counter-2 > lib/counter-2/ebin/counter.appup
  gonode appup draft old/counter.app new/counter.app --node calc`,
		Args: expectArgs(2, "OLD", "NEW"),
		RunE: o.run(func(cmd *cobra.Command, args []string) error {
			from, err := readAppFile(args[0])
			if err != nil {
				return err
			}
			to, err := readAppFile(args[1])
			if err != nil {
				return err
			}
			p, err := f.program(o, cmd)
			if err != nil {
				return err
			}
			text, err := p.Draft(from, to)
			if err != nil {
				return usageError{err}
			}
			_, err = fmt.Fprint(cmd.OutOrStdout(), text)
			return err
		}),
	}
	f.nodeFlag(o, cmd)
	return cmd
}

// readAppFile reads an .app file, or the one in a directory.
func readAppFile(name string) (*appup.App, error) {
	if info, err := (disk{}).Stat(name); err == nil && info.IsDir() {
		var found []string
		for _, pattern := range []string{"*.app", "ebin/*.app"} {
			names, _ := filepath.Glob(filepath.Join(name, pattern))
			found = append(found, names...)
		}
		if len(found) != 1 {
			return nil, usagef("%s has %d .app files; name one", name, len(found))
		}
		name = found[0]
	}
	src, err := disk{}.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return appup.ParseApp(name, src)
}
