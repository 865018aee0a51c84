package codechange

import (
	"context"
	"errors"
	"slices"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// EvalAppup executes a low-level script that leads to a version of one application, which lies in dir, and gives the
// application its new description and configuration. The releases stay what they are.
// release_handler:eval_appup_script/4.
//
// The error is an *Error; the report is nil if nothing had begun. Differs from OTP: what sys.config and people at run
// time have configured stays.
func (h *Handler) EvalAppup(ctx context.Context, app etf.Atom, vsn, dir string, script etf.List, o Options) (*Report,
	error) {
	unlock, err := h.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	from, _ := h.mustRun(ctx, app)
	return h.evalAppup(ctx, appWay{from, Lib{App: app, Vsn: vsn, Dir: dir}, script}, o)
}

func (h *Handler) evalAppup(ctx context.Context, way appWay, o Options) (report *Report, err error) {
	if !h.files.isFile(h.appFile(way.to)) {
		return nil, &Error{Reason: etf.Atom("enoent"), thrown: true}
	}
	running, _ := h.latest()
	t := way.transition()
	end := h.begin(way.to.App, t.From, t.To)
	defer func() { end(t, report, err) }()
	change, err := h.changeApplications([]Lib{way.to}, h.files.in(running.Vsn, "sys.config"))
	if err != nil {
		return nil, err
	}
	report, err = h.execute(ctx, t.Script, o)
	if err != nil {
		change.Undo()
		return report, err
	}
	report.Config = change.Announce(ctx)
	h.replaceDir(way.to)
	h.keepUnpurged(report.Unpurged)
	return report, nil
}

// running returns the version of an application that runs, and where it lies; without a Vsn if it does not run.
func (h *Handler) running(ctx context.Context, app etf.Atom) Lib {
	if h.config.Applications == nil {
		return Lib{App: app}
	}
	all, _ := h.config.Applications.Running(ctx)
	for _, a := range all {
		if a.App == app {
			return h.libOf(app, a.Vsn)
		}
	}
	return Lib{App: app}
}

// libOf tells where a version of an application lies: code:lib_dir/1 if it is the one that runs.
func (h *Handler) libOf(app etf.Atom, vsn string) Lib {
	h.mu.Lock()
	defer h.mu.Unlock()
	release, _ := h.latest()
	for _, l := range slices.Concat(h.dirs, release.Libs) {
		if l.App == app && l.Vsn == vsn {
			return l
		}
	}
	return Lib{App: app, Vsn: vsn, Dir: "lib/" + string(app) + "-" + vsn}
}

// replaceDir notes where an application lies that was changed without a release: code:replace_path/2.
func (h *Handler) replaceDir(lib Lib) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.dirs = append([]Lib{lib}, slices.DeleteFunc(h.dirs, func(l Lib) bool { return l.App == lib.App })...)
}

// keepUnpurged remembers which modules are run in older versions, until MakePermanent.
func (h *Handler) keepUnpurged(more []Unpurged) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.unpurged = slices.DeleteFunc(h.unpurged, func(u Unpurged) bool {
		return slices.ContainsFunc(more, func(m Unpurged) bool { return m.Module == u.Module })
	})
	h.unpurged = append(h.unpurged, more...)
}

// brutalPurge kills the processes that still run older versions of what a script has said is to be purged brutally:
// brutal_purge/1 of release_handler.erl.
func (h *Handler) brutalPurge() {
	h.mu.Lock()
	left := h.unpurged
	h.unpurged = nil
	h.mu.Unlock()
	for _, u := range left {
		if u.Purge == "brutal_purge" {
			h.purge(u.Module)
		}
	}
}

// purge kills the processes that run another version of a module than the current one: code:purge/1.
func (h *Handler) purge(module etf.Atom) (killed bool) {
	for _, p := range oldProcesses(h.config.Host, h.config.Versions, module) {
		p.Kill()
		killed = true
	}
	return killed
}

// CreateReleases writes a file RELEASES with one release in it, which is permanent: that of the file relFile. dir is
// where the file RELEASES is to be. With a root that is not empty the libraries have names below it; else they are
// relative. release_handler:create_RELEASES/4.
func (h *Handler) CreateReleases(root, dir, relFile string, libs []Lib) error {
	release, err := h.readRel(relFile, root, libs)
	if err != nil {
		return err
	}
	release.Status = Permanent
	if err := h.files.write(dir+"/RELEASES", FormatReleases([]Release{release})); err != nil {
		return &Error{Reason: posix(err), Err: err}
	}
	return nil
}

