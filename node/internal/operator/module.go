package operator

import (
	"context"
	"crypto/md5"
	"runtime"
	"runtime/debug"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/node/internal/kernel"
)

// moduleInfo returns Module:module_info/0 or /1 of a module that the node has, nil for every other function.
func (o operator) moduleInfo(module, name etf.Atom, arity int) kernel.Function {
	if name != "module_info" || arity > 1 || !o.isModule(module) {
		return nil
	}
	return func(_ context.Context, args etf.List) (etf.Term, error) {
		if len(args) == 0 {
			return o.allModuleInfo(module), nil
		}
		item, _ := args[0].(etf.Atom)
		if info := o.moduleItem(module, item); info != nil {
			return info, nil
		}
		return nil, raise(etf.Atom("badarg"), "erlang", "get_module_info", etf.List{module, args[0]})
	}
}

// allModuleInfo is Module:module_info/0.
func (o operator) allModuleInfo(module etf.Atom) etf.Term {
	list := etf.List{}
	for _, item := range []etf.Atom{"module", "exports", "attributes", "compile", "md5"} {
		list = append(list, etf.Tuple{item, o.moduleItem(module, item)})
	}
	return list
}

// moduleItem returns one item of module_info, nil if there is no such item.
func (o operator) moduleItem(module, item etf.Atom) etf.Term {
	switch item {
	case "module":
		return module
	case "exports", "functions":
		return o.exports(module)
	case "attributes":
		return o.attributes(module)
	case "compile":
		return etf.List{etf.Tuple{etf.Atom("version"), etf.Charlist(runtime.Version())},
			etf.Tuple{etf.Atom("options"), etf.List{}}, etf.Tuple{etf.Atom("source"), etf.Charlist("")}}
	case "md5":
		sum := buildSum(module)
		return etf.Binary(sum[:])
	case "native":
		return etf.Bool(false)
	case "nifs":
		return etf.List{}
	}
	return nil
}

// exports returns [{Function, Arity}] of a module: its exported functions and, if a server runs it, the callbacks of
// gen_server.
func (o operator) exports(module etf.Atom) etf.List {
	list := etf.List{}
	add := func(name etf.Atom, arity int) { list = append(list, etf.Tuple{name, etf.Int(arity)}) }
	for _, f := range o.host.Functions(module) {
		add(f.Name, f.Arity)
	}
	if o.host.IsServer(module) {
		add("init", 1)
		add("handle_call", 3)
		add("handle_cast", 2)
		add("handle_info", 2)
		add("terminate", 2)
		add("code_change", 3)
	}
	add("module_info", 0)
	add("module_info", 1)
	return list
}

// attributes returns [{vsn, [Version]}, {behaviour, [gen_server]}], without what the module does not have.
func (o operator) attributes(module etf.Atom) etf.List {
	list := etf.List{}
	if vsn := o.host.ModuleVsn(module); vsn != nil {
		list = append(list, etf.Tuple{etf.Atom("vsn"), etf.List{vsn}})
	}
	if o.host.IsServer(module) {
		list = append(list, etf.Tuple{etf.Atom("behaviour"), etf.List{etf.Atom("gen_server")}})
	}
	return list
}

// buildSum returns what stands for the md5 of the code of a module: another one in each build of the program, as far as
// the build tells its version.
func buildSum(module etf.Atom) [md5.Size]byte {
	text := string(module)
	if info, ok := debug.ReadBuildInfo(); ok {
		text += info.Main.Version + info.Main.Sum
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" || s.Key == "vcs.modified" {
				text += s.Value
			}
		}
	}
	return md5.Sum([]byte(text))
}
