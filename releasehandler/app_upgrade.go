package releasehandler

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gonode-otp/gonode/appup"
	"github.com/gonode-otp/gonode/codechange"
	"github.com/gonode-otp/gonode/etf"
)

// UpgradeScript makes the script by which an application is upgraded from the version that runs to the one in dir, by
// dir/ebin/App.appup: release_handler:upgrade_script/2. It returns the version as well. The error is a
// *codechange.Error with OTP's reason; if a file is to blame, it wraps an *appup.Error or *appup.FileError with the
// place.
//
// Differs from OTP: all relative names are relative to the root of the installation, and an application of the
// release counts as running even if its servers were started without it.
func (h *Handler) UpgradeScript(ctx context.Context, app etf.Atom, dir string) (vsn string, script etf.List,
	err error) {
	running, err := h.runningLib(ctx, app)
	if err != nil {
		return "", nil, err
	}
	vsn, script, err = appup.UpgradeScript(appFiles{h.files}, app, h.appDir(running), h.files.path(dir))
	return vsn, script, h.scriptError(err)
}

// DowngradeScript makes the script by which an application is downgraded from the version that runs to an older one
// in dir, by the .appup file of the version that runs: release_handler:downgrade_script/3. If vsn is empty it is taken
// from the name of the directory, App-Vsn. The error is like that of UpgradeScript.
func (h *Handler) DowngradeScript(ctx context.Context, app etf.Atom, vsn, dir string) (script etf.List, err error) {
	t, err := h.downTransition(ctx, app, vsn, dir)
	return t.instructions, err
}

// UpgradeApp upgrades one application to the version in dir: release_handler:upgrade_app/2. The releases stay what
// they are. If the upgrade fails, everything is undone; in OTP the servers would stay suspended. The error is like that
// of UpgradeScript, or like that of codechange.Run. The report is nil if nothing had begun.
func (h *Handler) UpgradeApp(ctx context.Context, app etf.Atom, dir string, o codechange.Options) (*codechange.Report,
	error) {
	return h.applyTransition(ctx, h.evalAppup, o, func() (appTransition, error) {
		return h.upTransition(ctx, app, dir)
	})
}

// DowngradeApp downgrades one application to the version in dir: release_handler:downgrade_app/3, and /2 if vsn is
// empty. Otherwise it is like UpgradeApp.
func (h *Handler) DowngradeApp(ctx context.Context, app etf.Atom, vsn, dir string, o codechange.Options) (
	*codechange.Report, error) {
	return h.applyTransition(ctx, h.evalAppup, o, func() (appTransition, error) {
		return h.downTransition(ctx, app, vsn, dir)
	})
}

// RehearseUpgradeApp finds out what UpgradeApp would do, see codechange.Rehearse.
func (h *Handler) RehearseUpgradeApp(ctx context.Context, app etf.Atom, dir string, o codechange.Options) (
	*codechange.Report, error) {
	return h.applyTransition(ctx, h.rehearseAppup, o, func() (appTransition, error) {
		return h.upTransition(ctx, app, dir)
	})
}

// RehearseDowngradeApp finds out what DowngradeApp would do, see codechange.Rehearse.
func (h *Handler) RehearseDowngradeApp(ctx context.Context, app etf.Atom, vsn, dir string, o codechange.Options) (
	*codechange.Report, error) {
	return h.applyTransition(ctx, h.rehearseAppup, o, func() (appTransition, error) {
		return h.downTransition(ctx, app, vsn, dir)
	})
}

// appTransition is how one application gets to another version.
type appTransition struct {
	from, to     codechange.Lib
	instructions etf.List
}

// upTransition is the upgrade of an application to the version in dir.
func (h *Handler) upTransition(ctx context.Context, app etf.Atom, dir string) (t appTransition, err error) {
	t.from, err = h.runningLib(ctx, app)
	if err != nil {
		return t, err
	}
	t.to = codechange.Lib{App: app, Dir: h.files.path(dir)}
	t.to.Vsn, t.instructions, err = h.UpgradeScript(ctx, app, dir)
	return t, err
}

