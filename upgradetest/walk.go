package upgradetest

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/gonode-otp/gonode/appup"
	"github.com/gonode-otp/gonode/codechange"
	"github.com/gonode-otp/gonode/etf"
)

// walk tries a pair of versions: up and back with the samples of the older one, down with those of the newer one, and
// what is to be refused.
func (p Program) walk(ctx context.Context, way pair) (problems []error) {
	versions, err := p.Versions()
	if err != nil {
		return []error{err}
	}
	linked := versions.Linked()
	newer := func(s Sample) bool { return s.refusedBy(linked, way.to) }
	older := func(s Sample) bool { return s.refusedBy(linked, way.from) }
	if way.up != nil {
		problems = append(problems, p.onStage(ctx, way.from, negate(newer), func(w *walker) { w.roundTrip(ctx, way) })...)
	}
	if way.down != nil && p.hasSample(linked, way.to, negate(older)) {
		problems = append(problems, p.onStage(ctx, way.to, negate(older), func(w *walker) {
			w.oneWay(ctx, way.reversed())
		})...)
	}
	if way.up != nil && p.hasSample(linked, way.from, newer) {
		problems = append(problems, p.onStage(ctx, way.from, newer, func(w *walker) { w.checkRefused(ctx, way) })...)
	}
	if way.down != nil && p.hasSample(linked, way.to, older) {
		problems = append(problems, p.onStage(ctx, way.to, older, func(w *walker) { w.checkRefused(ctx, way.reversed()) })...)
	}
	return problems
}

// reversed is the pair in the other direction.
func (p pair) reversed() pair {
	return pair{what: p.what, by: p.by, old: p.new, new: p.old, from: p.to, to: p.from, up: p.down, down: p.up}
}

func negate(f func(Sample) bool) func(Sample) bool { return func(s Sample) bool { return !f(s) } }

// refusedBy tells whether a version that libs have does not take the sample over.
func (s Sample) refusedBy(linked []appup.Linked, libs []codechange.Lib) bool {
	_, ok := findHolder(linked, libs, s.Module, etf.Charlist(s.RefusedBy))
	return s.RefusedBy != "" && ok
}

func (p Program) hasSample(linked []appup.Linked, libs []codechange.Lib, want func(Sample) bool) bool {
	return slices.ContainsFunc(p.Samples, func(s Sample) bool { return s.isOf(linked, libs) && want(s) })
}

// onStage starts a stage for what do tries.
func (p Program) onStage(ctx context.Context, libs []codechange.Lib, want func(Sample) bool, do func(*walker)) []error {
	s, err := p.stage(ctx, libs, want)
	if err != nil {
		return []error{err}
	}
	w := &walker{stage: s}
	do(w)
	if err := s.end(); err != nil {
		w.problems = append(w.problems, err)
	}
	return w.problems
}

// walker collects what is wrong on a stage.
type walker struct {
	*stage
	problems   []error
	opaquePids map[etf.Pid]bool // servers whose state cannot be shown
}

func (w *walker) problem(way pair, format string, args ...any) {
	w.problems = append(w.problems, fmt.Errorf("%s %s to %s: %w", way.what, way.old, way.new, fmt.Errorf(format, args...)))
}

// roundTrip goes from the old version to the new one and back.
func (w *walker) roundTrip(ctx context.Context, way pair) {
	w.checkSamplesPresent(ctx, way)
	before := w.snapshot(ctx)
	if !w.oneWay(ctx, way) || way.down == nil {
		return
	}
	if !w.oneWay(ctx, way.reversed()) {
		return
	}
	same := w.p.Same
	if same == nil {
		same = func(_ etf.Atom, before, after etf.Term) bool { return etf.Equal(before, after) }
	}
	after := w.snapshot(ctx)
	for _, pid := range before.order {
		was, is := before.servers[pid], after.servers[pid]
		switch {
		case is.state == nil:
			w.problem(way, "the server of %s has ended on the way there and back", w.name(pid))
		case !same(was.module, was.state, is.state):
			w.problem(way, "the server of %s had the state %s, and has %s after the way there and back",
				w.name(pid), etf.FormatMax(was.state, maxState), etf.FormatMax(is.state, maxState))
		}
	}
}

// maxState bounds a state in a text.
const maxState = 300

