package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/gonode-otp/gonode/integration/erlang/docker"
)

// result is the outcome of one fault.
type result struct {
	fault        fault
	notRun       string // the reason
	impossible   bool   // this machine cannot make the fault
	loads        []*load
	noticed      time.Duration // -1: not at all
	healed       time.Duration // -1: calls were always answered
	stillFailing bool
	wrong        []string // other errors
}

// patience is how long calls may fail after the end of a fault.
const patience = time.Minute

// measure starts the load, makes the fault and reads the accounts.
func (r *result) measure(ctx context.Context, lab *docker.Lab) (err error) {
	r.noticed, r.healed = -1, -1
	for _, service := range []string{first, second} {
		before := ""
		if service == first {
			before = r.fault.before
		}
		l, err := startLoad(ctx, lab, service, before)
		if err != nil {
			return err
		}
		defer func() { _ = l.cmd.Process.Kill() }()
		r.loads = append(r.loads, l)
	}
	if err := pause(ctx, time.Second); err != nil {
		return err
	}
	begun := time.Now()
	if err := r.fault.begin(ctx, lab); err != nil {
		return errors.Join(err, r.fault.end(context.WithoutCancel(ctx), lab))
	}
	waited := pause(ctx, r.fault.hold)
	over := time.Now()
	if err := errors.Join(r.fault.end(context.WithoutCancel(ctx), lab), waited); err != nil {
		return err
	}
	r.stillFailing = !r.recovers(ctx)
	if err := ctx.Err(); err != nil {
		return err
	}
	watcher := r.loads[0]
	if at, ok := watcher.first(begun, "down", "failing"); ok {
		r.noticed = at.Sub(begun)
		if at, ok := watcher.first(over, "answered"); ok {
			r.healed = at.Sub(over)
		}
	}
	for _, l := range r.loads {
		// Both inputs are closed at once, because the ledger waits for the processes of both.
		go func() { _ = l.in.Close() }()
	}
	for _, l := range r.loads {
		if l.service != r.fault.gone {
			err = errors.Join(err, l.stop(ctx))
		}
	}
	return err
}

// recovers waits until the calls of all remaining loads are answered, and a moment longer.
func (r *result) recovers(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		if err := pause(ctx, time.Second); err != nil {
			return false
		}
		failing := func(l *load) bool { return l.service != r.fault.gone && !l.answered() }
		if !slices.ContainsFunc(r.loads, failing) {
			return true
		}
	}
}

// line is a kind of load and its account.
type line struct {
	what                              string
	sent, good, failed, lost, doubled int
	why                               map[string]int
}

// accounts adds up the accounts of the remaining loads.
func (r *result) accounts() []line {
	sum := make(map[string]int)
	why := make(map[string]map[string]int)
	for _, l := range r.loads {
		l.mu.Lock()
		for key, n := range l.account.numbers {
			if strings.HasPrefix(key, "ledger_") { // both asked the same ledger
				sum[key] = max(sum[key], n)
			} else {
				sum[key] += n
			}
		}
		for kind, words := range l.account.reasons {
			if why[kind] == nil {
				why[kind] = make(map[string]int)
			}
			for word, n := range words {
				why[kind][word] += n
			}
		}
		l.mu.Unlock()
	}
	call := line{"calls", sum["call_sent"], sum["call_answered"], sum["call_failed"], 0,
		sum["stray_reply"] + sum["ledger_disordered"], why["call"]}
	call.lost = call.sent - call.good - call.failed
	cast := line{"casts", sum["cast_sent"], sum["cast_arrived"], sum["cast_unpromised"], 0, sum["cast_twice"], nil}
	cast.lost = cast.sent - cast.good - cast.failed
	monitor := line{"monitors", sum["monitor_set"], sum["monitor_fired"], 0, sum["monitor_set"] - sum["monitor_fired"],
		sum["stray_down"], why["monitor"]}
	watched := line{"monitors of the Go node", sum["ledger_watched"], sum["ledger_fired"], 0,
		sum["ledger_watched"] - sum["ledger_fired"], sum["ledger_twice"], nil}
	return []line{call, cast, monitor, watched}
}

