package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// matrix is the result of a run.
type matrix struct {
	when time.Time
	rows []*row
}

// The markers around the table in README.md.
const (
	begin = "<!-- written by make matrix -->"
	end   = "<!-- end -->"
)

// write writes docs/compat.md and the table in README.md.
func (m matrix) write(root string) error {
	if err := os.WriteFile(filepath.Join(root, "docs/compat.md"), []byte(m.page()), 0o644); err != nil {
		return err
	}
	readme := filepath.Join(root, "README.md")
	old, err := os.ReadFile(readme)
	if err != nil {
		return err
	}
	text, err := between(string(old), m.readme())
	if err != nil {
		return fmt.Errorf("%s: %w", readme, err)
	}
	return os.WriteFile(readme, []byte(text), 0o644)
}

// between replaces the text between begin and end.
func between(text, table string) (string, error) {
	head, rest, found := strings.Cut(text, begin+"\n")
	_, tail, ended := strings.Cut(rest, end)
	if !found || !ended {
		return "", fmt.Errorf("%s and %s are not there", begin, end)
	}
	return head + begin + "\n" + table + end + tail, nil
}

// readme returns the table for README.md, with a row for each peer.
func (m matrix) readme() string {
	var b strings.Builder
	b.WriteString("| Erlang/OTP | Elixir | checks that hold | on the BEAM itself |\n|---|---|---|---|\n")
	for _, r := range m.rows {
		if r.notRun != "" {
			fmt.Fprintf(&b, "| %s | | not run: %s | |\n", r.peer.Image, cellText(r.notRun))
			continue
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", r.version, r.elixir, r.cell(gonode, ""), r.cell(reference, ""))
	}
	fmt.Fprintf(&b, "\nRun on %s; [by section](docs/compat.md).\n", m.when.Format(time.DateOnly))
	return b.String()
}

// page returns the text of docs/compat.md.
func (m matrix) page() string {
	var b strings.Builder
	fmt.Fprintf(&b, `# Which Erlang/OTP, and what of it

Written by `+"`make matrix`"+` on %s with %s, %s/%s; do not edit. Every number is a count of checks
that passed: the Common Test suites in `+"`integration/erlang/ct`"+`, run by that release from a container of its own
against Go nodes in another one, with Elixir also the ExUnit tests in
`+"`integration/erlang/exunit`"+`, and those of `+"`examples/elixir`"+`.

## On gonode

`, m.when.UTC().Format("2006-01-02 15:04 MST"), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	sections := sectionsOf(m.rows)
	b.WriteString(m.table(sections, gonode))
	if slices.ContainsFunc(m.rows, func(r *row) bool { return len(r.checks[reference]) > 0 }) {
		b.WriteString("\n## On the BEAM itself\n\nThe same checks against Erlang nodes of that release, with the same " +
			"servers written in Erlang: what they expect is what OTP does.\n\n")
		b.WriteString(m.table(sections, reference))
	}
	b.WriteString("\n## Failed\n\n")
	list(&b, m.rows, func(r *row, on side) []check { return r.outcome(on, failed) })
	b.WriteString("\n## Left out\n\n")
	list(&b, m.rows, func(r *row, on side) []check { return r.outcome(on, skipped) })
	return b.String()
}

func (r *row) outcome(on side, outcome string) []check {
	var found []check
	for _, c := range r.checks[on] {
		if c.outcome == outcome {
			found = append(found, c)
		}
	}
	return found
}

// table returns a table with a line for each section and a column for each peer.
func (m matrix) table(sections []string, on side) string {
	var b strings.Builder
	b.WriteString("| |")
	for _, r := range m.rows {
		switch {
		case r.version == "":
			fmt.Fprintf(&b, " %s |", r.peer.Image)
		case r.elixir != "":
			fmt.Fprintf(&b, " Elixir %s, OTP %s |", r.elixir, r.version)
		default:
			fmt.Fprintf(&b, " OTP %s |", r.version)
		}
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(m.rows)) + "\n")
	line := func(title, section string) {
		fmt.Fprintf(&b, "| %s |", title)
		for _, r := range m.rows {
			text := r.cell(on, section)
			if r.notRun != "" {
				text = "not run"
			}
			fmt.Fprintf(&b, " %s |", text)
		}
		b.WriteString("\n")
	}
	for _, s := range sections {
		line(s, s)
	}
	line("**all**", "")
	for _, r := range m.rows {
		if r.notRun != "" {
			fmt.Fprintf(&b, "\n%s was not run: %s\n", r.peer.Image, cellText(r.notRun))
		}
	}
	return b.String()
}

// list writes checks, grouped by row.
func list(b *strings.Builder, rows []*row, of func(*row, side) []check) {
	none := true
	for _, r := range rows {
		for on := gonode; on < sides; on++ {
			for _, c := range of(r, on) {
				none = false
				fmt.Fprintf(b, "- %s, %v: `%s:%s` %s: %s\n", r.name(), on, c.section, c.function, cellText(c.title),
					cellText(c.why))
			}
		}
	}
	if none {
		b.WriteString("None.\n")
	}
}

// cellText makes a text fit into a line of a table.
func cellText(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if runes := []rune(text); len(runes) > 300 {
		text = string(runes[:300]) + "…"
	}
	return strings.NewReplacer("|", `\|`, "<", "&lt;", "*", `\*`).Replace(text)
}
