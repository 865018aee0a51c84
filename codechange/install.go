package codechange

import (
	"context"
	"errors"
	"path/filepath"
	"slices"

	"github.com/gonode-otp/gonode/appup"
	"github.com/gonode-otp/gonode/etf"
)

// Transition is how the handler gets from one release to another.
type Transition struct {
	From, To string
	// Other is the version under which the relup has the script: From on the way up, To on the way down.
	Other       string
	Description string // of the relup
	Script      Script
}

// Check tells whether a release can be installed: release_handler:check_install_release/1. Like OTP it executes what
// stands before the point of no return of the script, with the functions that are applied there.
//
// Differs from OTP: no boot script is asked for, for a program in Go has none; instead of the directories of the
// libraries the versions of the modules have to be linked. Applications that have nothing to do with the program,
// such as kernel, are passed over.
func (h *Handler) Check(ctx context.Context, vsn string) (*Transition, error) {
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
		if !h.files.isFile(h.files.in(vsn, "relup")) {
			return &Transition{To: vsn, Other: vsn}, nil // OTP warns in its log and says {ok, Vsn, ""}
		}
		return nil, err
	}
	r := newRun(ctx, h.config.Host, h.config.Versions, t.Script, h.config.Options)
	if err := r.prepare(t.Script.Instructions); err != nil {
		return nil, h.located(t, err)
	}
	return t, nil
}

// installable returns a release that may be installed, and whose code is there.
func (h *Handler) installable(vsn string) (Release, error) {
	release, known := h.find(vsn)
	switch {
	case !known:
		return release, noSuchRelease(vsn)
	case release.Status == Current:
		return release, errorOf("already_installed", etf.Charlist(vsn))
	}
	return release, h.checkLibs(release)
}

// transition is do_get_rh_script/4: the relup of the new release says how to come up to it, else that of the running
// one how to go down from it.
func (h *Handler) transition(to Release) (*Transition, error) {
	running, _ := h.latest()
	t, _, err := h.relup(to.Vsn, running.Vsn, 1)
	missing := false
	if t == nil && err == nil {
		t, missing, err = h.relup(running.Vsn, to.Vsn, 2)
	}
	switch {
	case missing:
		return nil, fileError("enoent", h.files.in(running.Vsn, "relup"), nil)
	case err != nil:
		return nil, err
	case t == nil:
		return nil, errorOf("no_matching_relup", etf.Charlist(to.Vsn), etf.Charlist(running.Vsn))
	}
	t.From, t.To, t.Script.Libs = running.Vsn, to.Vsn, to.Libs
	for _, l := range running.Libs {
		t.Script.From = append(t.Script.From, h.currentLib(l.App))
	}
	return t, nil
}

// relup looks for a script in the relup of a release: {Vsn, Up, Down}, in the list at that index. It is nil if there
// is none; missing says that there is no such file at all.
func (h *Handler) relup(vsn, other string, list int) (way *Transition, missing bool, err error) {
	file := h.files.in(vsn, "relup")
	t, missing, err := h.files.consult(file, "bad_relup_file")
	if err != nil || missing {
		return nil, missing, err
	}
	relup, _ := t.(etf.Tuple)
	if len(relup) != 3 || !etf.Equal(relup[0], etf.Charlist(vsn)) {
		return nil, false, h.badRelup(file)
	}
	scripts, ok := relup[list].(etf.List)
	if !ok {
		return nil, false, h.badRelup(file)
	}
	for _, s := range scripts {
		entry, _ := s.(etf.Tuple)
		if len(entry) != 3 || !etf.Equal(entry[0], etf.Charlist(other)) {
			continue
		}
		instructions, ok := entry[2].(etf.List)
		if !ok {
			return nil, false, h.badRelup(file)
		}
		description, _ := text(entry[1])
		return &Transition{Other: other, Description: description, Script: Script{Instructions: instructions}}, false, nil
	}
	return nil, false, nil
}

// badRelup is the error of a relup that is none; it has the places of what is wrong.
func (h *Handler) badRelup(file string) *Error {
	_, err := h.readRelup(file)
	return fileError("bad_relup_file", file, err)
}

func (h *Handler) readRelup(file string) (*appup.Relup, error) {
	src, err := h.files.read(file)
	if err != nil {
		return nil, err
	}
	return appup.ParseRelup(file, src)
}

// located adds the places in the relup to the error of a script with an instruction that is none.
func (h *Handler) located(t *Transition, err error) error {
	var e *Error
	if !errors.As(err, &e) || e.Err != nil {
		return err
	}
	reason, _ := e.Reason.(etf.Tuple)
	if len(reason) != 2 || reason[0] != etf.Term(etf.Atom("illegal_instruction_before_point_of_no_return")) &&
		reason[0] != etf.Term(etf.Atom("illegal_instruction_after_point_of_no_return")) {
		return err
	}
	vsn := t.To // its relup has the way up
	if t.Other == t.To {
		vsn = t.From
	}
	_, e.Err = h.readRelup(h.files.in(vsn, "relup"))
	return e
}

