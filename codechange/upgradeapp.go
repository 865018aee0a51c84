package codechange

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gonode-otp/gonode/appup"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// UpgradeScript makes the script by which an application is upgraded from the version that runs to the one in dir, by
// dir/ebin/App.appup: release_handler:upgrade_script/2. It returns the version as well. The error is an *Error with
// OTP's reason; if a file is to blame there is an *appup.Error or *appup.FileError in it, with the place.
//
// Differs from OTP: all relative names are relative to the root of the installation, and an application of the
// release counts as running even if its servers were started without it.
func (h *Handler) UpgradeScript(ctx context.Context, app etf.Atom, dir string) (vsn string, script etf.List,
	err error) {
	running, err := h.mustRun(ctx, app)
	if err != nil {
		return "", nil, err
	}
	vsn, script, err = appup.UpgradeScript(appFiles{h.files}, app, h.appDir(running), h.files.path(dir))
	return vsn, script, h.refusedScript(err)
}

// DowngradeScript makes the script by which an application is downgraded from the version that runs to an older one
// in dir, by the .appup file of the version that runs: release_handler:downgrade_script/3. If vsn is empty the name
// of the directory says it: App-Vsn. The error is like that of UpgradeScript.
func (h *Handler) DowngradeScript(ctx context.Context, app etf.Atom, vsn, dir string) (script etf.List, err error) {
	way, err := h.wayDown(ctx, app, vsn, dir)
	return way.script, err
}

// UpgradeApp upgrades one application to the version in dir: release_handler:upgrade_app/2. The releases stay what
// they are. If it fails everything is as it was; in OTP the servers would stay suspended. The error is like that of
// UpgradeScript, or like that of Run; the report is nil if nothing had begun.
func (h *Handler) UpgradeApp(ctx context.Context, app etf.Atom, dir string, o Options) (*Transition, *Report, error) {
	return h.takeWay(ctx, func() (appWay, error) { return h.wayUp(ctx, app, dir) }, o, h.evalAppup)
}

// DowngradeApp downgrades one application to the version in dir: release_handler:downgrade_app/3, and /2 if vsn is
// empty. It is like UpgradeApp in all else.
func (h *Handler) DowngradeApp(ctx context.Context, app etf.Atom, vsn, dir string, o Options) (*Transition, *Report,
	error) {
	return h.takeWay(ctx, func() (appWay, error) { return h.wayDown(ctx, app, vsn, dir) }, o, h.evalAppup)
}

// RehearseUpgradeApp finds out what UpgradeApp would do, see the function Rehearse.
func (h *Handler) RehearseUpgradeApp(ctx context.Context, app etf.Atom, dir string, o Options) (*Transition, *Report,
	error) {
	return h.takeWay(ctx, func() (appWay, error) { return h.wayUp(ctx, app, dir) }, o, h.rehearseAppup)
}

// RehearseDowngradeApp finds out what DowngradeApp would do, see the function Rehearse.
func (h *Handler) RehearseDowngradeApp(ctx context.Context, app etf.Atom, vsn, dir string, o Options) (*Transition,
	*Report, error) {
	return h.takeWay(ctx, func() (appWay, error) { return h.wayDown(ctx, app, vsn, dir) }, o, h.rehearseAppup)
}

// appWay is how one application gets to another version.
type appWay struct {
	from, to Lib
	script   etf.List
}

func (h *Handler) wayUp(ctx context.Context, app etf.Atom, dir string) (way appWay, err error) {
	way.from, err = h.mustRun(ctx, app)
	if err != nil {
		return way, err
	}
	way.to = Lib{App: app, Dir: h.files.path(dir)}
	way.to.Vsn, way.script, err = h.UpgradeScript(ctx, app, dir)
	return way, err
}

func (h *Handler) wayDown(ctx context.Context, app etf.Atom, vsn, dir string) (way appWay, err error) {
	if vsn == "" {
		parts := strings.FieldsFunc(filepath.Base(dir), func(c rune) bool { return c == '-' })
		if len(parts) != 2 {
			return way, errorOf("unknown_version", app)
		}
		vsn = parts[1]
	}
	way.from, err = h.mustRun(ctx, app)
	if err != nil {
		return way, err
	}
	way.to = Lib{App: app, Vsn: vsn, Dir: h.files.path(dir)}
	way.script, err = appup.DowngradeScript(appFiles{h.files}, app, h.appDir(way.from), h.appDir(way.to))
	return way, h.refusedScript(err)
}

