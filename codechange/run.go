package codechange

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/gonode-otp/gonode/etf"
)

// Script is what Run executes.
type Script struct {
	// Instructions are the low-level instructions of a relup, as terms.
	Instructions etf.List
	// Libs are the applications of the release that the script leads to.
	Libs []Lib
	// From are the applications of the release that it leads away from. Report.Uncovered needs them and is empty without
	// them.
	From []Lib
}

// Lib is an application of a release and its directory: an element of what release_handler_1 calls libs.
type Lib struct {
	App etf.Atom
	Vsn string
	Dir string
}

// Progress is a step of an upgrade.
type Progress struct {
	Step, Steps int
	Instruction etf.Term
	Processes   int // that have been suspended so far
}

// defaultTimeout is that of sys:suspend/1 and sys:change_code/4.
const defaultTimeout = 5 * time.Second

// Run executes a script on a host: release_handler_1:eval_script/5. If an instruction fails, what was done before is
// undone. Run returns when that is done. If ctx ends, the upgrade fails. The report is never nil; the error is an
// *Error.
//
// A host can have one Run at a time.
func Run(ctx context.Context, host Host, versions *Versions, script Script, o Options) (*Report, error) {
	r := newRun(ctx, host, versions, script, o)
	began := time.Now()
	err := r.execute(script.Instructions)
	if err != nil {
		r.rollback()
		r.report.Undone = true
	}
	r.report.Total = time.Since(began)
	if err != nil {
		return &r.report, err
	}
	return &r.report, nil
}

// Check executes what stands before the point of no return of a script, and checks the rest as far as it can be known:
// release_handler_1:check_script/2. The error is an *Error.
func Check(ctx context.Context, host Host, versions *Versions, script Script, o Options) error {
	if err := newRun(ctx, host, versions, script, o).executeBeforePoint(script.Instructions); err != nil {
		return err
	}
	return nil
}

func newRun(ctx context.Context, host Host, versions *Versions, script Script, o Options) *run {
	return &run{ctx: ctx, host: host, versions: versions, libs: script.Libs, from: script.From, options: o,
		objectCode: map[etf.Atom]*Module{}, versionPairs: map[etf.Atom]versionPair{}, subjects: map[pidKey]*subject{},
		suspended: map[etf.Atom][]*subject{}, stopped: map[etf.Atom][]Child{}, loaded: map[pidKey]Process{},
		openChanges: map[etf.Atom]executedChange{}, executedChanges: map[etf.Atom]executedChange{},
		earlierUsers: map[pidKey]bool{}, postPurge: map[etf.Atom]etf.Atom{}}
}

// traced tells that a process has done a step. It runs in the process.
func (r *run) traced(p Process, what Step, request etf.Term) {
	r.options.Tracker.done(p.Pid())
	if r.options.Trace != nil {
		r.options.Trace(TraceEvent{p.Pid(), what, request})
	}
}

// run is one execution of a script.
type run struct {
	ctx      context.Context
	host     Host
	versions *Versions
	libs     []Lib
	from     []Lib // that the script leads away from
	options  Options
	report   Report

	before, after []step
	suspending    []etf.Atom // modules that the script suspends
	changing      []etf.Atom // and those that it changes

	objectCode   map[etf.Atom]*Module // by load_object_code, until they are loaded: bins of OTP's eval_state
	versionPairs map[etf.Atom]versionPair

	subjects        map[pidKey]*subject
	suspended       map[etf.Atom][]*subject // by module
	spare           []subject               // for further subjects
	spareReports    []ProcessReport
	suspendOrder    []*subject         // in the order in which they suspended themselves, until they are resumed
	toResume        []*subject         // to be resumed
	loaded          map[pidKey]Process // that go over at their next message
	stopped         map[etf.Atom][]Child
	openChanges     map[etf.Atom]executedChange // code_change instructions that have been executed
	executedChanges map[etf.Atom]executedChange // of those, also after the resume
	earlierUsers    map[pidKey]bool             // processes that ran a version before it was made current

	undos        []undoStep
	irreversible []string              // functions that nothing undoes
	endingCalls  []string              // functions that ended processes: undone, they begin anew
	postPurge    map[etf.Atom]etf.Atom // modules that were loaded or removed, with their purge method
	purges       []etf.Atom

	afterCanaries bool // the canaries live, the rest follows
	firstSuspend  time.Time
}

// pidKey tells the processes of one node apart.
type pidKey uint64

func keyOf(pid etf.Pid) pidKey { return pidKey(pid.Serial)<<32 | pidKey(pid.ID) }

type step struct {
	term etf.Term
	do   instruction
}

// versionPair are the versions of a module before and after the script.
type versionPair struct{ old, new *Module }

type executedChange struct {
	changeEntry
	down bool
}

// check refuses a script that could not be executed, before anything is done.
func (r *run) check(script etf.List) *Error {
	if err := r.parse(script); err != nil {
		return err
	}
	if err := r.checkOldProcesses(); err != nil {
		return err
	}
	if err := r.checkFunctions(); err != nil {
		return err
	}
	return r.checkCoverage(script)
}

