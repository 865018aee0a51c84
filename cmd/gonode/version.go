package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// buildInfo is what the verb version prints.
type buildInfo struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func newVersion(o *options) *cobra.Command {
	var format *choice
	cmd := &cobra.Command{
		Use:               "version",
		Short:             "Print the version of this program",
		Args:              expectArgs(0),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: o.run(func(cmd *cobra.Command, _ []string) error {
			info := readBuildInfo()
			if format.value == "json" {
				return printJSON(cmd, info)
			}
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "gonode %s %s %s\n", info.Version, info.Go, info.Platform)
			return err
		}),
	}
	format = outputFlag(cmd, "text", "one line")
	return cmd
}

func readBuildInfo() buildInfo {
	info := buildInfo{Version: "(devel)", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	build, ok := debug.ReadBuildInfo()
	if !ok {
		return info
	}
	if build.Main.Version != "" {
		info.Version = build.Main.Version
	}
	for _, s := range build.Settings {
		if s.Key == "vcs.revision" {
			info.Revision = s.Value
		}
	}
	return info
}