// checkLibs checks that the code of a release is there.
func (h *Handler) checkLibs(release Release) error {
	for _, l := range release.Libs {
		if h.config.Versions.has(l.App) && h.config.Versions.application(l.App, l.Vsn) == nil {
			return fileError("no_such_file", l.Dir, &VersionError{
				string(l.App) + "-" + l.Vsn, "this version of the application is not linked into the program"})
		}
	}
	return nil
}

// Install makes the node run another release: release_handler:install_release/2. When it returns an error, an *Error
// if the upgrade failed, the node is what it was. The report is nil if it was refused before anything had begun.
//
// Once it has begun nothing but the end of the node stops it; whoever asked may go away.
func (h *Handler) Install(ctx context.Context, vsn string, o Options) (*Transition, *Report, error) {
	unlock, err := h.lock(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer unlock()
	return h.install(ctx, vsn, o)
}

func (h *Handler) install(ctx context.Context, vsn string, o Options) (t *Transition, report *Report, err error) {
	release, err := h.installable(vsn)
	if err != nil {
		return nil, nil, err
	}
	t, err = h.transition(release)
	if err != nil {
		return nil, nil, err
	}
	end := h.begin("", t.From, t.To)
	defer func() { end(t, report, err) }()
	change, err := h.changeApplications(release.Libs, h.files.in(vsn, "sys.config"))
	if err != nil {
		return nil, nil, err
	}
	report, err = h.execute(ctx, t.Script, o)
	if err != nil {
		change.Undo()
		return nil, report, h.located(t, err)
	}
	report.Config = change.Announce(ctx)
	h.keepUnpurged(report.Unpurged)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.releases = setStatus(vsn, Current, h.releases)
	h.previous, h.dirs = t.From, nil
	return t, report, nil
}

// execute is Run that can be given up.
func (h *Handler) execute(ctx context.Context, script Script, o Options) (*Report, error) {
	ctx, o, end := h.abortable(ctx, o)
	defer end()
	return Run(ctx, h.config.Host, h.config.Versions, script, o)
}

// changeApplications gives the applications of the node their new versions and configuration. A file sys.config that
// cannot be read is an error; OTP goes on without it.
func (h *Handler) changeApplications(libs []Lib, configFile string) (AppChange, error) {
	if h.config.Applications == nil {
		return AppChange{func() {}, func(context.Context) []string { return nil }}, nil
	}
	specs, config, err := h.resources(libs, configFile)
	if err != nil {
		return AppChange{}, err
	}
	change, err := h.config.Applications.Change(specs, config)
	if err != nil {
		return AppChange{}, exited(etf.Tuple{etf.Atom("change_appl_data"), reasonOf(err)})
	}
	return change, nil
}

// resources reads the .app files of applications, as far as they are there, and the file sys.config.
func (h *Handler) resources(libs []Lib, configFile string) (specs []etf.Term, config etf.Term, err error) {
	for _, l := range libs {
		spec, missing, err := h.files.consult(h.appFile(l), "bad_app_file")
		if errors.Is(err, errOutside) && !h.config.Versions.has(l.App) {
			continue // such as kernel, in the directory of an OTP that the program has nothing to do with
		}
		if err != nil {
			return nil, nil, err
		}
		if !missing {
			specs = append(specs, spec)
		}
	}
	config, missing, err := h.files.consult(configFile, "bad_config_file")
	if missing {
		config = etf.List{}
	}
	return specs, config, err
}

// Resource returns what the running release says about an application: the content of its .app file, nil if there is
// none, and that of sys.config. The error is an *Error if a file cannot be read.
func (h *Handler) Resource(app etf.Atom) (spec, config etf.Term, err error) {
	running := h.Running()
	at := slices.IndexFunc(running.Libs, func(l Lib) bool { return l.App == app })
	if at < 0 {
		return nil, nil, nil
	}
	specs, config, err := h.resources(running.Libs[at:at+1], h.files.in(running.Vsn, "sys.config"))
	if err != nil || len(specs) == 0 {
		return nil, nil, err
	}
	return specs[0], config, nil
}

// Rollback goes back to the release that ran before the current one, or to the permanent one after a restart of the
// handler, by the script for that way down. It fails like Install, and with {error, {bad_status, permanent}} if there
// is nothing to go back to.
func (h *Handler) Rollback(ctx context.Context, o Options) (*Transition, *Report, error) {
	unlock, err := h.lock(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer unlock()
	running, _ := h.latest()
	to := h.previous
	if at := slices.IndexFunc(h.releases, func(r Release) bool { return r.Status == Permanent }); to == "" && at >= 0 {
		to = h.releases[at].Vsn
	}
	if to == running.Vsn {
		return nil, nil, errorOf("bad_status", etf.Atom(running.Status))
	}
	return h.install(ctx, to, o)
}

// appFile is the .app file of an application.
func (h *Handler) appFile(l Lib) string {
	return filepath.Join(l.Dir, "ebin", string(l.App)+".app")
}
