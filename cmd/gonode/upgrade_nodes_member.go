package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gonode-otp/gonode/codechange"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/releasehandler"
)

// stage is the state of a node in a rollout.
type stage string

const (
	waiting    stage = "waiting"         // it waits for its turn
	missed     stage = "missed"          // it was down
	present    stage = "has it"          // it had the release before
	tried      stage = "tried"           // the dry run went well
	changing   stage = "changing"        // it is being upgraded
	upgraded   stage = "upgraded"        // it runs the release
	permanent  stage = "permanent"       // it also starts with the release
	refused    stage = "failed"          // it still runs its old release
	returned   stage = "rolled back"     // it runs its old release again
	astray     stage = "not rolled back" // it is not as it was, or its state is unknown
	unfinished stage = "not permanent"   // it runs the release, but could not be made to start with it
)

// member is one of the nodes of a rollout.
type member struct {
	*upgrading
	otp    bool
	wave   int // 0 is the canary
	vsn    string
	from   string
	apps   []etf.Atom // applications whose version differs
	status releasehandler.Status

	stage   stage
	reason  string
	pause   time.Duration
	servers []etf.Term // the servers that run the new code
	holder  *operator  // the operator that has locked the node, or nil
}

// examine finds out which kind of node it is, and which release it runs.
func (m *member) examine(ctx context.Context) error {
	answer, err := m.rpc(ctx, "release_handler", "which_releases")
	if undef(err) {
		return errors.New("it has no release handler: it was started without Config.Upgrade, or without sasl")
	}
	if err != nil {
		return err
	}
	releases, err := readReleases(answer)
	if err != nil {
		return err
	}
	overview, err := m.overview(ctx)
	if err != nil {
		return err
	}
	m.otp = overview == nil
	now := runningRelease(releases)
	m.from, m.status, m.apps = now.Vsn, releasehandler.Status(now.Status), nil
	for _, r := range releases {
		for _, app := range r.Apps {
			if r.Vsn == m.vsn && !slices.Contains(now.Apps, app) {
				name, _, _ := strings.Cut(app, "-")
				m.apps = append(m.apps, etf.Atom(name))
			}
		}
	}
	return nil
}

// runningRelease returns the current release, or else the permanent one.
func runningRelease(releases []releaseJSON) (now releaseJSON) {
	for _, r := range releases {
		if r.Status == string(releasehandler.StatusCurrent) ||
			r.Status == string(releasehandler.StatusPermanent) && now.Vsn == "" {
			now = r
		}
	}
	return now
}

// runs checks that the node runs a release.
func (m *member) runs(ctx context.Context, vsn string) error {
	ctx, cancel := context.WithTimeout(ctx, usualTimeout)
	defer cancel()
	answer, err := m.rpc(ctx, "release_handler", "which_releases")
	if err != nil {
		return err
	}
	releases, err := readReleases(answer)
	if err != nil {
		return err
	}
	if now := runningRelease(releases).Vsn; now != vsn {
		return fmt.Errorf("it does not run release %s any more, but %s", vsn, now)
	}
	return nil
}

// rehearse tries the upgrade as far as the node can. An OTP node only checks that the upgrade could begin.
func (m *member) rehearse(ctx context.Context) error {
	f := m.flags
	f.dryRun = true
	_, err := m.ask(ctx, f.release(m.vsn))
	return err
}

// install makes the node run another release.
func (m *member) install(ctx context.Context, vsn string) (*codechange.Report, error) {
	f := m.flags
	f.dryRun = false
	return m.ask(ctx, f.release(vsn))
}

// ask asks for a release and returns the report. An OTP node has no report.
func (m *member) ask(ctx context.Context, a asking) (*codechange.Report, error) {
	if m.otp {
		answer, err := m.rpc(ctx, "release_handler", a.otp, a.otpArgs...)
		if err == nil {
			err = a.refusal(answer)
		}
		return nil, err
	}
	answer, err := m.rpc(ctx, "gonode", a.function, append(a.args, m.flags.options())...)
	if err != nil {
		return nil, err
	}
	return readOutcome(answer)
}

// upgrade installs the release, and records which servers run new code.
func (m *member) upgrade(ctx context.Context) error {
	report, err := m.install(ctx, m.vsn)
	if report != nil {
		m.pause = report.Pause
	}
	if err != nil {
		m.stage, m.reason = refused, plain(err)
		var failed *upgradeError
		if report != nil && !report.FullyUndone() || !errors.As(err, &failed) {
			m.stage = astray
		}
		return err
	}
	m.stage = upgraded
	if report != nil {
		for _, p := range report.Processes {
			if p.Outcome == codechange.OutcomeChanged || p.Outcome == codechange.OutcomeLoaded {
				m.servers = append(m.servers, p.Pid)
			}
		}
		return nil
	}
	m.servers, err = m.supervised(ctx)
	return err
}

// supervised returns the processes of an OTP node whose child specs name a module of a changed application.
// release_handler_1:get_supervised_procs/0 returns [{Supervisor, Id, Pid, Modules}]; OTP exports it since 17.
func (m *member) supervised(ctx context.Context) (pids []etf.Term, err error) {
	var modules etf.List
	for _, app := range m.apps {
		answer, err := m.rpc(ctx, "application", "get_key", app, etf.Atom("modules"))
		if err != nil {
			return nil, err
		}
		if t, ok := answer.(etf.Tuple); ok && len(t) == 2 {
			of, _ := t[1].(etf.List)
			modules = append(modules, of...)
		}
	}
	answer, err := m.rpc(ctx, "release_handler_1", "get_supervised_procs")
	if err != nil {
		return nil, err
	}
	list, _ := answer.(etf.List)
	for _, t := range list {
		child, _ := t.(etf.Tuple)
		if len(child) != 4 {
			continue
		}
		pid, isPid := child[2].(etf.Pid)
		of, _ := child[3].(etf.List) // dynamic is not a list: only the process itself knows its modules
		if isPid && slices.ContainsFunc(of, func(module etf.Term) bool { return contains(modules, module) }) {
			pids = append(pids, pid)
		}
	}
	return pids, nil
}

func contains(list etf.List, t etf.Term) bool {
	return slices.ContainsFunc(list, func(e etf.Term) bool { return etf.Equal(e, t) })
}

// back makes the node run its old release again.
func (m *member) back(ctx context.Context) {
	report, err := m.install(ctx, m.from)
	switch {
	case err != nil:
		m.stage, m.reason = astray, plain(err)
	case report != nil && len(report.Unpurged) > 0:
		m.stage, m.reason = returned, "some servers stay with the new code"
	default:
		m.stage, m.reason = returned, ""
	}
}

// keep makes the release permanent.
func (m *member) keep(ctx context.Context) error {
	if err := m.askPermanent(ctx, m.vsn); err != nil {
		m.stage, m.reason = unfinished, plain(err)
		return err
	}
	m.stage = permanent
	return nil
}
