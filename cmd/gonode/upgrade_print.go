package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/gonode-otp/gonode/codechange"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/releasehandler"
)

type (
	releasesJSON struct {
		Releases  []releaseJSON `json:"releases"`
		Current   string        `json:"current,omitempty"`
		Permanent string        `json:"permanent,omitempty"`
		Previous  string        `json:"previous,omitempty"`
		Modules   []moduleJSON  `json:"modules,omitempty"`
		Running   *runningJSON  `json:"running,omitempty"`
	}
	releaseJSON struct {
		Name   string   `json:"name"`
		Vsn    string   `json:"vsn"`
		Status string   `json:"status"`
		Apps   []string `json:"applications"`
	}
	moduleJSON struct {
		Name     string        `json:"name"`
		Versions []versionJSON `json:"versions"`
	}
	versionJSON struct {
		Vsn       string `json:"vsn"`
		Current   bool   `json:"current"`
		Processes int    `json:"processes"`
	}
	runningJSON struct {
		Step        int      `json:"step"`
		Steps       int      `json:"steps"`
		Instruction string   `json:"instruction"`
		SinceUs     int64    `json:"since_us"`
		Waiting     []string `json:"waiting"`
	}
)

// printReleases prints [{Name, Vsn, ["App-Vsn"], Status}], and what runs if the node tells.
func printReleases(cmd *cobra.Command, format string, releases etf.Term, o *releasehandler.Overview) error {
	all, err := readReleases(releases)
	if err != nil {
		return err
	}
	if format == "json" {
		return printJSON(cmd, overviewJSON(all, o))
	}
	w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NAME\tVSN\tSTATUS\tAPPLICATIONS")
	for _, r := range all {
		status := r.Status
		if o != nil && r.Vsn == printable(o.Previous) {
			status += " (previous)"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", r.Name, r.Vsn, status, strings.Join(r.Apps, " "))
	}
	if o == nil {
		return w.Flush()
	}
	fmt.Fprintln(w, "\nMODULE\tVSN\tPROCESSES\t")
	for _, m := range o.Modules {
		for _, v := range m.Versions {
			if v.Current || v.Processes > 0 {
				mark := ""
				if v.Current {
					mark = "current"
				}
				fmt.Fprintf(w, "%s\t%s\t%d\t%s\n", printable(string(m.Name)), printable(v.Vsn), v.Processes, mark)
			}
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if o.Running != nil {
		fmt.Fprintln(cmd.ErrOrStderr(), "an upgrade is under way")
		printRunning(cmd.ErrOrStderr(), o.Running)
	}
	return nil
}

// printRunning prints what an upgrade is doing and what it waits for.
func printRunning(out io.Writer, r *codechange.Running) {
	if r == nil || r.Step == 0 {
		return
	}
	fmt.Fprintf(out, "step %d of %d, for %v: %s\n",
		r.Step, r.Steps, r.Since.Round(time.Millisecond), etf.FormatMax(r.Instruction, 100))
	for i, p := range r.Waiting {
		if i == manyServers {
			fmt.Fprintf(out, "and for %d others\n", len(r.Waiting)-i)
			break
		}
		fmt.Fprintf(out, "it waits for %s\n", waitingFor(p))
	}
}

func waitingFor(p codechange.Waiting) string {
	name := etf.Format(p.Pid)
	if p.Name != "" {
		name = string(p.Name)
	}
	return printable(fmt.Sprintf("%s (%s), which is to do: %s", name, p.Module, p.What))
}

func overviewJSON(all []releaseJSON, o *releasehandler.Overview) releasesJSON {
	out := releasesJSON{Releases: all}
	if o == nil {
		return out
	}
	out.Current, out.Permanent, out.Previous = o.Current, o.Permanent, o.Previous
	for _, m := range o.Modules {
		shown := moduleJSON{Name: string(m.Name), Versions: []versionJSON{}}
		for _, v := range m.Versions {
			shown.Versions = append(shown.Versions, versionJSON(v))
		}
		out.Modules = append(out.Modules, shown)
	}
	if r := o.Running; r != nil {
		out.Running = &runningJSON{r.Step, r.Steps, etf.FormatMax(r.Instruction, 1000), r.Since.Microseconds(),
			[]string{}}
		for _, p := range r.Waiting {
			out.Running.Waiting = append(out.Running.Waiting, waitingFor(p))
		}
	}
	return out
}

func readReleases(releases etf.Term) ([]releaseJSON, error) {
	list, _ := releases.(etf.List)
	all := []releaseJSON{}
	for _, t := range list {
		tuple, _ := t.(etf.Tuple)
		if len(tuple) != 4 {
			return nil, &upgradeError{reason: releases}
		}
		r := releaseJSON{inWords(tuple[0]), inWords(tuple[1]), inWords(tuple[3]), []string{}}
		apps, _ := tuple[2].(etf.List)
		for _, app := range apps {
			r.Apps = append(r.Apps, inWords(app))
		}
		all = append(all, r)
	}
	return all, nil
}

// inWords returns the text of a string or an atom, without quotes and without control codes for a terminal.
func inWords(t etf.Term) string {
	text := etf.Format(t)
	if unquoted, ok := strings.CutPrefix(text, `"`); ok {
		text = strings.TrimSuffix(unquoted, `"`)
	}
	return printable(text)
}

// manyServers is how many servers a table shows one by one. Of more servers it shows those with an unwanted outcome,
// and counts the rest.
const manyServers = 40

// printReport prints the outcome for each server.
func printReport(cmd *cobra.Command, format string, to target, r *codechange.Report) error {
	if format == "json" {
		return printJSON(cmd, jsonReport(to, r))
	}
	w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "SERVER\tMODULE\tFROM\tTO\tOUTCOME\tUNDONE\tPAUSED\tCHANGED IN\tREASON")
	rest := map[string]int{}
	for _, p := range r.Processes {
		if len(r.Processes) > manyServers && p.Outcome == codechange.OutcomeChanged &&
			(!r.Undone || p.Undone == codechange.UndoneRestored) {
			rest[fmt.Sprintf("%s\t%s\t%s\t%s\t%s", p.Module, p.From, p.To, p.Outcome, p.Undone)]++
			continue
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%v\t%v\t%s\n", server(p), printable(string(p.Module)), printable(p.From),
			printable(p.To),
			printable(string(p.Outcome)), printable(string(p.Undone)), p.Paused.Round(time.Microsecond),
			p.Took.Round(time.Microsecond), printable(p.Reason))
	}
	for _, line := range slices.Sorted(maps.Keys(rest)) {
		fmt.Fprintf(w, "%d servers\t%s\n", rest[line], line)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return summary(cmd, to, r)
}

func server(p *codechange.ProcessReport) string {
	if p.Name != "" {
		return printable(string(p.Name))
	}
	return etf.Format(p.Pid)
}

// summary prints the outcome in a few lines.
func summary(cmd *cobra.Command, to target, r *codechange.Report) error {
	out := cmd.ErrOrStderr()
	switch {
	case r.Rehearsed:
		untried := count(r, func(p *codechange.ProcessReport) bool { return p.Outcome == codechange.OutcomeUntried })
		fmt.Fprintf(out, "nothing was changed; tried %d servers in %v\n",
			len(r.Processes)-untried, r.Total.Round(time.Millisecond))
		if untried > 0 {
			fmt.Fprintf(out, "note: %d servers were not tried\n", untried)
		}
	case r.Undone && r.FullyUndone():
		fmt.Fprintf(out, "everything is as it was; servers paused for %v\n", r.Pause.Round(time.Microsecond))
	case r.Undone:
		notAsItWas(out, r)
	default:
		fmt.Fprintf(out, "%v runs; servers paused for %v\n", to, r.Pause.Round(time.Microsecond))
	}
	for _, u := range r.Unpurged {
		fmt.Fprintf(out, "note: servers of %s still run an older version (%s)\n", u.Module, u.Purge)
	}
	for _, refused := range r.Config {
		fmt.Fprintf(out, "note: config_change of %s\n", printable(refused))
	}
	for _, call := range r.Left {
		fmt.Fprintf(out, "note: %s was applied, and nothing undoes that\n", printable(call))
	}
	for _, u := range r.Uncovered {
		fmt.Fprintf(out, "warning: %s\n", printable(u.String()))
	}
	for _, what := range r.NotUndone {
		fmt.Fprintf(out, "note: %s\n", printable(what))
	}
	if r.Undone && !r.FullyUndone() {
		fmt.Fprintln(out, "the upgrade was taken back, but not everything is as it was")
	}
	return nil
}

// notAsItWas prints how many servers are not as they were before an upgrade that failed.
func notAsItWas(out io.Writer, r *codechange.Report) {
	fmt.Fprintf(out, "servers paused for %v\n", r.Pause.Round(time.Microsecond))
	for _, kind := range []struct {
		how  codechange.Undone
		says string
	}{
		{codechange.UndoneUncopied, "have their old state, but what their code change altered in place is as it left it"},
		{codechange.UndoneForgot, "have their old state, and have forgotten what they did since, or began anew"},
		{codechange.UndoneKilled, "were ended, for they had no way back"},
		{codechange.UndoneLater, "are busy, and go back when they have time"},
	} {
		if n := count(r, func(p *codechange.ProcessReport) bool { return p.Undone == kind.how }); n > 0 {
			fmt.Fprintf(out, "note: %d servers %s (%s)\n", n, kind.says, kind.how)
		}
	}
}

func count(r *codechange.Report, counts func(*codechange.ProcessReport) bool) (n int) {
	for _, p := range r.Processes {
		if counts(p) {
			n++
		}
	}
	return n
}

type (
	reportJSON struct {
		App       string        `json:"application,omitempty"`
		Vsn       string        `json:"vsn"`
		Rehearsed bool          `json:"rehearsed"`
		Undone    bool          `json:"undone"`
		PauseUs   int64         `json:"pause_us"`
		TotalUs   int64         `json:"total_us"`
		Servers   []serverJSON  `json:"servers"`
		Unpurged  []unpurgeJSON `json:"unpurged"`
		Config    []string      `json:"config"`
		Left      []string      `json:"left"`
		NotUndone []string      `json:"not_undone"`
		Uncovered []string      `json:"uncovered"`
		AsItWas   *bool         `json:"as_it_was,omitempty"`
	}
	serverJSON struct {
		Pid      string `json:"pid"`
		Name     string `json:"name,omitempty"`
		Module   string `json:"module"`
		From     string `json:"from"`
		To       string `json:"to"`
		Outcome  string `json:"outcome"`
		Undone   string `json:"undone,omitempty"`
		PausedUs int64  `json:"paused_us"`
		TookUs   int64  `json:"took_us"`
		Reason   string `json:"reason,omitempty"`
	}
	unpurgeJSON struct {
		Module string `json:"module"`
		Purge  string `json:"purge"`
	}
)

func jsonReport(to target, r *codechange.Report) reportJSON {
	out := reportJSON{App: to.app, Vsn: to.vsn, Rehearsed: r.Rehearsed, Undone: r.Undone,
		PauseUs: r.Pause.Microseconds(), TotalUs: r.Total.Microseconds(),
		Servers: []serverJSON{}, Unpurged: []unpurgeJSON{}, Config: append([]string{}, r.Config...),
		Left: append([]string{}, r.Left...), NotUndone: append([]string{}, r.NotUndone...),
		Uncovered: []string{}}
	for _, u := range r.Uncovered {
		out.Uncovered = append(out.Uncovered, u.String())
	}
	if asItWas := r.FullyUndone(); r.Undone {
		out.AsItWas = &asItWas
	}
	for _, p := range r.Processes {
		out.Servers = append(out.Servers, serverJSON{etf.Format(p.Pid), string(p.Name), string(p.Module), p.From, p.To,
			string(p.Outcome),
			string(p.Undone), p.Paused.Microseconds(), p.Took.Microseconds(), p.Reason})
	}
	for _, u := range r.Unpurged {
		out.Unpurged = append(out.Unpurged, unpurgeJSON{string(u.Module), string(u.Purge)})
	}
	return out
}
