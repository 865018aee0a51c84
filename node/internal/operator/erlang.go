package operator

import (
	"context"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/node/internal/kernel"
)

// erlang returns functions of the module erlang.
func (o operator) erlang() []function {
	return []function{
		{"apply", 3, shows, o.apply},
		{"function_exported", 3, shows, o.functionExported},
		{"is_alive", 0, shows, value(etf.Bool(true))},
	}
}

// apply is erlang:apply/3 of a function that is exported.
func (o operator) apply(ctx context.Context, args etf.List) (etf.Term, error) {
	module, ok1 := args[0].(etf.Atom)
	function, ok2 := args[1].(etf.Atom)
	list, ok3 := args[2].(etf.List)
	if !ok1 || !ok2 || !ok3 {
		return nil, kernel.ErrBadArgument
	}
	result, failure := o.host.Apply(ctx, module, function, list)
	if failure != nil {
		return nil, failure
	}
	return result, nil
}

// functionExported is erlang:function_exported/3.
func (o operator) functionExported(_ context.Context, args etf.List) (etf.Term, error) {
	module, ok1 := args[0].(etf.Atom)
	function, ok2 := args[1].(etf.Atom)
	arity, ok3 := args[2].(etf.Int)
	if !ok1 || !ok2 || !ok3 || arity < 0 {
		return nil, kernel.ErrBadArgument
	}
	return etf.Bool(o.host.Exported(module, function, int(min(arity, maxArity+1)))), nil
}

// maxArity is the largest number of arguments of a function.
const maxArity = 255