// takeWay goes a way, or rehearses it, in its turn.
func (h *Handler) takeWay(ctx context.Context, find func() (appWay, error), o Options,
	do func(context.Context, appWay, Options) (*Report, error)) (*Transition, *Report, error) {
	unlock, err := h.lock(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer unlock()
	way, err := find()
	if err != nil {
		return nil, nil, err
	}
	report, err := do(ctx, way, o)
	if err != nil {
		return nil, report, err
	}
	return way.transition(), report, nil
}

func (w appWay) transition() *Transition {
	return &Transition{From: w.from.Vsn, To: w.to.Vsn, Other: w.from.Vsn, Script: w.lowLevel()}
}

func (w appWay) lowLevel() Script {
	return Script{Instructions: w.script, Libs: []Lib{w.to}, From: []Lib{w.from}}
}

func (h *Handler) rehearseAppup(ctx context.Context, way appWay, o Options) (*Report, error) {
	ctx, o, end := h.abortable(ctx, o)
	defer end()
	return Rehearse(ctx, h.config.Host, h.config.Versions, way.lowLevel(), o)
}

// mustRun is ensure_running/1.
func (h *Handler) mustRun(ctx context.Context, app etf.Atom) (Lib, error) {
	lib := h.running(ctx, app)
	if lib.Vsn == "" {
		lib = h.currentLib(app)
	}
	if lib.Vsn == "" {
		return lib, errorOf("app_not_running", app)
	}
	return lib, nil
}

func (h *Handler) appDir(l Lib) appup.AppDir {
	return appup.AppDir{Vsn: l.Vsn, Dir: h.files.path(l.Dir)}
}

// refusedScript is the error of a script that there is not. If the file is broken all that is wrong in it is told, too.
func (h *Handler) refusedScript(err error) error {
	var refused *appup.Error
	if !errors.As(err, &refused) {
		return err
	}
	e := &Error{Reason: refused.Reason, Err: refused, crashed: refused.Exit}
	src, err := h.files.read(refused.File)
	if err != nil || filepath.Ext(refused.File) != ".appup" {
		return e
	}
	var all *appup.FileError
	if _, err := appup.ParseAppup(refused.File, src); errors.As(err, &all) {
		first := func(f *appup.Finding) bool { return f.Line == refused.Line && f.Column == refused.Column }
		if slices.ContainsFunc(all.Findings, first) {
			e.Err = all
		} else {
			e.Err = errors.Join(refused, all)
		}
	}
	return e
}

// appFiles are the files of a handler as package appup reads them.
type appFiles struct{ files }

// ReadFile implements appup.Files.
func (f appFiles) ReadFile(name string) ([]byte, error) { return f.read(name) }

// ReadDir implements appup.Files.
func (f appFiles) ReadDir(name string) ([]fs.DirEntry, error) { return f.readDir(name) }

// Stat implements appup.Files.
func (f appFiles) Stat(name string) (fs.FileInfo, error) { return f.stat(name) }

// upgradeFunctions are upgrade_app and its like as operators call them.
func (h *Handler) upgradeFunctions() []Function {
	var all []Function
	add := func(name etf.Atom, arity int, call func(ctx context.Context, app etf.Atom, vsn, dir string) (etf.Term,
		error)) {
		all = append(all, Function{"release_handler", name, arity,
			func(ctx context.Context, args etf.List) (etf.Term, error) {
				dir, ok1 := nameOf(args[arity-1])
				vsn, ok2 := "", true
				if arity == 3 {
					vsn, ok2 = text(args[1])
				}
				app, ok3 := args[0].(etf.Atom)
				switch {
				case !ok1 || !ok2:
					return nil, badArgument("release_handler", name, args)
				case !ok3:
					return etf.Tuple{etf.Atom("error"), etf.Tuple{etf.Atom("app_not_running"), args[0]}}, nil
				}
				return call(ctx, app, vsn, dir)
			}})
	}
	add("upgrade_app", 2, func(ctx context.Context, app etf.Atom, _, dir string) (etf.Term, error) {
		_, report, err := h.UpgradeApp(ctx, app, dir, h.config.Options)
		return h.evalResult(report, err)
	})
	for _, arity := range []int{2, 3} {
		add("downgrade_app", arity, func(ctx context.Context, app etf.Atom, vsn, dir string) (etf.Term, error) {
			_, report, err := h.DowngradeApp(ctx, app, vsn, dir, h.config.Options)
			return h.evalResult(report, err)
		})
	}
	add("upgrade_script", 2, func(ctx context.Context, app etf.Atom, _, dir string) (etf.Term, error) {
		vsn, script, err := h.UpgradeScript(ctx, app, dir)
		return scriptResult(etf.Tuple{etf.Atom("ok"), etf.Charlist(vsn), script}, err)
	})
	add("downgrade_script", 3, func(ctx context.Context, app etf.Atom, vsn, dir string) (etf.Term, error) {
		script, err := h.DowngradeScript(ctx, app, vsn, dir)
		return scriptResult(etf.Tuple{etf.Atom("ok"), script}, err)
	})
	return all
}

// scriptResult is what upgrade_script returns; it throws reasons.
func scriptResult(result etf.Term, err error) (etf.Term, error) {
	var failed *Error
	switch {
	case errors.As(err, &failed) && !failed.crashed:
		return nil, &genserv.Failure{Class: "throw", Reason: failed.Reason}
	case errors.As(err, &failed):
		return nil, failed.crash()
	case err != nil:
		return nil, err
	}
	return result, nil
}

// crash is the failure of a function that has no answer.
func (e *Error) crash() *genserv.Failure {
	return &genserv.Failure{Class: "error", Reason: e.Reason, Stack: etf.List{
		etf.Tuple{etf.Atom("release_handler"), etf.Atom("find_script"), etf.Int(4), etf.List{}}}}
}