// executeBeforePoint executes what stands before the point of no return: check_script/2.
func (r *run) executeBeforePoint(script etf.List) *Error {
	if err := r.check(script); err != nil {
		return err
	}
	for i, s := range r.before {
		if err := r.eval(i, s); err != nil {
			return err
		}
	}
	return nil
}

// execute is eval_script/5 without its end.
func (r *run) execute(script etf.List) *Error {
	if err := r.executeBeforePoint(script); err != nil {
		return err
	}
	if err := r.executeAfterPoint(); err != nil {
		err.Exit = true
		return err
	}
	return nil
}

// executeAfterPoint executes what stands behind the point of no return.
func (r *run) executeAfterPoint() *Error {
	for i, s := range r.after {
		if err := r.eval(len(r.before)+i, s); err != nil {
			return err
		}
	}
	if r.options.Canary.Count > 0 {
		if err := r.canaries(); err != nil {
			return err
		}
	}
	r.commit()
	return nil
}

func (r *run) eval(i int, s step) *Error {
	if r.ctx.Err() != nil {
		return cancelledError(r.ctx)
	}
	now := Progress{i + 1, len(r.before) + len(r.after), s.term, len(r.subjects)}
	r.options.Tracker.step(now)
	if r.options.Progress != nil {
		r.options.Progress(now)
	}
	err := s.do.eval(r)
	switch {
	case err == nil:
		return nil
	case r.ctx.Err() != nil && errors.Is(err, context.Cause(r.ctx)):
		return cancelledError(r.ctx)
	}
	return asError(err)
}

// cancelledError is the failure of an upgrade that was told to stop.
func cancelledError(ctx context.Context) *Error {
	e := exitError(etf.Atom("shutdown"))
	if e.Err = context.Cause(ctx); errors.Is(e.Err, ErrAborted) {
		e.Reason = etf.Tuple{etf.Atom("EXIT"), etf.Atom("aborted")}
	}
	return e
}

// parse splits the script at its point of no return and refuses what could not be executed: split_instructions/1 and
// syntax_check_script/1. Differs from OTP: the part before the point is checked, too, before any of it is executed.
func (r *run) parse(script etf.List) *Error {
	point := slices.IndexFunc(script, func(t etf.Term) bool { return etf.IsAtom(t, "point_of_no_return") })
	for i, t := range script {
		do := parseInstruction(t)
		_, emulator := do.(restart)
		switch {
		case emulator:
			// Differs from OTP: an emulator of ours would lose all states, which a code change is there to keep.
			return throwError(etf.Tuple{etf.Atom("static_emulator"), t})
		case do == nil && i < point:
			return throwError(etf.Tuple{etf.Atom("illegal_instruction_before_point_of_no_return"), t})
		case do == nil:
			return throwError(etf.Tuple{etf.Atom("illegal_instruction_after_point_of_no_return"), t})
		case i < point:
			r.before = append(r.before, step{t, do})
		default:
			r.after = append(r.after, step{t, do})
		}
		r.inspect(do)
	}
	return nil
}

// inspect notes which modules an instruction suspends and changes.
func (r *run) inspect(do instruction) {
	switch do := do.(type) {
	case suspend:
		for _, e := range do.entries {
			r.suspending = append(r.suspending, e.module)
		}
	case changeCode:
		for _, e := range do.entries {
			r.changing = append(r.changing, e.module)
		}
	}
}

// checkOldProcesses refuses a script that loads or removes a module with the pre-purge soft_purge while processes run
// another version than the current one: check_old_processes/2. brutal_purge has nothing to do, because no slot for old
// code has to be emptied.
func (r *run) checkOldProcesses() *Error {
	for _, s := range slices.Concat(r.before, r.after) {
		var rule purgeRule
		switch do := s.do.(type) {
		case load:
			rule = do.purgeRule
		case remove:
			rule = do.purgeRule
		}
		if rule.pre == "soft_purge" && len(r.oldProcesses(rule.module)) > 0 {
			return throwError(etf.Tuple{etf.Atom("old_processes"), rule.module})
		}
	}
	return nil
}

// oldProcesses returns the processes that run another version of a module than the current one.
func (r *run) oldProcesses(module etf.Atom) []Process {
	return OldProcesses(r.host, r.versions, module)
}

// OldProcesses returns the processes that run another version of a module than the current one.
func OldProcesses(host Host, versions *Versions, module etf.Atom) []Process {
	current, known := versions.Current(module)
	if !known {
		return nil
	}
	var old []Process
	for _, p := range host.Users(module) {
		if m := versions.Of(p.Code()); m != nil && m != current {
			old = append(old, p)
		}
	}
	return old
}

// checkFunctions refuses a script that applies a function that does not exist. Differs from OTP, which finds out when
// it comes to it.
func (r *run) checkFunctions() *Error {
	for _, s := range slices.Concat(r.before, r.after) {
		var calls []*mfa
		switch do := s.do.(type) {
		case apply:
			calls = []*mfa{&do.mfa, do.undo}
		case syncNodes:
			calls = []*mfa{do.from}
		}
		for _, c := range calls {
			if c != nil && !r.host.Exported(c.module, c.function, len(c.args)) {
				return undefError(*c)
			}
		}
	}
	return nil
}
