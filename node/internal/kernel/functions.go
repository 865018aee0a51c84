package kernel

import (
	"context"
	"errors"
	"log/slog"
	"sync"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// ErrBadArgument is what Erlang calls badarg. See node.ErrBadArgument.
var ErrBadArgument error = badArgument{}

type badArgument struct{}

func (badArgument) Error() string { return "node: bad argument" }

// ExitReason is what genserv.ExitReason returns for the error.
func (badArgument) ExitReason() etf.Term { return etf.Atom("badarg") }

// Function is a function that other nodes may apply. See node.Function.
type Function func(ctx context.Context, args etf.List) (etf.Term, error)

// Functions are what other nodes may apply on this one. The methods may be called from any goroutine.
type Functions struct {
	log   *slog.Logger
	mu    sync.RWMutex
	table map[mfa]Function

	otherwise func(module, function etf.Atom, arity int) Function // for what is not in table; nil for nothing
}

// mfa is Module:Function/Arity.
type mfa struct {
	module, function etf.Atom
	arity            int
}

// NewFunctions returns an empty table. A cast that fails goes to the log, for nobody else hears of it.
func NewFunctions(log *slog.Logger) *Functions {
	return &Functions{log: log, table: map[mfa]Function{}}
}

// Set makes Module:Function/Arity known; nil takes it away. See node.Node.Export.
func (fs *Functions) Set(module, function etf.Atom, arity int, f Function) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if f == nil {
		delete(fs.table, mfa{module, function, arity})
		return
	}
	fs.table[mfa{module, function, arity}] = f
}

// Has reports whether Module:Function/Arity is known.
func (fs *Functions) Has(module, function etf.Atom, arity int) bool {
	return fs.get(mfa{module, function, arity}) != nil
}

// Get returns Module:Function/Arity, nil if it is not known.
func (fs *Functions) Get(module, function etf.Atom, arity int) Function {
	return fs.get(mfa{module, function, arity})
}

// Otherwise sets what is asked for functions that are not in the table. find returns nil for a function that it does
// not know either. Otherwise is called before others use fs.
func (fs *Functions) Otherwise(find func(module, function etf.Atom, arity int) Function) {
	fs.otherwise = find
}

// Each calls f with every function that is known, in no order. f must not use fs.
func (fs *Functions) Each(f func(module, function etf.Atom, arity int)) {
	fs.mu.RLock()
	defer fs.mu.RUnlock()
	for key := range fs.table {
		f(key.module, key.function, key.arity)
	}
}

func (fs *Functions) get(key mfa) Function {
	fs.mu.RLock()
	f := fs.table[key]
	fs.mu.RUnlock()
	if f == nil && fs.otherwise != nil {
		return fs.otherwise(key.module, key.function, key.arity)
	}
	return f
}

// Apply is apply(Module, Function, Args). A function that is not known is error(undef).
func (fs *Functions) Apply(ctx context.Context, module, function etf.Atom, args etf.List) (result etf.Term,
	failure *genserv.Failure) {
	f := fs.get(mfa{module, function, len(args)})
	if f == nil {
		return nil, Undefined(module, function, args)
	}
	var err error
	if failure := genserv.Try(func() { result, err = f(ctx, args) }); failure != nil {
		return nil, failure
	}
	if err != nil {
		return nil, failureOf(err, module, function, args)
	}
	if result == nil {
		result = etf.Atom("undefined")
	}
	return result, nil
}

// applyTerms is Apply of any three terms: [M, F, A]. What is no atom or no proper list is badarg of erlang:apply/3.
func (fs *Functions) applyTerms(ctx context.Context, call etf.List) (etf.Term, *genserv.Failure) {
	module, ok1 := call[0].(etf.Atom)
	function, ok2 := call[1].(etf.Atom)
	args, ok3 := call[2].(etf.List)
	if !ok1 || !ok2 || !ok3 {
		return nil, failureAt(etf.Atom("badarg"), "erlang", "apply", call)
	}
	return fs.Apply(ctx, module, function, args)
}

// ExecuteCall is erpc:execute_call/4, of [M, F, A]: the exit reason of its process tells the result.
func (fs *Functions) ExecuteCall(ctx context.Context, ref etf.Term, call etf.List) etf.Term {
	result, failure := fs.applyTerms(ctx, call)
	switch {
	case failure == nil:
		return etf.Tuple{ref, etf.Atom("return"), result}
	case failure.Class != "error":
		return etf.Tuple{ref, failure.Class, failure.Reason}
	}
	return etf.Tuple{ref, failure.Class, failure.Reason, failure.Stack}
}

// ExecuteCast is erpc:execute_cast/3, of [M, F, A], which nobody hears of, unless it fails.
func (fs *Functions) ExecuteCast(ctx context.Context, call etf.List) {
	if _, failure := fs.applyTerms(ctx, call); failure != nil {
		name := etf.FormatMax(call[0], maxNameText) + ":" + etf.FormatMax(call[1], maxNameText)
		fs.log.Error("function failed", "function", name, "error", failure)
	}
}

// maxNameText bounds what a log record says of a name that may be any term.
const maxNameText = 300

// Undefined is error(undef) of a function that is not known.
func Undefined(module, function etf.Atom, args etf.List) *genserv.Failure {
	return failureAt(etf.Atom("undef"), module, function, args)
}

// failureAt is error(Reason) raised by the function itself.
func failureAt(reason etf.Term, module, function etf.Atom, args etf.List) *genserv.Failure {
	return &genserv.Failure{Class: "error", Reason: reason, Stack: etf.List{etf.Tuple{module, function, args, etf.List{}}}}
}

// failureOf is what an error of a function means to its caller, see node.Function.
func failureOf(err error, module, function etf.Atom, args etf.List) *genserv.Failure {
	var failure *genserv.Failure
	var exit *genserv.Exit
	switch {
	case errors.As(err, &failure):
		return failure
	case errors.As(err, &exit):
		return &genserv.Failure{Class: "exit", Reason: exit.Reason}
	}
	return failureAt(genserv.ExitReason(err), module, function, args)
}
