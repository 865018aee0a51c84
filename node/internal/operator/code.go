package operator

import (
	"context"
	"os"
	"path/filepath"

	"github.com/gonode-otp/gonode/etf"
)

// code returns the functions of the module code. The modules of a Go program are compiled into it, which the word
// preloaded says on a BEAM. Nothing can be loaded: a Go program cannot run the code of a BEAM.
func (o operator) code() []function {
	badDirectory := value(etf.Tuple{etf.Atom("error"), etf.Atom("bad_directory")})
	badName := value(etf.Tuple{etf.Atom("error"), etf.Atom("bad_name")})
	noFile := value(etf.Tuple{etf.Atom("error"), etf.Atom("nofile")})
	return []function{
		{"ensure_loaded", 1, shows, o.ensureLoaded},
		{"ensure_modules_loaded", 1, shows, o.ensureModulesLoaded},
		{"is_loaded", 1, shows, o.isLoaded},
		{"which", 1, shows, o.which},
		{"module_status", 1, shows, o.moduleStatus},
		{"all_loaded", 0, shows, get(o.allLoaded)},
		{"all_available", 0, shows, get(o.allAvailable)},
		{"modified_modules", 0, shows, value(etf.List{})},
		{"get_mode", 0, shows, value(etf.Atom("embedded"))},
		{"get_path", 0, shows, value(etf.List{})},
		{"root_dir", 0, shows, get(func() etf.Term { return etf.Charlist(programDir()) })},
		{"lib_dir", 0, shows, get(func() etf.Term { return etf.Charlist(programDir()) })},
		{"lib_dir", 1, shows, badName},
		{"priv_dir", 1, shows, badName},
		{"objfile_extension", 0, shows, value(etf.Charlist(".beam"))},
		{"get_object_code", 1, shows, value(etf.Atom("error"))},
		{"is_sticky", 1, shows, o.moduleLoaded},
		{"where_is_file", 1, shows, value(etf.Atom("non_existing"))},
		{"add_path", 1, shows, badDirectory},
		{"add_patha", 1, shows, badDirectory},
		{"add_pathz", 1, shows, badDirectory},
		{"load_binary", 3, shows, o.loadBinary},
		{"load_file", 1, shows, noFile},
		{"load_abs", 1, shows, noFile},
		{"delete", 1, shows, value(etf.Bool(false))},
		{"purge", 1, shows, value(etf.Bool(false))},
		{"soft_purge", 1, shows, value(etf.Bool(true))},
	}
}

// programDir returns the directory of the program.
func programDir() string {
	file, err := os.Executable()
	if err != nil {
		return "."
	}
	return filepath.Dir(file)
}

var preloaded = etf.Atom("preloaded")

// isModule reports whether the node has a module of that name.
func (o operator) isModule(name etf.Atom) bool { return o.host.IsModule(name) }

// ensureLoaded is code:ensure_loaded/1. A shell asks for shell or 'Elixir.IEx' before it starts.
func (o operator) ensureLoaded(_ context.Context, args etf.List) (etf.Term, error) {
	name, ok := args[0].(etf.Atom)
	switch {
	case !ok:
		return nil, raise(etf.Atom("function_clause"), "code", "ensure_loaded", args)
	case o.isModule(name):
		return etf.Tuple{etf.Atom("module"), name}, nil
	}
	return etf.Tuple{etf.Atom("error"), etf.Atom("nofile")}, nil
}

// ensureModulesLoaded is code:ensure_modules_loaded/1.
func (o operator) ensureModulesLoaded(_ context.Context, args etf.List) (etf.Term, error) {
	names, ok := etf.AsAtoms(args[0])
	if !ok {
		return nil, raise(etf.Atom("function_clause"), "code", "ensure_modules_loaded", args)
	}
	var missing etf.List
	for _, name := range names {
		if !o.isModule(name) {
			missing = append(missing, etf.Tuple{name, etf.Atom("nofile")})
		}
	}
	if missing != nil {
		return etf.Tuple{etf.Atom("error"), missing}, nil
	}
	return etf.Atom("ok"), nil
}

// isLoaded is code:is_loaded/1.
func (o operator) isLoaded(_ context.Context, args etf.List) (etf.Term, error) {
	if name, ok := args[0].(etf.Atom); ok && o.isModule(name) {
		return etf.Tuple{etf.Atom("file"), preloaded}, nil
	}
	return etf.Bool(false), nil
}

// which is code:which/1.
func (o operator) which(_ context.Context, args etf.List) (etf.Term, error) {
	if name, ok := args[0].(etf.Atom); ok && o.isModule(name) {
		return preloaded, nil
	}
	return etf.Atom("non_existing"), nil
}

// moduleStatus is code:module_status/1.
func (o operator) moduleStatus(_ context.Context, args etf.List) (etf.Term, error) {
	if name, ok := args[0].(etf.Atom); ok && o.isModule(name) {
		return etf.Atom("loaded"), nil
	}
	return etf.Atom("not_loaded"), nil
}

// allLoaded is code:all_loaded/0: [{Module, preloaded}].
func (o operator) allLoaded() etf.Term {
	list := etf.List{}
	for _, name := range o.host.Modules() {
		list = append(list, etf.Tuple{name, preloaded})
	}
	return list
}

// allAvailable is code:all_available/0: [{Text, preloaded, true}].
func (o operator) allAvailable() etf.Term {
	list := etf.List{}
	for _, name := range o.host.Modules() {
		list = append(list, etf.Tuple{etf.Charlist(string(name)), preloaded, etf.Bool(true)})
	}
	return list
}

// loadBinary is code:load_binary/3, which refuses everything: badfile says that the code has another format.
// LiveDashboard, observer_cli and recon send their modules so.
func (o operator) loadBinary(_ context.Context, args etf.List) (etf.Term, error) {
	name, ok := args[0].(etf.Atom)
	if _, isBinary := args[2].(etf.Binary); !ok || !isBinary {
		return nil, raise(etf.Atom("function_clause"), "code", "load_binary", args)
	}
	o.host.Warn("a module of a BEAM cannot be loaded: a Go node does not run the code of Erlang", "module", string(name))
	return etf.Tuple{etf.Atom("error"), etf.Atom("badfile")}, nil
}
