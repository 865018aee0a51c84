package releasehandler

import (
	"context"
	"errors"
	"slices"

	"github.com/gonode-otp/gonode/codechange"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// Function is a function that operators call by rpc, of one of the modules release_handler, release_handler_1 and code.
type Function struct {
	Module, Name etf.Atom
	Arity        int
	// Call applies it to as many arguments as Arity says.
	Call func(ctx context.Context, args etf.List) (etf.Term, error)
}

// Functions returns the functions that operators call. Each answers what OTP's does; its error is a *genserv.Failure
// where that raises an exception.
func (h *Handler) Functions() []Function {
	return slices.Concat(h.releaseFunctions(), h.scriptFunctions(), h.createFunctions(), h.appFunctions(),
		h.codeFunctions())
}

// functionsOf makes the functions of a module. The same call may serve several arities.
type functionsOf struct {
	module etf.Atom
	all    []Function
}

func (f *functionsOf) add(name etf.Atom, arity int, call func(context.Context, etf.List) (etf.Term, error)) {
	f.all = append(f.all, Function{f.module, name, arity, call})
}

// addTotal is add for a function that raises no exception.
func (f *functionsOf) addTotal(name etf.Atom, arity int, call func(context.Context, etf.List) etf.Term) {
	f.add(name, arity, func(ctx context.Context, args etf.List) (etf.Term, error) { return call(ctx, args), nil })
}

// releaseFunctions are those of release_handler that are about releases.
func (h *Handler) releaseFunctions() []Function {
	f := functionsOf{module: "release_handler"}
	f.addTotal("which_releases", 0, h.whichReleases)
	f.addTotal("which_releases", 1, h.whichReleases)
	f.addTotal("unpack_release", 1, h.unpackRelease)
	f.addTotal("set_unpacked", 2, h.setUnpacked)
	f.addTotal("install_file", 2, h.installFile)
	f.addTotal("check_install_release", 1, h.checkInstallRelease)
	f.addTotal("check_install_release", 2, h.checkInstallRelease)
	f.addTotal("install_release", 1, h.installRelease)
	f.addTotal("install_release", 2, h.installRelease)
	f.addTotal("make_permanent", 1, h.makePermanentVsn)
	f.addTotal("reboot_old_release", 1, h.rebootOldRelease)
	f.addTotal("remove_release", 1, h.removeRelease)
	f.addTotal("set_removed", 1, h.setRemoved)
	return f.all
}

// scriptFunctions are those of release_handler_1.
func (h *Handler) scriptFunctions() []Function {
	f := functionsOf{module: "release_handler_1"}
	f.add("eval_script", 1, h.evalScript)
	f.add("eval_script", 5, h.evalScript)
	f.add("get_supervised_procs", 0, h.supervisedProcs)
	return f.all
}

// evalScript serves release_handler_1:eval_script/1 and /5: (Script, Apps, LibDirs, NewLibs, Opts).
func (h *Handler) evalScript(ctx context.Context, args etf.List) (etf.Term, error) {
	script, ok := args[0].(etf.List)
	var libs []codechange.Lib
	options := etf.Term(etf.List{})
	if len(args) == 5 {
		var isLibs bool
		libs, isLibs = libsOf(args[2])
		ok, options = ok && isLibs, args[4]
	}
	o, err := h.ReadOptions(options)
	if !ok || err != nil {
		return nil, badArgument("release_handler_1", "eval_script", args)
	}
	return evalResult(h.Eval(ctx, codechange.Script{Instructions: script, Libs: libs}, o))
}

// evalResult is what release_handler_1:eval_script returns: {ok, Unpurged}, {error, Reason} or {'EXIT', Reason}.
func evalResult(report *codechange.Report, err error) (etf.Term, error) {
	var raised *raisedError
	var failed *codechange.Error
	switch {
	case errors.As(err, &raised):
		return nil, raised.failure()
	case errors.As(err, &failed):
		return failed.Term(), nil
	case err != nil:
		return nil, err
	}
	list := etf.List{}
	for _, u := range report.Unpurged {
		list = append(list, etf.Tuple{u.Module, u.Purge})
	}
	return etf.Tuple{etf.Atom("ok"), list}, nil
}

// supervisedProcs serves release_handler_1:get_supervised_procs/0. Differs from OTP: servers that were started outside
// of every application are listed as well, behind the others, because an upgrade changes them, too.
func (h *Handler) supervisedProcs(ctx context.Context, _ etf.List) (etf.Term, error) {
	children, err := h.config.Host.Supervised(ctx)
	if err != nil {
		return nil, &genserv.Failure{Class: "error", Reason: genserv.ExitReason(err)}
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

// createFunctions are create_RELEASES of release_handler.
func (h *Handler) createFunctions() []Function {
	f := functionsOf{module: "release_handler"}
	f.add("create_RELEASES", 1, func(_ context.Context, args etf.List) (etf.Term, error) {
		list, _ := args[0].(etf.List)
		if len(list) < 2 {
			return nil, badArgument("release_handler", "create_RELEASES", args)
		}
		return h.createReleases(list[0], nil, list[1], list[2:])
	})
	f.add("create_RELEASES", 2, func(_ context.Context, args etf.List) (etf.Term, error) {
		return h.createReleases(args[0], nil, args[1], etf.List{})
	})
	f.add("create_RELEASES", 3, func(_ context.Context, args etf.List) (etf.Term, error) {
		return h.createReleases(etf.List{}, args[0], args[1], args[2])
	})
	f.add("create_RELEASES", 4, func(_ context.Context, args etf.List) (etf.Term, error) {
		return h.createReleases(args[0], args[1], args[2], args[3])
	})
	return f.all
}

// createReleases serves create_RELEASES. If dir is nil it is the directory releases below root.
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
