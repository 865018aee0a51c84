package codechange

import (
	"time"

	"github.com/gonode-otp/gonode/etf"
)

// Report tells what an upgrade did to each process. What was undone is in it as well.
type Report struct {
	// Transition is what the release handler has executed, see package releasehandler; nil for a script that was run
	// without it. It is not part of Term.
	Transition *Transition `etf:"-"`
	// Processes are the processes that instructions were about, in the order in which their turn came.
	Processes []*ProcessReport `etf:"processes"`
	// Unpurged are the modules of which processes still run another version than the current one, with the purge method of
	// the script: what release_handler_1:eval_script/1 returns.
	Unpurged []Unpurged `etf:"unpurged"`
	// Pause is the time from the first suspend to the last resume; no server was suspended for longer.
	Pause time.Duration `etf:"pause_us,micros"`
	// Total is the time of the whole upgrade.
	Total time.Duration `etf:"total_us,micros"`
	// Rehearsed says that nothing was changed: the report tells what an upgrade would do.
	Rehearsed bool `etf:"rehearsed"`
	// Undone says that the upgrade failed and was undone.
	Undone bool `etf:"undone"`
	// Config are the objections of applications to their new configuration, which holds nevertheless.
	Config []string `etf:"config"`
	// Left are the functions that were applied and that nothing undoes, if the upgrade failed.
	Left []string `etf:"left"`
	// NotUndone is what could not be undone, with the reason, if the upgrade failed.
	NotUndone []string `etf:"not_undone"`
	// Uncovered are the modules that differ between the linked versions and that no instruction is about, and the
	// instructions for modules that do not differ.
	Uncovered []Uncovered `etf:"uncovered"`
}

// Transition is how a release or an application gets from one version to another.
type Transition struct {
	From, To string
	// Other is the version under which the relup has the script: From for an upgrade, To for a downgrade.
	Other       string
	Description string // of the relup
	Script      Script
}

// Term returns the report as a map, with times in microseconds, for other nodes; ReadReport reads it.
func (r *Report) Term() etf.Term {
	t, err := etf.Marshal(r)
	if err != nil {
		return etf.Tuple{etf.Atom("error"), etf.Binary(err.Error())}
	}
	return t
}

// ReadReport reads what Term returned. The error is of etf.Unmarshal.
func ReadReport(t etf.Term) (*Report, error) {
	r := &Report{}
	if err := etf.Unmarshal(t, r); err != nil {
		return nil, err
	}
	return r, nil
}

// Unpurged is a module of which processes run another version than the current one.
type Unpurged struct {
	Module etf.Atom `etf:"module"`
	Purge  etf.Atom `etf:"purge"` // soft_purge or brutal_purge
}

// ProcessReport tells what an upgrade did to a process.
type ProcessReport struct {
	Pid     etf.Pid  `etf:"pid"`
	Name    etf.Atom `etf:"name"` // registered name, or ""
	Module  etf.Atom `etf:"module"`
	From    string   `etf:"from"` // version of the module
	To      string   `etf:"to"`
	Outcome Outcome  `etf:"outcome,atom"`
	// Paused is how long the process was suspended.
	Paused time.Duration `etf:"paused_us,micros"`
	// Took is how long its code change ran.
	Took time.Duration `etf:"took_us,micros"`
	// Reason says more about an outcome that is not as wanted.
	Reason string `etf:"reason"`
	// Undone says how the process got back what it had, or is empty.
	Undone Undone `etf:"undone,atom"`
}

// Outcome is what an upgrade did to a process.
type Outcome string

// What an upgrade does to processes.
const (
	OutcomeSuspended Outcome = "suspended" // suspended and resumed, nothing else
	OutcomeChanged   Outcome = "changed"   // code and state
	OutcomeLoaded    Outcome = "loaded"    // code; the state is of the same shape
	OutcomeStayed    Outcome = "stayed"    // runs its old code: its state has another shape, and there is no code change
	OutcomeBusy      Outcome = "busy"      // did not suspend itself in time and was left alone
	OutcomeEnded     Outcome = "ended"     // ended by itself meanwhile
	OutcomeStopped   Outcome = "stopped"   // was stopped by the script
	OutcomeFailed    Outcome = "failed"    // its code change failed
	OutcomeBegan     Outcome = "began"     // began with the new code while an upgrade was on that failed
	OutcomeHung      Outcome = "hung"      // its code change did not return in time; what it returns later is forgotten
	OutcomeUntried   Outcome = "untried"   // its code change was not rehearsed; Reason says why
)

// Undone is how a process got back what it had.
type Undone string

// What an upgrade that failed does to processes that it had changed.
const (
	// UndoneRestored means that the process has its old code and its old state, and served nothing in between.
	UndoneRestored Undone = "restored"
	// UndoneUncopied means that the process has its old code and the very value that was its state, but that its code
	// change may have altered the part of it in place that Reason names: the server is no genserv.StateCopier.
	UndoneUncopied Undone = "uncopied"
	// UndoneDowngraded means that the process had served requests with its new code, and that its present state was
	// brought back to the old code: by its Downgrade, by its CodeChange if a downgrade had failed, or as it is if its
	// shape had not changed.
	UndoneDowngraded Undone = "downgraded"
	// UndoneForgot means that the process has its old code and its old state, and that what it did with its new code is
	// forgotten.
	UndoneForgot Undone = "forgot"
	// UndoneAnew means that the process was started with the new code, had handled nothing, and was initialised again with
	// the old code.
	UndoneAnew Undone = "anew"
	// UndoneKilled means that the process was started with the new code and could not be brought to the old one. It was
	// killed, and its supervisor starts it again.
	UndoneKilled Undone = "killed"
	// UndoneLater means that the process is busy and goes back as soon as it has time.
	UndoneLater Undone = "later"
)
