package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gonode-otp/gonode/integration/erlang/docker"
)

// side is the node against which the suites run.
type side int

const (
	gonode    side = iota
	reference      // a BEAM node with the same servers in Erlang
	sides
)

// Outcomes of a check, as compat_hook.erl writes them.
const (
	passed  = "ok"
	failed  = "failed"
	skipped = "skipped"
)

// check is one line of compat_hook.erl.
type check struct {
	section, function, title, outcome, place, promise, why string
	release, tested                                        string
}

func (c check) String() string {
	return strings.TrimSpace(fmt.Sprintf("%s:%s %s: %s (%s): %s", c.section, c.function, c.title, c.promise, c.place,
		c.why))
}

// parse reads the output of compat_hook.erl.
func parse(text string) ([]check, error) {
	var checks []check
	for line := range strings.Lines(text) {
		f := strings.Split(strings.TrimRight(line, "\n"), "\t")
		if len(f) != 9 || !slices.Contains([]string{passed, failed, skipped}, f[3]) {
			return nil, fmt.Errorf("no line of compat_hook: %q", line)
		}
		checks = append(checks, check{f[0], f[1], f[2], f[3], f[4], f[5], f[6], f[7], f[8]})
	}
	if len(checks) == 0 {
		return nil, fmt.Errorf("no check was made")
	}
	return checks, nil
}

// row is the result of one peer.
type row struct {
	peer            docker.Peer
	version, elixir string
	notRun          string // the reason
	checks          [sides][]check
	took            time.Duration
}

func (r *row) name() string { return r.peer.Service }

// count returns how many checks of a section had an outcome. "" means all sections.
func (r *row) count(on side, section, outcome string) int {
	n := 0
	for _, c := range r.checks[on] {
		if (section == "" || c.section == section) && c.outcome == outcome {
			n++
		}
	}
	return n
}

// failed returns the failures on all sides.
func (r *row) failed() []check {
	var bad []check
	for _, checks := range r.checks {
		for _, c := range checks {
			if c.outcome == failed {
				bad = append(bad, c)
			}
		}
	}
	return bad
}

func (r *row) summary() string {
	if r.notRun != "" {
		return "not run: " + r.notRun
	}
	text := fmt.Sprintf("OTP %s, %s in %v", r.version, r.cell(gonode, ""), r.took.Round(time.Second))
	if len(r.checks[reference]) > 0 {
		text += ", reference " + r.cell(reference, "")
	}
	return text
}

func (s side) String() string {
	if s == reference {
		return "reference"
	}
	return "gonode"
}

// cell returns the text of a cell of a table.
func (r *row) cell(on side, section string) string {
	ok, bad, out := r.count(on, section, passed), r.count(on, section, failed), r.count(on, section, skipped)
	if ok+bad+out == 0 {
		return "–"
	}
	text := fmt.Sprint(ok)
	if bad > 0 {
		text += fmt.Sprintf(", **%d failed**", bad)
	}
	if out > 0 {
		text += fmt.Sprintf(", %d left out", out)
	}
	return text
}

// sectionsOf returns the sections of rows in the order in which they were run.
func sectionsOf(rows []*row) []string {
	var sections []string
	for _, r := range rows {
		for _, checks := range r.checks {
			for _, c := range checks {
				if !slices.Contains(sections, c.section) {
					sections = append(sections, c.section)
				}
			}
		}
	}
	return sections
}