// downTransition is the downgrade of an application to the version in dir.
func (h *Handler) downTransition(ctx context.Context, app etf.Atom, vsn, dir string) (t appTransition, err error) {
	if vsn == "" {
		parts := strings.FieldsFunc(filepath.Base(dir), func(c rune) bool { return c == '-' })
		if len(parts) != 2 {
			return t, errorOf("unknown_version", app)
		}
		vsn = parts[1]
	}
	t.from, err = h.runningLib(ctx, app)
	if err != nil {
		return t, err
	}
	t.to = codechange.Lib{App: app, Vsn: vsn, Dir: h.files.path(dir)}
	t.instructions, err = appup.DowngradeScript(appFiles{h.files}, app, h.appDir(t.from), h.appDir(t.to))
	return t, h.scriptError(err)
}

// transition is the appTransition as a report tells it.
func (t appTransition) transition() *codechange.Transition {
	return &codechange.Transition{From: t.from.Vsn, To: t.to.Vsn, Other: t.from.Vsn, Script: t.script()}
}

func (t appTransition) script() codechange.Script {
	return codechange.Script{Instructions: t.instructions, Libs: []codechange.Lib{t.to},
		From: []codechange.Lib{t.from}}
}

// applyTransition waits for its turn, makes the transition and executes it or rehearses it.
func (h *Handler) applyTransition(ctx context.Context,
	apply func(context.Context, appTransition, codechange.Options) (*codechange.Report, error), o codechange.Options,
	prepare func() (appTransition, error)) (*codechange.Report, error) {
	unlock, err := h.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	t, err := prepare()
	if err != nil {
		return nil, err
	}
	return apply(ctx, t, o)
}

func (h *Handler) rehearseAppup(ctx context.Context, t appTransition, o codechange.Options) (*codechange.Report,
	error) {
	return h.rehearse(ctx, t.transition(), o)
}

// runningLib returns the version of an application that runs, and where it lies: ensure_running/1. The error has the
// reason {app_not_running, App}.
func (h *Handler) runningLib(ctx context.Context, app etf.Atom) (codechange.Lib, error) {
	lib := h.startedLib(ctx, app)
	if lib.Vsn == "" {
		lib = h.currentLib(app)
	}
	if lib.Vsn == "" {
		return lib, errorOf("app_not_running", app)
	}
	return lib, nil
}

func (h *Handler) appDir(l codechange.Lib) appup.AppDir {
	return appup.AppDir{Vsn: l.Vsn, Dir: h.files.path(l.Dir)}
}

// scriptError is the error of a script that could not be made. If the .appup file is broken, it names everything that
// is wrong in it.
func (h *Handler) scriptError(err error) error {
	var refused *appup.Error
	if !errors.As(err, &refused) {
		return err
	}
	e := &codechange.Error{Reason: refused.Reason, Err: h.appupFindings(refused)}
	if refused.Exit {
		return &raisedError{e, "error"}
	}
	return e
}

// appupFindings returns all that is wrong in an .appup file, of which refused is the first.
func (h *Handler) appupFindings(refused *appup.Error) error {
	src, err := h.files.read(refused.File)
	if err != nil || filepath.Ext(refused.File) != ".appup" {
		return refused
	}
	var all *appup.FileError
	if _, err := appup.ParseAppup(refused.File, src); !errors.As(err, &all) {
		return refused
	}
	first := func(f *appup.Finding) bool { return f.Line == refused.Line && f.Column == refused.Column }
	if slices.ContainsFunc(all.Findings, first) {
		return all
	}
	return errors.Join(refused, all)
}

// appFiles are the files of a handler as package appup reads them.
type appFiles struct{ files }

// ReadFile implements appup.Files.
func (f appFiles) ReadFile(name string) ([]byte, error) { return f.read(name) }

// ReadDir implements appup.Files.
func (f appFiles) ReadDir(name string) ([]fs.DirEntry, error) { return f.readDir(name) }

// Stat implements appup.Files.
func (f appFiles) Stat(name string) (fs.FileInfo, error) { return f.stat(name) }
