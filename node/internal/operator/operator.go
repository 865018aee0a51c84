package operator

import (
	"context"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/node/internal/kernel"
)

// operator has the functions as its methods.
type operator struct{ host Host }

// access says what a function does to the node.
type access bool

const (
	shows   access = false
	changes access = true // refused unless the Config of the node allows it
)

// function is one function of a module.
type function struct {
	name   etf.Atom
	arity  int
	access access
	run    kernel.Function
}

// Export makes the functions of operators known. Those that change the node are refused unless change is true.
func Export(functions *kernel.Functions, host Host, change bool) {
	o := operator{host}
	for module, list := range o.modules() {
		for _, f := range list {
			run := f.run
			if f.access == changes && !change {
				run = refused(module, f)
			}
			functions.Set(module, f.name, f.arity, run)
		}
	}
}

// modules returns the functions of every module.
func (o operator) modules() map[etf.Atom][]function {
	return map[etf.Atom][]function{
		"erlang": o.erlang(),
	}
}

// refused returns a function that fails with {eperm, Text} in the place of f.
func refused(module etf.Atom, f function) kernel.Function {
	return func(_ context.Context, args etf.List) (etf.Term, error) {
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
