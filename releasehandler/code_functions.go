package releasehandler

import (
	"context"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gonode-otp/gonode/codechange"
	"github.com/gonode-otp/gonode/etf"
)

// codeFunctions are the functions of the module code by which people upgrade servers by hand: sys:suspend/1,
// code:load_abs/1, sys:change_code/4, sys:resume/1. See code.erl of kernel.
func (h *Handler) codeFunctions() []Function {
	var all []Function
	add := func(name etf.Atom, arity int, call func(ctx context.Context, arg etf.Term) etf.Term) {
		all = append(all, Function{"code", name, arity, func(ctx context.Context, args etf.List) (etf.Term, error) {
			return call(ctx, append(args, nil)[0]), nil
		}})
	}
	add("root_dir", 0, func(context.Context, etf.Term) etf.Term { return etf.Charlist(h.files.root) })
	add("lib_dir", 1, func(ctx context.Context, app etf.Term) etf.Term { return h.codeLibDir(ctx, app) })
	add("which", 1, func(_ context.Context, module etf.Term) etf.Term {
		if file := h.fileOf(module); file != "" {
			return etf.Charlist(file)
		}
		return etf.Atom("non_existing")
	})
	add("is_loaded", 1, func(_ context.Context, module etf.Term) etf.Term {
		if file := h.fileOf(module); file != "" {
			return etf.Tuple{etf.Atom("file"), etf.Charlist(file)}
		}
		return etf.Atom("false")
	})
	add("load_abs", 1, func(ctx context.Context, file etf.Term) etf.Term {
		name, _ := nameOf(file)
		return h.loadAbs(ctx, name)
	})
	add("load_file", 1, func(ctx context.Context, module etf.Term) etf.Term { return h.loadFile(ctx, module) })
	add("soft_purge", 1, func(_ context.Context, module etf.Term) etf.Term {
		name, _ := module.(etf.Atom)
		return etf.Bool(len(codechange.OldProcesses(h.config.Host, h.config.Versions, name)) == 0)
	})
	add("purge", 1, h.codePurge)
	return all
}

// codeLibDir is code:lib_dir/1.
func (h *Handler) codeLibDir(ctx context.Context, name etf.Term) etf.Term {
	app, _ := name.(etf.Atom)
	lib := h.startedLib(ctx, app)
	if lib.Vsn == "" {
		lib = h.currentLib(app)
	}
	if lib.Vsn == "" {
		return etf.Tuple{etf.Atom("error"), etf.Atom("bad_name")}
	}
	return etf.Charlist(h.files.path(lib.Dir))
}

// currentLib is the application of the program that a release or an upgrade has made current; without a Vsn if there
// is none.
func (h *Handler) currentLib(app etf.Atom) codechange.Lib {
	h.mu.Lock()
	release, _ := h.runningRelease()
	libs := slices.Concat(h.replacedLibs, release.Libs)
	h.mu.Unlock()
	for _, l := range libs {
		if l.App == app {
			return l
		}
	}
	return codechange.Lib{App: app}
}

// fileOf returns the name that the file of the current version of a module would have; "" if it has none.
func (h *Handler) fileOf(module etf.Term) string {
	name, _ := module.(etf.Atom)
	current, _ := h.config.Versions.Current(name)
	if current == nil {
		return ""
	}
	lib := codechange.Lib{}
	for _, app := range h.config.Versions.Applications() {
		if app.Module(name) != current {
			continue
		}
		lib = h.libOf(app.Name, app.Vsn)
		if h.currentLib(app.Name).Vsn == app.Vsn {
			break // versions of an application may have a module in common
		}
	}
	return filepath.Join(h.files.path(lib.Dir), "ebin", string(name)+".beam")
}

// loadAbs is code:load_abs/1: the name .../App-Vsn/ebin/Module says which version becomes current. Nothing is read.
func (h *Handler) loadAbs(ctx context.Context, file string) etf.Term {
	module := etf.Atom(filepath.Base(file))
	dir := filepath.Dir(filepath.Dir(file))
	app, vsn, ok := strings.Cut(filepath.Base(dir), "-")
	a := h.config.Versions.Application(etf.Atom(app), vsn)
	if !ok || filepath.Base(filepath.Dir(file)) != "ebin" || a == nil || a.Module(module) == nil {
		return etf.Tuple{etf.Atom("error"), etf.Atom("nofile")}
	}
	return h.loadFrom(ctx, module, codechange.Lib{App: a.Name, Vsn: a.Vsn, Dir: dir})
}

// loadFile is code:load_file/1: the version of the running release becomes current.
func (h *Handler) loadFile(ctx context.Context, module etf.Term) etf.Term {
	name, _ := module.(etf.Atom)
	for _, l := range h.Running().Libs {
		lib := h.currentLib(l.App)
		if a := h.config.Versions.Application(lib.App, lib.Vsn); a != nil && a.Module(name) != nil {
			return h.loadFrom(ctx, name, lib)
		}
	}
	return etf.Tuple{etf.Atom("error"), etf.Atom("nofile")}
}

// loadFrom makes a version of a module current, as the instruction load does: servers that are not suspended go over
// to it if their state fits.
func (h *Handler) loadFrom(ctx context.Context, module etf.Atom, lib codechange.Lib) etf.Term {
	purge := etf.Atom("brutal_purge")
	_, err := h.Eval(ctx, codechange.Script{Libs: []codechange.Lib{lib}, Instructions: etf.List{
		etf.Tuple{etf.Atom("load_object_code"), etf.Tuple{lib.App, etf.Charlist(lib.Vsn), etf.List{module}}},
		etf.Atom("point_of_no_return"),
		etf.Tuple{etf.Atom("load"), etf.Tuple{module, purge, purge}}}}, h.config.Options)
	if err != nil {
		return errorTerm(err)
	}
	return etf.Tuple{etf.Atom("module"), module}
}
