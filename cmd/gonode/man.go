package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// newMan makes the hidden verb that writes the manual pages of a release.
func newMan(o *options) *cobra.Command {
	var date string
	cmd := &cobra.Command{
		Use:     "man DIR",
		Short:   "Write a manual page for every command into a directory",
		Hidden:  true,
		Example: "  gonode man --date 2026-12-01 /usr/local/share/man/man1",
		Args:    expectArgs(1, "DIR"),
		RunE: o.run(func(cmd *cobra.Command, args []string) error {
			return writeManPages(cmd.Root(), args[0], date)
		}),
	}
	cmd.Flags().StringVar(&date, "date", "", "`date` that the pages show, such as 2026-12-01")
	return cmd
}

// writeManPages writes NAME.1 for cmd and each command below it that is shown to users.
func writeManPages(cmd *cobra.Command, dir, date string) error {
	file := filepath.Join(dir, manName(cmd)+".1")
	if err := os.WriteFile(file, []byte(manPage(cmd, date)), 0o644); err != nil {
		return err
	}
	for _, sub := range cmd.Commands() {
		if !sub.IsAvailableCommand() {
			continue
		}
		if err := writeManPages(sub, dir, date); err != nil {
			return err
		}
	}
	return nil
}

// manName is the name of a page: the words of the command, joined as git does.
func manName(cmd *cobra.Command) string { return strings.ReplaceAll(cmd.CommandPath(), " ", "-") }

// manPage returns the page of one command in the macros of man(7).
func manPage(cmd *cobra.Command, date string) string {
	var b strings.Builder
	name := manName(cmd)
	fmt.Fprintf(&b, ".TH %s 1 %s %s\n", manQuote(strings.ToUpper(name)), manQuote(date),
		manQuote("gonode "+cmd.Root().Version))
	fmt.Fprintf(&b, ".SH NAME\n%s \\- %s\n", manText(name), manText(cmd.Short))
	b.WriteString(".SH SYNOPSIS\n")
	if cmd.Runnable() && cmd.HasParent() {
		fmt.Fprintf(&b, ".B %s\n", manText(cmd.UseLine()))
	} else {
		fmt.Fprintf(&b, ".B %s COMMAND [flags]\n", manText(cmd.CommandPath()))
	}
	if cmd.Long != "" {
		fmt.Fprintf(&b, ".SH DESCRIPTION\n.nf\n%s\n.fi\n", manText(cmd.Long))
	}
	manFlags(&b, "OPTIONS", cmd.NonInheritedFlags())
	manFlags(&b, "OPTIONS OF EVERY COMMAND", cmd.InheritedFlags())
	if cmd.Example != "" {
		fmt.Fprintf(&b, ".SH EXAMPLES\n.nf\n%s\n.fi\n", manText(cmd.Example))
	}
	if related := manRelated(cmd); len(related) > 0 {
		fmt.Fprintf(&b, ".SH SEE ALSO\n%s\n", strings.Join(related, ", "))
	}
	return b.String()
}

// manFlags writes a section of flags, if there are any.
func manFlags(b *strings.Builder, title string, flags *pflag.FlagSet) {
	if !flags.HasAvailableFlags() {
		return
	}
	fmt.Fprintf(b, ".SH %s\n", title)
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		value, usage := pflag.UnquoteUsage(f)
		head := "--" + f.Name
		if f.Shorthand != "" {
			head = "-" + f.Shorthand + ", " + head
		}
		if value != "" {
			head += " " + value
		}
		fmt.Fprintf(b, ".TP\n.B %s\n%s\n", manText(head), manText(usage))
	})
}

// manRelated lists the pages of the commands above and below.
func manRelated(cmd *cobra.Command) []string {
	var pages []string
	if cmd.HasParent() {
		pages = append(pages, manReference(cmd.Parent()))
	}
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() {
			pages = append(pages, manReference(sub))
		}
	}
	return pages
}

func manReference(cmd *cobra.Command) string { return "\\fB" + manText(manName(cmd)) + "\\fR(1)" }

var manEscapes = strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`)

// manText escapes a text of any number of lines. roff takes a line that begins with a dot for a macro.
func manText(text string) string {
	lines := strings.Split(manEscapes.Replace(text), "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, ".") {
			lines[i] = `\&` + line
		}
	}
	return strings.Join(lines, "\n")
}

// manQuote writes one argument of a macro.
func manQuote(word string) string { return `"` + strings.ReplaceAll(word, `"`, `\(dq`) + `"` }
