package codechange

import (
	"time"

	"github.com/gonode-otp/gonode/etf"
)

// Options say how Run deals with what the script leaves open. The zero value is usable.
type Options struct {
	// SuspendTimeout and CodeChangeTimeout override the time-outs of the script. 0 means those of the script, else 5 s;
	// genserv.Infinity means no limit.
	SuspendTimeout, CodeChangeTimeout time.Duration
	// UndoTimeout is how long a function that undoes another one may take. 0 means 5 s; genserv.Infinity means no limit.
	// After that the rollback goes on without it and reports it.
	UndoTimeout time.Duration
	// Busy says what to do about a process that does not suspend itself in time.
	Busy BusyPolicy
	// Resume says when changed servers are resumed.
	Resume ResumePolicy
	// Canary changes a few processes first.
	Canary Canary
	// Strict refuses a script before anything is done if Report.Uncovered is not empty. The reason is {uncovered_modules,
	// [Module]}.
	Strict bool
	// Progress is called before each instruction, and must return soon.
	Progress func(Progress)
	// Trace is called in a process when that has done a step, and must return soon. Several processes may call it at once.
	Trace func(TraceEvent)

	// Tracker, if it is not nil, can be asked by other goroutines what the upgrade is doing.
	Tracker *Tracker
}

// TraceEvent is a step that a process has done.
type TraceEvent struct {
	Pid  etf.Pid
	What Step
	// Request is the system message that OTP sends for it: suspend, {change_code, Module, OldVsn, Extra} or resume. It is
	// nil for steps that OTP has no message for.
	Request etf.Term
}

// Step is a step of a process in an upgrade.
type Step string

// The steps of a process. A failed code change is one as well.
const (
	StepSuspend Step = "suspend"
	StepChange  Step = "change_code"
	StepLoad    Step = "load"
	StepResume  Step = "resume"
	StepUndo    Step = "undo" // its old code and state are back
)

// BusyPolicy says what becomes of the upgrade if a process does not suspend itself in time.
type BusyPolicy uint8

const (
	// BusyFail makes the upgrade fail.
	BusyFail BusyPolicy = iota
	// BusyWait waits until the process has time.
	BusyWait
	// BusySkip leaves the process with its old code and state, and reports it. In OTP it would run new code with its old
	// state.
	BusySkip
)

// ResumePolicy says when changed servers are resumed.
type ResumePolicy uint8

const (
	// ResumeLate keeps the servers suspended until the whole script has succeeded, or until an instruction that may need
	// them: apply, sync_nodes, stop or start. Until then no server serves anything that a rollback would have to undo.
	ResumeLate ResumePolicy = iota
	// ResumeInPlace resumes where the script says so.
	ResumeInPlace
)

// Canary changes a few processes first.
type Canary struct {
	// Count is how many processes of each module are changed first; 0 means no canaries.
	Count int
	// Watch is how long they are watched before the others are changed. If one of them ends meanwhile, the upgrade fails.
	Watch time.Duration
}

// With returns o changed by the options of release_handler:install_release/2, a list of pairs. error_action and
// update_paths mean nothing here. Our own options are {busy, fail | wait | skip}, {resume, late | in_place}, {strict,
// Bool}, {undo_timeout, T}, {canary, Count} and {canary, Count, Milliseconds}. The error is an *Error with the reason
// badarg or {illegal_option, Option}.
func (o Options) With(t etf.Term) (Options, error) {
	list, ok := t.(etf.List)
	if !ok {
		return o, &Error{Reason: etf.Atom("badarg")}
	}
	for _, option := range list {
		pair, _ := option.(etf.Tuple)
		if !o.set(pair) {
			return o, &Error{Reason: etf.Tuple{etf.Atom("illegal_option"), option}}
		}
	}
	return o, nil
}

// set sets one option. It returns false if the option is unknown or has a bad value.
func (o *Options) set(option etf.Tuple) (ok bool) {
	if len(option) < 2 || len(option) > 3 {
		return false
	}
	name, _ := option[0].(etf.Atom)
	word, _ := option[1].(etf.Atom)
	if len(option) == 3 && name != "canary" {
		return false
	}
	switch name {
	case "error_action":
		return word == "restart" || word == "reboot"
	case "update_paths":
		return word == "true" || word == "false"
	case "suspend_timeout":
		o.SuspendTimeout, ok = readTimeout(option[1])
	case "code_change_timeout":
		o.CodeChangeTimeout, ok = readTimeout(option[1])
	case "undo_timeout":
		o.UndoTimeout, ok = readTimeout(option[1])
	case "strict":
		o.Strict = word == "true"
		return word == "true" || word == "false"
	case "busy":
		o.Busy, ok = busyPolicies[word]
	case "resume":
		o.Resume, ok = resumePolicies[word]
	case "canary":
		count, isInt := option[1].(etf.Int)
		o.Canary.Count, ok = int(count), isInt && count > 0
		if len(option) == 3 {
			ms, isInt := option[2].(etf.Int)
			o.Canary.Watch, ok = time.Duration(ms)*time.Millisecond, ok && isInt && ms >= 0
		}
	}
	return ok
}

var (
	busyPolicies   = map[etf.Atom]BusyPolicy{"fail": BusyFail, "wait": BusyWait, "skip": BusySkip}
	resumePolicies = map[etf.Atom]ResumePolicy{"late": ResumeLate, "in_place": ResumeInPlace}
)
