package main

import (
	"fmt"
	"slices"
	"strings"
)

// requirement is a bound and an aim for a figure of gonode. The figure is a ratio to the BEAM or, if plain is set, a
// number.
type requirement struct {
	text, measure, name string
	bound, aim          float64
	atLeast, plain      bool
}

var requirements = []requirement{
	{text: "sequential call, median", measure: "seq", name: "p50_us", bound: 0.95, aim: 0.8},
	{text: "sequential call, 99th percentile", measure: "seq", name: "p99_us", bound: 1.1, aim: 0.95},
	{text: "calls/s, 1 caller", measure: "seq", name: "rate", bound: 1.05, aim: 1.2, atLeast: true},
	{text: "calls/s, 16 callers", measure: "calls16", name: "rate", bound: 0.9, aim: 1.2, atLeast: true},
	{text: "calls/s, 64 callers", measure: "calls64", name: "rate", bound: 0.9, aim: 1.2, atLeast: true},
	{text: "calls/s, one process with 64 under way", measure: "pipe64", name: "rate", bound: 0.95, aim: 1.3,
		atLeast: true},
	{text: "casts/s", measure: "casts", name: "rate", bound: 0.9, aim: 1.5, atLeast: true},
	{text: "echo of 1 kB", measure: "bin1k", name: "rate", bound: 1.05, aim: 1.2, atLeast: true},
	{text: "echo of 64 kB", measure: "bin64k", name: "rate", bound: 1, aim: 1.2, atLeast: true},
	{text: "echo of 10 MB", measure: "bin10m", name: "rate", bound: 1.2, aim: 1.4, atLeast: true},
	{text: "echo of 1000 maps", measure: "maps1000", name: "rate", bound: 0.85, aim: 1, atLeast: true},
	{text: "the same, CPU of the client", measure: "maps1000", name: "client_cpu_us", bound: 1.2, aim: 1},
	{text: "echo of 100 000 integers", measure: "ints100k", name: "rate", bound: 0.9, aim: 1.2, atLeast: true},
	{text: "CPU of the server for a call, 1 caller", measure: "seq", name: "cpu_us", bound: 1.1, aim: 0.8},
	{text: "CPU of the server for a call, 64 callers", measure: "calls64", name: "cpu_us", bound: 1.1, aim: 0.65},
	{text: "from no connection to the first answer", measure: "connect", name: "first_us", bound: 1, aim: 0.75},
	{text: "peak memory in the whole run", measure: "memory", name: "peak_mb", bound: 1.5, aim: 1},
	{text: "system calls for a call, 1 caller", measure: "seq", name: "syscalls", bound: 5, aim: 3, plain: true},
	{text: "system calls for a call, 64 callers", measure: "calls64", name: "syscalls", bound: 1, aim: 0.5, plain: true},
	{text: "answers out of order", measure: "pipe64", name: "out_of_order", plain: true},
	{text: "casts lost", measure: "casts", name: "lost", plain: true},
}

// value returns the median of one run. ok is false if it was not measured.
func (m requirement) value(figures []figure) (v float64, ok bool) {
	_, values := rows(figures)
	of := values[key{m.measure, m.name}]
	base := of[goNode]
	if !m.plain {
		base = ratio(of[beamNode], of[goNode])
	}
	return median(base), len(base) > 0
}

func (m requirement) met(v float64) bool {
	if m.atLeast {
		return v >= m.bound
	}
	return v <= m.bound
}

// sign formats the bound for a value.
func (m requirement) sign(v float64) string {
	sign := "≤"
	if m.atLeast {
		sign = "≥"
	}
	return fmt.Sprintf("%s %.3g", sign, v)
}

// requirementTable prints the median of each run, and in how many runs it met the bound.
func requirementTable(runs [][]figure) string {
	var b strings.Builder
	b.WriteString("| measure | must | aim |")
	for i := range runs {
		fmt.Fprintf(&b, " run %d |", i+1)
	}
	b.WriteString(" |\n|---|---|---|" + strings.Repeat("---|", len(runs)) + "---|\n")
	for _, m := range requirements {
		met, measured := 0, 0
		fmt.Fprintf(&b, "| %s | %s | %s |", m.text, m.sign(m.bound), m.sign(m.aim))
		for _, figures := range runs {
			v, ok := m.value(figures)
			if !ok {
				b.WriteString(" - |")
				continue
			}
			measured++
			if m.met(v) {
				met++
			}
			fmt.Fprintf(&b, " %.2f |", v)
		}
		b.WriteString(" " + verdict(met, measured) + " |\n")
	}
	return b.String()
}

func verdict(met, measured int) string {
	switch {
	case measured == 0:
		return "not measured"
	case met == measured:
		return "met"
	case met == 0:
		return "**not met**"
	}
	return fmt.Sprintf("**met in %d of %d**", met, measured)
}

// joinRuns joins the figures of all runs. Each run gets rounds of its own, so the medians are those of all runs.
func joinRuns(runs [][]figure) (all []figure) {
	last := 0
	for _, figures := range runs {
		behind := last
		for _, f := range figures {
			f.Round += behind
			last = max(last, f.Round+1)
			all = append(all, f)
		}
	}
	return all
}

// serverRequirements are the bounds with many servers in a node: curve, text, bound.
var serverRequirements = []struct {
	curve   string
	text    string
	bound   float64
	atLeast bool
}{
	{"servers-kb", "resident memory of a server that waits", 0.5, false},
	{"servers-start", "time to start a server", 0.6, false},
	{"servers-rate", "calls/s over all of them, 16 callers", 0.95, true},
}

// serversTable prints the last points of the curves about servers.
func serversTable(curves []curve) string {
	var b strings.Builder
	b.WriteString("| with the most servers | must | ratio | BEAM | gonode | |\n|---|---|---|---|---|---|\n")
	for _, r := range serverRequirements {
		at := slices.IndexFunc(curves, func(c curve) bool { return c.ID == r.curve })
		if at < 0 || len(curves[at].BEAM) == 0 || len(curves[at].Gonode) == 0 {
			continue
		}
		c := curves[at]
		theirs, ours := c.BEAM[len(c.BEAM)-1], c.Gonode[len(c.Gonode)-1]
		must := requirement{bound: r.bound, atLeast: r.atLeast}
		met := 0
		if must.met(ours[1] / theirs[1]) {
			met = 1
		}
		fmt.Fprintf(&b, "| %s, of %.0f | %s | %.2f | %.1f %s | %.1f | %s |\n", r.text, ours[0], must.sign(r.bound),
			ours[1]/theirs[1], theirs[1], c.Y, ours[1], verdict(met, 1))
	}
	return b.String()
}
