package codechange

import (
	"time"

	"github.com/gonode-otp/gonode/etf"
)

// Options say how Run deals with what the script leaves open. The zero value is usable.
type Options struct {
	// SuspendTimeout and CodeChangeTimeout go before the time-outs of the script; 0 means those, else 5 s, and
	// genserv.Infinity no limit.
	SuspendTimeout, CodeChangeTimeout time.Duration
	// UndoTimeout is how long a function may take that undoes another one, such as one that was applied; 0 means 5 s, and
	// genserv.Infinity no limit. The rollback goes on without it then, and reports that.
	UndoTimeout time.Duration
	// Busy says what to do about a process that does not suspend itself in time.
	Busy BusyPolicy
	// Resume says when the servers of a group go on that has been changed.
	Resume ResumePolicy
	// Canary changes a few processes first.
	Canary Canary
	// Strict refuses a script that Report.Uncovered finds something in, before anything is done, with
	// {uncovered_modules, [Module]}.
	Strict bool
	// Progress is called before each instruction, and must return soon.
	Progress func(Progress)
	// Trace is called in the process whenever one has done a step, and must return soon. Several processes may call it
	// at once.
	Trace func(TraceEvent)

	// Tracker can be asked what is under way. nil means that nobody asks.
	Tracker *Tracker
}

// TraceEvent is what a process has done.
type TraceEvent struct {
	Pid  etf.Pid
	What Step
	// Request is the system message that OTP has in its place: suspend, {change_code, Module, OldVsn, Extra} or resume;
	// nil for the others.
	Request etf.Term
}

// Step is what the processes do in an upgrade.
type Step string

// The steps of a process. A failed code change is one as well.
const (
	StepSuspend Step = "suspend"
	StepChange  Step = "change_code"
	StepLoad    Step = "load"
	StepResume  Step = "resume"
	StepUndo    Step = "undo" // its old code and state are back
)

// BusyPolicy is what to do about a busy process.
type BusyPolicy uint8

const (
	// BusyFail gives the upgrade up.
	BusyFail BusyPolicy = iota
	// BusyWait waits until the process has time.
	BusyWait
	// BusySkip leaves the process to its old code and state, and reports it. OTP leaves it to new code with its old state.
	BusySkip
)

// ResumePolicy is when changed servers go on.
type ResumePolicy uint8

const (
	// ResumeLate keeps the servers suspended until the whole script has succeeded, or comes to an instruction that may
	// need them: apply, sync_nodes, stop or start. No server has then served anything that a failure could make undone.
	ResumeLate ResumePolicy = iota
	// ResumeInPlace resumes where the script says so.
	ResumeInPlace
)

// Canary has a few processes go first.
type Canary struct {
	// Count is how many processes of each module are changed first; 0 means no canaries.
	Count int
	// Watch is how long they are watched before the rest follows. If one of them ends meanwhile, the upgrade is given up.
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

// set sets one option. It returns false for one that is unknown or has a value that it cannot have.
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