// oneWay has the script fail at each of its steps, and then executes it.
func (w *walker) oneWay(ctx context.Context, way pair) (ok bool) {
	script := withoutSync(way.up)
	for at := range len(script) + 1 {
		if !w.checkFailureAt(ctx, way, script, at) {
			return false
		}
	}
	report, err := w.run(ctx, way, script)
	if err != nil {
		w.problem(way, "the upgrade failed: %w%s", err, failureReasons(report))
		return false
	}
	ok = true
	for _, p := range report.Processes {
		switch p.Outcome {
		case codechange.OutcomeChanged, codechange.OutcomeLoaded, codechange.OutcomeSuspended:
		default:
			w.problem(way, "the server of %s was not changed (%s): %s", w.name(p.Pid), p.Outcome, p.Reason)
			ok = false
		}
	}
	return ok
}

// checkFailureAt lets a script fail in front of one of its instructions, or at its end, and looks whether all is as it
// was.
func (w *walker) checkFailureAt(ctx context.Context, way pair, script etf.List, at int) bool {
	fail := etf.Tuple{etf.Atom("apply"), etf.Tuple{etf.Atom(kitApp), etf.Atom("fail"), etf.List{}}}
	where := "at its end"
	if at < len(script) {
		where = "before " + etf.FormatMax(script[at], maxState)
	}
	before := w.snapshot(ctx)
	report, err := w.run(ctx, way, slices.Insert(slices.Clone(script), at, etf.Term(fail)))
	var failed *codechange.Error
	switch {
	case err == nil:
		w.problem(way, "a function failed %s, and the upgrade went on", where)
		return false
	case !errors.As(err, &failed) || !etf.IsAtom(failed.Reason, kitApp):
		w.problem(way, "the upgrade failed: %w%s", err, failureReasons(report))
		return false
	}
	return w.checkUndone(ctx, way, before, report, "a failure "+where)
}

// checkRefused executes a script that has to fail because of the samples.
func (w *walker) checkRefused(ctx context.Context, way pair) {
	before := w.snapshot(ctx)
	report, err := w.run(ctx, way, withoutSync(way.up))
	if err == nil {
		w.problem(way, "a sample that version %s is to refuse was taken over", way.new)
		return
	}
	w.checkUndone(ctx, way, before, report, "a code change that was refused")
}

func (w *walker) checkUndone(
	ctx context.Context, way pair, before snapshot, report *codechange.Report, after string,
) bool {
	known := len(w.problems)
	after = "after " + after
	for _, p := range report.Processes {
		switch p.Undone {
		case codechange.UndoneUncopied, codechange.UndoneForgot, codechange.UndoneKilled, codechange.UndoneLater:
			w.problem(way, "%s the server of %s is not what it was (%s): %s", after, w.name(p.Pid), p.Undone, p.Reason)
		}
	}
	for _, call := range report.Left {
		w.problem(way, "%s %s was left applied: give it an {undo, {M,F,A}}", after, call)
	}
	for _, what := range report.NotUndone {
		w.problem(way, "%s %s", after, what)
	}
	w.compareSnapshots(way, before, w.snapshot(ctx), after)
	return len(w.problems) == known
}

// compareSnapshots looks whether two snapshots are the same.
func (w *walker) compareSnapshots(way pair, before, now snapshot, after string) {
	if before.modules != now.modules {
		w.problem(way, "%s the versions are %s, and were %s", after, now.modules, before.modules)
	}
	for _, pid := range before.order {
		was, is := before.servers[pid], now.servers[pid]
		switch {
		case is.state == nil:
			w.problem(way, "%s the server of %s has ended", after, w.name(pid))
		case !etf.Equal(was.state, is.state):
			w.problem(way, "%s the server of %s has the state %s, and had %s", after, w.name(pid),
				etf.FormatMax(is.state, maxState), etf.FormatMax(was.state, maxState))
		}
	}
	for _, pid := range now.order {
		if before.servers[pid].state == nil {
			w.problem(way, "%s there is the server %s, which was not there before", after, w.name(pid))
		}
	}
}

func (w *walker) run(ctx context.Context, way pair, script etf.List) (*codechange.Report, error) {
	report, err := w.n.ReleaseHandler().Eval(ctx,
		codechange.Script{Instructions: script, Libs: way.to, From: way.from}, w.p.Options)
	if report == nil {
		report = &codechange.Report{}
	}
	return report, err
}

// withoutSync is a script without instructions that wait for other nodes: there are none here.
func withoutSync(script etf.List) (rest etf.List) {
	for _, t := range script {
		if tuple, ok := t.(etf.Tuple); !ok || len(tuple) == 0 || !etf.IsAtom(tuple[0], "sync_nodes") {
			rest = append(rest, t)
		}
	}
	return rest
}

// failureReasons are what processes say about a failure.
func failureReasons(report *codechange.Report) (text string) {
	for _, p := range report.Processes {
		if p.Reason != "" {
			text += fmt.Sprintf("\n\t%s %s: %s", p.Module, p.Outcome, p.Reason)
		}
	}
	return text
}