// appFunctions are those of release_handler that are about one application, and those that build a release.
func (h *Handler) appFunctions() []Function {
	var all []Function
	add := func(name etf.Atom, arity int, call func(ctx context.Context, args etf.List) (etf.Term, error)) {
		all = append(all, Function{"release_handler", name, arity, call})
	}
	add("eval_appup_script", 4, h.evalAppupScript)
	add("create_RELEASES", 1, func(_ context.Context, args etf.List) (etf.Term, error) {
		list, _ := args[0].(etf.List)
		if len(list) < 2 {
			return nil, badArgument("release_handler", "create_RELEASES", args)
		}
		return h.createReleases(list[0], nil, list[1], list[2:])
	})
	add("create_RELEASES", 2, func(_ context.Context, args etf.List) (etf.Term, error) {
		return h.createReleases(args[0], nil, args[1], etf.List{})
	})
	add("create_RELEASES", 3, func(_ context.Context, args etf.List) (etf.Term, error) {
		return h.createReleases(etf.List{}, args[0], args[1], args[2])
	})
	add("create_RELEASES", 4, func(_ context.Context, args etf.List) (etf.Term, error) {
		return h.createReleases(args[0], args[1], args[2], args[3])
	})
	return append(all, h.upgradeFunctions()...)
}

// createReleases is create_RELEASES; dir is releases below root if it is nil.
func (h *Handler) createReleases(root, dir, relFile, libDirs etf.Term) (etf.Term, error) {
	rootName, ok1 := nameOf(root)
	dirName, ok2 := rootName+"/releases", true
	if dir != nil {
		dirName, ok2 = nameOf(dir)
	}
	file, ok3 := nameOf(relFile)
	libs, ok4 := libsOf(libDirs)
	if !ok1 || !ok2 || !ok3 || !ok4 {
		return nil, badArgument("release_handler", "create_RELEASES", etf.List{root, relFile, libDirs})
	}
	return okOr(h.CreateReleases(rootName, dirName, file, libs)), nil
}

func (h *Handler) evalAppupScript(ctx context.Context, args etf.List) (etf.Term, error) {
	app, ok1 := args[0].(etf.Atom)
	vsn, ok2 := text(args[1])
	dir, ok3 := nameOf(args[2])
	script, ok4 := args[3].(etf.List)
	if !ok1 || !ok2 || !ok3 || !ok4 {
		return nil, badArgument("release_handler", "eval_appup_script", args)
	}
	return h.evalResult(h.EvalAppup(ctx, app, vsn, dir, script, h.config.Options))
}

// evalResult is what release_handler_1:eval_script returns.
func (h *Handler) evalResult(report *Report, err error) (etf.Term, error) {
	var failed *Error
	switch {
	case errors.As(err, &failed) && failed.thrown:
		return nil, &genserv.Failure{Class: "throw", Reason: failed.Reason}
	case errors.As(err, &failed) && failed.crashed:
		return nil, failed.crash()
	case errors.As(err, &failed):
		return failed.Term(), nil
	case err != nil:
		return nil, err
	}
	return report.result(), nil
}

func badArgument(module, function etf.Atom, args etf.List) *genserv.Failure {
	return &genserv.Failure{Class: "error", Reason: etf.Atom("badarg"),
		Stack: etf.List{etf.Tuple{module, function, args, etf.List{}}}}
}

// supervisedProcs is release_handler_1:get_supervised_procs/0. Differs from OTP: servers that were started outside of
// every application are in it, behind the others, because an upgrade changes them, too.
func (h *Handler) supervisedProcs(ctx context.Context, _ etf.List) (etf.Term, error) {
	children, err := h.config.Host.Supervised(ctx)
	if err != nil {
		return nil, &genserv.Failure{Class: "error", Reason: reasonOf(err)}
	}
	list := etf.List{}
	for _, c := range children {
		modules := make(etf.List, len(c.Modules))
		for i, m := range c.Modules {
			modules[i] = m
		}
		sup := etf.Term(c.Supervisor)
		if c.Supervisor == (etf.Pid{}) {
			sup = etf.Atom("undefined")
		}
		list = append(list, etf.Tuple{sup, c.ID, c.Pid(), modules})
	}
	return list, nil
}