// unbalanced returns what is wrong with the accounts.
func (r *result) unbalanced() []string {
	if r.notRun != "" {
		return nil
	}
	wrong := slices.Clip(r.wrong)
	for _, l := range r.accounts() {
		switch {
		case l.lost != 0:
			wrong = append(wrong, fmt.Sprintf("%s: %d lost of %d", l.what, l.lost, l.sent))
		case l.doubled != 0:
			wrong = append(wrong, fmt.Sprintf("%s: %d came twice or out of order", l.what, l.doubled))
		case l.good == 0:
			wrong = append(wrong, l.what+": none at all")
		}
	}
	for _, l := range r.loads {
		if l.service == r.fault.gone {
			continue
		}
		if n := l.account.numbers["crashed"] + l.account.numbers["call_wrong"]; n > 0 {
			wrong = append(wrong, fmt.Sprintf("%s: %d crashed or had a wrong answer", l.service, n))
		}
		if len(wrong) > 0 {
			wrong = append(wrong, l.strange()...)
		}
	}
	if r.stillFailing {
		wrong = append(wrong, fmt.Sprintf("calls still fail %v after the end", patience))
	}
	return wrong
}

// lines returns the lines of the table.
func (r *result) lines() string {
	if r.notRun != "" {
		return fmt.Sprintf("| %s | not run: %s | | | | | | | |\n", r.fault.name, r.notRun)
	}
	var b strings.Builder
	for i, l := range r.accounts() {
		name, noticed, healed := "", "", ""
		if i == 0 {
			name, noticed, healed = r.fault.name, since(r.noticed), since(r.healed)
		}
		fmt.Fprintf(&b, "| %s | %s | %d | %d | %s | %d | %d | %s | %s |\n", name, l.what, l.sent, l.good, l.reasons(),
			l.lost, l.doubled, noticed, healed)
	}
	return b.String()
}

func since(d time.Duration) string {
	if d < 0 {
		return "–"
	}
	return d.Round(10 * time.Millisecond).String()
}

// reasons returns the reasons of failed calls, and how monitors fired.
func (l line) reasons() string {
	var words []string
	for _, w := range slices.Sorted(maps.Keys(l.why)) {
		words = append(words, fmt.Sprintf("%s %d", w, l.why[w]))
	}
	switch {
	case len(words) == 0:
		return fmt.Sprint(l.failed)
	case l.what == "monitors":
		return "0: " + strings.Join(words, ", ")
	}
	return fmt.Sprintf("%d: %s", l.failed, strings.Join(words, ", "))
}

// page returns the text of docs/faults.md.
func page(when time.Time, results []*result) string {
	var b strings.Builder
	fmt.Fprintf(&b, `# What is left when the network breaks

Written by `+"`make faults`"+` on %s; do not edit. Containers with OTP 27 and OTP 25 (%s and %s
in `+"`docker-compose.yml`"+`) put a steady load on a Go node in a third one, with a tick time of 4 s: each has 10
processes that call, 5 that cast, 5 that monitor servers of the Go node and 5 that the Go node monitors. While
that goes on
something breaks, and is mended again. Then the accounts are made up.

- **calls**: each was answered once (good) or failed with a reason. Twice: a second reply, or one that was executed
  twice or out of order.
- **casts**: 20 at a time between two syncs (calls that ask what has arrived). Failed: a sync failed or the connection
  was lost meanwhile, so that nothing is promised; all others have to arrive once and in order.
- **monitors**: set by the BEAMs on servers of the Go node which then end; good: fired, with these reasons.
- **monitors of the Go node** on processes of the BEAMs which then end; those of a node that was killed fire as well.
- noticed, healed: how long after the beginning the first call failed on OTP 27 or the node was down, how long after the
  end the first call was answered.

| fault | load | sent | good | failed | lost | twice | noticed | healed |
|---|---|---|---|---|---|---|---|---|
`, when.UTC().Format("2006-01-02 15:04 MST"), first, second)
	for _, r := range results {
		b.WriteString(r.lines())
	}
	b.WriteString("\nThe faults:\n\n")
	for _, r := range results {
		fmt.Fprintf(&b, "- **%s**: %s\n", r.fault.name, r.fault.text)
	}
	b.WriteString(`
Not among them: a clock that jumps under the Go node. A Go program asks the kernel for the time and not the C
library, time namespaces have no other wall clock, and the clock of the machine is that of everything else on it.
Everything that the node times is measured with the monotonic clock.
`)
	return b.String()
}
