package main

import (
	"context"
	"errors"
	"path"
	"strings"

	"github.com/gonode-otp/gonode/codechange"
	"github.com/gonode-otp/gonode/etf"
)

// target is the goal of an upgrade: a release, or a version of one application.
type target struct{ app, vsn string }

// String returns release Vsn, or App-Vsn.
func (t target) String() string {
	if t.app == "" {
		return "release " + t.vsn
	}
	return strings.TrimSuffix(t.app+"-"+t.vsn, "-")
}

// asking is a request to a node: a function of the module gonode, which takes options as well. If the node lacks that
// function, it is one of release_handler.
type asking struct {
	function etf.Atom
	args     []etf.Term
	otp      etf.Atom
	otpArgs  []etf.Term
}

// release returns the request for another release.
func (f upgradeFlags) release(vsn string) asking {
	args := []etf.Term{etf.Charlist(vsn)}
	if f.dryRun {
		return asking{"rehearse_release", args, "check_install_release", args}
	}
	return asking{"install_release", args, "install_release", []etf.Term{args[0], f.timeouts()}}
}

// oneApp upgrades one application.
func (u *upgrading) oneApp(ctx context.Context, vsn string) error {
	f := u.flags
	dir := f.dir
	if dir == "" {
		dir = "lib/" + f.app + "-" + vsn
	}
	to := target{f.app, vsn}
	if vsn == "" {
		to.vsn = strings.TrimPrefix(path.Base(dir), f.app+"-") // for messages; the node reads the files
	}
	app, where := etf.Atom(f.app), etf.Charlist(dir)
	ask := asking{"upgrade_app", []etf.Term{app, where}, "upgrade_app", []etf.Term{app, where}}
	if f.down {
		ask = asking{"downgrade_app", []etf.Term{app, etf.Charlist(vsn), where}, "downgrade_app",
			[]etf.Term{app, etf.Charlist(to.vsn), where}}
	}
	if f.dryRun {
		ask.function = "rehearse_" + ask.function
		ask.otp = etf.Atom(strings.Replace(string(ask.otp), "_app", "_script", 1))
	}
	return u.to(ctx, to, ask)
}

// throws reports whether the function of OTP throws its refusal.
func (a asking) throws() bool { return strings.HasSuffix(string(a.otp), "_script") }

// refusal returns the error of an OTP node's answer, or nil.
func (a asking) refusal(answer etf.Term) error {
	t, _ := answer.(etf.Tuple)
	switch {
	case len(t) == 2 && etf.IsAtom(t[0], "error"):
		return &upgradeError{reason: t[1]}
	case a.throws() && (len(t) == 0 || !etf.IsAtom(t[0], "ok")):
		return &upgradeError{reason: answer}
	}
	return nil
}

// readOutcome reads the answer of a Go node: {ok, {Other, Description}, Report}, {error, Reason, Report} or {error,
// Reason, Report, Findings}. The report is nil if the upgrade was refused before it began.
func readOutcome(answer etf.Term) (report *codechange.Report, failure error) {
	t, _ := answer.(etf.Tuple)
	if len(t) != 3 && len(t) != 4 {
		return nil, &upgradeError{reason: answer}
	}
	if etf.IsAtom(t[0], "error") {
		failure = &upgradeError{t[1], findingsOf(t[3:])}
	}
	if etf.IsAtom(t[2], "undefined") {
		return nil, failure
	}
	report, err := codechange.ReadReport(t[2])
	if err != nil {
		return nil, errors.Join(failure, err)
	}
	return report, failure
}

// upgradeError is the error of an upgrade that did not take place.
type upgradeError struct {
	reason   etf.Term
	findings []string // errors in files of the node, with their places
}

// Error returns the reason, and the errors in files on lines of their own.
func (e *upgradeError) Error() string {
	return strings.Join(append([]string{etf.FormatMax(e.reason, 2000)}, e.findings...), "\n  ")
}

// findingsOf reads [Binary], if it is there.
func findingsOf(rest []etf.Term) (all []string) {
	if len(rest) == 0 {
		return nil
	}
	list, _ := rest[0].(etf.List)
	for _, t := range list {
		if text, ok := t.(etf.Binary); ok {
			all = append(all, printable(string(text)))
		}
	}
	return all
}
