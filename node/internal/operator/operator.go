package operator

import (
	"context"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/node/internal/kernel"
)

// operator has the functions as its methods.
type operator struct {
	host Host
	last *sinceLast
}

// access says what a function does to the node.
type access bool

const (
	shows   access = false
	changes access = true // or tells what may be secret: refused unless the Config of the node allows it
)

// function is one function of a module.
type function struct {
	name   etf.Atom
	arity  int
	access access
	run    kernel.Function
}

// Export makes the functions of operators known. Those that change the node are refused unless change is true. A
// function that is known already, such as those of code that come with upgrades, stays; if it does not know the module
// that it is asked about, the one of operators is asked.
func Export(functions *kernel.Functions, host Host, change bool) {
	o := operator{host: host, last: &sinceLast{}}
	functions.Otherwise(o.moduleInfo)
	for module, list := range o.modules() {
		for _, f := range list {
			run := f.run
			if known := functions.Get(module, f.name, f.arity); known != nil {
				run = either(known, run)
			}
			if f.access == changes && !change {
				run = o.refused(module, f)
			}
			functions.Set(module, f.name, f.arity, run)
		}
	}
}

// modules returns the functions of every module.
func (o operator) modules() map[etf.Atom][]function {
	return map[etf.Atom][]function{
		"erlang":                 o.erlang(),
		"code":                   o.code(),
		"init":                   o.init(),
		"os":                     o.os(),
		"net_kernel":             o.netKernel(),
		"net_adm":                o.netAdm(),
		"inet":                   o.inet(),
		"gen_server":             o.genServer(),
		"logger":                 o.logger(),
		"global":                 o.global(),
		"dbg":                    o.dbg(),
		"application_controller": o.applicationController(),
		"application_master":     o.applicationMaster(),
		"ets":                    o.ets(),
		"persistent_term":        o.persistentTerm(),
		"mnesia":                 o.mnesia(),
		"cpu_sup":                o.cpuSup(),
		"memsup":                 o.memsup(),
		"disksup":                o.disksup(),
		"alarm_handler":          o.alarmHandler(),
		"Elixir.Process":         o.elixirProcess(),
		"Elixir.Node":            o.elixirNode(),
		"Elixir.System":          o.elixirSystem(),
	}
}

// either returns a function that asks second if first answers false or non_existing.
func either(first, second kernel.Function) kernel.Function {
	return func(ctx context.Context, args etf.List) (etf.Term, error) {
		result, err := first(ctx, args)
		if err == nil && (etf.IsAtom(result, "false") || etf.IsAtom(result, "non_existing")) {
			return second(ctx, args)
		}
		return result, err
	}
}

// refused returns a function that fails with {eperm, Text} in the place of f.
func (o operator) refused(module etf.Atom, f function) kernel.Function {
	return func(_ context.Context, args etf.List) (etf.Term, error) {
		o.host.Warn("refused what another node asked for", "function", string(module)+":"+string(f.name))
		text := "this Go node does not let other nodes change it: its Config.Operators is not OperatorsChange"
		return nil, raise(etf.Tuple{etf.Atom("eperm"), etf.Binary(text)}, module, f.name, args)
	}
}

// raise returns error(Reason) raised by Module:Function(Args).
func raise(reason etf.Term, module, function etf.Atom, args etf.List) error {
	return &genserv.Failure{Class: "error", Reason: reason,
		Stack: etf.List{etf.Tuple{module, function, args, etf.List{}}}}
}

// value returns a function that always returns t.
func value(t etf.Term) kernel.Function {
	return func(context.Context, etf.List) (etf.Term, error) { return t, nil }
}

// get returns a function without arguments that cannot fail.
func get(f func() etf.Term) kernel.Function {
	return func(context.Context, etf.List) (etf.Term, error) { return f(), nil }
}
