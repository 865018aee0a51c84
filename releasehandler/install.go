package releasehandler

import (
	"context"
	"slices"

	"github.com/gonode-otp/gonode/codechange"
	"github.com/gonode-otp/gonode/etf"
)

// Check tells whether a release can be installed: release_handler:check_install_release/1. As in OTP, it executes the
// instructions before the point of no return, with the functions that are applied there.
//
// Differs from OTP: there is no boot script to look for; instead of the directories of the libraries, the versions of
// the modules have to be linked. Applications that the program does not have, such as kernel, are passed over.
func (h *Handler) Check(ctx context.Context, vsn string) (*codechange.Transition, error) {
	unlock, err := h.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	release, err := h.installable(vsn)
	if err != nil {
		return nil, err
	}
	t, err := h.transition(release)
	if err != nil {
		if !h.files.isFile(h.files.inRelease(vsn, "relup")) {
			return &codechange.Transition{To: vsn, Other: vsn}, nil // OTP warns in its log and says {ok, Vsn, ""}
		}
		return nil, err
	}
	if err := codechange.Check(ctx, h.config.Host, h.config.Versions, t.Script, h.config.Options); err != nil {
		return nil, h.withRelupPlaces(t, err)
	}
	return t, nil
}

// installable returns a release that may be installed, and whose code is there.
func (h *Handler) installable(vsn string) (Release, error) {
	release, known := h.releaseOf(vsn)
	switch {
	case !known:
		return release, noSuchRelease(vsn)
	case release.Status == StatusCurrent:
		return release, errorOf("already_installed", etf.Charlist(vsn))
	}
	return release, h.checkLibs(release)
}

// checkLibs checks that the code of a release is there.
func (h *Handler) checkLibs(release Release) error {
	for _, l := range release.Libs {
		if h.config.Versions.HasApplication(l.App) && h.config.Versions.Application(l.App, l.Vsn) == nil {
			return fileError("no_such_file", l.Dir, &codechange.VersionError{What: string(l.App) + "-" + l.Vsn,
				Why: "this version of the application is not linked into the program"})
		}
	}
	return nil
}

// Install makes the node run another release: release_handler:install_release/2. If it returns an error, a
// *codechange.Error if the upgrade failed, the node is what it was. The report is nil if the release was refused before
// anything had begun.
//
// Once it has begun, only the end of the node or Abort stops it, not the end of whoever asked for it.
func (h *Handler) Install(ctx context.Context, vsn string, o codechange.Options) (*codechange.Report, error) {
	unlock, err := h.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	return h.install(ctx, vsn, o)
}

func (h *Handler) install(ctx context.Context, vsn string, o codechange.Options) (report *codechange.Report,
	err error) {
	release, err := h.installable(vsn)
	if err != nil {
		return nil, err
	}
	t, err := h.transition(release)
	if err != nil {
		return nil, err
	}
	end := h.begin("", t.From, t.To)
	defer func() { end(report, err) }()
	report, err = h.executeWith(ctx, t, release.Libs, h.files.inRelease(vsn, "sys.config"), o)
	if err != nil {
		return report, h.withRelupPlaces(t, err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.releases = setStatus(vsn, StatusCurrent, h.releases)
	h.previous, h.replacedLibs = t.From, nil
	return report, nil
}

// executeWith executes the script of a transition, and gives the applications of libs their new versions and
// configuration. If the script fails the applications are what they were.
func (h *Handler) executeWith(ctx context.Context, t *codechange.Transition, libs []codechange.Lib, configFile string,
	o codechange.Options) (*codechange.Report, error) {
	change, err := h.changeApplications(libs, configFile)
	if err != nil {
		return nil, err
	}
	report, err := h.execute(ctx, t.Script, o)
	report.Transition = t
	if err != nil {
		change.Undo()
		return report, err
	}
	report.Config = change.Announce(ctx)
	h.keepUnpurged(report.Unpurged)
	return report, nil
}

// execute is codechange.Run for a script that Abort can give up.
func (h *Handler) execute(ctx context.Context, script codechange.Script, o codechange.Options) (*codechange.Report,
	error) {
	ctx, o, end := h.abortable(ctx, o)
	defer end()
	return codechange.Run(ctx, h.config.Host, h.config.Versions, script, o)
}

// Eval waits for its turn and executes a script: release_handler_1:eval_script/5. The releases stay what they are. It
// returns what codechange.Run does.
func (h *Handler) Eval(ctx context.Context, script codechange.Script, o codechange.Options) (*codechange.Report,
	error) {
	unlock, err := h.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	return h.execute(ctx, script, o)
}

// Rehearse finds out what Install would do, see codechange.Rehearse. It returns what Install does.
func (h *Handler) Rehearse(ctx context.Context, vsn string, o codechange.Options) (*codechange.Report, error) {
	unlock, err := h.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	release, err := h.installable(vsn)
	if err != nil {
		return nil, err
	}
	t, err := h.transition(release)
	if err != nil {
		return nil, err
	}
	report, err := h.rehearse(ctx, t, o)
	return report, h.withRelupPlaces(t, err)
}

func (h *Handler) rehearse(ctx context.Context, t *codechange.Transition, o codechange.Options) (*codechange.Report,
	error) {
	ctx, o, end := h.abortable(ctx, o)
	defer end()
	report, err := codechange.Rehearse(ctx, h.config.Host, h.config.Versions, t.Script, o)
	report.Transition = t
	return report, err
}

// Rollback goes back to the release that ran before the current one, or to the permanent one after a restart of the
// handler, by the script for that way down. It fails like Install, and with {error, {bad_status, permanent}} if there
// is nothing to go back to.
func (h *Handler) Rollback(ctx context.Context, o codechange.Options) (*codechange.Report, error) {
	unlock, err := h.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	running, _ := h.runningRelease()
	to := h.previous
	if at := slices.IndexFunc(h.releases, func(r Release) bool { return r.Status == StatusPermanent }); to == "" &&
		at >= 0 {
		to = h.releases[at].Vsn
	}
	if to == running.Vsn {
		return nil, errorOf("bad_status", etf.Atom(running.Status))
	}
	return h.install(ctx, to, o)
}
