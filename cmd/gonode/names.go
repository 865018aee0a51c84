package main

import (
	"cmp"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/gonode-otp/gonode/epmd"
)

func newNames(o *options) *cobra.Command {
	var format *choice
	cmd := &cobra.Command{
		Use:   "names [HOST]",
		Short: "List the nodes that the EPMD of a host knows, as epmd -names does",
		Long: `List the nodes that the port mapper EPMD of a host knows, by default of this one: the part of the name before
the @, a tab and the port on which the node listens. ERL_EPMD_PORT says where EPMD listens if not on port 4369.`,
		Example:           "  gonode names\n  gonode names otherhost -o json",
		Args:              expectArgs(0, "HOST"),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: o.run(func(cmd *cobra.Command, args []string) error {
			host := "localhost"
			if len(args) == 1 {
				host = args[0]
			}
			return o.listNames(cmd, host, format.value)
		}),
	}
	usualTimeoutFlag(cmd)
	format = outputFlag(cmd, "text", "name and port")
	return cmd
}

func (o *options) listNames(cmd *cobra.Command, host, format string) error {
	if err := checkHost(host); err != nil {
		return err
	}
	env, err := epmd.ReadEnv(os.Getenv)
	if err != nil {
		return err
	}
	ctx, cancel := o.limit(cmd.Context())
	defer cancel()
	entries, err := epmd.Names(ctx, env.Addr(host))
	if err != nil {
		return err
	}
	if format == "json" {
		return printJSON(cmd, jsonNames(entries))
	}
	for _, e := range sorted(entries) {
		if _, err := fmt.Fprintf(cmd.OutOrStdout(), "%s\t%d\n", printable(e.Name), e.Port); err != nil {
			return err
		}
	}
	return nil
}

// checkHost refuses arguments that are not just the name or address of a host.
func checkHost(host string) error {
	switch {
	case host == "":
		return usagef("HOST is empty")
	case strings.Contains(host, "@"):
		return usagef("HOST: %q is a node; want its host, %s", host, hostOf(host))
	case strings.Contains(host, ":") && net.ParseIP(host) == nil:
		return usagef("HOST: %q has a colon; the port of EPMD is taken from ERL_EPMD_PORT", host)
	}
	return nil
}

// hostOf returns the part of a node name after the @.
func hostOf(node string) string {
	_, host, _ := strings.Cut(node, "@")
	return host
}

func sorted(entries []epmd.Entry) []epmd.Entry {
	return slices.SortedFunc(slices.Values(entries), func(a, b epmd.Entry) int { return cmp.Compare(a.Name, b.Name) })
}

// printable quotes a name from an EPMD that could otherwise send control codes to the terminal.
func printable(name string) string {
	if strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsGraphic(r) || r == unicode.ReplacementChar }) {
		return strconv.QuoteToASCII(name)
	}
	return name
}

type jsonName struct {
	Name string `json:"name"`
	Port uint16 `json:"port"`
}

func jsonNames(entries []epmd.Entry) []jsonName {
	names := make([]jsonName, 0, len(entries))
	for _, e := range sorted(entries) {
		names = append(names, jsonName{e.Name, e.Port})
	}
	return names
}
